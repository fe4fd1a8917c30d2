//! What a key is, from its shape alone.

mod foreign;

use super::digest::HashMethod;
use super::facts::Backend;
use super::facts::Facts;
use super::fragment::FRAGMENT;
use super::key::SPREAD_CHUNKS;
use super::memo::VERSION_SUFFIX;
use super::memo::value;
use super::target::Target;
use super::view;
use super::view::Form;
use super::view::QueryString;
use super::view::ViewOptions;

/// What a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A key that Dalli has cut.
    Dalli {
        /// The MD5 of the whole key.
        digest: String,
    },
    /// A key of Django that says no more.
    Django {
        /// `KEY_PREFIX`.
        prefix: String,
        /// `VERSION`.
        version: String,
        /// The application's key.
        rest: String,
    },
    /// A fragment of a Django template.
    DjangoFragment {
        /// Its name.
        name: String,
    },
    /// The headers that a page of Django varies on.
    DjangoHeaders,
    /// A page of Django.
    DjangoPage {
        /// The request method.
        method: String,
    },
    /// A fragment of a template under Flask-Caching.
    Fragment {
        /// Its name and the values that it varies on, joined.
        text: String,
    },
    /// A view with a query string, or with its source in the key.
    HashedView {
        /// What stands before the hash: a path up to Flask-Caching 2.4.1, `view/` and a path since.
        start: String,
        /// The hash.
        digest: String,
    },
    /// The result of a memoized function.
    MemoValue {
        /// The hash of the call.
        hash: String,
        /// The value of the function's version key.
        function_version: String,
        /// The value of the instance's version key, for methods.
        instance_version: Option<String>,
    },
    /// A key as Rails escapes it.
    Rails,
    /// A session of Flask-Session.
    Session {
        /// Its id.
        id: String,
    },
    /// Anything else; the application's own key, if the prefix fits.
    Unknown,
    /// The version of a memoized function, or of one instance's method.
    Version {
        /// The function's name, with the instance's token after a dot; without the characters that Flask-Caching removes.
        name: String,
    },
    /// A view.
    View {
        /// Its path.
        path: String,
    },
}

/// A key taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is.
    pub shape: Shape,
    /// The prefix before the library key: that of the facts or, where the rest is unmistakable, whatever stands there; none if
    /// the key is none of Flask-Caching's.
    pub prefix: Option<String>,
    /// The number of the chunk of a spread value.
    pub chunk: Option<u8>,
}

/// Tells what a key is by its shape.
#[must_use]
pub fn explain(facts: &Facts, session_prefix: &str, key: &str) -> Explanation {
    let whole = unchunked(facts, session_prefix, key);
    let Some((before, chunk)) = chunk(key) else { return whole };
    let spread = unchunked(facts, session_prefix, before);
    let is_cacheable = spread.prefix.is_some() && !matches!(spread.shape, Shape::Version { .. });
    // A path may end in `.1`; a hash does not.
    let is_certain = matches!(spread.shape, Shape::HashedView { .. } | Shape::MemoValue { .. });
    if is_cacheable && (facts.backend == Backend::Spread || is_certain) {
        return Explanation { chunk: Some(chunk), ..spread };
    }
    whole
}

/// The key before the number of its chunk, and that number.
fn chunk(key: &str) -> Option<(&str, u8)> {
    let (before, digits) = key.rsplit_once('.')?;
    let number: u8 = digits.parse().ok()?;
    (usize::from(number) < SPREAD_CHUNKS && number.to_string() == digits).then_some((before, number))
}

/// Tells what a key is that is not a chunk.
fn unchunked(facts: &Facts, session_prefix: &str, key: &str) -> Explanation {
    let of =
        |shape, prefix: Option<&str>| Explanation { shape, prefix: prefix.map(str::to_owned), chunk: None };
    if let Some(library_key) = key.strip_prefix(&facts.key_prefix)
        && let Some(shape) = library_shape(library_key)
    {
        return of(shape, Some(&facts.key_prefix));
    }
    if let Some(id) = key.strip_prefix(session_prefix).filter(|_| !session_prefix.is_empty()) {
        return of(Shape::Session { id: id.to_owned() }, None);
    }
    if let Some(shape) = foreign::shape(key) {
        return of(shape, None);
    }
    for marker in ["view//", FRAGMENT] {
        if let Some((prefix, _)) = key.split_once(marker)
            && let Some(shape) = key.get(prefix.len()..).and_then(library_shape)
        {
            return of(shape, Some(prefix));
        }
    }
    if let Some(name) = key.strip_suffix(VERSION_SUFFIX) {
        return of(Shape::Version { name: name.to_owned() }, Some(""));
    }
    let has_prefix = !facts.key_prefix.is_empty() && key.starts_with(&facts.key_prefix);
    of(Shape::Unknown, has_prefix.then_some(&facts.key_prefix))
}

