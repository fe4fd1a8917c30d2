//! Stored bytes and flags → a value, and how it was read.

use num_bigint::BigInt;

use crate::python::Text;
use crate::python::Value;
use crate::python::integer;

use super::Client;
use super::CodecError;
use super::flags::CHUNKED;
use super::flags::Kind;
use super::flags::LONG;
use super::flags::Layers;
use super::flags::SIXTEEN;
use super::flags::ZLIB;
use super::flags::layers;
use super::foreign;
use super::format;
use super::written;
use super::zlib;

/// What a reader of values may assume.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most that a value may unfold to, in bytes (`--max-decoded`).
    pub max_decoded: usize,
    /// Whether the application runs on Python 2, where plain bytes are its `str`.
    pub python2: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_decoded: 64 << 20, python2: false }
    }
}

/// A decoded item.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The value, or what is known instead.
    pub value: DecodedValue,
    /// What the payload is: `text`, `bytes`, `py2str`, `int`, `bool`, `pickle`, `msgpack`, `json`, `marshal`,
    /// `zlib` (for a stream that does not inflate) or the `format` of [`DecodedValue::Opaque`].
    pub kind: &'static str,
    /// Which reading was taken, and why where the flags have several.
    pub encoding: String,
}

/// The outcome of decoding.
#[derive(Clone, Debug)]
pub enum DecodedValue {
    /// A value as Python would have it.
    Value(Value),
    /// Recognised for what it is, but not read any further.
    Opaque {
        /// What it is, e.g. `ruby-marshal`, `rails-cache-entry`, `libmc-chunks`.
        format: &'static str,
        /// The payload below the layers that were taken off.
        payload: Vec<u8>,
    },
    /// The payload is not what the flags say.
    Unreadable {
        /// What is wrong with it.
        error: CodecError,
        /// The payload below the layers that were taken off.
        payload: Vec<u8>,
    },
}

impl Decoded {
    pub(super) fn value(value: Value, kind: &'static str, encoding: impl Into<String>) -> Self {
        Self { value: DecodedValue::Value(value), kind, encoding: encoding.into() }
    }

    pub(super) fn opaque(format: &'static str, payload: &[u8], encoding: impl Into<String>) -> Self {
        let payload = payload.to_vec();
        Self { value: DecodedValue::Opaque { format, payload }, kind: format, encoding: encoding.into() }
    }

    pub(super) fn unreadable(kind: &'static str, error: CodecError, payload: &[u8]) -> Self {
        let encoding = format!("{kind}, unreadable");
        let payload = payload.to_vec();
        Self { value: DecodedValue::Unreadable { error, payload }, kind, encoding }
    }

    /// The value if it can be written out within the limit, else the bytes and the error.
    pub(super) fn written_within(self, stored: &[u8], options: &Options) -> Self {
        let limit = options.max_decoded;
        match &self.value {
            DecodedValue::Value(value) if !written::fits(value, limit) => {
                Self::unreadable(self.kind, CodecError::TooLong { limit }, stored)
            }
            _ => self,
        }
    }

    pub(super) fn noted(mut self, note: &str) -> Self {
        self.encoding.push_str("; ");
        self.encoding.push_str(note);
        self
    }

    pub(super) fn inflated(mut self) -> Self {
        self.encoding.insert_str(0, "zlib + ");
        self
    }
}

/// Decodes an item by its flags, as the given client would, and where those flags mean nothing to it as
/// another client or library would.
#[must_use]
pub fn decode(client: Client, flags: u32, stored: &[u8], options: &Options) -> Decoded {
    by_flags(client, flags, stored, options).written_within(stored, options)
}

