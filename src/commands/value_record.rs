//! The value of an item in JSON: the plain form and the typed tree, each written straight from the value.

use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;

use crate::codec::plain;
use crate::codec::typed::Detail;
use crate::codec::typed::Tree;
use crate::python::Value;

/// The value in JSON.
#[derive(Debug, Default, Serialize)]
pub struct ValueRecord {
    /// What kind of value it is.
    #[serde(rename = "type")]
    pub(super) kind: Option<&'static str>,
    /// Which reading was taken, and why where there are several.
    pub(super) encoding: Option<String>,
    /// The value as plain JSON; `null` where there is no plain form.
    pub(super) value: Plain,
    /// The typed tree; `null` where there is no value.
    pub(super) decoded: Typed,
    /// The stored bytes in Base64, where they are not text and could not be read as anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_b64: Option<String>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decode_error: Option<String>,
}

impl ValueRecord {
    /// The record of a value.
    #[must_use]
    pub(super) fn of(self, value: Value) -> Self {
        let value = Arc::new(value);
        let decoded = Typed(Some(Arc::clone(&value)));
        Self { value: Plain::Value(value), decoded, ..self }
    }
}

/// A value that is written as plain JSON.
#[derive(Debug, Default)]
pub(super) enum Plain {
    /// Nothing.
    #[default]
    Null,
    /// A text.
    Text(String),
    /// A value, which becomes JSON only where it is written.
    Value(Arc<Value>),
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Value(value) => plain::json(value).serialize(serializer),
        }
    }
}

/// A value that is written as its typed tree, which as JSON in memory would be many times the value.
#[derive(Debug, Default)]
pub(super) struct Typed(Option<Arc<Value>>);

impl Serialize for Typed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree = self.0.as_deref().map(|value| Tree { value, detail: Detail::Short });
        tree.serialize(serializer)
    }
}
