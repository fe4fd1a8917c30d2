//! Pieces that the JSON documents share.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Cell;
use super::escape::Lines;
use super::escape::escape;

/// A key in JSON: `key` if it is UTF-8, else `key_b64`. To be flattened into a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRecord {
    /// The text.
    Key(String),
    /// Base64 of the bytes.
    KeyB64(String),
}

impl From<&[u8]> for KeyRecord {
    fn from(key: &[u8]) -> Self {
        match std::str::from_utf8(key) {
            Ok(text) => Self::Key(text.to_owned()),
            Err(_) => Self::KeyB64(STANDARD.encode(key)),
        }
    }
}

impl KeyRecord {
    /// The key as a cell of a table: its own bytes.
    #[must_use]
    pub fn cell(&self) -> Cell {
        match self {
            Self::Key(text) => Cell::text(text.as_str()),
            Self::KeyB64(text) => Cell::text(STANDARD.decode(text).unwrap_or_default()),
        }
    }
}

impl fmt::Display for KeyRecord {
    /// The key in quotes, for a message.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(text) => write!(formatter, "\"{text}\""),
            Self::KeyB64(text) => {
                let bytes = STANDARD.decode(text).unwrap_or_default();
                write!(formatter, "\"{}\"", escape(&bytes, Lines::Escape))
            }
        }
    }
}

/// An error in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorDocument<'a> {
    /// `cachier/error/1`.
    pub schema: &'static str,
    /// What happened.
    pub error: ErrorRecord<'a>,
}

/// What happened, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorRecord<'a> {
    /// The kind of failure.
    pub kind: &'static str,
    /// The message.
    pub message: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
    /// The server that it is about.
    pub server: Option<&'a str>,
    /// The exit code.
    pub exit_code: u8,
}

impl<'a> ErrorDocument<'a> {
    /// The document of an error.
    #[must_use]
    pub fn new(error: ErrorRecord<'a>) -> Self {
        Self { schema: "cachier/error/1", error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_text_is_base64() {
        let json = |key: &[u8]| serde_json::to_string(&KeyRecord::from(key)).unwrap();
        assert_eq!(json(b"a"), r#"{"key":"a"}"#);
        assert_eq!(json(b"\xff"), r#"{"key_b64":"/w=="}"#);
        assert_eq!(KeyRecord::from(&b"a\xff"[..]).to_string(), "\"a\\xff\"");
    }
}
