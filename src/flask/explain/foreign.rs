//! Shapes of keys that other frameworks make.

use super::Shape;

/// The shape of a key of Django, Dalli or Rails; none if it is none.
pub(super) fn shape(key: &str) -> Option<Shape> {
    if let Some((_, digest)) = key.rsplit_once(":md5:")
        && is_md5(digest)
    {
        return Some(Shape::Dalli { digest: digest.to_owned() });
    }
    django(key).or_else(|| is_rails(key).then_some(Shape::Rails))
}

/// A key of Django: `KEY_PREFIX:VERSION:key` (`default_key_func` in django/core/cache/backends/base.py).
fn django(key: &str) -> Option<Shape> {
    let (prefix, rest) = key.split_once(':')?;
    let (version, rest) = rest.split_once(':')?;
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(fragment) = rest.strip_prefix("template.cache.")
        && let Some((name, digest)) = fragment.rsplit_once('.')
        && is_md5(digest)
    {
        return Some(Shape::DjangoFragment { name: name.to_owned() });
    }
    if rest.starts_with("views.decorators.cache.cache_header.") {
        return Some(Shape::DjangoHeaders);
    }
    if let Some(page) = rest.strip_prefix("views.decorators.cache.cache_page.") {
        let parts: Vec<&str> = page.split('.').collect();
        let method = parts.windows(3).find_map(|window| match window {
            [method, url, headers] if is_md5(url) && is_md5(headers) => Some(*method),
            _ => None,
        });
        return Some(Shape::DjangoPage { method: method.unwrap_or_default().to_owned() });
    }
    Some(Shape::Django { prefix: prefix.to_owned(), version: version.to_owned(), rest: rest.to_owned() })
}

/// Tells whether a text is an MD5 in hexadecimal.
fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells whether a key has bytes escaped as Rails does (`%XX`, upper-case), or starts like a fragment of a Rails view.
fn is_rails(key: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let is_escaped = key
        .as_bytes()
        .windows(3)
        .any(|window| matches!(*window, [b'%', high, low] if is_digit(high) && is_digit(low)));
    is_escaped || key.starts_with("views/")
}
