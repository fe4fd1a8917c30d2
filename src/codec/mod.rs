//! Stored bytes and flags ⇄ values, layer by layer, as each client library writes and reads them.

pub mod client;
pub mod decode;
pub mod encode;
pub mod error;
mod flags;
mod foreign;
pub mod format;
pub mod json;
pub mod marshal;
pub mod msgpack;
pub mod objects;
pub mod plain;
pub mod render;
pub mod response;
pub mod spread;
pub mod typed;
pub mod written;
pub mod zlib;

pub use client::Client;
pub use decode::{Decoded, DecodedValue, Options, decode};
pub use encode::{As, EncodeOptions, Stored, encode, encode_value, typed_value};
pub use error::CodecError;
pub use flags::kind;
pub use format::{Format, decode_as};
