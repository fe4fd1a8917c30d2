//! Integers of any length in decimal, up to a length that stays fast.

use num_bigint::BigInt;

/// The most decimal digits that are read or written: conversion takes quadratic time.
pub const MAX_DIGITS: usize = 100_000;

/// The most bytes that an integer of [`MAX_DIGITS`] digits takes in binary.
pub const MAX_BYTES: usize = 41_525;

/// Reads an optional `-` or `+` and decimal digits, at most [`MAX_DIGITS`]; `None` for anything else.
#[must_use]
pub fn parse(text: &[u8]) -> Option<BigInt> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if let Some(small) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()) {
        return Some(BigInt::from(small));
    }
    BigInt::parse_bytes(text, 10)
}

/// What an integer counts for in a [`super::budget::Budget`]: its bytes, and its share of the quadratic time that
/// its decimal text takes.
#[must_use]
pub fn cost(number: &BigInt) -> usize {
    let bytes = usize::try_from(number.bits() / 8).unwrap_or(usize::MAX);
    bytes.saturating_add(bytes.saturating_mul(bytes) / 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_integers_are_read_and_nothing_else() {
        for (text, expected) in [
            ("0", Some("0")),
            ("-12", Some("-12")),
            ("+7", Some("7")),
            ("007", Some("7")),
            ("-1180591620717411303424", Some("-1180591620717411303424")),
            ("", None),
            ("-", None),
            ("+-1", None),
            ("1_0", None),
            ("0x10", None),
            ("1 ", None),
        ] {
            let got = parse(text.as_bytes()).map(|number| number.to_string());
            assert_eq!(got.as_deref(), expected, "{text:?}");
        }
        assert!(parse("9".repeat(MAX_DIGITS).as_bytes()).is_some());
        assert!(parse("9".repeat(MAX_DIGITS + 1).as_bytes()).is_none());
    }
}
