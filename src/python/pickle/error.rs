//! What can be wrong with a pickle.

use thiserror::Error;

use super::super::budget::Spent;

/// Why a pickle was not read; offsets count bytes from its start.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PickleError {
    /// An operation whose operands are not what it needs.
    #[error("malformed pickle: {what} at byte {offset}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where the operation starts.
        offset: usize,
    },
    /// Nested deeper than is read.
    #[error("the pickle nests deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// Unfolds to more than the limit.
    #[error("the pickle unfolds to more than the limit")]
    TooLarge,
    /// Bytes behind STOP.
    #[error("{count} bytes follow the end of the pickle")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The bytes end before STOP, or before a length that was announced.
    #[error("the pickle is cut off: its {length} bytes end in the middle")]
    Truncated {
        /// The bytes there are.
        length: usize,
    },
    /// Not an opcode of protocols 0 to 5.
    #[error("not a pickle: {opcode:#04x} at byte {offset} is no opcode")]
    UnknownOpcode {
        /// The byte.
        opcode: u8,
        /// Where it stands.
        offset: usize,
    },
    /// A protocol newer than 5.
    #[error("pickle protocol {version} is not known")]
    UnknownProtocol {
        /// The version named.
        version: u8,
    },
    /// Something that cannot be read outside the program that wrote it.
    #[error("the pickle uses {what} at byte {offset}, which only its writer can resolve")]
    Unsupported {
        /// What it uses.
        what: &'static str,
        /// Where the operation starts.
        offset: usize,
    },
}

impl From<Spent> for PickleError {
    fn from(Spent: Spent) -> Self {
        Self::TooLarge
    }
}
