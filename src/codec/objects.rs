//! Objects of well-known classes, read from the shape that their pickles have.

use std::borrow::Cow;

use num_bigint::BigInt;

use crate::python::Object;
use crate::python::PythonVersion;
use crate::python::Value;
use crate::python::repr;

/// An object with the indirections of its pickle taken away.
#[derive(Debug)]
pub struct View<'a> {
    /// The class, `module.name`.
    pub class: &'a str,
    /// Positional arguments.
    pub args: &'a [Value],
    /// Keyword arguments.
    pub kwargs: &'a [(Value, Value)],
    /// Attributes: the dict of the state, then that of its slots.
    pub fields: Vec<&'a (Value, Value)>,
    /// A state that is neither.
    pub state: Option<&'a Value>,
    /// What is appended.
    pub list_items: &'a [Value],
    /// What is set by key.
    pub dict_items: &'a [(Value, Value)],
}

impl<'a> View<'a> {
    /// Looks at an object: `copy_reg._reconstructor(Class, base, value)` of protocols 0 and 1 is an object of `Class`,
    /// and a state `(None, {…})` holds slots.
    #[must_use]
    pub fn of(object: &'a Object) -> Self {
        let (class, args) = match (object.class.as_str(), object.args.as_slice()) {
            (
                "copy_reg._reconstructor" | "copyreg._reconstructor",
                [Value::Global(class), Value::Global(base), _],
            ) if base == "builtins.object" => (class.as_str(), [].as_slice()),
            (
                "copy_reg._reconstructor" | "copyreg._reconstructor",
                [Value::Global(class), Value::Global(_), value],
            ) => (class.as_str(), std::slice::from_ref(value)),
            ("copy_reg.__newobj__" | "copyreg.__newobj__", [Value::Global(class), args @ ..]) => {
                (class.as_str(), args)
            }
            (class, args) => (class, args),
        };
        let (fields, state) = match &object.state {
            Some(Value::Dict(fields)) => (fields.iter().collect(), None),
            Some(Value::Tuple(parts)) => match parts.as_slice() {
                [Value::None, Value::Dict(slots)] => (slots.iter().collect(), None),
                [Value::Dict(fields), Value::Dict(slots)] => (fields.iter().chain(slots).collect(), None),
                _ => (Vec::new(), object.state.as_ref()),
            },
            other => (Vec::new(), other.as_ref()),
        };
        let Object { kwargs, list_items, dict_items, .. } = object;
        Self { class, args, kwargs, fields, state, list_items, dict_items }
    }

    /// The attribute of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a Value> {
        self.fields.iter().find(|(key, _)| text(key).as_deref() == Some(name)).map(|(_, value)| value)
    }

    /// Whether there is nothing but the class and its arguments.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.kwargs.is_empty()
            && self.fields.is_empty()
            && self.state.is_none()
            && self.list_items.is_empty()
            && self.dict_items.is_empty()
    }
}

/// What a well-known object means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The value as text: ISO 8601, a decimal number, the text itself.
    pub text: String,
    /// The Python expression that makes it.
    pub python: String,
}

/// Recognises `datetime` objects, `Decimal`, `Fraction`, `UUID`, `Markup` and paths; `None` for everything else.
#[must_use]
pub fn known(object: &Object) -> Option<Known> {
    let view = View::of(object);
    let text = match view.class {
        "datetime.datetime" => datetime(view.args),
        "datetime.date" => date(view.args),
        "datetime.time" => time(view.args),
        "datetime.timedelta" => timedelta(view.args),
        "uuid.UUID" => return uuid(&view),
        "fractions.Fraction" => return fraction(&view),
        "decimal.Decimal" | "markupsafe.Markup" | "markupsafe._native.Markup" | "jinja2.utils.Markup" => {
            return one_text(&view);
        }
        "pathlib.PosixPath"
        | "pathlib.PurePosixPath"
        | "pathlib._local.PosixPath"
        | "pathlib._local.PurePosixPath" => return path(&view),
        _ => None,
    }?;
    let python = repr(&Value::Object(Box::new(object.clone())), PythonVersion::DEFAULT);
    Some(Known { text, python })
}

/// The text of a `str`, or of a byte string of Python 2 that is UTF-8.
#[must_use]
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text) => Some(text.to_string_lossy()),
        Value::Py2Str(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        _ => None,
    }
}

/// The call of a class, by its last name, with one text.
fn call(class: &str, text: &str) -> String {
    let name = class.rsplit('.').next().unwrap_or(class);
    format!("{name}({})", repr(&Value::Str(text.into()), PythonVersion::DEFAULT))
}

/// `Fraction('1/3')` or, from Python 3.12 on, `Fraction(1, 3)`.
fn fraction(view: &View<'_>) -> Option<Known> {
    let [Value::Int(numerator), Value::Int(denominator)] = view.args else { return one_text(view) };
    let text =
        if *denominator == 1.into() { numerator.to_string() } else { format!("{numerator}/{denominator}") };
    Some(Known { text, python: format!("Fraction({numerator}, {denominator})") })
}

