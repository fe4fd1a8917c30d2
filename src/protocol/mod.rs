//! Bytes ⇄ requests and replies of memcached's protocols; no socket, clock or environment.
//!
//! [`encode`] appends a [`Request`] to a buffer in one of three [`Dialect`]s, [`decode`] takes one [`Reply`] off the
//! front of what has arrived, and answers `Ok(None)` while that is incomplete.

pub mod key;
pub mod reply;
pub mod request;

pub use key::{Key, KeyError, Wire};
pub use reply::{Item, Malformed, Metadata, Refusal, RefusalKind, Reply};
pub use request::{Direction, Expiry, Request, StoreMode};

/// A way of writing requests and replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The classic text commands (memcached `doc/protocol.txt`).
    Classic,
    /// The meta text commands (`doc/protocol.txt`, "Meta Commands"; memcached 1.6 and newer).
    Meta,
    /// The binary protocol (`doc/protocol-binary.txt`).
    Binary,
}

/// What a server may claim before it is taken for broken or hostile.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest value, in bytes.
    pub value: usize,
    /// Longest reply line of the text protocol, in bytes, line end included.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { value: 1 << 30, line: 64 << 10 }
    }
}
