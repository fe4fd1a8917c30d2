//! Keys, checked once at the edge.

use std::fmt;

use thiserror::Error;

/// The longest key that memcached takes, in bytes (`KEY_MAX_LENGTH` in memcached.h).
pub const MAX_KEY_LENGTH: usize = 250;

/// How keys travel: as words of a line, or with their length in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Text protocol: a key ends at the next blank.
    Text,
    /// Binary protocol: any byte.
    Binary,
}

/// A key that memcached and the wire in use can carry: 1 to 250 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Vec<u8>);

/// Why some bytes are not a key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// No bytes at all.
    #[error("the key is empty")]
    Empty,
    /// Longer than [`MAX_KEY_LENGTH`].
    #[error("key {} is {length} bytes long, memcached takes at most {MAX_KEY_LENGTH}", shortened(.key))]
    TooLong {
        /// The bytes that were given.
        key: Vec<u8>,
        /// How many there are.
        length: usize,
    },
    /// A byte that the text protocol cannot carry.
    #[error("key {} has the byte 0x{byte:02x} ({}) at offset {offset}, which the text protocol cannot carry", shortened(.key), byte_name(*.byte))]
    IllegalByte {
        /// The bytes that were given.
        key: Vec<u8>,
        /// The first offending byte.
        byte: u8,
        /// Where it is, from 0.
        offset: usize,
    },
}

impl Key {
    /// Checks bytes that shall be sent as a key.
    ///
    /// In text a blank, CR, LF or NUL ends the key or the command; all other bytes are carried (tried on memcached 1.6.18).
    ///
    /// # Errors
    /// [`KeyError`] names the first offence.
    pub fn parse(bytes: &[u8], wire: Wire) -> Result<Self, KeyError> {
        Self::check(bytes, wire)?;
        Ok(Self(bytes.to_vec()))
    }

    /// Becomes another key in the memory of this one.
    ///
    /// # Errors
    /// As [`Key::parse`]; the key stays what it was then.
    pub fn replace(&mut self, bytes: &[u8], wire: Wire) -> Result<(), KeyError> {
        Self::check(bytes, wire)?;
        self.0.clear();
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Checks bytes as [`Key::parse`] does.
    ///
    /// # Errors
    /// [`KeyError`] names the first offence.
    pub fn check(bytes: &[u8], wire: Wire) -> Result<(), KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        if bytes.len() > MAX_KEY_LENGTH {
            return Err(KeyError::TooLong { key: bytes.to_vec(), length: bytes.len() });
        }
        if wire == Wire::Text
            && let Some(offset) = bytes.iter().position(|byte| matches!(byte, 0 | b'\n' | b'\r' | b' '))
        {
            return Err(KeyError::IllegalByte { key: bytes.to_vec(), byte: bytes[offset], offset });
        }
        Ok(())
    }

    /// Returns the bytes as they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.0.escape_ascii())
    }
}

/// The key for a message: escaped, quoted, and cut in the middle of a long one.
fn shortened(key: &[u8]) -> String {
    const SHOWN: usize = 60;
    match key.get(..SHOWN) {
        Some(head) if key.len() > SHOWN => format!("\"{}…\"", head.escape_ascii()),
        _ => format!("\"{}\"", key.escape_ascii()),
    }
}

/// The name of a byte that ends a key.
fn byte_name(byte: u8) -> &'static str {
    match byte {
        0 => "NUL",
        b'\n' => "line feed",
        b'\r' => "carriage return",
        _ => "blank",
    }
}
