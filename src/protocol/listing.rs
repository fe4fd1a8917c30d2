//! The listings of memcached's crawler: `lru_crawler metadump` and `lru_crawler mgdump`, one line an item.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Limits;
use super::Malformed;
use super::Refusal;
use super::line;

/// Asks for every item by walking the hash table; `all` walks the LRUs and misses items that move meanwhile.
pub const METADUMP: &[u8] = b"lru_crawler metadump hash\r\n";

/// Asks for the keys alone (memcached 1.6.19 and newer; `ERROR` elsewhere).
pub const MGDUMP: &[u8] = b"lru_crawler mgdump hash\r\n";

/// What the line of an item begins with in the answer to [`MGDUMP`].
const MGDUMP_ITEM: &[u8] = b"mg ";

/// The last line of the answer to [`MGDUMP`].
const MGDUMP_END: &[u8] = b"EN\r\n";

/// No line of an item is longer: a key in base64 takes 336 bytes.
const LONGEST_MGDUMP: usize = 400;

/// One item of a listing. What the line does not tell is zero, false or `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key, decoded.
    pub key: &'a [u8],
    /// When it expires, in UNIX seconds; `None`: never.
    pub expires: Option<u64>,
    /// When it was last used, in UNIX seconds.
    pub last_access: u64,
    /// The CAS unique.
    pub cas: u64,
    /// Whether it was read since it was stored.
    pub fetched: bool,
    /// The slab class.
    pub slab: u32,
    /// The size with memcached's overhead, in bytes.
    pub size: u64,
    /// The client's mark of the type of the value (memcached 1.6.24 and newer).
    pub flags: Option<u32>,
}

/// One line of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The last line.
    End,
    /// An item.
    Entry(Entry<'a>),
    /// `OK`, which newer servers (1.6.43) send first.
    Started,
    /// The server would not list: `BUSY …`, `ERROR …`, `CLIENT_ERROR …`.
    Refused(Refusal<'a>),
}

/// Takes one line off the front of `input`; gives it with the number of bytes it took, or `None` while it is incomplete.
///
/// A key that had to be decoded stands in `scratch`, any other in `input`. Lines end in LF alone (memcached 1.6.18), the
/// last one and errors in CR LF. Fields that are not known are passed over.
///
/// # Errors
/// [`Malformed`] if the bytes are no line of a listing: the connection cannot be used any more.
pub fn next<'a>(
    limits: &Limits,
    input: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<Option<(Line<'a>, usize)>, Malformed> {
    let Some((text, length)) = line::split(input, limits)? else { return Ok(None) };
    if text.starts_with(MGDUMP_ITEM) {
        let Some(length) = mgdump_length(input) else { return Ok(None) };
        let entry = input.get(..length).and_then(|line| parse_mgdump(line, scratch));
        return entry.map(|entry| Some((Line::Entry(entry), length))).ok_or_else(|| line::unexpected(text));
    }
    let parsed = if let Some(fields) = text.strip_prefix(b"key=") {
        parse_metadump(fields, scratch).map(Line::Entry)
    } else {
        match text {
            b"END" | b"EN" => Some(Line::End),
            b"OK" => Some(Line::Started),
            _ => line::refusal(text).map(Line::Refused),
        }
    };
    parsed.map(|parsed| Some((parsed, length))).ok_or_else(|| line::unexpected(text))
}

/// Tells whether the front of `input` is the whole line of an item.
#[must_use]
pub fn starts_with_item(input: &[u8]) -> bool {
    if input.starts_with(MGDUMP_ITEM) {
        return mgdump_length(input).is_some();
    }
    input.starts_with(b"key=") && memchr::memchr(b'\n', input).is_some()
}

/// Tells whether what has arrived so far ends with the last line of a listing; items never look like it.
#[must_use]
pub fn has_ended(tail: &[u8]) -> bool {
    const ENDS: [&[u8]; 4] = [b"\nEND\r\n", b"\nEN\r\n", b"\nEND\n", b"\nEN\n"];
    ENDS.iter().any(|end| tail.ends_with(end) || tail == &end[1..])
}

/// `KEY exp=… la=… cas=… fetch=yes|no cls=… size=… [flags=…]`.
fn parse_metadump<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Entry<'a>> {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    let (encoded, mut rest) = text.split_at_checked(end)?;
    let mut entry = Entry::default();
    while let Some(field) = rest.strip_prefix(b" ") {
        let end = memchr::memchr(b' ', field).unwrap_or(field.len());
        let (field, behind) = field.split_at_checked(end)?;
        rest = behind;
        set(&mut entry, field)?;
    }
    entry.key = percent_decoded(encoded, scratch)?;
    Some(entry)
}

