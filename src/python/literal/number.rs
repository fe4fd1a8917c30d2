//! Number literals.

use num_bigint::BigInt;

use super::LiteralError;
use super::Parser;
use super::Problem;
use crate::python::value::Value;
use crate::python::version::PythonVersion;

/// More digits than this are refused: reading them takes quadratic time, and CPython stops at 4,300.
const MAX_DIGITS: usize = 50_000;

impl Parser<'_> {
    /// Reads a number without its sign.
    pub(super) fn number(&mut self) -> Result<Value, LiteralError> {
        let text = number_text(self.rest());
        let value = number(text, self.python.is_python_2()).ok_or_else(|| self.error(Problem::Number))?;
        self.position += text.len();
        Ok(value)
    }
}

/// The characters at the start of a text that belong to one number, right or wrong.
fn number_text(text: &str) -> &str {
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut previous = ' ';
    let end = text.find(|character: char| {
        let is_sign = matches!(character, '+' | '-') && matches!(previous, 'e' | 'E') && !is_hexadecimal;
        previous = character;
        !(is_sign || character.is_alphanumeric() || matches!(character, '.' | '_'))
    });
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// The number that a text is.
fn number(text: &str, python_2: bool) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    if lower.len() > MAX_DIGITS {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            let (digits, long) = without_long(digits, python_2);
            let digits = digits.strip_prefix('_').unwrap_or(digits);
            return Some(integer(BigInt::parse_bytes(&plain(digits, radix)?, radix)?, long));
        }
    }
    if let Some(imaginary) = lower.strip_suffix('j') {
        return Some(Value::Complex(0.0, float(imaginary)?));
    }
    if lower.contains(['.', 'e']) {
        return float(&lower).map(Value::Float);
    }
    let (digits, long) = without_long(&lower, python_2);
    let digits = plain(digits, 10)?;
    let has_leading_zero = digits.len() > 1 && digits.first() == Some(&b'0');
    let is_zero = digits.iter().all(|digit| *digit == b'0');
    if has_leading_zero && python_2 {
        return Some(integer(BigInt::parse_bytes(&digits, 8)?, long));
    }
    if has_leading_zero && !is_zero {
        return None;
    }
    Some(integer(BigInt::parse_bytes(&digits, 10)?, long))
}

/// Cuts off the `L` of a Python 2 long.
fn without_long(digits: &str, python_2: bool) -> (&str, bool) {
    match digits.strip_suffix('l') {
        Some(digits) if python_2 => (digits, true),
        _ => (digits, false),
    }
}

/// An integer; a long of Python 2 keeps its `L` in the `repr`.
fn integer(int: BigInt, long: bool) -> Value {
    if long { Value::Verbatim(format!("{int}L")) } else { Value::Int(int) }
}

/// Digits without the single underscores that may stand between them.
fn plain(digits: &str, radix: u32) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(digits.len());
    for group in digits.split('_') {
        if group.is_empty() || !group.chars().all(|digit| digit.is_digit(radix)) {
            return None;
        }
        plain.extend_from_slice(group.as_bytes());
    }
    Some(plain)
}

/// A float: digits, point and exponent, at least one digit before the exponent and one in it.
fn float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut clean = b"0".to_vec();
    if !whole.is_empty() {
        clean.extend(plain(whole, 10)?);
    }
    if !fraction.is_empty() {
        clean.push(b'.');
        clean.extend(plain(fraction, 10)?);
    }
    if let Some(exponent) = exponent {
        let (sign, digits) = match exponent.split_at_checked(1) {
            Some((sign @ ("+" | "-"), digits)) => (sign, digits),
            _ => ("", exponent),
        };
        clean.push(b'e');
        clean.extend_from_slice(sign.as_bytes());
        clean.extend(plain(digits, 10)?);
    }
    String::from_utf8(clean).ok()?.parse().ok()
}

/// A number with a sign before it; none for what has no sign.
pub(super) fn with_sign(value: Value, sign: char) -> Option<Value> {
    match (sign, value) {
        ('+', number @ (Value::Int(_) | Value::Float(_) | Value::Complex(_, _))) => Some(number),
        ('-', Value::Int(int)) => Some(Value::Int(-int)),
        ('-', Value::Float(float)) => Some(Value::Float(-float)),
        ('-', Value::Complex(real, imaginary)) => Some(Value::Complex(-real, -imaginary)),
        ('~', Value::Int(int)) => Some(Value::Int(-int - 1)),
        ('-', Value::Verbatim(long)) if long.ends_with('L') => {
            Some(Value::Verbatim(match long.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None if long == "0L" => long,
                None => format!("-{long}"),
            }))
        }
        ('+', Value::Verbatim(long)) if long.ends_with('L') => Some(Value::Verbatim(long)),
        _ => None,
    }
}

/// A real number plus or minus a complex one; none if an integer is too large for a float.
///
/// Up to Python 3.13 the real number becomes complex first, so that `1-0j` is `(1+0j)`.
pub(super) fn sum(
    left: &Value,
    sign: char,
    (real, imaginary): (f64, f64),
    python: PythonVersion,
) -> Option<Value> {
    let left = match left {
        Value::Int(int) => int.to_string().parse().ok().filter(|float: &f64| float.is_finite())?,
        Value::Float(float) => *float,
        _ => return None,
    };
    Some(match sign {
        '+' if python.at_least(3, 14) => Value::Complex(left + real, imaginary),
        '+' => Value::Complex(left + real, 0.0 + imaginary),
        _ if python.at_least(3, 14) => Value::Complex(left - real, -imaginary),
        _ => Value::Complex(left - real, 0.0 - imaginary),
    })
}
