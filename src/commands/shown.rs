//! Stored bytes as they are shown: decoded by the client's flags, alone, in a cell, or in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::Context;
use super::decode_args::Decode;
use super::decode_args::DecodeArgs;
use super::fetch::Stored;
use super::value_record::Plain;
pub use super::value_record::ValueRecord;
use crate::codec;
use crate::codec::Client;
use crate::codec::Decoded;
use crate::codec::DecodedValue;
use crate::codec::Format;
use crate::codec::plain;
use crate::codec::render;
use crate::failure::Failure;
use crate::python::Value;

/// How stored bytes are read.
#[derive(Clone, Copy)]
pub struct Decoder {
    client: Client,
    how: Decode,
    options: codec::Options,
}

/// What is printed for a value.
enum Shown {
    /// Text, on a line of its own.
    Line(Vec<u8>),
    /// Bytes, untouched.
    Bytes(Vec<u8>),
    /// A remark instead of a value.
    Note(String),
}

impl Decoder {
    /// A decoder for the client of the settings.
    ///
    /// # Errors
    /// A client or a version of Python that is not known.
    pub fn new(context: &Context, args: DecodeArgs) -> Result<Self, Failure> {
        let options = codec::Options {
            max_decoded: usize::try_from(args.max_decoded).unwrap_or(usize::MAX),
            python2: context.settings.facts()?.python.is_python_2(),
        };
        Ok(Self { client: context.settings.client()?, how: args.decode, options })
    }

    /// Prints one value alone.
    pub fn print(&self, context: &mut Context, key: &[u8], stored: &Stored) {
        let is_terminal = context.output.is_terminal();
        match self.shown(key, stored, is_terminal) {
            Shown::Line(text) if is_terminal => context.output.value(&text),
            Shown::Line(text) => {
                context.output.raw(&text);
                context.output.raw(b"\n");
            }
            Shown::Bytes(bytes) => context.output.value(&bytes),
            Shown::Note(note) => context.output.note(&note),
        }
    }

    /// The value as a cell of a table.
    #[must_use]
    pub fn cell(&self, key: &[u8], stored: &Stored) -> Vec<u8> {
        match self.shown(key, stored, false) {
            Shown::Line(bytes) | Shown::Bytes(bytes) => bytes,
            Shown::Note(note) => note.into_bytes(),
        }
    }

    /// The value in JSON.
    #[must_use]
    pub fn record(&self, key: &[u8], stored: &Stored) -> ValueRecord {
        let Some(decoded) = self.decoded(key, stored) else {
            let (kind, bytes) = match self.how {
                Decode::Hex => ("hex", hex(&stored.value).into_bytes()),
                _ => ("bytes", stored.value.clone()),
            };
            let text = String::from_utf8(bytes).ok();
            return ValueRecord {
                kind: Some(kind),
                value_b64: text.is_none().then(|| STANDARD.encode(&stored.value)),
                value: text.map_or(Plain::Null, Plain::Text),
                ..ValueRecord::default()
            };
        };
        let record = ValueRecord {
            kind: Some(decoded.kind),
            encoding: Some(decoded.encoding),
            ..ValueRecord::default()
        };
        match decoded.value {
            DecodedValue::Value(value) => record.of(value),
            DecodedValue::Opaque { payload, .. } => {
                ValueRecord { value_b64: Some(STANDARD.encode(payload)), ..record }
            }
            DecodedValue::Unreadable { error, payload } => ValueRecord {
                value_b64: Some(STANDARD.encode(payload)),
                decode_error: Some(error.to_string()),
                ..record
            },
        }
    }

    fn shown(&self, key: &[u8], stored: &Stored, to_terminal: bool) -> Shown {
        let Some(decoded) = self.decoded(key, stored) else {
            return match self.how {
                Decode::Hex => Shown::Line(hex(&stored.value).into_bytes()),
                _ => Shown::Bytes(stored.value.clone()),
            };
        };
        match decoded.value {
            DecodedValue::Value(Value::Str(text)) => Shown::Line(text.as_bytes().to_vec()),
            DecodedValue::Value(Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes)) => {
                Shown::Bytes(bytes)
            }
            DecodedValue::Value(value) if to_terminal => Shown::Line(
                render::response(&value).unwrap_or_else(|| render::python_like(&value).into_bytes()),
            ),
            DecodedValue::Value(value) => Shown::Line(plain::json(&value).to_string().into_bytes()),
            DecodedValue::Opaque { format, payload } => {
                Shown::Note(format!("a {format} of {} bytes; --raw prints it as it is stored", payload.len()))
            }
            DecodedValue::Unreadable { error, payload } => {
                Shown::Note(format!("{error} ({} bytes); --raw prints it as it is stored", payload.len()))
            }
        }
    }

    /// The decoded item; `None` if it is not to be decoded.
    fn decoded(&self, key: &[u8], stored: &Stored) -> Option<Decoded> {
        let format = match self.how {
            Decode::None | Decode::Hex => return None,
            Decode::Auto => {
                return Some(self.by_key(key, stored).unwrap_or_else(|| {
                    codec::decode(self.client, stored.flags, &stored.value, &self.options)
                }));
            }
            Decode::Pickle => Format::Pickle,
            Decode::Msgpack => Format::Msgpack,
            Decode::Json => Format::Json,
            Decode::Session => Format::Session,
        };
        Some(codec::decode_as(format, self.client, stored.flags, &stored.value, &self.options))
    }

    /// What the key promises: the serialised map of a session, or the pickle of a spread value in its first chunk.
    fn by_key(&self, key: &[u8], stored: &Stored) -> Option<Decoded> {
        let format = if stored.flags != 0 {
            return None;
        } else if key.starts_with(b"session:") {
            Format::Session
        } else if key.ends_with(b".0") && stored.value.starts_with(b"\x80\x02") {
            Format::Spread
        } else {
            return None;
        };
        let decoded = codec::decode_as(format, self.client, stored.flags, &stored.value, &self.options);
        matches!(decoded.value, DecodedValue::Value(_)).then_some(decoded)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
