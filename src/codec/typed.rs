//! The typed tree of a value as JSON: every node says its type, nothing is lost but what is cut for its size.

use std::io;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;
use serde_json::Value as Json;
use serde_json::ser::Formatter;
use sha2::Digest as _;
use sha2::Sha256;

use crate::python::Object;
use crate::python::PythonVersion;
use crate::python::Text;
use crate::python::Value;
use crate::python::repr;

/// The longest text that is written out, in code points; of a longer one the tree has length and SHA-256.
pub const LONGEST_TEXT: usize = 65_536;

/// The longest list or tuple that is written out; of a longer one the tree has length, first and last item.
pub const LONGEST_LIST: usize = 256;

/// Whether large texts and lists are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything is written out.
    Full,
    /// Texts above [`LONGEST_TEXT`] and lists above [`LONGEST_LIST`] are summed up.
    Short,
}

/// The typed tree of a value, to be serialised: written out as it goes, it takes no memory of its own.
///
/// Every node is an object with `type` and the fields that belong to it: `int` has its decimal text, `float`,
/// `complex`, `range` and `slice` their Python text, `bytes`, `bytearray` and `py2str` Base64; sets are sorted by the
/// JSON text of their items.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// The value.
    pub value: &'a Value,
    /// Whether the large is written out.
    pub detail: Detail,
}

/// Returns the tree as JSON; serialising a [`Tree`] is far smaller.
#[must_use]
pub fn tree(value: &Value, detail: Detail) -> Json {
    // Nothing in a tree can fail to serialise: all keys are texts.
    serde_json::to_value(Tree { value, detail }).unwrap_or_default()
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, detail } = *self;
        let node = Node { serializer, detail };
        match value {
            Value::None => node.field("NoneType", "value", &()),
            Value::Ellipsis => node.field("ellipsis", "value", "..."),
            Value::Bool(value) => node.field("bool", "value", value),
            Value::Int(number) => node.field("int", "value", &number.to_string()),
            Value::Float(_) => node.field("float", "value", &python(value)),
            Value::Complex(..) => node.field("complex", "value", &python(value)),
            Value::Str(content) => node.text(value, content),
            Value::Bytes(bytes) => node.field("bytes", "base64", &STANDARD.encode(bytes)),
            Value::ByteArray(bytes) => node.field("bytearray", "base64", &STANDARD.encode(bytes)),
            Value::Py2Str(bytes) => node.field("py2str", "base64", &STANDARD.encode(bytes)),
            Value::List(items) => node.sequence("list", items),
            Value::Tuple(items) => node.sequence("tuple", items),
            Value::Set(items) => node.field("set", "items", &Members { items, detail }),
            Value::FrozenSet(items) => node.field("frozenset", "items", &Members { items, detail }),
            Value::Dict(items) => node.field("dict", "items", &Pairs { items, detail }),
            Value::Range(..) => node.field("range", "value", &python(value)),
            Value::Slice(_) => node.field("slice", "value", &python(value)),
            Value::Timestamp(time) => node.field("datetime.datetime", "value", time),
            Value::Global(name) => node.field("global", "name", name),
            Value::Object(object) => node.object(object),
            Value::Verbatim(text) => node.field("recursion", "value", text),
        }
    }
}

/// One node on its way out.
struct Node<S> {
    serializer: S,
    detail: Detail,
}

impl<S: Serializer> Node<S> {
    fn field<T: Serialize + ?Sized>(self, kind: &str, name: &str, value: &T) -> Result<S::Ok, S::Error> {
        let mut node = self.serializer.serialize_map(Some(2))?;
        node.serialize_entry("type", kind)?;
        node.serialize_entry(name, value)?;
        node.end()
    }

    fn text(self, value: &Value, text: &Text) -> Result<S::Ok, S::Error> {
        let Some(content) = text.as_str() else { return self.field("str", "repr", &python(value)) };
        // A text of so few bytes cannot have more code points.
        if self.detail == Detail::Full || content.len() <= LONGEST_TEXT {
            return self.field("str", "value", content);
        }
        let length = content.chars().count();
        if length <= LONGEST_TEXT {
            return self.field("str", "value", content);
        }
        let mut node = self.serializer.serialize_map(Some(3))?;
        node.serialize_entry("type", "str")?;
        node.serialize_entry("length", &length)?;
        node.serialize_entry("sha256", &hex(&Sha256::digest(content.as_bytes())))?;
        node.end()
    }

    fn sequence(self, kind: &str, items: &[Value]) -> Result<S::Ok, S::Error> {
        let detail = self.detail;
        match (detail, items) {
            (Detail::Short, [first, .., last]) if items.len() > LONGEST_LIST => {
                let mut node = self.serializer.serialize_map(Some(4))?;
                node.serialize_entry("type", kind)?;
                node.serialize_entry("length", &items.len())?;
                node.serialize_entry("first", &Tree { value: first, detail })?;
                node.serialize_entry("last", &Tree { value: last, detail })?;
                node.end()
            }
            _ => self.field(kind, "items", &Items { items, detail }),
        }
    }

