//! Numbers as memcached reads and writes them.

/// Reads what `strtoull` reads: blanks, a sign, digits, and then the end or a blank (memcached `util.c:safe_strtoull`).
///
/// A minus sign wraps, but a result above 63 bits is refused with one.
pub(super) fn unsigned(text: &[u8]) -> Option<u64> {
    let (is_negative, magnitude) = sign_and_magnitude(text)?;
    let number = if is_negative { magnitude.wrapping_neg() } else { magnitude };
    let is_refused = number > i64::MAX.unsigned_abs() && text.contains(&b'-');
    (!is_refused).then_some(number)
}

/// The same cut to 32 bits, as memcached cuts it (`util.c:safe_strtoul`).
// memcached stores the lower half of what it read.
pub(super) fn unsigned_32(text: &[u8]) -> Option<u32> {
    unsigned(text).map(|number| number as u32)
}

/// Reads a signed number and cuts it to 32 bits, as memcached does (`util.c:safe_strtol`).
// memcached stores the lower half of what it read.
pub(super) fn signed_32(text: &[u8]) -> Option<i32> {
    let (is_negative, magnitude) = sign_and_magnitude(text)?;
    let number = i128::from(magnitude) * if is_negative { -1 } else { 1 };
    i64::try_from(number).ok().map(|number| number as i32)
}

fn sign_and_magnitude(text: &[u8]) -> Option<(bool, u64)> {
    let start = text.iter().position(|&byte| !is_space(byte))?;
    let (is_negative, digits) = match text.get(start..)? {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut magnitude = 0u64;
    let mut length = 0;
    for &digit in digits.iter().take_while(|digit| digit.is_ascii_digit()) {
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        length += 1;
    }
    let ends_well = digits.get(length).is_none_or(|&byte| is_space(byte) || byte == 0);
    (length > 0 && ends_well).then_some((is_negative, magnitude))
}

/// `isspace` of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Appends a decimal number.
pub(super) fn push(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_strtoull_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("-", None),
            ("x", None),
            ("5x", None),
            ("5 x", Some(5)),
            ("5\r\n", Some(5)),
            ("\t +5", Some(5)),
            ("-1", None),
            ("-0", Some(0)),
            ("-18446744073709551615", Some(1)),
        ] {
            assert_eq!(unsigned(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(unsigned_32(b"4294967297"), Some(1));
        assert_eq!(signed_32(b"-1"), Some(-1));
        assert_eq!(signed_32(b"2200000000"), Some(2_200_000_000u32 as i32));
        assert_eq!(signed_32(b"9223372036854775808"), None);
        assert_eq!(signed_32(b"-9223372036854775808"), Some(0));
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 9, 10, 12345, u64::MAX] {
            let mut out = Vec::new();
            push(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
