//! What a terminal would obey is shown instead: control, bidirectional and zero-width characters, and broken UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether lines may be broken by the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Line feeds and tabs stay: a value that is shown alone.
    Keep,
    /// They are escaped too: a cell or a message.
    Escape,
}

/// Returns the text as a terminal may show it; borrowed if there is nothing to escape.
#[must_use]
pub fn escape(bytes: &[u8], lines: Lines) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(|character| is_hidden(character, lines))
    {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_hidden(character, lines) {
                escape_character(character, &mut escaped);
            } else {
                escaped.push(character);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _: std::fmt::Result = write!(escaped, "\\x{byte:02x}");
        }
    }
    Cow::Owned(escaped)
}

/// Returns a JSON text as a terminal may show it: it means the same and has nothing in it that a terminal would obey.
#[must_use]
pub fn escape_json(text: String) -> String {
    if !text.chars().any(|character| is_hidden(character, Lines::Keep)) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character, Lines::Keep) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _: std::fmt::Result = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether a character does something other than being seen.
fn is_hidden(character: char, lines: Lines) -> bool {
    match character {
        '\n' | '\t' => lines == Lines::Escape,
        // Zero-width, bidirectional controls and isolates, separators, byte order mark, tags, fillers.
        '\u{00AD}'
        | '\u{034F}'
        | '\u{061C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => character.is_control(),
    }
}

fn escape_character(character: char, escaped: &mut String) {
    let point = u32::from(character);
    // Writing to a String cannot fail.
    let _: std::fmt::Result = match character {
        '\n' => write!(escaped, "\\n"),
        '\r' => write!(escaped, "\\r"),
        '\t' => write!(escaped, "\\t"),
        _ if point < 0x100 => write!(escaped, "\\x{point:02x}"),
        _ if point < 0x1_0000 => write!(escaped, "\\u{point:04x}"),
        _ => write!(escaped, "\\U{point:08x}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_escaped() {
        let value = serde_json::json!({"a\u{202e}": "\u{7f}\u{9b}é\u{e0041}\n"});
        let escaped = escape_json(serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(escaped, "{\n  \"a\\u202e\": \"\\u007f\\u009bé\\udb40\\udc41\\n\"\n}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn harmless_text_is_borrowed() {
        assert!(matches!(escape("view//é 日本語".as_bytes(), Lines::Escape), Cow::Borrowed(_)));
        assert!(matches!(escape(b"a\nb\tc", Lines::Keep), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (bytes, shown) in [
            (&b"\x1b[31mred"[..], "\\x1b[31mred"),
            (b"a\nb", "a\\nb"),
            (b"a\r\n", "a\\r\\n"),
            ("\u{9b}2J".as_bytes(), "\\x9b2J"),
            ("x\u{202e}y".as_bytes(), "x\\u202ey"),
            ("\u{200b}".as_bytes(), "\\u200b"),
            ("\u{e0041}".as_bytes(), "\\U000e0041"),
            (b"\xff\xfe", "\\xff\\xfe"),
            (b"\x7f", "\\x7f"),
        ] {
            assert_eq!(escape(bytes, Lines::Escape), shown);
        }
    }
}
