//! Request target → path and query as the application sees them.

use crate::python::PythonVersion;

/// A request target, taken apart but for the percent-encoding of its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `request.path`: decoded, with exactly one slash in front.
    pub path: String,
    /// What follows the first `?`, still encoded; `None` if there is no `?`.
    pub query: Option<String>,
}

impl Target {
    /// Takes a target as a browser sends it, or a full URL, apart; a fragment (`#…`) never reaches a server and is cut off.
    ///
    /// Source: `get_path_info` and `Request.path` in werkzeug/wsgi.py and werkzeug/sansio/request.py.
    #[must_use]
    pub fn parse(text: &str, python: PythonVersion) -> Self {
        let target = without_origin(text);
        let target = target.split_once('#').map_or(target, |(before, _)| before);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let decoded = decode_replacing(&percent_decode(path.as_bytes()), python);
        Self { path: with_one_slash(&decoded), query }
    }

    /// Takes a path that is already decoded; `?`, `#` and `%` are characters of it like any other.
    #[must_use]
    pub fn decoded(path: &str) -> Self {
        Self { path: with_one_slash(path), query: None }
    }
}

/// Cuts scheme and authority off a full URL.
fn without_origin(text: &str) -> &str {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    let is_scheme = scheme.starts_with(|character: char| character.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.'));
    if !is_scheme {
        return text;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(end..).unwrap_or_default()
}

/// Replaces all leading slashes by one.
fn with_one_slash(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// Decodes `%XX`; an incomplete or non-hexadecimal `%` stays as it is.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = match (first, after) {
            (b'%', &[high, low, ..]) => hexadecimal(high).zip(hexadecimal(low)),
            _ => None,
        };
        match digits {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

/// The value of a hexadecimal digit.
fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Decodes UTF-8 with `errors="replace"`: U+FFFD for each maximal invalid subpart, and for what Python 2 takes for one.
#[must_use]
pub fn decode_replacing(bytes: &[u8], python: PythonVersion) -> String {
    if !python.is_python_2() {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let length = match first {
            0x00..=0x7F => 1,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xC1 | 0xF5..=0xFF => 0,
        };
        let sequence = rest.get(..length).filter(|_| length > 0);
        let used = match sequence.and_then(|sequence| std::str::from_utf8(sequence).ok()) {
            Some(character) => {
                text.push_str(character);
                length
            }
            None => {
                text.push(char::REPLACEMENT_CHARACTER);
                invalid_length_in_python_2(rest, length)
            }
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    text
}

/// Bytes that Python 2.7 replaces by one U+FFFD at the start of a text, where a sequence of some length should stand
/// (`PyUnicode_DecodeUTF8Stateful` in Objects/unicodeobject.c). Its surrogates, which are characters there, count as one too.
fn invalid_length_in_python_2(bytes: &[u8], length: usize) -> usize {
    let is_continued = |index: usize| bytes.get(index).is_some_and(|byte| byte & 0xC0 == 0x80);
    let continuations = (1..bytes.len()).take_while(|index| is_continued(*index)).count();
    if length == 0 {
        return 1;
    }
    if bytes.len() < length {
        // The end of a truncated sequence moves by 1, then by 2, and so on: `endinpos += k`.
        return 1 + continuations * (continuations + 1) / 2;
    }
    let is_surrogate = bytes.first() == Some(&0xED) && continuations >= 2;
    if is_surrogate { 3 } else { 1 + continuations.min(length.saturating_sub(2)) }
}

/// Decodes UTF-8 as Werkzeug 2.3 does in queries: each byte of an invalid subpart becomes `%XX`, upper-case.
#[must_use]
pub fn decode_quoting(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push('%');
            for digit in [byte >> 4, byte & 0xF] {
                text.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_urls_become_the_path_that_flask_sees() {
        for (target, path, query) in [
            ("/caf%C3%A9", "/café", None),
            ("/café", "/café", None),
            ("/a%2Fb", "/a/b", None),
            ("/100%25", "/100%", None),
            ("/100%2525", "/100%25", None),
            ("/a+b;c=d", "/a+b;c=d", None),
            ("//double", "/double", None),
            ("///a//b/", "/a//b/", None),
            ("/%2F%2Fx", "/x", None),
            ("/%FF", "/\u{fffd}", None),
            ("/%E2%82", "/\u{fffd}", None),
            ("/%E2%28%A1", "/\u{fffd}(\u{fffd}", None),
            ("/%ED%A0%80", "/\u{fffd}\u{fffd}\u{fffd}", None),
            ("/%F0%9F%98", "/\u{fffd}", None),
            ("/%", "/%", None),
            ("/%4", "/%4", None),
            ("/%zz%41", "/%zzA", None),
            ("/%%41", "/%A", None),
            ("/x?y=1", "/x", Some("y=1")),
            ("/x?y=1?z#part", "/x", Some("y=1?z")),
            ("/x?", "/x", Some("")),
            ("/x#part?y", "/x", None),
            ("", "/", None),
            ("products/1", "/products/1", None),
            ("/../a/./b", "/../a/./b", None),
            ("https://example.org/a%20b?c=d", "/a b", Some("c=d")),
            ("HTTP://user@example.org:8080", "/", None),
            ("http://example.org?a=1", "/", Some("a=1")),
            ("http://[::1]:5000//x", "/x", None),
            ("/go/http://example.org/x", "/go/http://example.org/x", None),
        ] {
            let parsed = Target::parse(target, PythonVersion::DEFAULT);
            assert_eq!((parsed.path.as_str(), parsed.query.as_deref()), (path, query), "{target}");
        }
    }

    #[test]
    fn python_2_replaces_other_pieces_of_broken_utf8() {
        for (bytes, expected) in [
            (&b"\xff\xc3\xa9"[..], "\u{fffd}\u{e9}"),
            (b"AA\xe0\x80", "AA\u{fffd}"),
            (b"\xe0\x80A", "\u{fffd}A"),
            (b"\xe2\x28\xa1", "\u{fffd}(\u{fffd}"),
            (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}"),
            (b"\xf0\x9f\x98", "\u{fffd}"),
            (b"\xc2", "\u{fffd}"),
            (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(decode_replacing(bytes, "2.7".parse().unwrap()), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn a_decoded_path_is_taken_as_it_is() {
        let target = Target::decoded("//50%25 off?#");
        assert_eq!((target.path.as_str(), target.query), ("/50%25 off?#", None));
    }

    #[test]
    fn broken_utf8_is_quoted_byte_by_byte() {
        assert_eq!(decode_quoting(b"a\xff\xe2\x82b\xc3\xa9"), "a%FF%E2%82b\u{e9}");
    }
}
