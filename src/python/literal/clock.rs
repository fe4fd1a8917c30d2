//! The classes of `datetime`, in normal form.

use num_bigint::BigInt;

use super::call::real;
use crate::python::value::Object;
use crate::python::value::Value;

/// Microseconds of a second.
const SECOND: i128 = 1_000_000;
/// Seconds of a day.
const DAY: i128 = 86_400;
/// Most days that a `timedelta` holds.
const MAX_DAYS: i128 = 999_999_999;

/// Keyword arguments by name.
type Keywords = Vec<(String, Value)>;
/// Fields that may be missing, and `tzinfo` and `fold` as keyword arguments of an object.
type Zoned = (Vec<Option<Value>>, Vec<(Value, Value)>);

/// Arguments in the order of their names; none if one is given twice or has no such name.
fn bind(names: &[&str], positional: Vec<Value>, keywords: Keywords) -> Option<Vec<Option<Value>>> {
    let mut bound: Vec<Option<Value>> = positional.into_iter().map(Some).collect();
    if bound.len() > names.len() {
        return None;
    }
    bound.resize(names.len(), None);
    for (name, value) in keywords {
        let place = names.iter().position(|known| *known == name)?;
        let slot = bound.get_mut(place)?;
        if slot.replace(value).is_some() {
            return None;
        }
    }
    Some(bound)
}

/// Integer fields within their limits, each with the value of a missing one; a field that has none must be there.
fn fields(bound: &[Option<Value>], limits: &[(i64, i64)], defaults: &[Option<i64>]) -> Option<Vec<Value>> {
    bound
        .iter()
        .zip(limits.iter().zip(defaults))
        .map(|(value, ((lowest, highest), default))| {
            let number = match value {
                Some(Value::Int(int)) => i64::try_from(int).ok()?,
                Some(Value::Bool(bool)) => i64::from(*bool),
                None => (*default)?,
                Some(_) => return None,
            };
            (lowest..=highest).contains(&&number).then(|| Value::Int(BigInt::from(number)))
        })
        .collect()
}

/// An object of a class.
fn object(class: &str, args: Vec<Value>, kwargs: Vec<(Value, Value)>) -> Value {
    Value::Object(Box::new(Object { class: class.to_owned(), args, kwargs, ..Object::default() }))
}

/// Limits of year, month and day.
const DATE: [(i64, i64); 3] = [(1, 9999), (1, 12), (1, 31)];
/// Limits of hour, minute, second and microsecond.
const CLOCK: [(i64, i64); 4] = [(0, 23), (0, 59), (0, 59), (0, 999_999)];

/// Tells whether year, month and day are one.
fn is_date(fields: &[Value]) -> bool {
    let numbers: Vec<i64> = fields
        .iter()
        .filter_map(|field| match field {
            Value::Int(int) => i64::try_from(int).ok(),
            _ => None,
        })
        .collect();
    let &[year, month, day, ..] = numbers.as_slice() else { return false };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day <= last
}

/// `datetime.date(year, month, day)`.
pub(super) fn date(positional: Vec<Value>, keywords: Keywords) -> Option<Value> {
    let bound = bind(&["year", "month", "day"], positional, keywords)?;
    let args = fields(&bound, &DATE, &[None; 3])?;
    is_date(&args).then(|| object("datetime.date", args, Vec::new()))
}

/// `datetime.datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)`.
pub(super) fn datetime(positional: Vec<Value>, keywords: Keywords) -> Option<Value> {
    let names = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"];
    let limits = [DATE.as_slice(), CLOCK.as_slice()].concat();
    let defaults = [[None; 3].as_slice(), [Some(0); 4].as_slice()].concat();
    let (bound, kwargs) = with_zone(&names, positional, keywords)?;
    let args = fields(&bound, &limits, &defaults)?;
    is_date(&args).then(|| object("datetime.datetime", args, kwargs))
}

/// `datetime.time(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)`.
pub(super) fn time(positional: Vec<Value>, keywords: Keywords) -> Option<Value> {
    let names = ["hour", "minute", "second", "microsecond", "tzinfo", "fold"];
    let (bound, kwargs) = with_zone(&names, positional, keywords)?;
    let args = fields(&bound, &CLOCK, &[Some(0); 4])?;
    Some(object("datetime.time", args, kwargs))
}

