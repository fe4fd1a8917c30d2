//! Saved items: one record an item, as JSON lines or in the text form of `memcached-tool dump`; no file, clock or socket.
//!
//! A record holds what it takes to store the item again: key, flags, absolute expiry, value. Both forms are read by one
//! [`Reader`], which tells them apart by their first byte and believes no length.

mod batch;
mod error;
pub mod json;
mod reader;
pub mod text;

pub use batch::Batch;
pub use error::ArchiveError;
pub use error::Flaw;
pub use reader::Reader;
pub use reader::ReaderError;

/// One saved item; bytes are borrowed from whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved<'a> {
    /// The wire key, 1 to 250 bytes.
    pub key: &'a [u8],
    /// The client's mark of the type of the value.
    pub flags: u32,
    /// When it expires, in UNIX seconds; `None`: never.
    pub expires: Option<u64>,
    /// The bytes as they are stored.
    pub value: &'a [u8],
}

impl Saved<'_> {
    /// Whether it has expired at a moment (UNIX seconds).
    #[must_use]
    pub fn has_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A way of writing records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    Json,
    /// `add` commands, as `memcached-tool dump` prints them.
    MemcachedTool,
}

impl Form {
    /// Appends a record; `false`, and nothing is appended, if the form cannot carry its key.
    pub fn encode(self, saved: &Saved<'_>, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Json => {
                json::encode(saved, out);
                true
            }
            Self::MemcachedTool => text::encode(saved, out),
        }
    }
}
