//! A value → the flags and bytes with which a client would have stored it.

use std::str::FromStr;

use num_bigint::BigInt;

use crate::python::Value;
use crate::python::pickle;
use crate::python::pickle::Unwritable;

use super::Client;
use super::CodecError;
use super::decode::excerpt;
use super::decode::parse_int;
use super::flags::Kind;
use super::flags::flags;
use super::flags::zlib_bit;
use super::json;
use super::marshal;
use super::zlib;

/// What a value on the command line is to be stored as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum As {
    /// A `str`, as the client stores it.
    #[default]
    Text,
    /// Bytes, as the client stores them.
    Bytes,
    /// An int in decimal.
    Int,
    /// `true` or `false`.
    Bool,
    /// A JSON document, stored as the pickled Python value.
    Json,
    /// The same as [`As::Json`].
    Pickle,
}

impl As {
    /// Every way, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Text, Self::Bytes, Self::Int, Self::Bool, Self::Json, Self::Pickle];

    /// The name, as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Json => "json",
            Self::Pickle => "pickle",
        }
    }
}

impl FromStr for As {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        found.ok_or_else(|| format!("{name:?} is not one of text, bytes, int, bool, json, pickle"))
    }
}

/// How a value is to be stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncodeOptions {
    /// Whether to wrap the payload in zlib where that makes it smaller.
    pub compress: bool,
    /// The pickle protocol (`--pickle-protocol`); `None`: 2, readable by Python 2.7 and 3, and 0 for the clients that
    /// write 0 themselves.
    pub pickle_protocol: Option<u8>,
}

/// An item's flags and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The client's mark of the type.
    pub flags: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Encodes what was typed, so that the client reads the same value back.
///
/// # Errors
///
/// [`CodecError::NotUtf8`], [`CodecError::NotAnInteger`], [`CodecError::IntegerTooLong`], [`CodecError::NotABool`] and
/// [`CodecError::Json`] if the input is not what it is to be stored as.
pub fn encode(client: Client, way: As, input: &[u8], options: &EncodeOptions) -> Result<Stored, CodecError> {
    let stored = match way {
        As::Text => text(client, utf8(input)?, options),
        As::Bytes => plain(client, Kind::Bytes, input),
        As::Int => int(client, &parse_int(input)?),
        As::Bool => bool(client, parse_bool(input)?, options),
        As::Json | As::Pickle => pickled(client, &typed_value(way, input)?, options),
    }?;
    Ok(if options.compress { compress(client, stored) } else { stored })
}

/// Reads what was typed as a value of Python.
///
/// # Errors
///
/// As [`encode`].
pub fn typed_value(way: As, input: &[u8]) -> Result<Value, CodecError> {
    Ok(match way {
        As::Text => Value::Str(utf8(input)?.into()),
        As::Bytes => Value::Bytes(input.to_vec()),
        As::Int => Value::Int(parse_int(input)?),
        As::Bool => Value::Bool(parse_bool(input)?),
        As::Json | As::Pickle => {
            json::read(input, usize::MAX).map_err(|error| CodecError::from_json(error, usize::MAX))?
        }
    })
}

/// Encodes a value as the client would: texts, bytes, ints and bools in its own form, everything else pickled.
///
/// # Errors
///
/// [`CodecError::Unwritable`] for objects and the like, [`CodecError::TextTooLong`] for a text that libmc cannot store.
pub fn encode_value(client: Client, value: &Value, options: &EncodeOptions) -> Result<Stored, CodecError> {
    let stored = match value {
        Value::Str(content) => match content.as_str() {
            Some(content) => text(client, content, options),
            None => pickled(client, value, options),
        },
        Value::Bytes(content) | Value::Py2Str(content) => plain(client, Kind::Bytes, content),
        Value::Int(number) => int(client, number),
        Value::Bool(value) => bool(client, *value, options),
        _ => pickled(client, value, options),
    }?;
    Ok(if options.compress { compress(client, stored) } else { stored })
}

fn text(client: Client, text: &str, options: &EncodeOptions) -> Result<Stored, CodecError> {
    if flags(client, Kind::Text).is_some() {
        return plain(client, Kind::Text, text.as_bytes());
    }
    if client != Client::Libmc {
        return pickled(client, &Value::Str(text.into()), options);
    }
    let marshalled =
        marshal::write_text(text).ok_or(CodecError::TextTooLong { length: text.len(), client })?;
    plain(client, Kind::Marshal, &marshalled)
}

fn int(client: Client, number: &BigInt) -> Result<Stored, CodecError> {
    plain(client, Kind::Int, number.to_string().as_bytes())
}

