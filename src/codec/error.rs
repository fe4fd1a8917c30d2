//! What can be wrong with stored bytes or with a value to be stored.

use thiserror::Error;

use crate::python::pickle::PickleError;
use crate::python::pickle::Unwritable;

use super::json::JsonError;
use super::marshal::MarshalError;
use super::msgpack::MsgpackError;

/// Why bytes could not be decoded, or a value not encoded.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CodecError {
    /// The value would unfold to more than the limit: a large value, or a bomb.
    #[error("the decoded value is larger than {limit} bytes (raise the limit with --max-decoded)")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// The value would be far longer on the screen than it is: a text that many share, in escapes.
    #[error("written out, the value is longer than {limit} bytes (raise the limit with --max-decoded)")]
    TooLong {
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
    /// A damaged pickle, or one that is not read.
    #[error(transparent)]
    Pickle(PickleError),
    /// A damaged msgpack document.
    #[error(transparent)]
    Msgpack(MsgpackError),
    /// A damaged JSON document.
    #[error(transparent)]
    Json(JsonError),
    /// Damaged `marshal` data of libmc.
    #[error(transparent)]
    Marshal(MarshalError),
    /// A session in none of the forms that Flask-Session writes.
    #[error("neither a pickle nor a msgpack map nor a JSON object")]
    NotASession,
    /// A value that has no pickle here.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// A text longer than its length field can say.
    #[error("a text of {length} bytes is too long for {client}")]
    TextTooLong {
        /// Its length in bytes.
        length: usize,
        /// The client that would store it.
        client: super::Client,
    },
    /// A spread value of more chunks than Flask-Caching writes.
    #[error("a spread value of {length} bytes needs more than {limit} chunks")]
    TooManyChunks {
        /// The length of the pickle in bytes.
        length: usize,
        /// The most chunks there are.
        limit: usize,
    },
}

impl CodecError {
    /// Turns a reader's error into this room's; what is too large to any reader is [`CodecError::TooLarge`].
    pub(super) fn from_pickle(error: PickleError, limit: usize) -> Self {
        match error {
            PickleError::TooLarge => Self::TooLarge { limit },
            error => Self::Pickle(error),
        }
    }

    pub(super) fn from_msgpack(error: MsgpackError, limit: usize) -> Self {
        match error {
            MsgpackError::TooLarge => Self::TooLarge { limit },
            error => Self::Msgpack(error),
        }
    }

    pub(super) fn from_json(error: JsonError, limit: usize) -> Self {
        match error {
            JsonError::TooLarge => Self::TooLarge { limit },
            error => Self::Json(error),
        }
    }

    pub(super) fn from_marshal(error: MarshalError, limit: usize) -> Self {
        match error {
            MarshalError::TooLarge => Self::TooLarge { limit },
            error => Self::Marshal(error),
        }
    }
}
