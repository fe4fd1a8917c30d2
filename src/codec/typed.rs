//! The typed tree of a value as JSON: every node says its type, nothing is lost but what is cut for its size.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::python::Object;
use crate::python::Text;
use crate::python::Value;
use crate::python::float;

use super::quote;

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

/// Returns the tree of a value: an object with `type` and the fields that belong to it.
///
/// `int` has its decimal text, `float`, `complex`, `range` and `slice` their Python text, `bytes`, `bytearray` and
/// `py2str` Base64; sets are sorted by the JSON text of their items.
#[must_use]
pub fn tree(value: &Value, detail: Detail) -> Json {
    match value {
        Value::None => json!({ "type": "NoneType", "value": null }),
        Value::Ellipsis => json!({ "type": "ellipsis", "value": "..." }),
        Value::Bool(value) => json!({ "type": "bool", "value": value }),
        Value::Int(number) => json!({ "type": "int", "value": number.to_string() }),
        Value::Float(number) => json!({ "type": "float", "value": float::repr(*number) }),
        Value::Complex(real, imaginary) => {
            json!({ "type": "complex", "value": float::complex_repr(*real, *imaginary) })
        }
        Value::Str(content) => text(content, detail),
        Value::Bytes(bytes) => json!({ "type": "bytes", "base64": STANDARD.encode(bytes) }),
        Value::ByteArray(bytes) => json!({ "type": "bytearray", "base64": STANDARD.encode(bytes) }),
        Value::Py2Str(bytes) => json!({ "type": "py2str", "base64": STANDARD.encode(bytes) }),
        Value::List(items) => sequence("list", items, detail),
        Value::Tuple(items) => sequence("tuple", items, detail),
        Value::Set(items) => json!({ "type": "set", "items": sorted(items, detail) }),
        Value::FrozenSet(items) => json!({ "type": "frozenset", "items": sorted(items, detail) }),
        Value::Dict(items) => json!({ "type": "dict", "items": pairs(items, detail) }),
        Value::Range(..) => json!({ "type": "range", "value": super::render::inline(value) }),
        Value::Slice(_) => json!({ "type": "slice", "value": super::render::inline(value) }),
        Value::Timestamp(time) => json!({ "type": "datetime.datetime", "value": time }),
        Value::Global(name) => json!({ "type": "global", "name": name }),
        Value::Object(content) => object(content, detail),
        Value::Verbatim(text) => json!({ "type": "recursion", "value": text }),
    }
}

fn text(text: &Text, detail: Detail) -> Json {
    let Some(content) = text.as_str() else {
        return json!({ "type": "str", "repr": quote::text(text) });
    };
    // A text of so few bytes cannot have more code points.
    if detail == Detail::Short && content.len() > LONGEST_TEXT {
        let length = content.chars().count();
        if length > LONGEST_TEXT {
            return json!({ "type": "str", "length": length, "sha256": sha256(content.as_bytes()) });
        }
    }
    json!({ "type": "str", "value": content })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sequence(kind: &str, items: &[Value], detail: Detail) -> Json {
    if let (Detail::Short, true, [first, .., last]) = (detail, items.len() > LONGEST_LIST, items) {
        return json!({
            "type": kind,
            "length": items.len(),
            "first": tree(first, detail),
            "last": tree(last, detail),
        });
    }
    json!({ "type": kind, "items": trees(items, detail) })
}

fn trees(items: &[Value], detail: Detail) -> Json {
    Json::Array(items.iter().map(|item| tree(item, detail)).collect())
}

fn pairs(items: &[(Value, Value)], detail: Detail) -> Json {
    Json::Array(items.iter().map(|(key, value)| json!([tree(key, detail), tree(value, detail)])).collect())
}

fn sorted(items: &[Value], detail: Detail) -> Json {
    let mut trees: Vec<Json> = items.iter().map(|item| tree(item, detail)).collect();
    if trees.len() > 1 {
        trees.sort_by_cached_key(python_text);
    }
    Json::Array(trees)
}

/// The JSON text as Python's `json.dumps` writes it, with `", "` and `": "` and in ASCII: the order of sets.
pub(super) fn python_text(tree: &Json) -> String {
    let mut text = String::new();
    push_python_text(tree, &mut text);
    text
}

fn push_python_text(tree: &Json, text: &mut String) {
    match tree {
        Json::Object(fields) => {
            for (index, (name, field)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "{\"" } else { ", \"" });
                text.push_str(name);
                text.push_str("\": ");
                push_python_text(field, text);
            }
            text.push('}');
        }
        Json::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                push_python_text(item, text);
            }
            text.push(']');
        }
        scalar => {
            let mut units = [0; 2];
            for character in scalar.to_string().chars() {
                if character.is_ascii() {
                    text.push(character);
                } else {
                    for unit in character.encode_utf16(&mut units) {
                        quote::push_hex(text, "\\u", u32::from(*unit), 4);
                    }
                }
            }
        }
    }
}

fn object(object: &Object, detail: Detail) -> Json {
    let mut tree_of = json!({ "type": "object", "class": object.class, "args": trees(&object.args, detail) });
    if let Some(fields) = tree_of.as_object_mut() {
        let mut add = |name: &str, field: Json| fields.insert(name.to_owned(), field);
        if !object.kwargs.is_empty() {
            add("kwargs", pairs(&object.kwargs, detail));
        }
        if let Some(state) = &object.state {
            add("state", tree(state, detail));
        }
        if !object.list_items.is_empty() {
            add("list_items", trees(&object.list_items, detail));
        }
        if !object.dict_items.is_empty() {
            add("dict_items", pairs(&object.dict_items, detail));
        }
    }
    tree_of
}

#[cfg(test)]
mod tests {
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
        let Json::Array(sorted) = sorted(&items, Detail::Short) else { panic!("an array") };
        let texts: Vec<_> = sorted.iter().map(|item| item["value"].as_str().unwrap()).collect();
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