    fn object(self, object: &Object) -> Result<S::Ok, S::Error> {
        let detail = self.detail;
        let Object { class, args, kwargs, state, list_items, dict_items } = object;
        let mut node = self.serializer.serialize_map(None)?;
        node.serialize_entry("type", "object")?;
        node.serialize_entry("class", class)?;
        node.serialize_entry("args", &Items { items: args, detail })?;
        if !kwargs.is_empty() {
            node.serialize_entry("kwargs", &Pairs { items: kwargs, detail })?;
        }
        if let Some(state) = state {
            node.serialize_entry("state", &Tree { value: state, detail })?;
        }
        if !list_items.is_empty() {
            node.serialize_entry("list_items", &Items { items: list_items, detail })?;
        }
        if !dict_items.is_empty() {
            node.serialize_entry("dict_items", &Pairs { items: dict_items, detail })?;
        }
        node.end()
    }
}

struct Items<'a> {
    items: &'a [Value],
    detail: Detail,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let detail = self.detail;
        serializer.collect_seq(self.items.iter().map(|value| Tree { value, detail }))
    }
}

struct Members<'a> {
    items: &'a [Value],
    detail: Detail,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let detail = self.detail;
        serializer.collect_seq(sorted(self.items, detail).into_iter().map(|value| Tree { value, detail }))
    }
}

struct Pairs<'a> {
    items: &'a [(Value, Value)],
    detail: Detail,
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let detail = self.detail;
        let tree = |value| Tree { value, detail };
        serializer.collect_seq(self.items.iter().map(|(key, value)| [tree(key), tree(value)]))
    }
}

/// The value as Python 3 writes it.
fn python(value: &Value) -> String {
    repr(value, PythonVersion::DEFAULT)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The members of a set in the order of the JSON text of their trees.
pub(super) fn sorted(items: &[Value], detail: Detail) -> Vec<&Value> {
    let mut members: Vec<&Value> = items.iter().collect();
    if members.len() > 1 {
        members.sort_by_cached_key(|value| python_text(Tree { value, detail }));
    }
    members
}

/// The JSON text as Python's `json.dumps` writes it: `", "` and `": "` between the parts, and ASCII.
fn python_text(tree: Tree<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, PythonFormatter);
    match tree.serialize(&mut serializer) {
        Ok(()) => text,
        // Writing to memory does not fail.
        Err(_) => Vec::new(),
    }
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, part: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for character in part.chars() {
            if character.is_ascii() {
                writer.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_has_its_fields() {
        let big = num_bigint::BigInt::from(2).pow(70);
        for (value, expected) in [
            (Value::None, json!({ "type": "NoneType", "value": null })),
            (Value::Int(big), json!({ "type": "int", "value": "1180591620717411303424" })),
            (Value::Float(1e16), json!({ "type": "float", "value": "1e+16" })),
            (Value::Complex(1.0, -2.0), json!({ "type": "complex", "value": "(1-2j)" })),
            (Value::Range(0.into(), 5.into(), 1.into()), json!({ "type": "range", "value": "range(0, 5)" })),
            (
                Value::Slice(Box::new([Value::Int(1.into()), Value::None, Value::None])),
                json!({ "type": "slice", "value": "slice(1, None, None)" }),
            ),
            (Value::Global("app.f".to_owned()), json!({ "type": "global", "name": "app.f" })),
            (
                Value::Str(Text::from_wtf8(b"\xED\xA0\x80".to_vec()).unwrap()),
                json!({ "type": "str", "repr": "'\\ud800'" }),
            ),
        ] {
            assert_eq!(tree(&value, Detail::Short), expected);
        }
    }

    #[test]
    fn sets_are_sorted_by_the_text_of_their_items() {
        let items = ["b", "é", "a", "Z"].map(|text| Value::Str(text.into()));
        let tree = tree(&Value::Set(items.to_vec()), Detail::Short);
        let texts: Vec<_> =
            tree["items"].as_array().unwrap().iter().map(|item| item["value"].as_str().unwrap()).collect();
        // In ASCII, é is \u00e9, and a backslash comes between Z and a.
        assert_eq!(texts, ["Z", "é", "a", "b"]);
    }

    #[test]
    fn the_large_is_summed_up() {
        let text = Value::Str("é".repeat(LONGEST_TEXT + 1).into());
        assert_eq!(tree(&text, Detail::Short)["length"], LONGEST_TEXT + 1);
        assert!(tree(&text, Detail::Full)["value"].is_string());
        let list = Value::List(vec![Value::None; LONGEST_LIST + 1]);
        assert_eq!(tree(&list, Detail::Short)["length"], LONGEST_LIST + 1);
        assert_eq!(tree(&list, Detail::Short)["last"]["type"], "NoneType");
        assert_eq!(tree(&list, Detail::Full)["items"].as_array().unwrap().len(), LONGEST_LIST + 1);
    }
}