/// Reads one `NAME=VALUE`; `None` if a known field has an impossible value.
fn set(entry: &mut Entry<'_>, field: &[u8]) -> Option<()> {
    if let Some(value) = field.strip_prefix(b"exp=") {
        // -1 never expires; so does 0, which 1.6.18 never sends.
        entry.expires = match value.first() {
            Some(b'-') => None,
            _ => Some(line::number(value)?).filter(|&expires| expires != 0),
        };
    } else if let Some(value) = field.strip_prefix(b"la=") {
        entry.last_access = line::number(value)?;
    } else if let Some(value) = field.strip_prefix(b"cas=") {
        entry.cas = line::number(value)?;
    } else if let Some(value) = field.strip_prefix(b"fetch=") {
        entry.fetched = value == b"yes";
    } else if let Some(value) = field.strip_prefix(b"cls=") {
        entry.slab = line::small_number(value)?;
    } else if let Some(value) = field.strip_prefix(b"size=") {
        entry.size = line::number(value)?;
    } else if let Some(value) = field.strip_prefix(b"flags=") {
        entry.flags = Some(line::small_number(value)?);
    }
    Some(())
}

/// The length of the line of `mgdump` at the front of `input`, its end included; `None` while more is needed to tell.
///
/// Keys stand there as they are unless the meta commands stored them, so one of a binary client may contain blanks and line
/// feeds. A line that ends in CR LF is whole; after a mere LF another line or the end of the listing has to begin.
fn mgdump_length(input: &[u8]) -> Option<usize> {
    for end in memchr::memchr_iter(b'\n', input) {
        let length = end + 1;
        let (line, rest) = input.split_at_checked(length)?;
        if line.ends_with(b"\r\n") || length > LONGEST_MGDUMP {
            return Some(length);
        }
        if rest.len() < MGDUMP_END.len() {
            return None;
        }
        if rest.starts_with(MGDUMP_ITEM) || rest.starts_with(MGDUMP_END) {
            return Some(length);
        }
    }
    None
}

/// `mg KEY`, or `mg KEY b` for a key in base64.
fn parse_mgdump<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Entry<'a>> {
    let text = line.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text).strip_prefix(MGDUMP_ITEM)?;
    let key = match text.strip_suffix(b" b") {
        Some(encoded) => {
            scratch.clear();
            STANDARD.decode_vec(encoded, scratch).ok()?;
            scratch
        }
        None => text,
    };
    (!key.is_empty()).then_some(Entry { key, ..Entry::default() })
}