fn by_flags(client: Client, flags: u32, stored: &[u8], options: &Options) -> Decoded {
    if flags & SIXTEEN != 0 && flags & !(SIXTEEN | ZLIB) == 0 {
        return flag_sixteen(client, flags, stored, options);
    }
    if let Some(decoded) = foreign::recognise(flags, stored, options) {
        return decoded;
    }
    if let Some(layers) = layers(client, flags) {
        let decoded = by_layers(layers, stored, options);
        return match (&decoded.value, flags) {
            // The bool of libmc and the zlib of everybody else share bit 8.
            (DecodedValue::Unreadable { .. }, ZLIB) if client != Client::Libmc => {
                libmc_bool(stored).unwrap_or(decoded)
            }
            (DecodedValue::Unreadable { .. }, ZLIB) => zlib_of_others(stored, options).unwrap_or(decoded),
            (DecodedValue::Unreadable { .. }, LONG) => text_marked_as_int(stored).unwrap_or(decoded),
            _ => decoded,
        };
    }
    if let Some(layers) = layers(Client::Libmc, flags) {
        let note = format!("flags {flags} are libmc's, {client} has none such");
        return by_layers(layers, stored, options).noted(&note);
    }
    bytes(stored, options).noted(&format!("flags {flags} mean nothing to {client}"))
}

/// Takes the layers off one by one.
fn by_layers(layers: Layers, stored: &[u8], options: &Options) -> Decoded {
    if !layers.zlib {
        return payload(layers.kind, stored, options);
    }
    match zlib::inflate(stored, options.max_decoded) {
        Ok(inflated) => payload(layers.kind, &inflated, options).inflated(),
        Err(error) => Decoded::unreadable("zlib", error, stored),
    }
}

fn payload(kind: Kind, payload: &[u8], options: &Options) -> Decoded {
    match kind {
        Kind::Bool => bool(payload),
        Kind::Bytes => bytes(payload, options),
        Kind::Chunked => chunk_count(payload),
        Kind::Int => int(payload),
        Kind::Marshal => format::marshal(payload, options),
        Kind::Pickle => format::pickle(payload, options),
        Kind::Text => text(payload),
    }
}

/// Reads flag 16, which has four meanings, by the client's table and, where the payload contradicts it, by the payload.
fn flag_sixteen(client: Client, flags: u32, stored: &[u8], options: &Options) -> Decoded {
    let known = layers(client, flags).map(|layers| by_layers(layers, stored, options));
    if let Some(decoded) = known
        && !matches!(&decoded.value, DecodedValue::Unreadable { error, .. } if !is_too_large(error))
    {
        let note = match (decoded.kind, client) {
            ("text", _) if stored == b"0" || stored == b"1" => {
                format!("flag 16 is text to {client}; to pylibmc 1.5 this would be a bool")
            }
            ("text", _) => format!("flag 16 is text to {client}"),
            ("bool", _) => format!("flag 16 is a bool to {client}; to pylibmc 1.6 this would be text"),
            (_, Client::Bmemcached) => "flag 16 is bytes to bmemcached".to_owned(),
            (_, Client::Libmc) => "flag 16 is zlib to libmc".to_owned(),
            _ => format!("by the flags of {client}"),
        };
        return decoded.noted(&note);
    }
    by_payload(client, flags, stored, options)
}

fn is_too_large(error: &CodecError) -> bool {
    matches!(error, CodecError::TooLarge { .. })
}

/// Guesses the client of an item with flag 16 from its payload.
fn by_payload(client: Client, flags: u32, stored: &[u8], options: &Options) -> Decoded {
    if flags & ZLIB != 0 {
        // Text of pylibmc in a zlib stream, or libmc's bool, which is never worth compressing.
        return match zlib::inflate(stored, options.max_decoded) {
            Ok(inflated) => by_payload(client, SIXTEEN, &inflated, options).inflated(),
            Err(error) => Decoded::unreadable("zlib", error, stored),
        };
    }
    if std::str::from_utf8(stored).is_ok() {
        return text(stored)
            .noted(&format!("flag 16, but not as {client} writes it: valid UTF-8 is most likely text"));
    }
    if zlib::looks_like_zlib(stored)
        && let Ok(inflated) = zlib::inflate(stored, options.max_decoded)
    {
        return bytes(&inflated, options).inflated().noted("flag 16 on a zlib stream points at libmc");
    }
    bytes(stored, options).noted("flag 16 on what is neither UTF-8 nor zlib: bytes of bmemcached")
}

