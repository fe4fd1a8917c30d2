//! Records as JSON lines: `{"key": …, "flags": …, "expires": …, "value": …}`.
//!
//! `key` is text and `key_b64` Base64 of any other bytes; the same goes for `value`, where text also has no control
//! characters but tab, line feed and carriage return, so that no value takes more than twice its size. `expires` is in UNIX
//! seconds, or `null` for never. All four fields have to be there; others are passed over.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::Visitor;

use super::Flaw;
use super::Saved;
use crate::protocol::key::MAX_KEY_LENGTH;

/// Appends a record and a line feed.
pub fn encode(saved: &Saved<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    match std::str::from_utf8(saved.key) {
        Ok(text) => string(out, "\"key\":", text),
        Err(_) => base64(out, "\"key_b64\":", saved.key),
    }
    out.extend_from_slice(b",\"flags\":");
    number(out, saved.flags.into());
    out.extend_from_slice(b",\"expires\":");
    match saved.expires {
        Some(expires) => number(out, expires),
        None => out.extend_from_slice(b"null"),
    }
    match std::str::from_utf8(saved.value) {
        Ok(text) if !has_controls(saved.value) => string(out, ",\"value\":", text),
        _ => base64(out, ",\"value_b64\":", saved.value),
    }
    out.extend_from_slice(b"}\n");
}

fn has_controls(text: &[u8]) -> bool {
    text.iter().any(|&byte| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f)
}

fn string(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(name.as_bytes());
    // Neither a string nor a vector can fail.
    drop(serde_json::to_writer(out, text));
}

fn number(out: &mut Vec<u8>, number: u64) {
    drop(serde_json::to_writer(out, &number));
}

fn base64(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    // The room is exactly what the encoding takes.
    drop(STANDARD.encode_slice(bytes, room));
    out.push(b'"');
}

/// Where the bytes of a record stand that had to be decoded; to be used again for the next one.
#[derive(Debug, Default)]
pub struct Scratch {
    key: Vec<u8>,
    value: Vec<u8>,
}

/// Reads the record of one line.
///
/// # Errors
/// [`Flaw`] says why it is none.
pub fn decode<'a>(line: &'a [u8], scratch: &'a mut Scratch) -> Result<Saved<'a>, Flaw> {
    let record: Record<'_> = serde_json::from_slice(line).map_err(|error| json_flaw(&error))?;
    if record.expires == Some(0) {
        return Err(Flaw::Expires);
    }
    let Scratch { key, value } = scratch;
    let key = bytes(record.key, record.key_b64, "key", key)?;
    if key.is_empty() || key.len() > MAX_KEY_LENGTH {
        return Err(Flaw::Key { length: key.len() });
    }
    let value = bytes(record.value, record.value_b64, "value", value)?;
    Ok(Saved { key, flags: record.flags, expires: record.expires, value })
}

/// What the parser says, without the line number that it counts within its one line.
fn json_flaw(error: &serde_json::Error) -> Flaw {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    let words = if error.is_eof() { "the JSON object is cut off" } else { words };
    Flaw::Json { words: format!("{words} (column {})", error.column()) }
}

/// The bytes of a field that is text or Base64.
fn bytes<'a>(
    text: Option<Text<'a>>,
    encoded: Option<Text<'a>>,
    field: &'static str,
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], Flaw> {
    scratch.clear();
    match (text, encoded) {
        (Some(Text::Borrowed(text)), None) => return Ok(text.as_bytes()),
        (Some(Text::Owned(text)), None) => *scratch = text.into_bytes(),
        (None, Some(encoded)) => {
            STANDARD.decode_vec(encoded.as_bytes(), scratch).map_err(|_| Flaw::Base64 { field })?;
        }
        (Some(_), Some(_)) | (None, None) => return Err(Flaw::Choice { field }),
    }
    Ok(scratch)
}

#[derive(Deserialize)]
#[serde(expecting = "a record: {\"key\", \"flags\", \"expires\", \"value\"}")]
struct Record<'a> {
    #[serde(borrow, default)]
    key: Option<Text<'a>>,
    #[serde(borrow, default)]
    key_b64: Option<Text<'a>>,
    flags: u32,
    #[serde(deserialize_with = "nullable")]
    expires: Option<u64>,
    #[serde(borrow, default)]
    value: Option<Text<'a>>,
    #[serde(borrow, default)]
    value_b64: Option<Text<'a>>,
}

/// A field that may be `null` and has to be there.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

