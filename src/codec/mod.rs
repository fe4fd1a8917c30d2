//! Stored bytes and flags ⇄ values, layer by layer, as each client library writes and reads them.

pub mod client;
pub mod decode;
pub mod encode;
pub mod error;
mod flags;
mod foreign;
pub mod zlib;

pub use client::Client;
pub use decode::{Decoded, DecodedValue, Options, decode};
pub use encode::{As, EncodeOptions, Stored, encode};
pub use error::CodecError;
pub use flags::kind;
