//! What a server can answer, whatever the dialect.

use thiserror::Error;

/// One reply; bytes are borrowed from the buffer it was decoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The item that was asked for.
    Value(Item<'a>),
    /// The item that was asked for is not there.
    Miss,
    /// What is known about an item, value left out.
    Metadata(Metadata),
    /// Stored; with the new CAS unique where the dialect tells it.
    Stored {
        /// The new CAS unique.
        cas: Option<u64>,
    },
    /// Not stored, since the condition of `add`, `replace`, `append` or `prepend` did not hold.
    NotStored,
    /// Not stored or deleted, since the item has another CAS unique by now.
    Exists,
    /// Nothing to change: there is no such item.
    NotFound,
    /// Deleted.
    Deleted,
    /// The expiry was changed.
    Touched,
    /// The number after an increment or decrement.
    Number(u64),
    /// Done: flush, verbosity, quit.
    Ok,
    /// The barrier was reached.
    Noop,
    /// The version of the server.
    Version(&'a [u8]),
    /// One statistic.
    Stat {
        /// Its name.
        name: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// The end of a list of statistics.
    End,
    /// SASL mechanisms, separated by blanks.
    Mechanisms(&'a [u8]),
    /// SASL authentication succeeded.
    Authenticated,
    /// SASL wants another step, with this challenge.
    Continue(&'a [u8]),
    /// The server would not do it.
    Refused(Refusal<'a>),
}

/// To which request a reply belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number that was sent with the request, where the reply carries one.
    pub opaque: Option<u32>,
    /// Whether this is the answer to a [`super::Request::Noop`], which closes a pipeline.
    pub barrier: bool,
}

/// An item as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The client's mark of the type of the value.
    pub flags: u32,
    /// The CAS unique, where it was asked for.
    pub cas: Option<u64>,
    /// Remaining seconds, -1 if it never expires; where it was asked for and the dialect tells it.
    pub ttl: Option<i64>,
    /// The bytes.
    pub value: &'a [u8],
}

/// What a server knows about an item; a field is `None` if this request or server does not tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Size of the value in bytes (`Inspect`), or of the whole item with memcached's overhead (`Debug`).
    pub size: Option<u64>,
    /// The client's mark of the type of the value.
    pub flags: Option<u32>,
    /// Remaining seconds; -1 if it never expires.
    pub ttl: Option<i64>,
    /// Seconds since the last use.
    pub last_access: Option<u64>,
    /// Whether it was read since it was stored.
    pub fetched: Option<bool>,
    /// The slab class.
    pub slab: Option<u32>,
    /// The CAS unique.
    pub cas: Option<u64>,
}

/// A server's "no": the connection stays usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// Of which kind.
    pub kind: RefusalKind,
    /// The server's own words, without line end.
    pub message: &'a [u8],
}

/// The kinds of refusal that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The server is busy with the like (binary 0x85, text `BUSY`).
    Busy,
    /// The request was malformed or its arguments are not accepted (binary 0x04, text `CLIENT_ERROR`).
    Invalid,
    /// The stored value is not a decimal number (binary 0x06).
    NonNumeric,
    /// No memory to store it (binary 0x82).
    OutOfMemory,
    /// Any other failure of the server (text `SERVER_ERROR`).
    Server,
    /// The value is larger than the server stores (binary 0x03).
    TooLarge,
    /// Wrong credentials, or none (binary 0x20, text `CLIENT_ERROR unauthenticated`).
    Unauthenticated,
    /// The server does not know the command (binary 0x81 and 0x83, text `ERROR`).
    Unknown,
}

/// Bytes that are no reply to what was asked: the connection cannot be used any more.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Malformed {
    /// The first byte is not that of a binary reply.
    #[error("a binary reply starts with 0x{found:02x}, not 0x81")]
    Magic {
        /// What is there.
        found: u8,
    },
    /// A binary reply to another request.
    #[error("a reply to request {found} where {expected} was due")]
    Opaque {
        /// The number that was sent.
        expected: u32,
        /// The number that came back.
        found: u32,
    },
    /// A binary reply with another opcode.
    #[error("a reply to opcode 0x{found:02x} where 0x{expected:02x} was due")]
    Opcode {
        /// The opcode that was sent.
        expected: u8,
        /// The opcode that came back.
        found: u8,
    },
    /// A binary body shorter than its own key and extras, or extras of the wrong length.
    #[error("a binary reply claims a body of {body} bytes with {extras} of extras and {key} of key")]
    Lengths {
        /// Length of the whole body.
        body: u32,
        /// Length of the extras.
        extras: u8,
        /// Length of the key.
        key: u16,
    },
    /// A value longer than the limit.
    #[error("the server announces a value of {claimed} bytes, the limit is {limit}")]
    TooLong {
        /// The announced length.
        claimed: u64,
        /// The limit in force.
        limit: usize,
    },
    /// A line without an end within the limit.
    #[error("the server sent a line of more than {limit} bytes")]
    Line {
        /// The limit in force.
        limit: usize,
    },
    /// A line that is no reply to this request.
    #[error("the server answered \"{}\"", .line.escape_ascii())]
    Unexpected {
        /// The line, cut to 100 bytes.
        line: Vec<u8>,
    },
}