/// The shape of a library key; none if it says nothing.
fn library_shape(key: &str) -> Option<Shape> {
    if let Some(text) = key.strip_prefix(FRAGMENT) {
        return Some(Shape::Fragment { text: text.to_owned() });
    }
    if let Some(name) = key.strip_suffix(VERSION_SUFFIX) {
        return Some(Shape::Version { name: name.to_owned() });
    }
    if key.starts_with('/') || key.starts_with("view//") {
        if let Some((start, digest)) = hashed(key) {
            return Some(Shape::HashedView { start: start.to_owned(), digest: digest.to_owned() });
        }
        return key.strip_prefix("view/").map(|path| Shape::View { path: path.to_owned() });
    }
    memo_value(key)
}

/// The result of a memoized function, by its length and alphabet.
fn memo_value(key: &str) -> Option<Shape> {
    let parts = value::parts(key.as_bytes())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Shape::MemoValue {
        hash: text(parts.hash),
        function_version: text(&parts.function),
        instance_version: parts.instance.as_ref().map(|version| text(version)),
    })
}

/// What stands before a hash at the end of a key, and the hash.
///
/// A path may end in hexadecimal digits too, so the length that the version of Flask-Caching would use is tried first.
fn hashed(key: &str) -> Option<(&str, &str)> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let run = key.bytes().rev().take_while(is_digit).count();
    let lengths = if key.starts_with('/') { [32, 64] } else { [64, 32] };
    let exact = [128, 96, 56, 40].into_iter().find(|length| *length == run);
    let length = exact.or_else(|| lengths.into_iter().find(|length| *length <= run))?;
    key.split_at_checked(key.len() - length)
}

/// Returns the request target in a line of an access log, or a line that is a target or URL itself.
#[must_use]
pub fn target_of_line(line: &str) -> Option<&str> {
    let line = line.trim();
    let in_log = line.split('"').find_map(|part| {
        let mut words = part.split(' ');
        let (method, target, protocol) = (words.next()?, words.next()?, words.next()?);
        let is_request = !method.is_empty()
            && method.bytes().all(|byte| byte.is_ascii_uppercase())
            && protocol.starts_with("HTTP/");
        is_request.then_some(target)
    });
    in_log.or_else(|| (line.starts_with('/') || line.contains("://")).then_some(line))
}