/// Binds arguments of which the last two are `tzinfo` and the keyword-only `fold`, and takes those two out.
fn with_zone(names: &[&str], positional: Vec<Value>, keywords: Keywords) -> Option<Zoned> {
    if positional.len() == names.len() {
        return None;
    }
    let mut bound = bind(names, positional, keywords)?;
    let (fold, zone) = (bound.pop()?, bound.pop()?);
    let mut kwargs = Vec::new();
    match zone {
        None | Some(Value::None) => {}
        Some(zone @ (Value::Global(_) | Value::Object(_))) => {
            kwargs.push((Value::Str("tzinfo".into()), zone));
        }
        Some(_) => return None,
    }
    match fold {
        None => {}
        Some(Value::Int(fold)) if fold == BigInt::ZERO => {}
        Some(fold @ Value::Int(_)) => {
            fields(&[Some(fold.clone())], &[(1, 1)], &[None])?;
            kwargs.push((Value::Str("fold".into()), fold));
        }
        Some(_) => return None,
    }
    Some((bound, kwargs))
}

/// `datetime.timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)`.
pub(super) fn timedelta(positional: Vec<Value>, keywords: Keywords) -> Option<Value> {
    let names = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
    let factors = [DAY * SECOND, SECOND, 1, 1000, 60 * SECOND, 3600 * SECOND, 7 * DAY * SECOND];
    let bound = bind(&names, positional, keywords)?;
    let (mut micros, mut leftover) = (0_i128, 0.0_f64);
    // The fractions are added in the order of CPython's `delta_new`, from the smallest unit to the largest.
    for place in [2, 3, 1, 4, 5, 0, 6] {
        let (Some(value), factor) = (bound.get(place)?, *factors.get(place)?) else { continue };
        if let Value::Int(int) = value {
            micros = micros.checked_add(i128::from(i64::try_from(int).ok()?).checked_mul(factor)?)?;
            continue;
        }
        let number = real(value).filter(|number| number.is_finite())?;
        micros = micros.checked_add(whole(number.trunc())?.checked_mul(factor)?)?;
        let part = number.fract() * whole_float(factor)?;
        micros = micros.checked_add(whole(part.trunc())?)?;
        leftover += part.fract();
    }
    micros = micros.checked_add(whole(half_to_even(leftover, micros % 2 != 0))?)?;
    let seconds = micros.div_euclid(SECOND);
    let (days, seconds, micros) =
        (seconds.div_euclid(DAY), seconds.rem_euclid(DAY), micros.rem_euclid(SECOND));
    if days.abs() > MAX_DAYS {
        return None;
    }
    let args = [days, seconds, micros].map(|part| Value::Int(BigInt::from(part))).to_vec();
    Some(object("datetime.timedelta", args, Vec::new()))
}

/// Rounds the fractions of microseconds so that the sum with an odd or even number is even in a tie.
fn half_to_even(leftover: f64, is_odd: bool) -> f64 {
    let rounded = leftover.round();
    if ((rounded - leftover).abs() - 0.5).abs() > 0.0 {
        return rounded;
    }
    let odd = f64::from(u8::from(is_odd));
    2.0 * ((leftover + odd) * 0.5).round() - odd
}

/// A float without fraction as an integer; none outside of 64 bits.
fn whole(number: f64) -> Option<i128> {
    format!("{number:.0}").parse::<i64>().ok().map(i128::from)
}

/// An integer as a float.
fn whole_float(number: i128) -> Option<f64> {
    number.to_string().parse().ok()
}

/// `datetime.timezone(offset, name)`, with an offset of less than a day.
pub(super) fn timezone(positional: Vec<Value>, keywords: Keywords) -> Option<Value> {
    let mut bound = bind(&["offset", "name"], positional, keywords)?;
    let name = bound.pop()?;
    let offset = bound.pop()??;
    let Value::Object(delta) = &offset else { return None };
    let is_in_range = match delta.args.as_slice() {
        [Value::Int(days), Value::Int(seconds), Value::Int(micros)] => {
            let zero = BigInt::ZERO;
            *days == zero || *days == BigInt::from(-1) && (*seconds != zero || *micros != zero)
        }
        _ => false,
    };
    if delta.class != "datetime.timedelta" || !is_in_range {
        return None;
    }
    let mut args = vec![offset];
    match name {
        None => {}
        Some(name @ (Value::Str(_) | Value::Py2Str(_))) => args.push(name),
        Some(_) => return None,
    }
    Some(object("datetime.timezone", args, Vec::new()))
}
