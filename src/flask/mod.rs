//! How Flask-Caching and Flask-Session name things in memcached, without Python.
//!
//! Every function here takes the [`Facts`] of an application and answers with [`ComputedKey`]s: wire keys, each with the
//! generations of Flask-Caching that use it and, where the application could never read it back, the reason.

pub mod digest;
pub mod error;
pub mod explain;
pub mod facts;
pub mod fragment;
pub mod key;
pub mod memo;
pub mod query;
pub mod session;
pub mod target;
pub mod view;

pub use digest::HashMethod;
pub use error::FlaskError;
pub use facts::{Backend, Facts, Generation, Version};
pub use key::{ComputedKey, Unreadable};