fn libmc_bool(stored: &[u8]) -> Option<Decoded> {
    matches!(stored, b"0" | b"1")
        .then(|| bool(stored).noted("flag 8 without a zlib stream is the bool of libmc"))
}

fn zlib_of_others(stored: &[u8], options: &Options) -> Option<Decoded> {
    match zlib::inflate(stored, options.max_decoded) {
        Ok(inflated) => {
            let decoded = bytes(&inflated, options).inflated();
            Some(decoded.noted("flag 8 is a bool to libmc, but this is a zlib stream"))
        }
        Err(error @ CodecError::TooLarge { .. }) => Some(Decoded::unreadable("zlib", error, stored)),
        Err(_) => None,
    }
}

fn text_marked_as_int(stored: &[u8]) -> Option<Decoded> {
    let starts_like_text = stored.first().is_some_and(|byte| !byte.is_ascii_digit() && *byte != b'-');
    (starts_like_text && std::str::from_utf8(stored).is_ok()).then(|| {
        text(stored).noted(
            "flag 4 without a number: text of Dalli, or the name of an IntEnum that no Python client reads",
        )
    })
}

/// The bytes as they are; Python 2 calls them `str`.
pub(super) fn bytes(payload: &[u8], options: &Options) -> Decoded {
    if options.python2 {
        return Decoded::value(Value::Py2Str(payload.to_vec()), "py2str", "byte string of Python 2");
    }
    Decoded::value(Value::Bytes(payload.to_vec()), "bytes", "bytes")
}

pub(super) fn text(payload: &[u8]) -> Decoded {
    match std::str::from_utf8(payload) {
        Ok(text) => Decoded::value(Value::Str(Text::from(text)), "text", "text"),
        Err(error) => {
            Decoded::unreadable("text", CodecError::NotUtf8 { offset: error.valid_up_to() }, payload)
        }
    }
}

fn int(payload: &[u8]) -> Decoded {
    // A decrement keeps the length and pads with blanks (memcached 1.6.18: 10 - 1 is `9 `), as every client's int() allows.
    match parse_int(payload.trim_ascii()) {
        Ok(number) => Decoded::value(Value::Int(number), "int", "int"),
        Err(error) => Decoded::unreadable("int", error, payload),
    }
}

fn bool(payload: &[u8]) -> Decoded {
    match payload {
        b"0" => Decoded::value(Value::Bool(false), "bool", "bool"),
        b"1" => Decoded::value(Value::Bool(true), "bool", "bool"),
        _ => Decoded::unreadable("bool", CodecError::NotABool { text: excerpt(payload) }, payload),
    }
}

fn chunk_count(payload: &[u8]) -> Decoded {
    let count = String::from_utf8_lossy(payload.get(..16).unwrap_or(payload)).into_owned();
    let format = "libmc-chunks";
    Decoded::opaque(
        format,
        payload,
        format!(
            "flag {CHUNKED}: libmc cut the value into {count} items named ~{count}KEY/0, ~{count}KEY/1 and so on"
        ),
    )
}

/// Reads an integer in ASCII decimal.
pub(super) fn parse_int(text: &[u8]) -> Result<BigInt, CodecError> {
    if let Some(number) = integer::parse(text) {
        return Ok(number);
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits > integer::MAX_DIGITS && digits + 1 >= text.len() {
        return Err(CodecError::IntegerTooLong { digits, limit: integer::MAX_DIGITS });
    }
    Err(CodecError::NotAnInteger { text: excerpt(text) })
}

/// The first characters, for a message.
pub(super) fn excerpt(payload: &[u8]) -> String {
    let mut excerpt: String =
        String::from_utf8_lossy(payload.get(..160).unwrap_or(payload)).chars().take(40).collect();
    if payload.len() > excerpt.len() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