fn bool(client: Client, value: bool, options: &EncodeOptions) -> Result<Stored, CodecError> {
    if flags(client, Kind::Bool).is_some() {
        return plain(client, Kind::Bool, if value { b"1" } else { b"0" });
    }
    pickled(client, &Value::Bool(value), options)
}

fn pickled(client: Client, value: &Value, options: &EncodeOptions) -> Result<Stored, CodecError> {
    // python-memcached and bmemcached write protocol 0 themselves; 2 is the newest that every Python reads.
    let usual = if matches!(client, Client::PythonMemcached | Client::Bmemcached) { 0 } else { 2 };
    let pickle = pickle::write(value, options.pickle_protocol.unwrap_or(usual))?;
    plain(client, Kind::Pickle, &pickle)
}

fn plain(client: Client, kind: Kind, payload: &[u8]) -> Result<Stored, CodecError> {
    let flags =
        flags(client, kind).ok_or(CodecError::Unwritable(Unwritable { kind: "a value of that type" }))?;
    Ok(Stored { flags, bytes: payload.to_vec() })
}

/// Wraps the payload in zlib and says so in the flags; leaves it alone where that would not make it smaller.
fn compress(client: Client, stored: Stored) -> Stored {
    match zlib::deflate_if_smaller(&stored.bytes) {
        Some(bytes) => Stored { flags: stored.flags | zlib_bit(client), bytes },
        None => stored,
    }
}

fn utf8(input: &[u8]) -> Result<&str, CodecError> {
    std::str::from_utf8(input).map_err(|error| CodecError::NotUtf8 { offset: error.valid_up_to() })
}

fn parse_bool(input: &[u8]) -> Result<bool, CodecError> {
    match input {
        b"true" | b"True" | b"1" => Ok(true),
        b"false" | b"False" | b"0" => Ok(false),
        _ => Err(CodecError::NotABool { text: excerpt(input) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(client: Client, way: As, input: &str) -> (u32, String) {
        let stored = encode(client, way, input.as_bytes(), &EncodeOptions::default()).unwrap();
        (stored.flags, stored.bytes.escape_ascii().to_string())
    }

    #[test]
    fn each_client_has_its_own_marks() {
        use Client::*;
        for (client, text, bytes, int, bool) in [
            (Pylibmc, (16, "x"), (0, "x"), (4, "7"), (2, "1")),
            (Pylibmc15, (1, "\\x80\\x02X\\x01\\x00\\x00\\x00x."), (0, "x"), (4, "7"), (16, "1")),
            (PythonMemcached, (16, "x"), (0, "x"), (2, "7"), (1, "I01\\n.")),
            (Pymemcache, (16, "x"), (0, "x"), (2, "7"), (1, "\\x80\\x02\\x88.")),
            (Bmemcached, (0, "x"), (16, "x"), (2, "7"), (1, "I01\\n.")),
            (Libmc, (32, "u\\x01\\x00\\x00\\x00x"), (0, "x"), (4, "7"), (8, "1")),
        ] {
            for (way, input, (flags, payload)) in [
                (As::Text, "x", text),
                (As::Bytes, "x", bytes),
                (As::Int, "7", int),
                (As::Bool, "true", bool),
            ] {
                assert_eq!(stored(client, way, input), (flags, payload.to_owned()), "{client} {way:?}");
            }
        }
    }

    #[test]
    fn compression_is_marked_and_skipped_when_useless() {
        let long = "ab".repeat(400);
        let options = EncodeOptions { compress: true, ..EncodeOptions::default() };
        for (client, flags) in [(Client::Pylibmc, 24), (Client::Bmemcached, 8), (Client::Libmc, 48)] {
            let stored = encode(client, As::Text, long.as_bytes(), &options).unwrap();
            assert_eq!(stored.flags, flags, "{client}");
            assert!(stored.bytes.len() < 50);
        }
        let short = encode(Client::Pylibmc, As::Text, b"ab", &options).unwrap();
        assert_eq!(short, Stored { flags: 16, bytes: b"ab".to_vec() });
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        let refused = |way, input: &[u8]| {
            encode(Client::Pylibmc, way, input, &EncodeOptions::default()).unwrap_err().to_string()
        };
        assert_eq!(refused(As::Int, b"1.5"), "not an integer: \"1.5\"");
        assert_eq!(refused(As::Bool, b"yes"), "not a bool: \"yes\" is neither true nor false");
        assert_eq!(refused(As::Text, b"a\xFF"), "not UTF-8 from byte 1 on");
    }
}
