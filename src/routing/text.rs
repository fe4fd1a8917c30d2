//! Keys as clients that work on characters see them.

use std::borrow::Cow;

/// A key as a Python application has it before `str()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PythonKey<'a> {
    /// A `bytes` object, of which `str()` makes `b'…'`.
    Bytes(&'a [u8]),
    /// A `str`.
    Text(&'a str),
}

impl<'a> PythonKey<'a> {
    /// Returns the key of these wire bytes. Bytes that are not UTF-8 cannot have been a `str`, so they were `bytes`.
    pub(super) fn of(wire: &'a [u8], bytes_keys: bool) -> Self {
        match std::str::from_utf8(wire) {
            Ok(text) if !bytes_keys => Self::Text(text),
            _ => Self::Bytes(wire),
        }
    }
}

/// Gives the characters of Python's `repr` of a `bytes` object to a sink, all of them ASCII (`bytesobject.c:PyBytes_Repr`).
pub(super) fn bytes_repr(bytes: &[u8], mut sink: impl FnMut(u8)) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    sink(b'b');
    sink(quote);
    for &byte in bytes {
        let short = match byte {
            b'\t' => Some(b't'),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\\' => Some(b'\\'),
            _ if byte == quote => Some(quote),
            _ => None,
        };
        match short {
            Some(letter) => [b'\\', letter].into_iter().for_each(&mut sink),
            None if matches!(byte, b' '..=b'~') => sink(byte),
            None => {
                let (high, low) = (DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]);
                [b'\\', b'x', high, low].into_iter().for_each(&mut sink);
            }
        }
    }
    sink(quote);
}

/// Returns the key as a client holds it whose strings cannot have other bytes; U+FFFD stands for what is not UTF-8.
pub(super) fn lossy(wire: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(wire)
}

/// Returns Java's `String.hashCode`, which memjs uses too.
pub(super) fn hash_code(wire: &[u8]) -> u32 {
    lossy(wire).encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::PythonKey;
    use super::bytes_repr;
    use super::hash_code;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        for (bytes, wanted) in [
            (&b"foo"[..], "b'foo'"),
            (b"it's", "b\"it's\""),
            (b"'\"", r#"b'\'"'"#),
            (b"\t\r\n\\ \x00\x7f\xc3\xa9", r"b'\t\r\n\\ \x00\x7f\xc3\xa9'"),
        ] {
            let mut shown = Vec::new();
            bytes_repr(bytes, |byte| shown.push(byte));
            assert_eq!(String::from_utf8(shown).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_not_utf8_was_a_bytes_object() {
        assert_eq!(PythonKey::of("é".as_bytes(), false), PythonKey::Text("é"));
        assert_eq!(PythonKey::of("é".as_bytes(), true), PythonKey::Bytes("é".as_bytes()));
        assert_eq!(PythonKey::of(b"\xff", false), PythonKey::Bytes(b"\xff"));
    }

    // OpenJDK 17: `Integer.toUnsignedString("…".hashCode())`.
    #[test]
    fn hash_codes_run_over_utf16_units() {
        for (key, wanted) in
            [("", 0), ("hello-world", 2_166_285_015), ("日本語", 25_921_943), ("🎉party", 549_930_041)]
        {
            assert_eq!(hash_code(key.as_bytes()), wanted, "{key}");
        }
    }
}
