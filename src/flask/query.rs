//! Query string → the text that a cached view's key hashes.

use super::facts::Facts;
use super::target::{decode_quoting, decode_replacing, percent_decode};
use crate::python::Value;
use crate::python::repr;

/// Returns the sorted pairs of a query string as Python writes them: `(('a', '1'), ('b', '2'))`.
///
/// Source: `_make_cache_key_query_string` in flask_caching/__init__.py over `request.args`.
#[must_use]
pub fn hashed_text(facts: &Facts, query: &str) -> String {
    let mut pairs = pairs(facts, query);
    pairs.sort();
    let items = pairs
        .into_iter()
        .map(|(name, value)| Value::Tuple(vec![name_value(facts, name), Value::Str(value.into())]))
        .collect();
    repr(&Value::Tuple(items), facts.python)
}

/// The pairs of a query string in order: cut at `&` and the first `=`, `+` and `%XX` decoded; no `=` means an empty value.
#[must_use]
pub fn pairs(facts: &Facts, query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decoded(facts, name), decoded(facts, value))
        })
        .collect()
}

/// A name or value decoded.
fn decoded(facts: &Facts, text: &str) -> String {
    let bytes = percent_decode(text.replace('+', " ").as_bytes());
    if facts.keeps_broken_utf8() { decode_quoting(&bytes) } else { decode_replacing(&bytes, facts.python) }
}

/// A name as a Python value: Werkzeug on Python 2 makes byte strings of ASCII names.
fn name_value(facts: &Facts, name: String) -> Value {
    if facts.python.is_python_2() && name.is_ascii() {
        Value::Py2Str(name.into_bytes())
    } else {
        Value::Str(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_sorted_and_written_as_a_tuple_of_pairs() {
        let facts = Facts::default();
        for (query, expected) in [
            ("", "()"),
            ("&&", "()"),
            ("b=2&a=1", "(('a', '1'), ('b', '2'))"),
            ("a=1", "(('a', '1'),)"),
            ("x=2&x=1&x=2", "(('x', '1'), ('x', '2'), ('x', '2'))"),
            ("flag", "(('flag', ''),)"),
            ("=v&=", "(('', ''), ('', 'v'))"),
            ("q=a+b%20c%2B", "(('q', 'a b c+'),)"),
            ("a=b=c;d", "(('a', 'b=c;d'),)"),
            (
                "B=1&a=2&é=3&%F0%9F%98%80=4&%EF%BC%81=5",
                "(('B', '1'), ('a', '2'), ('é', '3'), ('！', '5'), ('😀', '4'))",
            ),
            ("q=%FF%e2%82x%", "(('q', '%FF%E2%82x%'),)"),
            ("q=%0A%27", "(('q', \"\\n'\"),)"),
            ("q=%C2%A0%E2%80%8B", "(('q', '\\xa0\\u200b'),)"),
        ] {
            assert_eq!(hashed_text(&facts, query), expected, "{query}");
        }
    }

    #[test]
    fn old_werkzeug_replaces_broken_utf8() {
        let facts = Facts { werkzeug: Some("2.2.3".parse().unwrap()), ..Facts::default() };
        assert_eq!(hashed_text(&facts, "q=%FF%e2%82x"), "(('q', '\u{fffd}\u{fffd}x'),)");
    }

    #[test]
    fn python_2_has_ascii_names_as_bytes_and_values_as_unicode() {
        let facts = Facts { python: "2.7".parse().unwrap(), ..Facts::default() };
        assert_eq!(hashed_text(&facts, "caf%C3%A9=%C3%A9&x=1"), "((u'caf\\xe9', u'\\xe9'), ('x', u'1'))");
    }
}
