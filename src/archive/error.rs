//! What can be wrong with a record.

use thiserror::Error;

use crate::protocol::key::MAX_KEY_LENGTH;

/// A record that is none, and where it stands.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {flaw}")]
pub struct ArchiveError {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Flaw {
    /// Base64 that does not decode.
    #[error("{field} is no Base64")]
    Base64 {
        /// The field.
        field: &'static str,
    },
    /// A field and its twin in Base64, or none of both.
    #[error("a record has either \"{field}\" or \"{field}_b64\"")]
    Choice {
        /// The field.
        field: &'static str,
    },
    /// Something else than one of the commands of `memcached-tool dump`.
    #[error("neither a JSON object nor \"add KEY FLAGS EXPIRY LENGTH\": {start:?}")]
    Command {
        /// How the line starts.
        start: String,
    },
    /// The end of the input within a record.
    #[error("the record is cut off")]
    CutOff,
    /// An expiry that nothing can have.
    #[error("expires is 0; an item that never expires has null")]
    Expires,
    /// JSON that is no record.
    #[error("{words}")]
    Json {
        /// What the parser says.
        words: String,
    },
    /// A key that memcached cannot have.
    #[error("the key has {length} bytes, and memcached takes 1 to {MAX_KEY_LENGTH}")]
    Key {
        /// How many bytes it has.
        length: usize,
    },
    /// More than is read of one record.
    #[error("the record is longer than {limit} bytes")]
    TooLong {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// A value that is not followed by a line end where its length says.
    #[error("the value does not end after {length} bytes")]
    ValueEnd {
        /// The announced length.
        length: usize,
    },
}

impl Flaw {
    /// The flaw of a record that begins on this line.
    pub(super) fn at(self, line: u64) -> ArchiveError {
        ArchiveError { line, flaw: self }
    }
}
