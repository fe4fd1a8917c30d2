//! The natural JSON of a value: what a script wants to see, types left aside.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigInt;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;
use serde_json::json;

use crate::python::Object;
use crate::python::Value;

use super::objects::View;
use super::objects::known;
use super::objects::text;
use super::render;
use super::response::Response;
use super::typed;
use super::typed::Detail;

/// Returns the value as plain JSON.
///
/// Lists, tuples and sets are arrays; dicts are objects, or arrays of pairs if two keys have the same text; bytes are
/// text if they are UTF-8, else `{"base64": …}`; dates, decimals, UUIDs and the like are text; a response is
/// `{"class", "status", "headers", "body"}`, any other object `{"__class__": …}` with its attributes, and its
/// arguments under `__args__`. Integers have all their digits; `nan` and infinities are text.
#[must_use]
pub fn json(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => integer(number),
        Value::Float(number) => match Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => Json::String(render::inline(value)),
        },
        Value::Str(text) => Json::String(text.to_string_lossy().into_owned()),
        Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes) => content(bytes),
        Value::List(items) | Value::Tuple(items) => array(items),
        Value::Set(items) | Value::FrozenSet(items) => set(items),
        Value::Dict(items) => dict(items.iter()),
        Value::Timestamp(text) | Value::Global(text) | Value::Verbatim(text) => Json::String(text.clone()),
        Value::Ellipsis | Value::Complex(..) | Value::Range(..) | Value::Slice(_) => {
            Json::String(render::inline(value))
        }
        Value::Object(content) => object(value, content),
    }
}

fn integer(number: &BigInt) -> Json {
    if let Ok(small) = i64::try_from(number) {
        return Json::from(small);
    }
    let digits = number.to_string();
    digits.parse::<Number>().map_or(Json::String(digits), Json::Number)
}

/// Bytes as text where they are UTF-8, like the keys of items.
fn content(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => Json::String(text.to_owned()),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn array(items: &[Value]) -> Json {
    Json::Array(items.iter().map(json).collect())
}

/// Sets have no order of their own; theirs is that of the typed tree.
fn set(items: &[Value]) -> Json {
    Json::Array(typed::sorted(items, Detail::Full).into_iter().map(json).collect())
}

fn dict<'a>(items: impl Iterator<Item = &'a (Value, Value)> + Clone) -> Json {
    let keys: Vec<String> = items.clone().map(|(key, _)| key_text(key)).collect();
    let mut seen = HashSet::new();
    // Looked for before any value is written: a second attempt a level would double the work a level.
    if !keys.iter().all(|key| seen.insert(key)) {
        return Json::Array(items.map(|(key, value)| Json::Array(vec![json(key), json(value)])).collect());
    }
    Json::Object(keys.into_iter().zip(items).map(|(key, (_, value))| (key, json(value))).collect())
}

/// The text of a key: scalars as Python's `json` writes them, everything else as Python text.
fn key_text(key: &Value) -> String {
    match key {
        Value::None => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_ok() => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Value::Object(object) => known(object).map_or_else(|| render::inline(key), |known| known.text),
        _ => text(key).map_or_else(|| render::inline(key), Cow::into_owned),
    }
}

fn object(value: &Value, object: &Object) -> Json {
    if let Some(response) = Response::from_value(value) {
        return of_response(&response);
    }
    if let Some(known) = known(object) {
        return Json::String(known.text);
    }
    let view = View::of(object);
    container(&view).unwrap_or_else(|| generic(&view))
}

fn of_response(response: &Response) -> Json {
    let headers: Vec<Json> = response
        .headers
        .iter()
        .map(|(name, value)| Json::from([name.as_str(), value.as_str()].as_slice()))
        .collect();
    let mut fields = Map::new();
    fields.insert("class".to_owned(), Json::from(response.class.as_str()));
    fields.insert("status".to_owned(), Json::from(response.status.as_str()));
    fields.insert("headers".to_owned(), Json::Array(headers));
    fields.insert("body".to_owned(), content(&response.body));
    if let Some(timeout) = &response.timeout {
        let timeout = timeout.parse::<Number>().map_or_else(|_| Json::String(timeout.clone()), Json::Number);
        fields.insert("timeout".to_owned(), timeout);
    }
    Json::Object(fields)
}

