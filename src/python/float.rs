//! The text of a float as Python writes it.

/// Returns Python's `repr` of a float: the shortest text that reads back the same (`Python/pystrtod.c`, format `r`).
#[must_use]
pub fn repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:e}");
    let exponent = shortest.rsplit_once('e').and_then(|(_, digits)| digits.parse::<i32>().ok()).unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// Returns Python's `repr` of a complex number.
#[must_use]
pub fn complex_repr(real: f64, imaginary: f64) -> String {
    let short = |number: f64| {
        let text = repr(number);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", short(imaginary));
    }
    // nan has no sign in Python's text.
    let plus = if imaginary.is_nan() || imaginary.is_sign_positive() { "+" } else { "" };
    format!("({}{plus}{}j)", short(real), short(imaginary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_python_writes_them() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.5, "1.5"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.234e-7, "1.234e-07"),
            (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(repr(number), text);
        }
    }

    #[test]
    fn complex_numbers_read_as_python_writes_them() {
        for (real, imaginary, text) in [
            (1.0, 2.0, "(1+2j)"),
            (0.0, 2.0, "2j"),
            (-0.0, 2.0, "(-0+2j)"),
            (1.5, -2.5, "(1.5-2.5j)"),
            (0.0, -0.0, "-0j"),
            (1.0, f64::NAN, "(1+nanj)"),
            (f64::INFINITY, f64::NEG_INFINITY, "(inf-infj)"),
        ] {
            assert_eq!(complex_repr(real, imaginary), text);
        }
    }
}
