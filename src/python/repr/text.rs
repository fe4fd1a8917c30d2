//! `repr` of texts and bytes.

use std::fmt::Write as _;

use crate::python::printable::is_printable;
use crate::python::value::Text;
use crate::python::version::PythonVersion;

/// Appends a `str`; in Python 2 a `unicode`, of which only ASCII stays readable.
pub(super) fn string(out: &mut String, text: &Text, python: PythonVersion) {
    let python_2 = python.is_python_2();
    if python_2 {
        out.push('u');
    }
    let has = |wanted: char| text.code_points().any(|point| point == u32::from(wanted));
    let quote = quote_for(has('\''), has('"'));
    out.push(quote);
    for point in text.code_points() {
        let character = char::from_u32(point);
        if character.is_some_and(|character| escaped_alike(out, character, quote)) {
            continue;
        }
        let is_shown = point < 0x7F || !python_2 && is_printable(point, python);
        match character {
            Some(character) if is_shown => out.push(character),
            _ if point <= 0xFF => hexadecimal(out, 'x', 2, point),
            _ if point <= 0xFFFF => hexadecimal(out, 'u', 4, point),
            _ => hexadecimal(out, 'U', 8, point),
        }
    }
    out.push(quote);
}

/// Appends bytes; in Python 2 a `str`, which has no prefix.
pub(super) fn byte_string(out: &mut String, bytes: &[u8], python: PythonVersion) {
    if !python.is_python_2() {
        out.push('b');
    }
    quoted_bytes(out, bytes);
}

/// Appends bytes with their prefix, as `bytearray` shows them in Python 2 too.
pub(super) fn prefixed_bytes(out: &mut String, bytes: &[u8]) {
    out.push('b');
    quoted_bytes(out, bytes);
}

/// Appends bytes in quotes.
fn quoted_bytes(out: &mut String, bytes: &[u8]) {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push(quote);
    for byte in bytes {
        let character = char::from(*byte);
        if escaped_alike(out, character, quote) {
            continue;
        }
        if (0x20..0x7F).contains(byte) {
            out.push(character);
        } else {
            hexadecimal(out, 'x', 2, u32::from(*byte));
        }
    }
    out.push(quote);
}

/// Single quotes, unless only double ones spare an escape.
fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

/// Appends what texts and bytes escape alike, control characters first; false if this is no such character.
fn escaped_alike(out: &mut String, character: char, quote: char) -> bool {
    match character {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\\' => out.push_str("\\\\"),
        _ if character == quote => out.extend(['\\', quote]),
        '\0'..='\x1F' => hexadecimal(out, 'x', 2, u32::from(character)),
        _ => return false,
    }
    true
}

/// Appends `\xHH`, `\uHHHH` or `\UHHHHHHHH`.
fn hexadecimal(out: &mut String, letter: char, digits: usize, point: u32) {
    out.extend(['\\', letter]);
    let _infallible = write!(out, "{point:0digits$x}");
}
