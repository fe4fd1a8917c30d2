//! Bytes ⇄ requests and replies of memcached's protocols; no socket, clock or environment.
//!
//! [`encode`] appends a [`Request`] to a buffer in one of three [`Dialect`]s, [`decode`] takes one [`Reply`] off the
//! front of what has arrived, and answers `Ok(None)` while that is incomplete. What a reply must look like follows from
//! the request, which is why [`decode`] wants the [`Expected`] that [`Expected::of`] made of it.
//!
//! A pipeline of quiet requests is closed by a [`Request::Noop`]. Its reader calls [`peek`], which tells the opaque of the
//! next reply or that it is the barrier; every request whose opaque was passed over got the answer that
//! [`Expected::silence`] names. Where only counts matter no opaques are needed: [`decode`] with a quiet [`Expected`] gives
//! [`Reply::Noop`] at the barrier.

mod binary;
mod classic;
pub mod codes;
mod expected;
pub mod key;
mod line;
pub mod listing;
mod meta;
pub mod reply;
pub mod request;
#[cfg(test)]
mod tests;
pub mod watch;

use std::fmt;

use thiserror::Error;

pub use expected::Expected;
pub use key::{Key, KeyError, Wire};
pub use reply::{Head, Item, Malformed, Metadata, Refusal, RefusalKind, Reply};
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

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Classic => "the classic text protocol",
            Self::Meta => "the meta text protocol",
            Self::Binary => "the binary protocol",
        })
    }
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

/// How a request is sent, whatever it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only the unexpected answer shall travel: a quiet opcode in `Binary`, `q` in `Meta`, `noreply` in `Classic`.
    ///
    /// Without effect on requests that have no quiet form in the dialect; [`Expected::silence`] tells which have one.
    pub quiet: bool,
    /// A number that comes back with the answer (not in `Classic`); in `Meta` 0 sends none.
    pub opaque: u32,
}

/// A request that a dialect cannot carry.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{dialect} cannot {request}")]
pub struct Unsupported {
    /// The dialect that was to be used.
    pub dialect: Dialect,
    /// What it cannot do, as the rest of a sentence that starts with "cannot".
    pub request: &'static str,
}

/// Appends a request to `out`, which is left as it was if the dialect lacks it.
///
/// # Errors
/// [`Unsupported`] for what the dialect cannot carry, keys with blanks in `Classic` included: nothing that would be read as
/// another command is ever written.
pub fn encode(
    dialect: Dialect,
    request: &Request<'_>,
    options: Options,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    let start = out.len();
    let encoded = match dialect {
        Dialect::Classic => classic::encode(request, options, out),
        Dialect::Meta => meta::encode(request, options, out),
        Dialect::Binary => binary::encode(request, options, out),
    };
    encoded.map_err(|request| {
        out.truncate(start);
        Unsupported { dialect, request }
    })
}

/// Takes one reply off the front of `input`; gives it with the number of bytes it took, or `None` while it is incomplete.
///
/// The reply borrows from `input`, nothing is allocated, and no announced length is believed beyond `limits`.
///
/// # Errors
/// [`Malformed`] if the bytes are no reply to what was asked: the connection cannot be used any more.
pub fn decode<'a>(
    dialect: Dialect,
    expected: Expected,
    limits: &Limits,
    input: &'a [u8],
) -> Result<Option<(Reply<'a>, usize)>, Malformed> {
    match dialect {
        Dialect::Classic => classic::decode(expected, limits, input),
        Dialect::Meta => meta::decode(expected, limits, input),
        Dialect::Binary => binary::decode(expected, limits, input),
    }
}

/// Tells to which request the reply at the front of `input` belongs, or `None` while that has not arrived yet.
///
/// Text protocol errors carry no opaque, so in `Meta` a reply without one is a refusal of the next request or a later one.
///
/// # Errors
/// [`Malformed`] if the bytes cannot start a reply.
pub fn peek(dialect: Dialect, limits: &Limits, input: &[u8]) -> Result<Option<Head>, Malformed> {
    match dialect {
        Dialect::Classic => Ok(line::split(input, limits)?.map(|_| Head { opaque: None, barrier: false })),
        Dialect::Meta => meta::peek(limits, input),
        Dialect::Binary => binary::peek(input),
    }
}