/// Tells whether a request for a target is stored under a key, by any generation and hash method in question.
///
/// The key is a wire key without the number of a chunk.
#[must_use]
pub fn is_candidate(facts: &Facts, options: &ViewOptions, key: &str, target: &str) -> bool {
    let path = match options.form {
        Form::Encoded => Target::parse(target, facts.python).path,
        Form::Decoded => Target::decoded(target).path,
    };
    // Most lines of a log are about other paths; hashing is for the few that are not.
    if options.key_prefix.is_none() && !key.contains(&path) {
        return false;
    }
    let methods = match options.hash {
        Some(method) => vec![Some(method)],
        None => std::iter::once(None).chain(HashMethod::ALL.map(|(_, method)| Some(method))).collect(),
    };
    [QueryString::Hashed, QueryString::Ignored].into_iter().any(|query_string| {
        methods.iter().any(|hash| {
            let options = ViewOptions { query_string, hash: *hash, ..options.clone() };
            view::keys(facts, &options, target).is_ok_and(|keys| keys.iter().any(|found| found.key == key))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a key as text, with prefix and chunk where they are not the usual ones.
    fn shown(backend: Backend, key: &str) -> String {
        let facts = Facts { backend, ..Facts::default() };
        let found = explain(&facts, "session:", key);
        let chunk = found.chunk.map(|chunk| format!(" chunk {chunk}")).unwrap_or_default();
        let prefix = match found.prefix.as_deref() {
            Some("flask_cache_") => String::new(),
            other => format!(" prefix {other:?}"),
        };
        format!("{:?}{chunk}{prefix}", found.shape)
    }

    #[test]
    fn keys_of_flask_caching_are_told_apart() {
        let md5 = "73a67da486defb6918b56c3c16c0afda";
        let sha256 = "ffa1bf651aa59586e6c4eb1d749692ce9bcdf1a57330432ef853f52871a67866";
        for (key, expected) in [
            ("flask_cache_view//products/42", "View { path: \"/products/42\" }".to_owned()),
            (
                &format!("flask_cache_/search{md5}"),
                format!("HashedView {{ start: \"/search\", digest: \"{md5}\" }}"),
            ),
            (
                &format!("flask_cache_view//search{sha256}"),
                format!("HashedView {{ start: \"view//search\", digest: \"{sha256}\" }}"),
            ),
            (
                &format!("flask_cache_view//cafe{md5}"),
                format!("HashedView {{ start: \"view//cafe\", digest: \"{md5}\" }}"),
            ),
            (
                "flask_cache__template_fragment_cache_sidebar_en_42",
                "Fragment { text: \"sidebar_en_42\" }".to_owned(),
            ),
            (
                "flask_cache_shop.catalog.price_memver",
                "Version { name: \"shop.catalog.price\" }".to_owned(),
            ),
            (
                "flask_cache_SZ7CWdKM4GEpwXvWvDiHV4",
                "MemoValue { hash: \"SZ7CWdKM4GEpwXvW\", function_version: \"vDiHV4\", instance_version: None }".to_owned(),
            ),
            (
                "flask_cache_C0lg77+G3ulrSJ0E/kyyFEVz0Rwp",
                "MemoValue { hash: \"C0lg77+G3ulrSJ0E\", function_version: \"/kyyFE\", instance_version: Some(\"Vz0Rwp\") }".to_owned(),
            ),
            ("flask_cache_mine", "Unknown".to_owned()),
            ("my:view//x", "View { path: \"/x\" } prefix Some(\"my:\")".to_owned()),
        ] {
            assert_eq!(shown(Backend::Sasl, key), expected, "{key}");
        }
    }

    #[test]
    fn chunks_are_seen_where_values_are_spread_or_the_rest_is_certain() {
        let memo = "MemoValue { hash: \"SZ7CWdKM4GEpwXvW\", function_version: \"vDiHV4\", instance_version: None } chunk 31";
        assert_eq!(shown(Backend::Sasl, "flask_cache_SZ7CWdKM4GEpwXvWvDiHV4.31"), memo);
        assert_eq!(shown(Backend::Sasl, "flask_cache_view//a.1"), "View { path: \"/a.1\" }");
        assert_eq!(shown(Backend::Spread, "flask_cache_view//a.1"), "View { path: \"/a\" } chunk 1");
        assert_eq!(shown(Backend::Spread, "flask_cache_view//a.32"), "View { path: \"/a.32\" }");
        assert_eq!(shown(Backend::Spread, "flask_cache_view//a.01"), "View { path: \"/a.01\" }");
    }

    #[test]
    fn keys_of_others_are_told_apart() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        for (key, expected) in [
            ("session:abc", "Session { id: \"abc\" } prefix None".to_owned()),
            (":1:hello", "Django { prefix: \"\", version: \"1\", rest: \"hello\" } prefix None".to_owned()),
            (
                &format!("site:3:template.cache.side.bar.{md5}"),
                "DjangoFragment { name: \"side.bar\" } prefix None".to_owned(),
            ),
            (
                &format!(":1:views.decorators.cache.cache_page..GET.{md5}.{md5}.en-us.UTC"),
                "DjangoPage { method: \"GET\" } prefix None".to_owned(),
            ),
            (
                &format!(":1:views.decorators.cache.cache_header..{md5}.en-us.UTC"),
                "DjangoHeaders prefix None".to_owned(),
            ),
            (&format!("app:long:md5:{md5}"), format!("Dalli {{ digest: \"{md5}\" }} prefix None")),
            ("views/users%2F1", "Rails prefix None".to_owned()),
            ("counter", "Unknown prefix None".to_owned()),
        ] {
            assert_eq!(shown(Backend::Sasl, key), expected, "{key}");
        }
    }

    #[test]
    fn targets_are_found_in_logs_and_lists() {
        for (line, expected) in [
            ("127.0.0.1 - - [x] \"GET /a?b=1 HTTP/1.1\" 200 5 \"http://r/\" \"UA\"", Some("/a?b=1")),
            (" /a?b=1 ", Some("/a?b=1")),
            ("https://example.org/a", Some("https://example.org/a")),
            ("GET /a HTTP/1.0", Some("/a")),
            ("nothing here", None),
            ("", None),
        ] {
            assert_eq!(target_of_line(line), expected, "{line}");
        }
    }

    #[test]
    fn a_candidate_has_the_key_in_some_generation() {
        let facts = Facts::default();
        let options = ViewOptions::default();
        let key = "flask_cache_/search73a67da486defb6918b56c3c16c0afda";
        assert!(is_candidate(&facts, &options, key, "/search?page=2&q=shoes"));
        assert!(!is_candidate(&facts, &options, key, "/search?page=3&q=shoes"));
        let sha1 = "flask_cache_/list853058d2b16bb1027b718ec1f01ebfffda6f2bf2";
        assert!(is_candidate(&facts, &options, sha1, "/list?a=1"));
        assert!(is_candidate(&facts, &options, "flask_cache_view//list", "http://h/list?a=1"));
    }
}
