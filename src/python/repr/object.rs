//! `repr` of objects: `Decimal`, `UUID` and the classes of `datetime` exactly, any other as a call of its class.

use std::fmt::Write as _;

use num_bigint::BigInt;

use super::text;
use super::write;
use crate::python::value::Object;
use crate::python::value::Text;
use crate::python::value::Value;
use crate::python::version::PythonVersion;

/// A class or function as a `repr` names it: `datetime.timezone.utc` by its own, any other as a class.
pub(super) fn global(name: &str) -> String {
    if name == "datetime.timezone.utc" { name.to_owned() } else { format!("<class '{name}'>") }
}

/// Appends an object.
pub(super) fn object(out: &mut String, object: &Object, python: PythonVersion) {
    let known = match object.class.as_str() {
        "datetime.date" => date(object),
        "datetime.datetime" => datetime(object, python),
        "datetime.time" => time(object, python),
        "datetime.timedelta" => timedelta(object, python),
        "datetime.timezone" => timezone(object, python),
        "decimal.Decimal" => quoted(object, "Decimal"),
        "uuid.UUID" => uuid(object),
        _ => None,
    };
    match known {
        Some(text) => out.push_str(&text),
        None => any(out, object, python),
    }
}

/// Appends `Class(args, name=value)`, with the state in the end.
fn any(out: &mut String, object: &Object, python: PythonVersion) {
    out.push_str(&object.class);
    out.push('(');
    let mut separator = "";
    for item in &object.args {
        out.push_str(separator);
        write(out, item, python);
        separator = ", ";
    }
    for (name, item) in &object.kwargs {
        out.push_str(separator);
        match name {
            Value::Str(name) if name.as_str().is_some() => out.push_str(name.as_str().unwrap_or_default()),
            other => write(out, other, python),
        }
        out.push('=');
        write(out, item, python);
        separator = ", ";
    }
    out.push(')');
}

/// The integers of a list of arguments; none if one is something else.
fn integers(args: &[Value]) -> Option<Vec<i64>> {
    args.iter()
        .map(|value| match value {
            Value::Int(int) => i64::try_from(int).ok(),
            _ => None,
        })
        .collect()
}

/// The bytes of a pickled date or time, which old pickles hold as Latin-1 text.
fn packed(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) | Value::Py2Str(bytes) => Some(bytes.clone()),
        Value::Str(text) => text.code_points().map(|point| u8::try_from(point).ok()).collect(),
        _ => None,
    }
}

/// The value of a keyword argument.
fn keyword<'a>(object: &'a Object, wanted: &str) -> Option<&'a Value> {
    object.kwargs.iter().find_map(|(name, value)| match name {
        Value::Str(name) if name.as_str() == Some(wanted) => Some(value),
        _ => None,
    })
}

/// `datetime.date(2024, 2, 29)`.
fn date(object: &Object) -> Option<String> {
    let fields = match object.args.as_slice() {
        [state] => match *packed(state)?.as_slice() {
            [high, low, month, day] => {
                vec![i64::from(u16::from_be_bytes([high, low])), i64::from(month), i64::from(day)]
            }
            _ => return None,
        },
        args => integers(args)?,
    };
    let [year, month, day] = fields.try_into().ok()?;
    Some(format!("datetime.date({year}, {month}, {day})"))
}

/// `datetime.datetime(2024, 2, 29, 12, 0)`: seconds are left out when they and the microseconds are 0.
fn datetime(object: &Object, python: PythonVersion) -> Option<String> {
    let (fields, fold, zone) = match object.args.split_first()? {
        (state, zone) if packed(state).is_some() => match *packed(state)?.as_slice() {
            [high, low, month, day, ref clock @ ..] => {
                let mut fields =
                    vec![i64::from(u16::from_be_bytes([high, low])), i64::from(month & 0x7F), i64::from(day)];
                fields.extend(unpacked_clock(clock)?);
                (fields, month & 0x80 != 0, zone.first())
            }
            _ => return None,
        },
        _ => (integers(&object.args)?, has_fold(object), keyword(object, "tzinfo")),
    };
    let [year, month, day, clock @ ..] = fields.as_slice() else { return None };
    let clock = shortened_clock(clock)?;
    // The fold stands before the zone here and after it in `time` (CPython `Modules/_datetimemodule.c`).
    let fold = if fold { ", fold=1" } else { "" };
    Some(format!("datetime.datetime({year}, {month}, {day}, {clock}{fold}{})", tzinfo(zone, python)))
}