/// Undoes memcached's `uriencode`: `%XX` for every byte but letters, digits, `-._~`.
pub(super) fn percent_decoded<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if text.is_empty() {
        return None;
    }
    let Some(mut percent) = memchr::memchr(b'%', text) else { return Some(text) };
    scratch.clear();
    let mut rest = text;
    loop {
        let (plain, behind) = rest.split_at_checked(percent)?;
        scratch.extend_from_slice(plain);
        let [_, high, low, behind @ ..] = behind else { return None };
        scratch.push((nibble(*high)? << 4) | nibble(*low)?);
        rest = behind;
        // Encoded bytes come in runs, so that a byte-wise look is quicker than a search.
        match rest.iter().position(|&byte| byte == b'%') {
            Some(next) => percent = next,
            None => break,
        }
    }
    scratch.extend_from_slice(rest);
    Some(scratch)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RefusalKind;

    /// Lines as the real server sends them (1.6.18), and as newer ones do.
    const METADUMP_SAMPLE: &[u8] =
        b"OK\r\nkey=nb exp=-1 la=1795444015 cas=2 fetch=no cls=1 size=68\nkey=a%20b exp=-1 la=1795444015 cas=3 \
          fetch=yes cls=1 size=64 flags=16\nkey=a%25b%C3%A9 exp=1795444115 la=1795444015 cas=1 fetch=no cls=31 \
          size=1048600 new=field\nEND\r\n";

    const MGDUMP_SAMPLE: &[u8] = b"mg plain\r\nmg YSBi b\r\nmg two words\r\nmg two\nlines\r\nEN\r\n";

    fn all(input: &[u8], step: usize) -> Result<Vec<String>, Malformed> {
        let (mut shown, mut scratch, mut arrived, mut start) = (Vec::new(), Vec::new(), 0, 0);
        loop {
            match next(&Limits::default(), &input[start..arrived], &mut scratch)? {
                Some((line, length)) => {
                    start += length;
                    shown.push(format!("{line:?}"));
                }
                None if arrived == input.len() => return Ok(shown),
                None => arrived = (arrived + step).min(input.len()),
            }
        }
    }

    fn one(input: &[u8]) -> Entry<'static> {
        let scratch = Box::leak(Box::default());
        match next(&Limits::default(), Vec::leak(input.to_vec()), scratch) {
            Ok(Some((Line::Entry(entry), _))) => entry,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_the_same_at_every_cut() {
        let whole = all(METADUMP_SAMPLE, usize::MAX - METADUMP_SAMPLE.len()).unwrap();
        assert_eq!(whole.len(), 5);
        assert_eq!((whole[0].as_str(), whole[4].as_str()), ("Started", "End"));
        let keys = all(MGDUMP_SAMPLE, usize::MAX - MGDUMP_SAMPLE.len()).unwrap();
        assert_eq!(keys.len(), 5);
        for step in 1..METADUMP_SAMPLE.len() {
            assert_eq!(all(METADUMP_SAMPLE, step).unwrap(), whole, "{step}");
            assert_eq!(all(MGDUMP_SAMPLE, step).unwrap(), keys, "{step}");
        }
    }

    #[test]
    fn fields_and_keys_are_decoded() {
        let entry = one(
            b"key=a%25b%C3%a9 exp=1795444115 la=1795444015 cas=1 fetch=yes cls=31 size=1048600 flags=3\n",
        );
        let expected = Entry {
            key: "a%bé".as_bytes(),
            expires: Some(1_795_444_115),
            last_access: 1_795_444_015,
            cas: 1,
            fetched: true,
            slab: 31,
            size: 1_048_600,
            flags: Some(3),
        };
        assert_eq!(entry, expected);
        assert_eq!(one(b"key=x exp=-1 la=1 cas=2 fetch=no cls=1 size=68\n").expires, None);
        assert_eq!(one(b"key=%00%0A%20 exp=-1\n").key, b"\0\n ");
        assert_eq!(one(b"mg plain\r\n").key, b"plain");
        assert_eq!(one(b"mg YSBi b\r\n").key, b"a b");
        assert_eq!(one(b"mg two words\r\n").key, b"two words");
        assert_eq!(one(b"mg two\nlines\r\nEN\r\n").key, b"two\nlines");
        assert_eq!(one(b"mg a\nmg b\n").key, b"a");
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        for (line, kind, message) in [
            (
                "BUSY currently processing crawler request\r\n",
                RefusalKind::Busy,
                "BUSY currently processing crawler request",
            ),
            ("ERROR metadump not allowed\r\n", RefusalKind::Unknown, "metadump not allowed"),
            ("CLIENT_ERROR lru crawler disabled\r\n", RefusalKind::Invalid, "lru crawler disabled"),
            ("ERROR\r\n", RefusalKind::Unknown, "ERROR"),
        ] {
            let (parsed, length) = next(&Limits::default(), line.as_bytes(), &mut Vec::new())
                .map(|line| format!("{line:?}"))
                .map(|text| (text, line.len()))
                .unwrap();
            let expected = Line::Refused(Refusal { kind, message: message.as_bytes() });
            assert_eq!(parsed, format!("{:?}", Some((expected, length))));
        }
    }

    #[test]
    fn hostile_lines_are_errors() {
        for line in [
            "key=\n",
            "key=%4 exp=-1\n",
            "key=%zz exp=-1\n",
            "key=a exp=x\n",
            "key=a size=99999999999999999999\n",
            "mg \r\n",
            "mg !! b\r\n",
            "STAT x\n",
            "\n",
        ] {
            assert!(next(&Limits::default(), line.as_bytes(), &mut Vec::new()).is_err(), "{line:?}");
        }
        let endless = vec![b'a'; 70_000];
        assert!(next(&Limits::default(), &endless, &mut Vec::new()).is_err());
    }

    #[test]
    fn an_item_is_seen_once_its_line_is_whole() {
        for (input, expected) in [
            ("key=a\n", true),
            ("mg a\r\nEN", true),
            ("mg a\nEN", false),
            ("key=a", false),
            ("END\r\n", false),
            ("", false),
        ] {
            assert_eq!(starts_with_item(input.as_bytes()), expected, "{input:?}");
        }
    }

    #[test]
    fn the_end_is_seen_in_the_tail() {
        for tail in ["END\r\n", "EN\r\n", "size=1\nEND\r\n", "mg a\r\nEN\r\n"] {
            assert!(has_ended(tail.as_bytes()), "{tail:?}");
        }
        for tail in ["", "key=END\r\n", "size=1\nEND\r", "mg EN\r\n"] {
            assert!(!has_ended(tail.as_bytes()), "{tail:?}");
        }
    }
}
