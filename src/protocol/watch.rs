//! The log of memcached's `watch`: one line an event, as `logger.c` writes them.

use super::Limits;
use super::Malformed;
use super::Refusal;
use super::RefusalKind;
use super::line;
use super::listing;

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Connections opened and closed.
    Connections,
    /// Deletions (memcached 1.6.20 and newer).
    Deletions,
    /// Items pushed out to make room.
    Evictions,
    /// Look-ups of keys. Commands other than `get` look a key up too: `touch`, `incr`, and `delete` before 1.6.20.
    Fetches,
    /// Stores.
    Mutations,
    /// Whatever else a newer server may tell.
    Other,
}

impl Kind {
    /// The word that asks for it.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Connections => Some("connevents"),
            Self::Deletions => Some("deletions"),
            Self::Evictions => Some("evictions"),
            Self::Fetches => Some("fetchers"),
            Self::Mutations => Some("mutations"),
            Self::Other => None,
        }
    }
}

/// Appends the request for the log of these kinds of events. It must be the first on its connection, and the last.
pub fn request(kinds: impl IntoIterator<Item = Kind>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"watch");
    for word in kinds.into_iter().filter_map(Kind::word) {
        out.push(b' ');
        out.extend_from_slice(word.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// One event. What the line does not tell is empty or `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What it is about.
    pub kind: Kind,
    /// The server's name of it, such as `item_get` or `conn_close`.
    pub name: &'a str,
    /// When it happened, in microseconds since the UNIX epoch, by the server's clock.
    pub micros: u64,
    /// The number that puts the events of several threads into their order.
    pub id: u64,
    /// The key, decoded.
    pub key: &'a [u8],
    /// What came of it: `found`, `not_found`, `flushed`, `expired`; `stored`, `not_stored`, `exists`, `too_large`, `no_memory`.
    pub status: &'a str,
    /// The command of a store (`set`, `add`, …) or deletion.
    pub command: &'a str,
    /// Seconds until the item expires, negative if it has; `None`: never.
    pub ttl: Option<i64>,
    /// Seconds since a victim was last used.
    pub idle: Option<u64>,
    /// Whether a victim was read since it was stored.
    pub fetched: Option<bool>,
    /// The slab class.
    pub slab: Option<u32>,
    /// The number of the connection on the server.
    pub connection: Option<u32>,
    /// The size of the value, in bytes.
    pub size: Option<u64>,
    /// The address of a client that connects or hangs up; `unix` on a UNIX socket.
    pub address: &'a str,
    /// Its port.
    pub port: Option<u16>,
    /// Why a connection ended.
    pub reason: &'a str,
}

impl Event<'_> {
    /// Whether this look-up found its item.
    #[must_use]
    pub fn is_hit(&self) -> bool {
        self.kind == Kind::Fetches && self.status == "found"
    }

    /// Whether this look-up is a step of the store or deletion that follows it: each looks its key up first, which the
    /// log shows as a fetch of its own (memcached 1.6.18, `items.c:do_item_get`).
    #[must_use]
    pub fn is_step_of(&self, next: &Event<'_>) -> bool {
        self.kind == Kind::Fetches
            && matches!(next.kind, Kind::Mutations | Kind::Deletions)
            && self.key == next.key
            && (next.connection.is_none() || self.connection == next.connection)
    }
}