/// `datetime.time(23, 59)`.
fn time(object: &Object, python: PythonVersion) -> Option<String> {
    let (fields, fold, zone) = match object.args.split_first()? {
        (state, zone) if packed(state).is_some() => match *packed(state)?.as_slice() {
            [hour, ref rest @ ..] => {
                let mut clock = vec![hour & 0x7F];
                clock.extend(rest);
                (unpacked_clock(&clock)?, hour & 0x80 != 0, zone.first())
            }
            _ => return None,
        },
        _ => (integers(&object.args)?, has_fold(object), keyword(object, "tzinfo")),
    };
    let clock = shortened_clock(&fields)?;
    let fold = if fold { ", fold=1" } else { "" };
    Some(format!("datetime.time({clock}{}{fold})", tzinfo(zone, python)))
}

/// Hour, minute, second and microseconds of the last six bytes of a pickled time.
fn unpacked_clock(bytes: &[u8]) -> Option<Vec<i64>> {
    let &[hour, minute, second, high, middle, low] = bytes else { return None };
    let micro = u32::from_be_bytes([0, high, middle, low]);
    Some(vec![hour.into(), minute.into(), second.into(), micro.into()])
}

/// `12, 0`, `12, 0, 5` or `12, 0, 5, 7`.
fn shortened_clock(fields: &[i64]) -> Option<String> {
    let &[hour, minute, second, micro] = fields else { return None };
    let mut text = format!("{hour}, {minute}");
    if second != 0 || micro != 0 {
        let _infallible = write!(text, ", {second}");
    }
    if micro != 0 {
        let _infallible = write!(text, ", {micro}");
    }
    Some(text)
}

/// Tells whether an object is the second of two equal times when clocks are set back.
fn has_fold(object: &Object) -> bool {
    matches!(keyword(object, "fold"), Some(Value::Int(fold)) if *fold == BigInt::from(1))
}

/// `, tzinfo=…`, or nothing for a time without a zone.
fn tzinfo(zone: Option<&Value>, python: PythonVersion) -> String {
    match zone {
        None | Some(Value::None) => String::new(),
        Some(zone) => {
            let mut text = ", tzinfo=".to_owned();
            write(&mut text, zone, python);
            text
        }
    }
}

/// `datetime.timedelta(days=-1, seconds=5)`; before Python 3.7 `datetime.timedelta(-1, 5)`.
fn timedelta(object: &Object, python: PythonVersion) -> Option<String> {
    let [days, seconds, micros] = integers(&object.args)?.try_into().ok()?;
    if !python.at_least(3, 7) {
        return Some(match (seconds, micros) {
            (0, 0) => format!("datetime.timedelta({days})"),
            (_, 0) => format!("datetime.timedelta({days}, {seconds})"),
            _ => format!("datetime.timedelta({days}, {seconds}, {micros})"),
        });
    }
    let parts: Vec<String> = [("days", days), ("seconds", seconds), ("microseconds", micros)]
        .into_iter()
        .filter(|(_, value)| *value != 0)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Some(format!("datetime.timedelta({})", if parts.is_empty() { "0".to_owned() } else { parts.join(", ") }))
}

/// `datetime.timezone.utc`, `datetime.timezone(datetime.timedelta(seconds=3600))`, with the name if it has one.
fn timezone(object: &Object, python: PythonVersion) -> Option<String> {
    let (Value::Object(offset), name) = object.args.split_first()? else { return None };
    if name.is_empty() && integers(&offset.args)? == [0, 0, 0] {
        return Some("datetime.timezone.utc".to_owned());
    }
    let mut text = format!("datetime.timezone({}", timedelta(offset, python)?);
    if let Some(name) = name.first() {
        text.push_str(", ");
        write(&mut text, name, python);
    }
    text.push(')');
    Some(text)
}

/// `Name('text')` for an object made from one ASCII text; the quotes are plain in every Python.
fn quoted(object: &Object, name: &str) -> Option<String> {
    let [argument] = object.args.as_slice() else { return None };
    let content = match argument {
        Value::Str(text) => text.clone(),
        Value::Py2Str(bytes) => Text::from(String::from_utf8(bytes.clone()).ok()?),
        _ => return None,
    };
    let mut text = format!("{name}(");
    text::string(&mut text, &content, PythonVersion::DEFAULT);
    text.push(')');
    Some(text)
}

/// `UUID('12345678-1234-5678-1234-567812345678')`, from its text or from the number in its pickled state.
fn uuid(object: &Object) -> Option<String> {
    let Some(Value::Dict(state)) = &object.state else { return quoted(object, "UUID") };
    let number = state.iter().find_map(|(key, value)| match (key, value) {
        (Value::Str(key), Value::Int(int)) if key.as_bytes() == b"int" => u128::try_from(int).ok(),
        (Value::Py2Str(key), Value::Int(int)) if key == b"int" => u128::try_from(int).ok(),
        _ => None,
    })?;
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Some(format!("UUID('{}-{}-{}-{}-{}')", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}
