//! Values as Python-like text for a terminal; escaping what a terminal would obey is left to `output`.

use std::borrow::Cow;

use crate::python::Object;
use crate::python::PythonVersion;
use crate::python::Value;
use crate::python::repr;

use super::objects::View;
use super::objects::known;
use super::response::Response;

/// The width up to which a container stays on one line.
const WIDTH: usize = 100;
const INDENT: usize = 4;
/// Deeper levels are indented no further, so that nesting cannot make the text much longer than the value.
const MAX_INDENT: usize = 40;

/// Returns a response as status line, headers, an empty line and the body; `None` if the value is no response.
#[must_use]
pub fn response(value: &Value) -> Option<Vec<u8>> {
    Response::from_value(value).map(|response| response.to_bytes())
}

/// Returns the value as Python-like text on one line.
#[must_use]
pub fn inline(value: &Value) -> String {
    let mut text = String::new();
    write_inline(value, &mut text, usize::MAX);
    text
}

/// Returns the value as Python-like text, containers too wide for a line with one item a line.
///
/// Objects are written as calls: `app.User(name='bob')`, with the arguments first and the attributes by name.
#[must_use]
pub fn python_like(value: &Value) -> String {
    let mut text = String::new();
    write_block(value, 0, &mut text);
    text
}

/// A container as its parts.
struct Shape<'a> {
    open: Cow<'a, str>,
    close: &'static str,
    parts: Vec<Part<'a>>,
}

/// One item of a container.
enum Part<'a> {
    Item(&'a Value),
    Named(Cow<'a, str>, &'a Value),
    Pair(&'a Value, &'a Value),
    Items(&'a [Value]),
    Pairs(&'a [(Value, Value)]),
}

/// Takes a container apart; `None` for a scalar.
fn shape(value: &Value) -> Option<Shape<'_>> {
    let of = |open: &'static str, close, items| Shape { open: open.into(), close, parts: item_parts(items) };
    Some(match value {
        Value::List(items) => of("[", "]", items),
        Value::Tuple(items) => of("(", if items.len() == 1 { ",)" } else { ")" }, items),
        Value::Set(items) if items.is_empty() => of("set(", ")", items),
        Value::Set(items) => of("{", "}", items),
        Value::FrozenSet(items) if items.is_empty() => of("frozenset(", ")", items),
        Value::FrozenSet(items) => of("frozenset({", "})", items),
        Value::Dict(items) => Shape { open: "{".into(), close: "}", parts: pair_parts(items) },
        Value::Slice(bounds) => of("slice(", ")", bounds.as_slice()),
        Value::Object(object) => object_shape(object),
        _ => return None,
    })
}

fn item_parts(items: &[Value]) -> Vec<Part<'_>> {
    items.iter().map(Part::Item).collect()
}

fn pair_parts(items: &[(Value, Value)]) -> Vec<Part<'_>> {
    items.iter().map(|(key, value)| Part::Pair(key, value)).collect()
}

fn object_shape(object: &Object) -> Shape<'_> {
    let view = View::of(object);
    let mut parts = item_parts(view.args);
    for (key, value) in view.kwargs.iter().chain(view.fields) {
        parts.push(match super::objects::text(key).filter(|name| is_identifier(name)) {
            Some(name) => Part::Named(name, value),
            None => Part::Pair(key, value),
        });
    }
    if let Some(state) = view.state {
        parts.push(Part::Named("state".into(), state));
    }
    if !view.list_items.is_empty() {
        parts.push(Part::Items(view.list_items));
    }
    if !view.dict_items.is_empty() {
        parts.push(Part::Pairs(view.dict_items));
    }
    Shape { open: format!("{}(", view.class).into(), close: ")", parts }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|character| character == '_' || character.is_alphanumeric())
}

/// What a value takes at least, so that nothing large is written out only to find that it is too wide.
fn least_width(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.as_bytes().len(),
        Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.len().saturating_mul(2)
        }
        Value::Dict(items) => items.len().saturating_mul(4),
        Value::Object(object) => object
            .class
            .len()
            .saturating_add(object.args.len().saturating_mul(2))
            .saturating_add(object.kwargs.len().saturating_mul(4))
            .saturating_add(object.list_items.len().saturating_mul(2))
            .saturating_add(object.dict_items.len().saturating_mul(4))
            .saturating_add(object.state.as_ref().map_or(0, least_width_of_state))
            .max(object.args.first().map_or(0, least_width_of_text)),
        _ => 0,
    }
}

/// The text of a `Decimal` or `Markup`, which stands in its call; 0 for any other argument.
fn least_width_of_text(argument: &Value) -> usize {
    match argument {
        Value::Str(text) => text.as_bytes().len(),
        _ => 0,
    }
}

/// A state is a dict, or a tuple of two.
fn least_width_of_state(state: &Value) -> usize {
    match state {
        Value::Tuple(parts) => parts.iter().take(2).map(least_width).sum(),
        state => least_width(state),
    }
}

/// Appends the value on one line; false, with the text cut anywhere, if it would get longer than `most` bytes.
fn write_inline(value: &Value, text: &mut String, most: usize) -> bool {
    if text.len().saturating_add(least_width(value)) > most {
        return false;
    }
    let atom = match value {
        Value::Object(object) => known(object).map(|known| known.python),
        _ => None,
    };
    let Some(shape) = atom.is_none().then(|| shape(value)).flatten() else {
        text.push_str(&atom.unwrap_or_else(|| scalar(value)));
        return text.len() <= most;
    };
    text.push_str(&shape.open);
    for (index, part) in shape.parts.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        if !write_part_inline(part, text, most) {
            return false;
        }
    }
    text.push_str(shape.close);
    text.len() <= most
}

