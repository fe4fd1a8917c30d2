//! What can be wrong with stored bytes or with a value to be stored.

use thiserror::Error;

/// Why bytes could not be decoded, or a value not encoded.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CodecError {
    /// The value would unfold to more than the limit: a large value, or a bomb.
    #[error("the decoded value is larger than {limit} bytes (raise the limit with --max-decoded)")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// A zlib stream that does not inflate.
    #[error("the zlib stream is damaged: {reason}")]
    Zlib {
        /// What the inflater says.
        reason: String,
    },
    /// An integer in ASCII decimal was expected.
    #[error("not an integer: {text:?}")]
    NotAnInteger {
        /// The offending text, cut after some characters.
        text: String,
    },
    /// An integer of more digits than are read or written.
    #[error("an integer of {digits} digits is longer than the {limit} that are read")]
    IntegerTooLong {
        /// The digits found.
        digits: usize,
        /// The most that is read.
        limit: usize,
    },
    /// `true` or `false` was expected.
    #[error("not a bool: {text:?} is neither true nor false")]
    NotABool {
        /// The offending text, cut after some characters.
        text: String,
    },
    /// UTF-8 was expected.
    #[error("not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// Offset of the first offending byte.
        offset: usize,
    },
    /// What was asked for is not there yet.
    #[error("cannot write {what}")]
    Unwritable {
        /// The kind of value.
        what: &'static str,
    },
}
