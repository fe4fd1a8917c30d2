//! The two text encodings of protocol 0.

use super::super::Text;

/// Reads `raw-unicode-escape`: bytes are Latin-1, except `\uXXXX` and `\UXXXXXXXX`
/// (CPython `Objects/unicodeobject.c:_PyUnicode_DecodeRawUnicodeEscapeStateful`).
///
/// `None` for an escape that is cut off or above U+10FFFF.
pub(super) fn raw_unicode(bytes: &[u8]) -> Option<Text> {
    let mut text = Text::default();
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            (b'\\', Some(&next)) => {
                text.push(u32::from(b'\\'));
                text.push(u32::from(next));
                rest = after.get(1..)?;
                continue;
            }
            _ => {
                text.push(u32::from(byte));
                continue;
            }
        };
        let code_point = hex(after.get(1..=digits)?).filter(|point| *point <= 0x10_FFFF)?;
        text.push(code_point);
        rest = after.get(1 + digits..)?;
    }
    Some(text)
}

/// Reads the string literal of Python 2 that `S` carries, quotes included
/// (CPython `Objects/bytesobject.c:_PyBytes_DecodeEscape`); `None` for a malformed one.
pub(super) fn string(literal: &[u8]) -> Option<Vec<u8>> {
    let literal = literal.trim_ascii_end();
    let (quote @ (b'\'' | b'"'), rest) = literal.split_first()? else { return None };
    let mut rest = rest.strip_suffix(&[*quote])?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, after) = after.split_first()?;
        rest = after;
        let plain = match escape {
            b'\\' | b'\'' | b'"' => escape,
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0B,
            b'x' => {
                rest = after.get(2..)?;
                u8::try_from(hex(after.get(..2)?)?).ok()?
            }
            b'0'..=b'7' => {
                let more = after.iter().take(2).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                let (digits, behind) = after.split_at_checked(more)?;
                rest = behind;
                let start = u32::from(escape - b'0');
                let octal = digits.iter().fold(start, |octal, digit| octal << 3 | u32::from(digit - b'0'));
                u8::try_from(octal & 0xFF).ok()?
            }
            _ => {
                bytes.push(b'\\');
                escape
            }
        };
        bytes.push(plain);
    }
    Some(bytes)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_unicode_is_latin_1_with_two_escapes() {
        for (bytes, expected) in [
            (b"Zo\xEB".as_slice(), Some("Zoë")),
            (b"\\u0041\\U0001F600", Some("A😀")),
            (b"\\\\u0041", Some("\\\\u0041")),
            (b"a\\", Some("a\\")),
            (b"\\n", Some("\\n")),
            (b"\\u004", None),
            (b"\\u00g1", None),
            (b"\\U00110000", None),
        ] {
            let text = raw_unicode(bytes);
            assert_eq!(text.as_ref().and_then(Text::as_str), expected, "{}", bytes.escape_ascii());
        }
        assert_eq!(raw_unicode(b"\\ud800").unwrap().as_bytes(), b"\xED\xA0\x80");
    }

    #[test]
    fn string_literals_of_python_two_are_read() {
        for (literal, expected) in [
            (b"'abc'".as_slice(), Some(b"abc".as_slice())),
            (b"\"it's\"", Some(b"it's")),
            (b"'\\x00\\xff\\n\\t\\\\\\''", Some(b"\x00\xFF\n\t\\'")),
            (b"'\\101\\7\\q'", Some(b"A\x07\\q")),
            (b"'abc", None),
            (b"'", None),
            (b"", None),
            (b"'\\x0'", None),
            (b"abc", None),
        ] {
            assert_eq!(string(literal).as_deref(), expected, "{}", literal.escape_ascii());
        }
    }
}