/// Dicts and lists of another class: `OrderedDict`, `defaultdict`, `Counter`, `deque` and their like.
fn container(view: &View<'_>) -> Option<Json> {
    if !view.fields.is_empty() || view.state.is_some() || !view.kwargs.is_empty() {
        return None;
    }
    match (view.class, view.args) {
        ("collections.OrderedDict" | "collections.Counter" | "collections.defaultdict", [])
        | ("collections.defaultdict", [_]) => Some(dict(view.dict_items.iter())),
        ("collections.Counter", [Value::Dict(items)]) if view.dict_items.is_empty() => {
            Some(dict(items.iter()))
        }
        // Python 2 hands the pairs over as one list.
        ("collections.OrderedDict", [Value::List(pairs)]) if view.dict_items.is_empty() => {
            let pairs: Option<Vec<(Value, Value)>> = pairs
                .iter()
                .map(|pair| match pair {
                    Value::List(pair) | Value::Tuple(pair) => match pair.as_slice() {
                        [key, value] => Some((key.clone(), value.clone())),
                        _ => None,
                    },
                    _ => None,
                })
                .collect();
            Some(dict(pairs?.iter()))
        }
        ("collections.deque", [] | [Value::List(_) | Value::Tuple(_), ..]) if view.dict_items.is_empty() => {
            let first = match view.args {
                [Value::List(items) | Value::Tuple(items), ..] => items.as_slice(),
                _ => &[],
            };
            Some(Json::Array(first.iter().chain(view.list_items).map(json).collect()))
        }
        _ => None,
    }
}

fn generic(view: &View<'_>) -> Json {
    let mut fields = Map::new();
    fields.insert("__class__".to_owned(), Json::String(view.class.to_owned()));
    let mut special = |name: &str, value: Json| fields.insert(name.to_owned(), value);
    if !view.args.is_empty() {
        special("__args__", array(view.args));
    }
    if !view.kwargs.is_empty() {
        special("__kwargs__", dict(view.kwargs.iter()));
    }
    if let Some(state) = view.state {
        special("__state__", json(state));
    }
    if !view.list_items.is_empty() {
        special("__items__", array(view.list_items));
    }
    if !view.dict_items.is_empty() {
        special("__dict__", dict(view.dict_items.iter()));
    }
    for (name, value) in &view.fields {
        let name = key_text(name);
        // An attribute never hides the class or what else was said before it.
        let name = if fields.contains_key(&name) { format!("{name} (attribute)") } else { name };
        fields.insert(name, json(value));
    }
    Json::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Str(text.into())
    }

    fn int(number: i64) -> Value {
        Value::Int(number.into())
    }

    fn shown(value: &Value) -> String {
        json(value).to_string()
    }

    #[test]
    fn plain_values_are_their_json() {
        for (value, expected) in [
            (Value::None, "null"),
            (int(-5), "-5"),
            (Value::Int(BigInt::from(2).pow(70)), "1180591620717411303424"),
            (Value::Float(1.5), "1.5"),
            (Value::Float(f64::NAN), "\"nan\""),
            (Value::Bytes(b"raw".to_vec()), "\"raw\""),
            (Value::Bytes(b"\xFF".to_vec()), "{\"base64\":\"/w==\"}"),
            (Value::Tuple(vec![int(1), text("a")]), "[1,\"a\"]"),
            (Value::Set(vec![int(2), int(1)]), "[1,2]"),
            (Value::Complex(1.0, 2.0), "\"(1+2j)\""),
        ] {
            assert_eq!(shown(&value), expected);
        }
    }

    #[test]
    fn keys_become_text_and_never_hide_each_other() {
        let dict = |keys: Vec<Value>| Value::Dict(keys.into_iter().map(|key| (key, Value::None)).collect());
        assert_eq!(
            shown(&dict(vec![text("a"), int(1), Value::Bool(true), Value::None, Value::Float(1.5)])),
            r#"{"a":null,"1":null,"true":null,"null":null,"1.5":null}"#
        );
        assert_eq!(shown(&dict(vec![Value::Tuple(vec![int(1), text("x")])])), r#"{"(1, 'x')":null}"#);
        assert_eq!(shown(&dict(vec![int(1), text("1")])), r#"[[1,null],["1",null]]"#);
        // Each level has two keys of the same text; written twice a level, this would never end.
        let nested = (0..150)
            .fold(Value::None, |inner, _| Value::Dict(vec![(text("1"), inner), (int(1), Value::None)]));
        assert_eq!(shown(&nested).matches("[[\"1\",").count(), 150);
    }

    #[test]
    fn objects_show_class_arguments_and_attributes() {
        let object = |class: &str| Object { class: class.to_owned(), ..Object::default() };
        let state = Value::Dict(vec![(text("name"), text("bob")), (text("age"), int(41))]);
        for (object, expected) in [
            (
                Object { state: Some(state.clone()), ..object("app.User") },
                r#"{"__class__":"app.User","name":"bob","age":41}"#,
            ),
            (
                Object { state: Some(Value::Tuple(vec![Value::None, state])), ..object("app.Slots") },
                r#"{"__class__":"app.Slots","name":"bob","age":41}"#,
            ),
            (
                Object { args: vec![int(1), int(2)], ..object("app.Point") },
                r#"{"__class__":"app.Point","__args__":[1,2]}"#,
            ),
            (
                Object { dict_items: vec![(text("z"), int(1))], ..object("collections.OrderedDict") },
                r#"{"z":1}"#,
            ),
            (Object { args: vec![text("1.10")], ..object("decimal.Decimal") }, "\"1.10\""),
            (Object { list_items: vec![int(1)], ..object("collections.deque") }, "[1]"),
        ] {
            assert_eq!(shown(&Value::Object(Box::new(object))), expected);
        }
    }
}
