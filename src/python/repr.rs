//! Value → the text that Python's `repr` gives for it.

mod number;
mod object;
mod text;

use super::value::Value;
use super::version::PythonVersion;

/// Returns `repr(value)` as that Python writes it.
///
/// Exact for everything a literal can say and for `Decimal`, `UUID` and the classes of `datetime`; an object of another class
/// is shown as a call of its class, which no Python promises. Elements of sets, and of dicts before Python 3.6, stand in stored order (see
/// [`unordered`]). Source: CPython `Objects/*object.c`, each type's `*_repr`.
#[must_use]
pub fn repr(value: &Value, python: PythonVersion) -> String {
    let mut out = String::new();
    write(&mut out, value, python);
    out
}

/// Returns the first part of a value whose order in a `repr` only the running Python knows: a set with several elements, and
/// before Python 3.6 a dict with several entries.
#[must_use]
pub fn unordered(value: &Value, python: PythonVersion) -> Option<&Value> {
    let several = |items: &[Value]| items.len() > 1;
    match value {
        Value::Set(items) | Value::FrozenSet(items) if several(items) => Some(value),
        Value::Dict(items) if items.len() > 1 && !python.at_least(3, 6) => Some(value),
        Value::Set(items) | Value::FrozenSet(items) | Value::List(items) | Value::Tuple(items) => {
            items.iter().find_map(|item| unordered(item, python))
        }
        Value::Dict(items) => {
            items.iter().find_map(|(key, item)| unordered(key, python).or_else(|| unordered(item, python)))
        }
        Value::Slice(parts) => parts.iter().find_map(|item| unordered(item, python)),
        Value::Object(object) => object.args.iter().find_map(|item| unordered(item, python)),
        _ => None,
    }
}

/// Appends the `repr` of a value.
fn write(out: &mut String, value: &Value, python: PythonVersion) {
    match value {
        Value::None => out.push_str("None"),
        Value::Ellipsis => out.push_str("Ellipsis"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(int) => number::int(out, int, python),
        Value::Float(float) => number::float(out, *float),
        Value::Complex(real, imaginary) => number::complex(out, *real, *imaginary),
        Value::Str(string) => text::string(out, string, python),
        Value::Bytes(bytes) | Value::Py2Str(bytes) => text::byte_string(out, bytes, python),
        Value::ByteArray(bytes) => {
            out.push_str("bytearray(");
            text::prefixed_bytes(out, bytes);
            out.push(')');
        }
        Value::List(items) => sequence(out, "[", items, "]", python),
        Value::Tuple(items) => tuple(out, items, python),
        Value::Set(items) => set(out, "set", items, python),
        Value::FrozenSet(items) => set(out, "frozenset", items, python),
        Value::Dict(items) => dict(out, items, python),
        Value::Range(start, stop, step) => number::range(out, [start, stop, step], python),
        Value::Slice(parts) => sequence(out, "slice(", parts.as_slice(), ")", python),
        Value::Timestamp(iso) => {
            out.push_str("datetime.datetime.fromisoformat(");
            text::string(out, &iso.as_str().into(), python);
            out.push(')');
        }
        Value::Global(name) => out.push_str(&object::global(name)),
        Value::Object(object) => object::object(out, object, python),
        Value::Verbatim(text) => out.push_str(text),
    }
}

/// Appends `open`, the items with commas between, and `close`.
fn sequence(out: &mut String, open: &str, items: &[Value], close: &str, python: PythonVersion) {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, item, python);
    }
    out.push_str(close);
}

/// Appends a tuple, with the comma that makes one item a tuple.
fn tuple(out: &mut String, items: &[Value], python: PythonVersion) {
    sequence(out, "(", items, if items.len() == 1 { ",)" } else { ")" }, python);
}

/// Appends a set or frozenset: `{1}`, `frozenset({1})`, `set()`, and `set([1])` in Python 2.
fn set(out: &mut String, name: &str, items: &[Value], python: PythonVersion) {
    if items.is_empty() || python.is_python_2() {
        out.push_str(name);
        out.push('(');
        if python.is_python_2() {
            sequence(out, "[", items, "]", python);
        }
        out.push(')');
    } else if name == "set" {
        sequence(out, "{", items, "}", python);
    } else {
        sequence(out, "frozenset({", items, "})", python);
    }
}

/// Appends a dict in stored order.
fn dict(out: &mut String, items: &[(Value, Value)], python: PythonVersion) {
    out.push('{');
    for (index, (key, item)) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, key, python);
        out.push_str(": ");
        write(out, item, python);
    }
    out.push('}');
}

#[cfg(test)]
mod tests;
