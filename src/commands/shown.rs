//! Stored bytes as they are shown: decoded by the client's flags, alone, in a cell, or in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::context::Context;
use super::fetch::Stored;
use super::get::Decode;
use crate::codec;
use crate::codec::Client;
use crate::codec::DecodedValue;
use crate::failure::Failure;
use crate::python::Value;

/// How stored bytes are read.
pub struct Decoder {
    client: Client,
    how: Decode,
    options: codec::Options,
}

/// The value in JSON.
#[derive(Debug, Default, Serialize)]
pub struct ValueRecord {
    /// What kind of value it is.
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    /// How that was told from the flags and the bytes.
    encoding: Option<String>,
    /// The value as plain JSON; `null` where there is no plain form.
    value: serde_json::Value,
    /// The stored bytes in Base64, where they are not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_b64: Option<String>,
}

impl Decoder {
    /// A decoder for the client of the settings.
    ///
    /// # Errors
    /// A client that is not known.
    pub fn new(context: &Context, how: Decode) -> Result<Self, Failure> {
        Ok(Self { client: context.settings.client()?, how, options: codec::Options::default() })
    }

    /// Prints one value alone.
    pub fn print(&self, context: &mut Context, stored: &Stored) {
        match self.decoded(stored) {
            Shown::Line(text) => {
                if context.output.is_terminal() {
                    context.output.value(&text);
                } else {
                    context.output.raw(&text);
                    context.output.raw(b"\n");
                }
            }
            Shown::Bytes(bytes) => context.output.value(&bytes),
            Shown::Note(note) => context.output.note(&note),
        }
    }

    /// The value as a cell of a table.
    #[must_use]
    pub fn cell(&self, stored: &Stored) -> Vec<u8> {
        match self.decoded(stored) {
            Shown::Line(bytes) | Shown::Bytes(bytes) => bytes,
            Shown::Note(note) => note.into_bytes(),
        }
    }

    /// The value in JSON.
    #[must_use]
    pub fn record(&self, stored: &Stored) -> ValueRecord {
        let bytes = |kind, encoding, bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok();
            ValueRecord {
                kind: Some(kind),
                encoding,
                value: text.map_or(serde_json::Value::Null, Into::into),
                value_b64: text.is_none().then(|| STANDARD.encode(bytes)),
            }
        };
        match self.how {
            Decode::None => return bytes("bytes", None, &stored.value),
            Decode::Hex => return bytes("hex", None, hex(&stored.value).as_bytes()),
            Decode::Auto => {}
        }
        let decoded = codec::decode(self.client, stored.flags, &stored.value, &self.options);
        let (kind, encoding) = (decoded.kind, Some(decoded.encoding));
        match decoded.value {
            DecodedValue::Value(value) => match plain(&value) {
                Plain::Json(value) => ValueRecord { kind: Some(kind), encoding, value, value_b64: None },
                Plain::Bytes(value) => bytes(kind, encoding, value),
            },
            DecodedValue::Opaque { payload, .. } | DecodedValue::Unreadable { payload, .. } => ValueRecord {
                kind: Some(kind),
                encoding,
                value: serde_json::Value::Null,
                value_b64: Some(STANDARD.encode(payload)),
            },
        }
    }

    fn decoded(&self, stored: &Stored) -> Shown {
        match self.how {
            Decode::None => return Shown::Bytes(stored.value.clone()),
            Decode::Hex => return Shown::Line(hex(&stored.value).into_bytes()),
            Decode::Auto => {}
        }
        match codec::decode(self.client, stored.flags, &stored.value, &self.options).value {
            DecodedValue::Value(value) => match plain(&value) {
                Plain::Json(serde_json::Value::String(text)) => Shown::Line(text.into_bytes()),
                Plain::Json(json) => Shown::Line(json.to_string().into_bytes()),
                Plain::Bytes(bytes) => Shown::Bytes(bytes.to_vec()),
            },
            DecodedValue::Opaque { format, payload } => {
                Shown::Note(format!("a {format} of {} bytes; --raw prints it as it is stored", payload.len()))
            }
            DecodedValue::Unreadable { error, payload } => {
                Shown::Note(format!("{error} ({} bytes); --raw prints it as it is stored", payload.len()))
            }
        }
    }
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

/// A value without Python.
enum Plain<'a> {
    Json(serde_json::Value),
    Bytes(&'a [u8]),
}

/// Reduces a value to JSON or bytes.
fn plain(value: &Value) -> Plain<'_> {
    match value {
        Value::Str(text) => match text.as_str() {
            Some(text) => Plain::Json(text.into()),
            None => Plain::Bytes(text.as_bytes()),
        },
        Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes) => Plain::Bytes(bytes),
        Value::Bool(value) => Plain::Json((*value).into()),
        Value::Int(number) => Plain::Json(
            serde_json::from_str(&number.to_string()).unwrap_or_else(|_| number.to_string().into()),
        ),
        other => Plain::Json(format!("{other:?}").into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
