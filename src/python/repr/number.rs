//! `repr` of numbers.

use num_bigint::BigInt;

use crate::python::version::PythonVersion;

/// Integers above this are shown in hexadecimal, which takes linear time; CPython refuses more than 4,300 digits.
const MAX_DECIMAL_BITS: u64 = 100_000;

/// Appends an integer; in Python 2 with `L` if it does not fit 64 bits.
pub(super) fn int(out: &mut String, int: &BigInt, python: PythonVersion) {
    if int.bits() > MAX_DECIMAL_BITS {
        let digits = int.to_str_radix(16);
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
        out.extend([sign, "0x", digits]);
        return;
    }
    out.push_str(&int.to_string());
    if python.is_python_2() && i64::try_from(int).is_err() {
        out.push('L');
    }
}

/// Appends a float: shortest digits that read back the same, with `.0` if it looks like an integer.
pub(super) fn float(out: &mut String, float: f64) {
    let text = digits(float);
    out.push_str(&text);
    if float.is_finite() && !text.contains(['.', 'e']) {
        out.push_str(".0");
    }
}

/// Appends a complex number: a real part of +0.0 is left out, and with it the parentheses.
pub(super) fn complex(out: &mut String, real: f64, imaginary: f64) {
    if real == 0.0 && real.is_sign_positive() {
        out.push_str(&digits(imaginary));
        out.push('j');
        return;
    }
    let imaginary = digits(imaginary);
    let plus = if imaginary.starts_with('-') { "" } else { "+" };
    out.extend(["(", &digits(real), plus, &imaginary, "j)"]);
}

/// Appends a range; a step of 1 is left out.
pub(super) fn range(out: &mut String, [start, stop, step]: [&BigInt; 3], python: PythonVersion) {
    out.push_str("range(");
    int(out, start, python);
    out.push_str(", ");
    int(out, stop, python);
    if *step != BigInt::from(1) {
        out.push_str(", ");
        int(out, step, python);
    }
    out.push(')');
}

/// A float in format `r`: fixed for decimal exponents from -4 to 15, else `d.ddde+XX` (CPython `Python/pystrtod.c:format_float_short`).
fn digits(float: f64) -> String {
    if float.is_nan() {
        return "nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{float}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}