/// One line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `OK`: the log starts.
    Started,
    /// An event.
    Event(Event<'a>),
    /// The server left out this many events, since nobody read them in time.
    Skipped(u64),
    /// The server would not be watched: `ERROR` for a word that it does not know, `WATCHER_TOO_MANY …`.
    Refused(Refusal<'a>),
}

/// Takes one line off the front of `input`; gives it with the number of bytes it took, or `None` while it is incomplete.
///
/// A key that had to be decoded stands in `scratch`, everything else in `input`. Fields that are not known are passed over.
///
/// # Errors
/// [`Malformed`] if the bytes are no line of a log: the connection cannot be used any more.
pub fn next<'a>(
    limits: &Limits,
    input: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<Option<(Line<'a>, usize)>, Malformed> {
    let Some((text, length)) = line::split(input, limits)? else { return Ok(None) };
    let parsed = if text.starts_with(b"ts=") {
        parse_event(text, scratch).map(Line::Event)
    } else if let Some(count) = text.strip_prefix(b"skipped=") {
        line::number(count).map(Line::Skipped)
    } else if let Some(count) = text.strip_prefix(b"[skipped: ") {
        count.strip_suffix(b"]").and_then(line::number).map(Line::Skipped)
    } else if text == b"OK" {
        Some(Line::Started)
    } else if text.starts_with(b"WATCHER_") {
        let is_full = text.starts_with(b"WATCHER_TOO_MANY");
        let kind = if is_full { RefusalKind::Busy } else { RefusalKind::Server };
        Some(Line::Refused(Refusal { kind, message: text }))
    } else {
        line::refusal(text).map(Line::Refused)
    };
    parsed.map(|parsed| Some((parsed, length))).ok_or_else(|| line::unexpected(text))
}

/// `ts=SECONDS.MICROSECONDS gid=N type=NAME FIELD=VALUE…`.
fn parse_event<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Event<'a>> {
    let mut event = Event {
        kind: Kind::Other,
        name: "",
        micros: 0,
        id: 0,
        key: b"",
        status: "",
        command: "",
        ttl: None,
        idle: None,
        fetched: None,
        slab: None,
        connection: None,
        size: None,
        address: "",
        port: None,
        reason: "",
    };
    let mut encoded: &[u8] = b"";
    for field in line::words(text) {
        let Some(equals) = memchr::memchr(b'=', field) else { continue };
        let (name, value) = (field.get(..equals)?, field.get(equals + 1..)?);
        match name {
            b"ts" => event.micros = micros(value)?,
            b"gid" => event.id = line::number(value)?,
            b"type" => {
                event.name = word(value)?;
                event.kind = kind(event.name);
                // Events that nobody asked for have fields with words of their own.
                if event.kind == Kind::Other {
                    return Some(event);
                }
            }
            b"key" => encoded = value,
            _ => set(&mut event, name, value)?,
        }
    }
    if !encoded.is_empty() {
        event.key = listing::percent_decoded(encoded, scratch)?;
    }
    let has_key = !matches!(event.kind, Kind::Connections | Kind::Other);
    (has_key != event.key.is_empty()).then_some(event)
}

fn kind(name: &str) -> Kind {
    match name {
        "item_get" => Kind::Fetches,
        "item_store" => Kind::Mutations,
        "eviction" => Kind::Evictions,
        "deleted" => Kind::Deletions,
        "conn_new" | "conn_close" => Kind::Connections,
        _ => Kind::Other,
    }
}

/// Reads one field behind the type; `None` if a known one has an impossible value.
fn set<'a>(event: &mut Event<'a>, name: &[u8], value: &'a [u8]) -> Option<()> {
    match name {
        b"status" => event.status = word(value)?,
        b"cmd" => event.command = word(value)?,
        b"ttl" => event.ttl = ttl(event.kind, value)?,
        b"la" => event.idle = Some(line::number(value)?),
        b"fetch" => event.fetched = Some(value == b"yes"),
        b"clsid" => event.slab = Some(line::small_number(value)?),
        // 0 where the connection is not known: a value that is refused for its size (1.6.18).
        b"cfd" => event.connection = line::small_number(value).filter(|&number| number > 0),
        b"size" => event.size = Some(line::number(value)?),
        b"rip" => event.address = word(value)?,
        b"rport" => event.port = Some(u16::try_from(line::number(value)?).ok()?),
        b"reason" => event.reason = word(value)?,
        _ => {}
    }
    Some(())
}

