//! What watchers are told: lines as memcached's `logger.c` writes them.

use std::fmt;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use super::arrivals::Arrivals;
use super::store::Mode;
use super::store::Outcome;
use super::table::Item;
use super::table::mark;

/// Kinds of events, as bits.
pub(super) mod kind {
    pub(in super::super) const CONNECTIONS: u16 = 1;
    pub(in super::super) const DELETIONS: u16 = 2;
    pub(in super::super) const EVICTIONS: u16 = 4;
    pub(in super::super) const FETCHERS: u16 = 8;
    pub(in super::super) const MUTATIONS: u16 = 16;
}

/// How many may watch (`WATCHER_LIMIT`).
const WATCHERS: usize = 20;

/// What waits for one watcher at most, in bytes (`watcher_logbuf_size`).
const BUFFER: usize = 256 << 10;

/// A connection: its worker and its number there.
pub(super) type Watching = (usize, usize);

/// All watchers.
#[derive(Debug, Default)]
pub(super) struct Log {
    watchers: Vec<Watcher>,
    /// The kinds that anybody watches.
    kinds: u16,
    entries: u64,
    /// What whoever runs the server is shown.
    pub(super) arrivals: Arrivals,
    pub(super) sent: u64,
    pub(super) skipped: u64,
}

#[derive(Debug)]
struct Watcher {
    connection: Watching,
    kinds: u16,
    lines: Vec<u8>,
    skipped: u64,
    is_told: bool,
}

impl Log {
    /// Adds a watcher, unless there are too many.
    pub(super) fn add(&mut self, connection: Watching, kinds: u16) -> bool {
        if self.watchers.len() >= WATCHERS {
            return false;
        }
        self.entries += 1;
        self.kinds |= kinds;
        self.watchers.push(Watcher { connection, kinds, lines: Vec::new(), skipped: 0, is_told: true });
        true
    }

    pub(super) fn remove(&mut self, connection: Watching) {
        self.watchers.retain(|watcher| watcher.connection != connection);
        self.kinds = self.watchers.iter().fold(0, |kinds, watcher| kinds | watcher.kinds);
    }

    pub(super) fn count(&self) -> usize {
        self.watchers.len()
    }

    /// Moves what waits for a watcher to `out`.
    pub(super) fn take(&mut self, connection: Watching, out: &mut Vec<u8>) {
        for watcher in self.watchers.iter_mut().filter(|watcher| watcher.connection == connection) {
            out.append(&mut watcher.lines);
            watcher.is_told = true;
        }
    }

    /// The workers of the watchers that have something to send since they were last asked for.
    pub(super) fn untold(&mut self) -> impl Iterator<Item = Watching> + '_ {
        let untold = self.watchers.iter_mut().filter(|watcher| !watcher.is_told);
        untold.map(|watcher| {
            watcher.is_told = true;
            watcher.connection
        })
    }

    pub(super) fn wants(&self, kind: u16) -> bool {
        self.kinds & kind != 0
    }

    /// Writes one event: its type and fields, which the time and a number go before.
    pub(super) fn write(&mut self, kind: u16, fields: fmt::Arguments<'_>) {
        if !self.wants(kind) {
            return;
        }
        self.entries += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // The microseconds are not padded (memcached 1.6.18).
        let line = format!("ts={}.{} gid={} {fields}\n", now.as_secs(), now.subsec_micros(), self.entries);
        for watcher in self.watchers.iter_mut().filter(|watcher| watcher.kinds & kind != 0) {
            if watcher.lines.len() + line.len() > BUFFER {
                watcher.skipped += 1;
                self.skipped += 1;
                continue;
            }
            if watcher.skipped > 0 {
                watcher.lines.extend_from_slice(format!("skipped={}\n", watcher.skipped).as_bytes());
                watcher.skipped = 0;
            }
            watcher.is_told &= !watcher.lines.is_empty();
            watcher.lines.extend_from_slice(line.as_bytes());
            self.sent += 1;
        }
    }

    pub(super) fn eviction(&mut self, item: &Item, now: u32) {
        if !self.wants(kind::EVICTIONS) {
            return;
        }
        let ttl = if item.expiry == 0 { -1 } else { i64::from(item.expiry) - i64::from(now) };
        self.write(
            kind::EVICTIONS,
            format_args!(
                "type=eviction key={} fetch={} ttl={ttl} la={} clsid={} size={}",
                Encoded(item.key()),
                yes_no(item.marks & mark::FETCHED != 0),
                now.saturating_sub(item.time),
                item.class,
                item.value().len()
            ),
        );
    }
}

impl Log {
    /// The event of newer servers (1.6.24); 1.6.18 has none for deletions.
    pub(super) fn deleted(&mut self, key: &[u8], clsid: u8, cfd: i32) {
        self.arrivals.note("delete", key, "deleted");
        let key = Encoded(key);
        self.write(
            kind::DELETIONS,
            format_args!("type=deleted key={key} cmd=delete clsid={clsid} cfd={cfd}"),
        );
    }

    /// `shown` is the length of the value, its expiry on the server's clock, and its class.
    #[expect(clippy::too_many_arguments, reason = "a log line has as many fields")]
    pub(super) fn stored(
        &mut self,
        mode: Mode,
        key: &[u8],
        outcome: Outcome,
        shown: Option<(usize, u32, u8)>,
        now: u32,
        cfd: i32,
    ) {
        let status = match outcome {
            Outcome::Exists => "exists",
            Outcome::NoMemory => "no_memory",
            Outcome::NotFound => "not_found",
            Outcome::NotStored => "not_stored",
            Outcome::Stored => "stored",
            Outcome::TooLarge => "too_large",
        };
        let cmd = match mode {
            Mode::Add => "add",
            Mode::Append => "append",
            Mode::Cas => "cas",
            Mode::Prepend => "prepend",
            Mode::Replace => "replace",
            Mode::Set => "set",
        };
        self.arrivals.note(cmd, key, status);
        if !self.wants(kind::MUTATIONS) {
            return;
        }
        let (size, expiry, clsid) = shown.unwrap_or_default();
        let ttl = if expiry == 0 { 0 } else { expiry.wrapping_sub(now) };
        let key = Encoded(key);
        self.write(
            kind::MUTATIONS,
            format_args!(
                "type=item_store key={key} status={status} cmd={cmd} ttl={ttl} clsid={clsid} cfd={cfd} size={size}"
            ),
        );
    }
}

/// A key as listings and logs show it (`util.c:uriencode`).
pub(super) struct Encoded<'a>(pub(super) &'a [u8]);

impl Encoded<'_> {
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        for &byte in self.0 {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(byte);
            } else {
                out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
}

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.push(&mut out);
        formatter.write_str(&String::from_utf8_lossy(&out))
    }
}

/// `yes` or `no`.
pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