fn one_text(view: &View<'_>) -> Option<Known> {
    let [argument] = view.args else { return None };
    let text = text(argument)?.into_owned();
    let python = call(view.class, &text);
    Some(Known { text, python })
}

fn path(view: &View<'_>) -> Option<Known> {
    let parts: Option<Vec<_>> = view.args.iter().map(text).collect();
    let path = parts?.join("/");
    let text = path.strip_prefix("//").map_or_else(|| path.clone(), |rest| format!("/{rest}"));
    let python = call(view.class, &text);
    Some(Known { text, python })
}

fn uuid(view: &View<'_>) -> Option<Known> {
    let Value::Int(number) = view.field("int")? else { return None };
    let number = u128::try_from(number).ok()?;
    let hex = format!("{number:032x}");
    let text = format!(
        "{}-{}-{}-{}-{}",
        hex.get(..8)?,
        hex.get(8..12)?,
        hex.get(12..16)?,
        hex.get(16..20)?,
        hex.get(20..)?
    );
    let python = format!("UUID('{text}')");
    Some(Known { text, python })
}

/// The bytes of a date or time; Python 2 wrote them as a byte string, which Python 3 may have read as Latin-1.
fn packed<const N: usize>(value: &Value) -> Option<[u8; N]> {
    match value {
        Value::Bytes(bytes) | Value::Py2Str(bytes) => bytes.as_slice().try_into().ok(),
        Value::Str(text) => {
            let bytes: Option<Vec<u8>> = text.code_points().map(|point| u8::try_from(point).ok()).collect();
            bytes?.try_into().ok()
        }
        _ => None,
    }
}

fn datetime(args: &[Value]) -> Option<String> {
    let (packed_time, zone) = match args {
        [packed] => (packed, None),
        [packed, zone] => (packed, Some(zone)),
        _ => return None,
    };
    let [high, low, month, day, clock @ ..] = packed::<10>(packed_time)?;
    // The top bit of the month is the fold.
    let month = month & 0x7F;
    let year = u16::from_be_bytes([high, low]);
    let clock = Clock::from_packed(clock);
    Some(format!("{year:04}-{month:02}-{day:02}T{}{}", clock.text(), zone.map(offset).unwrap_or_default()))
}

