//! Keys of Flask-Session.

use thiserror::Error;

use super::target::percent_decode;

/// `SESSION_KEY_PREFIX` if nothing else is configured.
pub const PREFIX: &str = "session:";

/// Why a text leads to no session.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SessionError {
    /// Flask's own cookie, which holds the session itself.
    #[error("this cookie holds the session itself; Flask stores nothing for it on a server")]
    ClientSide,
    /// Nothing is left as an id.
    #[error("there is no session id")]
    Empty,
}

/// Returns the session id in a text: an id, a cookie value with or without signature, or a cookie pasted with its name, quotes or
/// percent-encoding.
///
/// An id is cut at its last dot, where the signature starts; neither UUIDs nor `secrets.token_urlsafe` have one.
///
/// # Errors
/// [`SessionError`] says why there is none.
pub fn id(cookie: &str) -> Result<String, SessionError> {
    let value = cookie_value(cookie.trim());
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let value = String::from_utf8_lossy(&percent_decode(value.as_bytes())).into_owned();
    // A JSON object in Base64 starts with `eyJ`; a compressed payload starts with a dot (itsdangerous `URLSafeSerializer`).
    let is_payload = value.matches('.').count() >= 2 && (value.starts_with("eyJ") || value.starts_with('.'));
    if is_payload {
        return Err(SessionError::ClientSide);
    }
    let id = value.rsplit_once('.').map_or(value.as_str(), |(id, _)| id);
    if id.is_empty() { Err(SessionError::Empty) } else { Ok(id.to_owned()) }
}

/// Returns the wire key of a session: the prefix and the [`id`] in a text.
///
/// # Errors
/// As [`id`].
pub fn key(cookie: &str, prefix: &str) -> Result<String, SessionError> {
    Ok(format!("{prefix}{}", id(cookie)?))
}

/// The value in a `Cookie` or `Set-Cookie` header, of the cookie named `session` or else the first; an id has no `=`.
fn cookie_value(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let header = ["set-cookie:", "cookie:"].into_iter().find(|name| lower.starts_with(name));
    let text = header.and_then(|name| text.get(name.len()..)).unwrap_or(text);
    let first = text.split(';').next().unwrap_or(text).trim();
    if !first.contains('=') {
        return first;
    }
    let mut pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    let value_of_first = first.split_once('=').map_or(first, |(_, value)| value);
    pairs.find(|(name, _)| *name == "session").map_or(value_of_first, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_whatever_is_pasted() {
        for (cookie, expected) in [
            ("bdb1ecde-1b20-4dee-b8b4-21ede8f6e93c", "session:bdb1ecde-1b20-4dee-b8b4-21ede8f6e93c"),
            ("fdb3e973-b636.o_WjCZZRI82xGnfs2BtZJ6b8MF4", "session:fdb3e973-b636"),
            (" -XB-FCAI.ZiyOcPg \n", "session:-XB-FCAI"),
            ("a.b.sig", "session:a.b"),
            ("\"quoted.sig\"", "session:quoted"),
            ("abc%2Esig", "session:abc"),
            ("session=abc.sig; Path=/; HttpOnly", "session:abc"),
            ("Cookie: theme=dark; session=abc.sig", "session:abc"),
            ("Set-Cookie: sid=abc; Path=/", "session:abc"),
            ("abc; Path=/", "session:abc"),
        ] {
            assert_eq!(key(cookie, PREFIX).as_deref(), Ok(expected), "{cookie}");
        }
        assert_eq!(key("abc", "sess-").as_deref(), Ok("sess-abc"));
    }

    #[test]
    fn what_has_no_id_is_named() {
        for (cookie, expected) in [
            ("", SessionError::Empty),
            ("  ", SessionError::Empty),
            (".sig", SessionError::Empty),
            ("session=", SessionError::Empty),
            ("eyJ1c2VyX2lkIjo3fQ.ZiyOcQ.sig", SessionError::ClientSide),
            (".eJyrVkrOz0tVslIqLU4tUqoFADYhBfE.ZiyOcQ.sig", SessionError::ClientSide),
        ] {
            assert_eq!(key(cookie, PREFIX), Err(expected), "{cookie}");
        }
    }
}