fn write_part_inline(part: &Part<'_>, text: &mut String, most: usize) -> bool {
    match part {
        Part::Item(value) => write_inline(value, text, most),
        Part::Named(name, value) => {
            text.push_str(name);
            text.push('=');
            write_inline(value, text, most)
        }
        Part::Pair(key, value) => {
            if !write_inline(key, text, most) {
                return false;
            }
            text.push_str(": ");
            write_inline(value, text, most)
        }
        Part::Items(items) => {
            text.push('[');
            let written = items.iter().enumerate().all(|(index, item)| {
                text.push_str(if index == 0 { "" } else { ", " });
                write_inline(item, text, most)
            });
            text.push(']');
            written
        }
        Part::Pairs(items) => {
            text.push('{');
            let written = items.iter().enumerate().all(|(index, (key, value))| {
                text.push_str(if index == 0 { "" } else { ", " });
                write_part_inline(&Part::Pair(key, value), text, most)
            });
            text.push('}');
            written
        }
    }
}

/// Appends the value at that indentation: on one line if it fits, else one part a line.
fn write_block(value: &Value, indent: usize, text: &mut String) {
    let start = text.len();
    let line_start = text.rfind('\n').map_or(0, |newline| newline + 1);
    if write_inline(value, text, line_start.saturating_add(WIDTH)) {
        return;
    }
    text.truncate(start);
    let atom = match value {
        Value::Object(object) => known(object).map(|known| known.python),
        _ => None,
    };
    match atom.is_none().then(|| shape(value)).flatten() {
        Some(shape) if !shape.parts.is_empty() => {
            text.push_str(&shape.open);
            write_parts(shape.parts, indent, text);
            text.push_str(shape.close.trim_start_matches(','));
        }
        Some(shape) => text.extend([shape.open.as_ref(), shape.close]),
        None => text.push_str(&atom.unwrap_or_else(|| scalar(value))),
    }
}

fn new_line(indent: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent.min(MAX_INDENT)));
}

fn write_parts(parts: Vec<Part<'_>>, indent: usize, text: &mut String) {
    let deeper = indent + INDENT;
    for part in parts {
        new_line(deeper, text);
        match part {
            Part::Item(value) => write_block(value, deeper, text),
            Part::Named(name, value) => {
                text.push_str(&name);
                text.push('=');
                write_block(value, deeper, text);
            }
            Part::Pair(key, value) => {
                write_inline(key, text, usize::MAX);
                text.push_str(": ");
                write_block(value, deeper, text);
            }
            Part::Items(items) => {
                text.push('[');
                write_parts(item_parts(items), deeper, text);
                text.push(']');
            }
            Part::Pairs(items) => {
                text.push('{');
                write_parts(pair_parts(items), deeper, text);
                text.push('}');
            }
        }
        text.push(',');
    }
    new_line(indent, text);
}

fn scalar(value: &Value) -> String {
    match value {
        // The byte strings of Python 2 are texts to whoever wrote them.
        Value::Py2Str(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => repr(&Value::Str(text.into()), PythonVersion::DEFAULT),
            Err(_) => repr(value, PythonVersion::DEFAULT),
        },
        Value::Timestamp(text) | Value::Global(text) => text.clone(),
        _ => repr(value, PythonVersion::DEFAULT),
    }
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

    #[test]
    fn small_values_stay_on_a_line() {
        let object =
            |class: &str, args: Vec<Value>| Object { class: class.to_owned(), args, ..Object::default() };
        for (value, expected) in [
            (Value::List(vec![int(1), text("a"), Value::None]), "[1, 'a', None]"),
            (Value::Tuple(vec![int(1)]), "(1,)"),
            (Value::Tuple(vec![]), "()"),
            (Value::Set(vec![]), "set()"),
            (Value::FrozenSet(vec![int(1)]), "frozenset({1})"),
            (Value::Dict(vec![(text("a"), Value::Bool(true))]), "{'a': True}"),
            (Value::Range(0.into(), 9.into(), 2.into()), "range(0, 9, 2)"),
            (Value::Object(Box::new(object("decimal.Decimal", vec![text("1.10")]))), "Decimal('1.10')"),
            (
                Value::Object(Box::new(Object {
                    state: Some(Value::Dict(vec![(text("name"), text("bob")), (text("a b"), int(1))])),
                    ..object("app.User", vec![int(7)])
                })),
                "app.User(7, name='bob', 'a b': 1)",
            ),
            (
                Value::Object(Box::new(Object {
                    dict_items: vec![(text("z"), int(1))],
                    list_items: vec![int(2)],
                    ..object("app.Both", vec![])
                })),
                "app.Both([2], {'z': 1})",
            ),
        ] {
            assert_eq!(python_like(&value), expected);
            assert_eq!(inline(&value), expected);
        }
    }

    #[test]
    fn wide_values_have_an_item_a_line() {
        let long = "x".repeat(60);
        let value = Value::Dict(vec![
            (text("list"), Value::List(vec![text(&long), text(&long)])),
            (text("small"), Value::Tuple(vec![int(1)])),
        ]);
        let expected = format!(
            "{{\n    'list': [\n        '{long}',\n        '{long}',\n    ],\n    'small': (1,),\n}}"
        );
        assert_eq!(python_like(&value), expected);
    }

    #[test]
    fn deep_values_do_not_drown_in_indentation() {
        let mut value = Value::List(vec![text(&"x".repeat(WIDTH))]);
        for _ in 0..190 {
            value = Value::List(vec![value]);
        }
        assert!(python_like(&value).len() < 200 * 100);
    }
}
