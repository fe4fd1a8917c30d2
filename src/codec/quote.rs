//! The `repr` of texts and bytes as Python 3 writes it.

use unicode_general_category::GeneralCategory;
use unicode_general_category::get_general_category;

use crate::python::Text;

/// Returns the quoted text, with everything that is not printable escaped (`Objects/unicodeobject.c:unicode_repr`).
pub(super) fn text(text: &Text) -> String {
    let quote = quote(text.as_bytes());
    let mut quoted = String::with_capacity(text.as_bytes().len() + 2);
    quoted.push(quote);
    for point in text.code_points() {
        match (point, char::from_u32(point)) {
            (_, Some('\n')) => quoted.push_str("\\n"),
            (_, Some('\r')) => quoted.push_str("\\r"),
            (_, Some('\t')) => quoted.push_str("\\t"),
            (_, Some('\\')) => quoted.push_str("\\\\"),
            (_, Some(character)) if character == quote => quoted.extend(['\\', quote]),
            (_, Some(character)) if is_printable(character) => quoted.push(character),
            (0..=0xFF, _) => push_hex(&mut quoted, "\\x", point, 2),
            (0x100..=0xFFFF, _) => push_hex(&mut quoted, "\\u", point, 4),
            _ => push_hex(&mut quoted, "\\U", point, 8),
        }
    }
    quoted.push(quote);
    quoted
}

/// Returns the quoted bytes with a `b` (`Objects/bytesobject.c:PyBytes_Repr`).
pub(super) fn bytes(bytes: &[u8]) -> String {
    let quote = quote(bytes);
    let mut quoted = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            b'\\' => quoted.push_str("\\\\"),
            _ if char::from(byte) == quote => quoted.extend(['\\', quote]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => push_hex(&mut quoted, "\\x", u32::from(byte), 2),
        }
    }
    quoted.push(quote);
    quoted
}

/// Appends the escape and the number in so many hex digits.
pub(super) fn push_hex(text: &mut String, escape: &str, number: u32, digits: u32) {
    text.push_str(escape);
    text.extend((0..digits).rev().filter_map(|digit| char::from_digit(number >> (4 * digit) & 0xF, 16)));
}

fn quote(content: &[u8]) -> char {
    if content.contains(&b'\'') && !content.contains(&b'"') { '"' } else { '\'' }
}

fn is_printable(character: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate, Unassigned,
    };
    character == ' '
        || !matches!(
            get_general_category(character),
            Control
                | Format
                | LineSeparator
                | ParagraphSeparator
                | PrivateUse
                | SpaceSeparator
                | Surrogate
                | Unassigned
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        for (content, expected) in [
            ("", "''"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\n\t\\\u{7F}", "'a\\n\\t\\\\\\x7f'"),
            ("é\u{A0}\u{202E}😀\u{E000}", "'é\\xa0\\u202e😀\\ue000'"),
        ] {
            assert_eq!(text(&content.into()), expected);
        }
        assert_eq!(text(&Text::from_wtf8(b"\xED\xA0\x80".to_vec()).unwrap()), "'\\ud800'");
        assert_eq!(bytes(b"it's\x00\xFF\n"), "b\"it's\\x00\\xff\\n\"");
    }
}
