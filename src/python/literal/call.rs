//! Names in literals: constants, and calls of the classes whose `repr` is known.

use num_bigint::BigInt;

use super::Arguments;
use super::LiteralError;
use super::Parser;
use super::Problem;
use super::clock;
use super::decimal;
use super::equal;
use crate::python::value::Object;
use crate::python::value::Text;
use crate::python::value::Value;

impl Parser<'_> {
    /// Reads a constant or a call.
    pub(super) fn named(&mut self) -> Result<Value, LiteralError> {
        let start = self.position;
        let mut name = String::new();
        loop {
            name.push_str(self.identifier().ok_or_else(|| self.unexpected())?);
            if !self.take(".") {
                break;
            }
            name.push('.');
        }
        let constant = match name.as_str() {
            "None" => Some(Value::None),
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "Ellipsis" => Some(Value::Ellipsis),
            "datetime.timezone.utc" | "timezone.utc" | "datetime.UTC" => {
                Some(Value::Global("datetime.timezone.utc".to_owned()))
            }
            _ => None,
        };
        if let Some(constant) = constant {
            return Ok(constant);
        }
        // In Python 2 a range is the list of its numbers.
        let known = class(&name).filter(|class| *class != "range" || !self.is_python_2());
        let Some(class) = known else {
            return Err(self.error_at(start, Problem::Name { name }));
        };
        self.skip_blanks();
        if self.peek() != Some('(') {
            return Err(self.error_at(start, Problem::Name { name }));
        }
        let value = self.nested(|parser| {
            let (positional, keywords) = parser.arguments(Some(')'))?;
            build(class, (positional, keywords))
                .ok_or_else(|| parser.error_at(start, Problem::Arguments { class }))
        })?;
        Ok(value)
    }
}

/// The full name of a class that can be called, from the ways in which it is imported.
fn class(name: &str) -> Option<&'static str> {
    Some(match name {
        "Decimal" | "decimal.Decimal" => "decimal.Decimal",
        "UUID" | "uuid.UUID" => "uuid.UUID",
        "date" | "datetime.date" => "datetime.date",
        "datetime" | "datetime.datetime" => "datetime.datetime",
        "time" | "datetime.time" => "datetime.time",
        "timedelta" | "datetime.timedelta" => "datetime.timedelta",
        "timezone" | "datetime.timezone" => "datetime.timezone",
        "bytearray" => "bytearray",
        "complex" => "complex",
        "float" => "float",
        "frozenset" => "frozenset",
        "range" => "range",
        "set" => "set",
        "slice" => "slice",
        _ => return None,
    })
}

/// What a call of a class makes; none if it does not take these arguments.
fn build(class: &'static str, (positional, keywords): Arguments) -> Option<Value> {
    match class {
        "decimal.Decimal" => match (positional.as_slice(), keywords.as_slice()) {
            ([], []) => Some(text_object(class, "0".to_owned())),
            ([value], []) => Some(text_object(class, decimal::canonical(value)?)),
            _ => None,
        },
        "uuid.UUID" => uuid(&positional, &keywords).map(|text| text_object(class, text)),
        "datetime.date" => clock::date(positional, keywords),
        "datetime.datetime" => clock::datetime(positional, keywords),
        "datetime.time" => clock::time(positional, keywords),
        "datetime.timedelta" => clock::timedelta(positional, keywords),
        "datetime.timezone" => clock::timezone(positional, keywords),
        _ if keywords.is_empty() => builtin(class, positional),
        _ => None,
    }
}

/// What a built-in class makes.
fn builtin(class: &str, mut args: Vec<Value>) -> Option<Value> {
    let first = args.first().cloned();
    match (class, args.len()) {
        ("bytearray", 0) => Some(Value::ByteArray(Vec::new())),
        ("bytearray", 1) => match first? {
            Value::Bytes(bytes) | Value::Py2Str(bytes) => Some(Value::ByteArray(bytes)),
            _ => None,
        },
        ("complex", 1 | 2) => {
            let parts: Option<Vec<f64>> = args.iter().map(real).collect();
            let parts = parts?;
            Some(Value::Complex(*parts.first()?, parts.get(1).copied().unwrap_or(0.0)))
        }
        ("float", 0) => Some(Value::Float(0.0)),
        ("float", 1) => match first? {
            Value::Str(text) => float_text(text.as_str()?).map(Value::Float),
            Value::Py2Str(text) => float_text(std::str::from_utf8(&text).ok()?).map(Value::Float),
            number => real(&number).map(Value::Float),
        },
        ("set", 0) => Some(Value::Set(Vec::new())),
        ("set", 1) => equal::set(elements(first?)?).map(Value::Set),
        ("frozenset", 0) => Some(Value::FrozenSet(Vec::new())),
        ("frozenset", 1) => equal::set(elements(first?)?).map(Value::FrozenSet),
        ("range", 1..=3) => range(&args),
        ("slice", 1) => Some(Value::Slice(Box::new([Value::None, first?, Value::None]))),
        ("slice", 2 | 3) => {
            args.resize(3, Value::None);
            Some(Value::Slice(Box::new(args.try_into().ok()?)))
        }
        _ => None,
    }
}

/// What iterating over a container gives.
fn elements(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => Some(items),
        Value::Dict(items) => Some(items.into_iter().map(|(key, _)| key).collect()),
        _ => None,
    }
}

/// A range of integers.
fn range(args: &[Value]) -> Option<Value> {
    let integers: Option<Vec<BigInt>> = args
        .iter()
        .map(|value| match value {
            Value::Int(int) => Some(int.clone()),
            _ => None,
        })
        .collect();
    let one = BigInt::from(1);
    match integers?.as_slice() {
        [stop] => Some(Value::Range(BigInt::ZERO, stop.clone(), one)),
        [start, stop] => Some(Value::Range(start.clone(), stop.clone(), one)),
        [start, stop, step] if *step != BigInt::ZERO => {
            Some(Value::Range(start.clone(), stop.clone(), step.clone()))
        }
        _ => None,
    }
}

/// A real number as a float; none if it is too large.
pub(super) fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Float(float) => Some(*float),
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Int(int) => int.to_string().parse().ok().filter(|float: &f64| float.is_finite()),
        _ => None,
    }
}

/// What `float('…')` makes of a text.
fn float_text(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    match unsigned {
        "inf" | "infinity" if lower.starts_with('-') => Some(f64::NEG_INFINITY),
        "inf" | "infinity" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ if unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') => lower.parse().ok(),
        _ => None,
    }
}

/// An object made from one text.
fn text_object(class: &str, text: String) -> Value {
    Value::Object(Box::new(Object {
        class: class.to_owned(),
        args: vec![Value::Str(Text::from(text))],
        ..Object::default()
    }))
}

/// The canonical text of a UUID, from any spelling of its digits (CPython `Lib/uuid.py:UUID.__init__`).
fn uuid(positional: &[Value], keywords: &[(String, Value)]) -> Option<String> {
    let value = match (positional, keywords) {
        ([value], []) => value,
        ([], [(name, value)]) if name == "hex" || name == "int" => value,
        _ => return None,
    };
    let digits = match value {
        Value::Int(int) if positional.is_empty() => format!("{:032x}", u128::try_from(int).ok()?),
        Value::Str(text) => text.as_str()?.to_owned(),
        Value::Py2Str(text) => String::from_utf8(text.clone()).ok()?,
        _ => return None,
    };
    let digits = digits.replace("urn:", "").replace("uuid:", "");
    let digits = digits.trim_matches(['{', '}']).replace('-', "").to_ascii_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to);
    Some([part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?].join("-"))
}