fn date(args: &[Value]) -> Option<String> {
    let [packed_date] = args else { return None };
    let [high, low, month, day] = packed::<4>(packed_date)?;
    let year = u16::from_be_bytes([high, low]);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

fn time(args: &[Value]) -> Option<String> {
    let (packed_time, zone) = match args {
        [packed] => (packed, None),
        [packed, zone] => (packed, Some(zone)),
        _ => return None,
    };
    let [hour, rest @ ..] = packed::<6>(packed_time)?;
    let [minute, second, micro @ ..] = rest;
    // The top bit of the hour is the fold.
    let hour = hour & 0x7F;
    let [high, middle, low] = micro;
    let clock = Clock::from_packed([hour, minute, second, high, middle, low]);
    Some(format!("{}{}", clock.text(), zone.map(offset).unwrap_or_default()))
}

struct Clock {
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
}

impl Clock {
    fn from_packed([hour, minute, second, high, middle, low]: [u8; 6]) -> Self {
        Self { hour, minute, second, microsecond: u32::from_be_bytes([0, high, middle, low]) }
    }

    fn text(&self) -> String {
        let Self { hour, minute, second, microsecond } = self;
        let fraction = if *microsecond == 0 { String::new() } else { format!(".{microsecond:06}") };
        format!("{hour:02}:{minute:02}:{second:02}{fraction}")
    }
}

fn timedelta(args: &[Value]) -> Option<String> {
    let [days, seconds, microseconds] = timedelta_parts(args)?;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let fraction = if microseconds == 0 { String::new() } else { format!(".{microseconds:06}") };
    let clock = format!("{hours}:{minutes:02}:{:02}{fraction}", seconds % 60);
    Some(match days {
        0 => clock,
        1 | -1 => format!("{days} day, {clock}"),
        _ => format!("{days} days, {clock}"),
    })
}

/// Days, seconds and microseconds, as far as Python has them: 0 to 86399, 0 to 999999.
fn timedelta_parts(args: &[Value]) -> Option<[i64; 3]> {
    let number = |value: &Value| match value {
        Value::Int(number) => i64::try_from(number).ok(),
        _ => None,
    };
    let [days, seconds, microseconds] = args else { return None };
    let parts = [number(days)?, number(seconds)?, number(microseconds)?];
    let [days, seconds, microseconds] = parts;
    let plausible = days.unsigned_abs() <= 999_999_999
        && (0..86_400).contains(&seconds)
        && (0..1_000_000).contains(&microseconds);
    plausible.then_some(parts)
}

/// The offset of a time zone as ISO 8601 writes it, and its name in brackets where that is all there is.
fn offset(zone: &Value) -> String {
    let Value::Object(object) = zone else { return String::new() };
    let view = View::of(object);
    match (view.class, view.args) {
        ("datetime.timezone", [Value::Object(delta), ..]) => {
            timedelta_parts(&delta.args).map(iso_offset).unwrap_or_default()
        }
        (
            "pytz._UTC"
            | "pytz.UTC"
            | "dateutil.tz.tz.tzutc"
            | "dateutil.tz.tzutc"
            | "django.utils.timezone.UTC",
            _,
        ) => "+00:00".to_owned(),
        ("pytz._p", [name, Value::Int(seconds), ..]) => {
            format!("{}[{}]", pytz_offset(seconds), text(name).unwrap_or_default())
        }
        (_, [name, ..]) => text(name).map(|name| format!("[{name}]")).unwrap_or_default(),
        _ => String::new(),
    }
}

fn pytz_offset(seconds: &BigInt) -> String {
    i64::try_from(seconds)
        .ok()
        .filter(|seconds| seconds.unsigned_abs() < 86_400)
        .map(|seconds| iso_offset([0, seconds, 0]))
        .unwrap_or_default()
}

fn iso_offset([days, seconds, _]: [i64; 3]) -> String {
    let total = days * 86_400 + seconds;
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    format!("{sign}{hours:02}:{minutes:02}{seconds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(class: &str, args: Vec<Value>) -> Value {
        Value::Object(Box::new(Object { class: class.to_owned(), args, ..Object::default() }))
    }

    fn shown(class: &str, args: Vec<Value>) -> (String, String) {
        let Value::Object(object) = object(class, args) else { panic!("an object") };
        let known = known(&object).unwrap();
        (known.text, known.python)
    }

    fn pair(text: &str, python: &str) -> (String, String) {
        (text.to_owned(), python.to_owned())
    }

    fn delta(days: i32, seconds: i32, microseconds: i32) -> Vec<Value> {
        [days, seconds, microseconds].map(|number| Value::Int(number.into())).to_vec()
    }

    #[test]
    fn dates_and_times_are_read_from_their_bytes() {
        let bytes = b"\x07\xe8\x02\x1d\x0c\x1e\x01\x00\x00\xfa".to_vec();
        let iso = "2024-02-29T12:30:01.000250";
        let python = "datetime.datetime(2024, 2, 29, 12, 30, 1, 250)";
        assert_eq!(shown("datetime.datetime", vec![Value::Bytes(bytes.clone())]), pair(iso, python));
        assert_eq!(shown("datetime.datetime", vec![Value::Py2Str(bytes.clone())]), pair(iso, python));
        let zone = object("datetime.timezone", vec![object("datetime.timedelta", delta(-1, 68_400, 0))]);
        let (text, python) = shown("datetime.datetime", vec![Value::Bytes(bytes), zone]);
        assert_eq!(text, format!("{iso}-05:00"));
        assert!(python.ends_with("tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=68400)))"));
        assert_eq!(
            shown("datetime.date", vec![Value::Bytes(b"\x07\xe8\x02\x1d".to_vec())]),
            pair("2024-02-29", "datetime.date(2024, 2, 29)")
        );
        assert_eq!(
            shown("datetime.time", vec![Value::Bytes(b"\x8c\x1e\x00\x00\x00\x00".to_vec())]),
            pair("12:30:00", "datetime.time(12, 30, fold=1)")
        );
        assert_eq!(
            shown("datetime.timedelta", delta(2, 3661, 5)),
            pair("2 days, 1:01:01.000005", "datetime.timedelta(days=2, seconds=3661, microseconds=5)")
        );
    }

    #[test]
    fn what_has_another_shape_is_left_alone() {
        for (class, args) in [
            ("datetime.datetime", vec![Value::Bytes(vec![0; 9])]),
            ("datetime.datetime", vec![]),
            ("datetime.timedelta", delta(0, -1, 0)),
            ("decimal.Decimal", vec![Value::None]),
            ("uuid.UUID", vec![]),
        ] {
            let Value::Object(object) = object(class, args) else { panic!("an object") };
            assert_eq!(known(&object), None, "{class}");
        }
    }

    #[test]
    fn objects_of_protocol_zero_are_seen_through() {
        let state = Value::Dict(vec![(Value::Py2Str(b"int".to_vec()), Value::Int(255.into()))]);
        let object = Object {
            class: "copy_reg._reconstructor".to_owned(),
            args: vec![
                Value::Global("uuid.UUID".to_owned()),
                Value::Global("builtins.object".to_owned()),
                Value::None,
            ],
            state: Some(state),
            ..Object::default()
        };
        assert_eq!(known(&object).unwrap().text, "00000000-0000-0000-0000-0000000000ff");
    }
}