/// The microseconds are not padded: `5.7` is 7 microseconds after 5 (memcached 1.6.18).
fn micros(text: &[u8]) -> Option<u64> {
    let point = memchr::memchr(b'.', text)?;
    let (seconds, micros) = (line::number(text.get(..point)?)?, line::number(text.get(point + 1..)?)?);
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// A store tells 0 for never and counts past expiries down from 2³²; an eviction tells -1 for never.
fn ttl(kind: Kind, text: &[u8]) -> Option<Option<i64>> {
    if kind == Kind::Mutations {
        let seconds = line::small_number(text)?.cast_signed();
        return Some(Some(i64::from(seconds)).filter(|&seconds| seconds != 0));
    }
    let seconds: i64 = word(text)?.parse().ok()?;
    Some(Some(seconds).filter(|&seconds| seconds != -1))
}

fn word(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines as the real server sends them (1.6.18), then as newer ones and unknown ones.
    const SAMPLE: &str = "OK\r\n\
        ts=1795832080.714442 gid=2 type=conn_new rip=127.0.0.1 rport=48320 transport=tcp cfd=16\n\
        ts=1795832080.7 gid=4 type=item_get key=a%25b status=not_found clsid=0 cfd=16 size=0\n\
        ts=1795832080.720330 gid=5 type=item_store key=a%25b status=stored cmd=set ttl=0 clsid=1 cfd=16 size=3\n\
        skipped=17\n\
        ts=1795832080.721052 gid=32 type=item_store key=ttl status=stored cmd=set ttl=4294967235 clsid=1 cfd=16 size=1\n\
        ts=1795832080.721053 gid=33 type=item_get key=ttl status=expired clsid=0 cfd=16 size=0\n\
        ts=1795832081.1 gid=34 type=eviction key=old fetch=yes ttl=-1 la=61 clsid=4 size=200\n\
        ts=1795832081.2 gid=35 type=deleted key=gone cmd=md clsid=1 size=2\n\
        ts=1795832081.3 gid=36 type=item_store key=big status=too_large cmd=set ttl=60 clsid=16 cfd=0 size=0\n\
        [skipped: 3]\n\
        ts=1795832081.4 gid=37 type=proxy_req elapsed=3 type=105 detail=some words req=get a=é\n\
        ts=1795832081.424484 gid=38 type=conn_close rip=::1 rport=48320 transport=tcp reason=normal cfd=16\n";

    fn all(input: &[u8], step: usize) -> Result<Vec<String>, Malformed> {
        let (mut shown, mut scratch, mut arrived, mut start) = (Vec::new(), Vec::new(), 0, 0);
        loop {
            match next(&Limits::default(), &input[start..arrived], &mut scratch)? {
                Some((line, length)) => {
                    start += length;
                    shown.push(format!("{line:?}"));
                }
                None if arrived == input.len() => return Ok(shown),
                None => arrived = arrived.saturating_add(step).min(input.len()),
            }
        }
    }

    fn events(text: &str) -> Vec<Event<'static>> {
        let mut rest = Vec::leak(text.as_bytes().to_vec()) as &'static [u8];
        let mut events = Vec::new();
        while let Some((line, length)) = next(&Limits::default(), rest, Box::leak(Box::default())).unwrap() {
            rest = &rest[length..];
            if let Line::Event(event) = line {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn lines_are_the_same_at_every_cut() {
        let whole = all(SAMPLE.as_bytes(), usize::MAX).unwrap();
        assert_eq!(whole.len(), 13);
        assert_eq!(whole[0], "Started");
        assert_eq!((whole[4].as_str(), whole[10].as_str()), ("Skipped(17)", "Skipped(3)"));
        for step in 1..SAMPLE.len() {
            assert_eq!(all(SAMPLE.as_bytes(), step).unwrap(), whole, "{step}");
        }
    }

    #[test]
    fn fields_and_keys_are_decoded() {
        let events = events(SAMPLE);
        let [opened, missed, stored, past, expired, evicted, deleted, large, other, closed] = events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((opened.kind, opened.address, opened.port), (Kind::Connections, "127.0.0.1", Some(48320)));
        assert_eq!(opened.connection, Some(16));
        assert_eq!((missed.kind, missed.key, missed.is_hit()), (Kind::Fetches, &b"a%b"[..], false));
        assert_eq!((missed.micros, missed.id), (1_795_832_080_000_007, 4));
        assert_eq!(
            (stored.command, stored.status, stored.ttl, stored.size),
            ("set", "stored", None, Some(3))
        );
        assert_eq!((past.ttl, expired.status), (Some(-61), "expired"));
        assert_eq!((evicted.fetched, evicted.idle, evicted.ttl), (Some(true), Some(61), None));
        assert_eq!((deleted.kind, deleted.command, deleted.size), (Kind::Deletions, "md", Some(2)));
        assert_eq!((large.status, large.ttl, large.connection), ("too_large", Some(60), None));
        assert_eq!((other.kind, other.name, other.key), (Kind::Other, "proxy_req", &b""[..]));
        assert_eq!((closed.address, closed.reason), ("::1", "normal"));
    }

    #[test]
    fn the_look_up_of_a_store_is_a_step_of_it() {
        let events = events(SAMPLE);
        assert!(events[1].is_step_of(&events[2]));
        assert!(!events[1].is_step_of(&events[3]), "another key");
        assert!(!events[2].is_step_of(&events[2]), "no look-up");
        let elsewhere = Event { connection: Some(17), ..events[2] };
        assert!(!events[1].is_step_of(&elsewhere));
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        for (line, kind) in [
            ("ERROR\r\n", RefusalKind::Unknown),
            ("WATCHER_TOO_MANY log watcher limit reached\r\n", RefusalKind::Busy),
            ("WATCHER_FAILED failed to add log watcher\r\n", RefusalKind::Server),
            ("CLIENT_ERROR unauthenticated\r\n", RefusalKind::Unauthenticated),
        ] {
            let mut scratch = Vec::new();
            let parsed = next(&Limits::default(), line.as_bytes(), &mut scratch).unwrap();
            assert!(
                matches!(parsed, Some((Line::Refused(refusal), _)) if refusal.kind == kind),
                "{parsed:?}"
            );
        }
    }

    #[test]
    fn hostile_lines_are_errors() {
        for line in [
            "\n",
            "ts=\n",
            "ts=1 gid=2 type=item_get key=a\n",
            "ts=1.1 gid=x type=item_get key=a\n",
            "ts=99999999999999999999.1 gid=1 type=item_get key=a\n",
            "ts=1.1 gid=1 type=item_get key=%4\n",
            "ts=1.1 gid=1 type=item_get key=\n",
            "ts=1.1 gid=1 type=item_get\n",
            "ts=1.1 gid=1 type=conn_new rip=1 rport=65536\n",
            "ts=1.1 gid=1 type=item_store key=a ttl=-1\n",
            "ts=1.1 gid=1 type=item_get key=a size=-5\n",
            "skipped=\n",
            "skipped=-1\n",
            "[skipped: 3\n",
            "STAT x 1\n",
        ] {
            let mut scratch = Vec::new();
            assert!(next(&Limits::default(), line.as_bytes(), &mut scratch).is_err(), "{line:?}");
        }
        let endless = [b"ts=1.1 ".to_vec(), vec![b'a'; 70_000]].concat();
        assert!(next(&Limits::default(), &endless, &mut Vec::new()).is_err());
    }

    #[test]
    fn the_request_names_every_kind() {
        let mut out = Vec::new();
        request([Kind::Fetches, Kind::Other, Kind::Deletions], &mut out);
        assert_eq!(out, b"watch fetchers deletions\r\n");
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..SAMPLE.len()) {
            let mut input = SAMPLE.as_bytes().to_vec();
            input.splice(at..at, bytes.iter().copied());
            for input in [&input[..], &bytes[..]] {
                let whole = all(input, usize::MAX);
                let cut = all(input, 7);
                prop_assert_eq!(whole.is_ok(), cut.is_ok());
            }
        }
    }
}
