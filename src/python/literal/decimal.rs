//! The canonical text of a `Decimal`.

use num_bigint::BigInt;

use crate::python::value::Value;

/// Exponents beyond this are refused; CPython takes them up to about 10¹⁸.
const MAX_EXPONENT: i64 = 999_999_999_999_999_999;

/// Returns `str(Decimal(value))` for a text, an integer or a float; none if there is no such number.
pub(super) fn canonical(value: &Value) -> Option<String> {
    match value {
        Value::Int(int) => Some(int.to_string()),
        Value::Bool(bool) => Some(u8::from(*bool).to_string()),
        Value::Float(float) => from_float(*float),
        Value::Str(text) => from_text(text.as_str()?),
        Value::Py2Str(text) => from_text(std::str::from_utf8(text).ok()?),
        _ => None,
    }
}

/// The exact value of a float.
fn from_float(float: f64) -> Option<String> {
    if float.is_nan() {
        return Some("NaN".to_owned());
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { "Infinity" } else { "-Infinity" }.to_owned());
    }
    // The smallest float has 1,074 binary and therefore as many decimal places.
    let exact = format!("{float:.1074}");
    let exact = exact.trim_end_matches('0').trim_end_matches('.');
    from_text(exact)
}

/// The number in a text, with one sign, underscores between digits, and blanks around.
fn from_text(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "").to_ascii_lowercase();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    if let Some(special) = special(text) {
        return Some(format!("{sign}{special}"));
    }
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if exponent.abs() > MAX_EXPONENT {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let digits = if significant.is_empty() { "0" } else { significant };
    Some(format!("{sign}{}", scientific(digits, exponent)?))
}

/// Infinities and NaNs.
fn special(text: &str) -> Option<String> {
    if matches!(text, "inf" | "infinity") {
        return Some("Infinity".to_owned());
    }
    let (name, payload) = match text.strip_prefix("snan") {
        Some(payload) => ("sNaN", payload),
        None => ("NaN", text.strip_prefix("nan")?),
    };
    let payload_is_number = payload.bytes().all(|byte| byte.is_ascii_digit());
    payload_is_number.then(|| format!("{name}{}", payload.trim_start_matches('0')))
}

/// Digits and exponent as `to-scientific-string` of the General Decimal Arithmetic specification writes them.
fn scientific(digits: &str, exponent: i64) -> Option<String> {
    let count = i64::try_from(digits.len()).ok()?;
    let point = count.checked_add(exponent)?;
    if exponent == 0 {
        return Some(digits.to_owned());
    }
    if exponent < 0 && point > 0 {
        let (whole, fraction) = digits.split_at_checked(usize::try_from(point).ok()?)?;
        return Some(format!("{whole}.{fraction}"));
    }
    if exponent < 0 && point > -6 {
        let zeros = "0".repeat(usize::try_from(-point).ok()?);
        return Some(format!("0.{zeros}{digits}"));
    }
    let (first, rest) = digits.split_at_checked(1)?;
    let point_sign = if rest.is_empty() { "" } else { "." };
    let adjusted = BigInt::from(point) - 1;
    let plus = if adjusted >= BigInt::ZERO { "+" } else { "" };
    Some(format!("{first}{point_sign}{rest}E{plus}{adjusted}"))
}