/// A string, borrowed where nothing in it is escaped.
enum Text<'a> {
    Borrowed(&'a str),
    Owned(String),
}

impl Text<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(text) => text.as_bytes(),
            Self::Owned(text) => text.as_bytes(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text::Owned(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text::Owned(text))
            }
        }
        deserializer.deserialize_str(Strings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip(saved: &Saved<'_>) -> String {
        let mut line = Vec::new();
        encode(saved, &mut line);
        let mut scratch = Scratch::default();
        assert_eq!(decode(&line, &mut scratch).as_ref(), Ok(saved));
        String::from_utf8(line).unwrap()
    }

    fn item<'a>(key: &'a [u8], value: &'a [u8]) -> Saved<'a> {
        Saved { key, flags: 0, expires: None, value }
    }

    #[test]
    fn text_is_readable() {
        let saved = Saved {
            key: "view//caf\u{e9}".as_bytes(),
            flags: 16,
            expires: Some(1_900_000_000),
            value: b"1\r\n\"2\"",
        };
        assert_eq!(
            round_trip(&saved),
            "{\"key\":\"view//caf\u{e9}\",\"flags\":16,\"expires\":1900000000,\"value\":\"1\\r\\n\\\"2\\\"\"}\n"
        );
    }

    #[test]
    fn any_byte_of_key_and_value_comes_back() {
        let every: Vec<u8> = (0..=255).collect();
        let encoded = round_trip(&item(&every[..250], &every));
        assert!(encoded.contains("key_b64") && encoded.contains("value_b64"), "{encoded}");
        for byte in 0..=255u8 {
            round_trip(&item(&[byte], &[byte]));
        }
        round_trip(&item(b"k", b""));
        // Text that JSON would write six times as long is written in Base64.
        assert!(round_trip(&item(b"k", &[0; 1000])).len() < 1500);
    }

    #[test]
    fn other_fields_are_passed_over_and_order_does_not_matter() {
        let line = br#"{"server":"h:1","value":"v","tags":[{"a":1}],"expires":null,"flags":1,"key":"k"}"#;
        let mut scratch = Scratch::default();
        assert_eq!(decode(line, &mut scratch), Ok(Saved { flags: 1, ..item(b"k", b"v") }));
    }

    #[test]
    fn foreign_lines_are_refused_with_the_reason() {
        for (line, reason) in [
            ("", "cut off"),
            ("{", "cut off"),
            ("[]", "a record"),
            ("{}", "missing field `flags`"),
            (r#"{"key":"k","flags":0,"value":"v"}"#, "missing field `expires`"),
            (r#"{"key":"k","flags":0,"expires":null}"#, "\"value\" or \"value_b64\""),
            (r#"{"key":"k","key_b64":"aw==","flags":0,"expires":null,"value":""}"#, "\"key\" or \"key_b64\""),
            (r#"{"key":"","flags":0,"expires":null,"value":""}"#, "the key has 0 bytes"),
            (r#"{"key_b64":"a","flags":0,"expires":null,"value":""}"#, "key is no Base64"),
            (r#"{"key":"k","flags":4294967296,"expires":null,"value":""}"#, "invalid value"),
            (r#"{"key":"k","flags":-1,"expires":null,"value":""}"#, "invalid value"),
            (r#"{"key":"k","flags":0,"expires":0,"value":""}"#, "expires is 0"),
            (r#"{"key":"k","flags":0,"expires":-1,"value":""}"#, "invalid value"),
            (r#"{"key":"k","flags":0,"expires":null,"value":7}"#, "invalid type"),
            (r#"{"key":"k","flags":0,"flags":1,"expires":null,"value":""}"#, "duplicate field"),
            (r#"{"key":"k","flags":0,"expires":null,"value":""} {}"#, "trailing characters"),
        ] {
            let mut scratch = Scratch::default();
            let found = decode(line.as_bytes(), &mut scratch).map_err(|flaw| flaw.to_string());
            assert!(found.as_ref().is_err_and(|words| words.contains(reason)), "{line}: {found:?}");
        }
        let long = format!(r#"{{"key":"{}","flags":0,"expires":null,"value":""}}"#, "k".repeat(251));
        assert_eq!(decode(long.as_bytes(), &mut Scratch::default()), Err(Flaw::Key { length: 251 }));
        let deep = format!(r#"{{"x":{}"#, "[".repeat(100_000));
        assert!(decode(deep.as_bytes(), &mut Scratch::default()).is_err());
        assert!(decode(b"{\"key\":\"\xff\"}", &mut Scratch::default()).is_err());
    }
}
