//! Records as `memcached-tool dump` prints them, to be replayed with `nc`: `add KEY FLAGS EXPIRY LENGTH`, then the value.
//!
//! The expiry is in UNIX seconds and 0 for never. Older versions of that script (memcached 1.5) print -1 for never, which a
//! server would take for "at once"; it is read as never.

use super::Flaw;
use super::Saved;
use crate::protocol::key::MAX_KEY_LENGTH;
use crate::protocol::request::MAX_RELATIVE_SECONDS;

/// The latest expiry that text can say: above that memcached 1.6.18 stores the item and lets it expire at once.
const LATEST: u64 = i32::MAX as u64;

/// As much of a foreign line as an error shows.
const SHOWN: usize = 40;

/// Appends a record; `false`, and nothing is appended, if a line cannot carry its key.
pub fn encode(saved: &Saved<'_>, out: &mut Vec<u8>) -> bool {
    if saved.key.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r' | b' ')) {
        return false;
    }
    out.extend_from_slice(b"add ");
    out.extend_from_slice(saved.key);
    let expires = saved.expires.map_or(0, |expires| expires.min(LATEST));
    for number in [saved.flags.into(), expires, saved.value.len() as u64] {
        out.push(b' ');
        // A number and a vector cannot fail.
        drop(serde_json::to_writer(&mut *out, &number));
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(saved.value);
    out.extend_from_slice(b"\r\n");
    true
}

/// The line before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The wire key.
    pub key: &'a [u8],
    /// The client's mark of the type of the value.
    pub flags: u32,
    /// When it expires, in UNIX seconds; `None`: never.
    pub expires: Option<u64>,
    /// The length of the value in bytes, line end not counted.
    pub length: usize,
}

/// Reads the line before a value, without its line end; `now` (UNIX seconds) is what a short expiry counts from.
///
/// # Errors
/// [`Flaw`] says why it is none.
pub fn head(line: &[u8], now: u64) -> Result<Head<'_>, Flaw> {
    parse(line, now).ok_or_else(|| {
        let start = line.get(..SHOWN).unwrap_or(line);
        Flaw::Command { start: String::from_utf8_lossy(start).into_owned() }
    })
}

fn parse(line: &[u8], now: u64) -> Option<Head<'_>> {
    let mut words = line.split(|&byte| byte == b' ');
    if !matches!(words.next()?, b"add" | b"set") {
        return None;
    }
    let key = words.next().filter(|key| (1..=MAX_KEY_LENGTH).contains(&key.len()))?;
    let flags = number(words.next()?)?;
    let expiry: i64 = number(words.next()?)?;
    let length = number(words.next()?)?;
    if words.next().is_some() {
        return None;
    }
    let expires = match u64::try_from(expiry) {
        Err(_) | Ok(0) => None,
        Ok(seconds @ 1..=MAX_RELATIVE_SECONDS) => Some(now + seconds),
        Ok(date) => Some(date),
    };
    Some(Head { key, flags, expires, length })
}

fn number<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(word).ok()?;
    // `from_str` takes a plus sign too, which memcached's numbers have not.
    if text.starts_with('+') { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_an_add_command() {
        let mut out = Vec::new();
        let saved = Saved { key: b"a%b", flags: 16, expires: Some(1_900_000_000), value: b"1\r\n2" };
        assert!(encode(&saved, &mut out));
        assert!(encode(&Saved { expires: None, value: b"", ..saved }, &mut out));
        assert_eq!(out, b"add a%b 16 1900000000 4\r\n1\r\n2\r\nadd a%b 16 0 0\r\n\r\n");
        assert!(encode(&Saved { expires: Some(u64::MAX), ..saved }, &mut out));
        assert!(out.ends_with(b" 2147483647 4\r\n1\r\n2\r\n"));
    }

    #[test]
    fn a_key_that_a_line_cannot_carry_is_refused() {
        for byte in [0, b' ', b'\r', b'\n'] {
            let mut out = Vec::new();
            assert!(!encode(&Saved { key: &[b'a', byte], flags: 0, expires: None, value: b"" }, &mut out));
            assert!(out.is_empty());
        }
    }

    #[test]
    fn expiries_are_dates_short_ones_count_from_now() {
        for (expiry, expires) in [
            ("0", None),
            ("-1", None),
            ("60", Some(1_060)),
            ("2592000", Some(2_593_000)),
            ("2592001", Some(2_592_001)),
        ] {
            let line = format!("add k 1 {expiry} 3");
            let expected = Head { key: b"k", flags: 1, expires, length: 3 };
            assert_eq!(head(line.as_bytes(), 1000), Ok(expected), "{line}");
        }
    }

    #[test]
    fn foreign_lines_are_refused() {
        for line in [
            "",
            "add",
            "add k",
            "add k 0 0",
            "add k 0 0 x",
            "add k 0 0 -1",
            "add k 0 0 +1",
            "add a b 0 0 1",
            "add  0 0 1",
            "add k 0 0 1 noreply x",
            "get k",
            "add k 4294967296 0 1",
            "add k 0 0 99999999999999999999",
            "STORED",
            "Dumping memcache contents",
        ] {
            assert!(head(line.as_bytes(), 0).is_err(), "{line:?}");
        }
        let long = format!("add {} 0 0 1", "k".repeat(251));
        assert!(head(long.as_bytes(), 0).is_err());
    }
}
