//! The cache: items under a memory limit, with memcached's rules for storing, expiring and evicting them.

use std::collections::BTreeMap;

use super::counters::Counters;
use super::log::Encoded;
use super::log::Log;
use super::log::kind;
use super::number;
use super::prefixes::Prefixes;
use super::settings::Settings;
use super::slabs::Chunks;
use super::slabs::Slabs;
use super::table::Fresh;
use super::table::Table;
use super::table::mark;

/// The server's clock starts here, so that 0 can mean never (`ITEM_UPDATE_INTERVAL` + 2 in memcached.c).
pub(super) const CLOCK_START: u32 = 62;

/// Relative expiries end here, in seconds; larger ones are dates (`REALTIME_MAXDELTA`).
const MAX_RELATIVE: i64 = 60 * 60 * 24 * 30;

/// Under which condition a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Add,
    Append,
    Cas,
    Prepend,
    Replace,
    Set,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Exists,
    NoMemory,
    NotFound,
    NotStored,
    Stored,
    TooLarge,
}

/// What became of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delta {
    CasMismatch,
    /// Where it is, its value, and whether it took a fresh item to hold it.
    Done(u32, u64, bool),
    NoMemory,
    NotFound,
    NotNumeric,
}

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Peer {
    /// From where, as `stats conns` tells it.
    pub(super) from: String,
    /// To where.
    pub(super) to: String,
    /// When the last command came, on the server's clock.
    pub(super) last_command: u32,
    pub(super) state: &'static str,
}

/// The cache and everything that is counted and told about it.
#[derive(Debug)]
pub(super) struct Store {
    /// The server's clock in seconds, set before each round of commands.
    pub(super) now: u32,
    /// UNIX seconds when the clock was 0.
    pub(super) epoch: u64,
    /// The file descriptor whose commands are run, for the log.
    pub(super) descriptor: i32,
    /// Who is connected, by file descriptor.
    pub(super) connections: BTreeMap<i32, Peer>,
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    pub(super) log: Log,
    pub(super) prefixes: Prefixes,
    pub(super) table: Table,
    pub(super) slabs: Slabs,
    /// Whether a listing is under way.
    pub(super) is_listing: bool,
    last_cas: u64,
    flushed_until: u32,
    flushed_cas: u64,
}

impl Store {
    pub(super) fn new(settings: Settings, unix_seconds: u64) -> Self {
        Self {
            now: CLOCK_START,
            epoch: unix_seconds.saturating_sub(CLOCK_START.into()),
            descriptor: 0,
            connections: BTreeMap::new(),
            counters: Counters::new(),
            log: Log::default(),
            prefixes: Prefixes::default(),
            table: Table::new(),
            slabs: Slabs::new(settings.memory_limit, settings.item_size_max),
            settings,
            is_listing: false,
            last_cas: 0,
            flushed_until: 0,
            flushed_cas: 0,
        }
    }

    /// An expiry on the server's clock (`memcached.c:realtime`); negative ones are over at once.
    pub(super) fn expiry(&self, seconds: i64) -> u32 {
        let on_clock = match seconds {
            0 => 0,
            ..0 => 1,
            1..=MAX_RELATIVE => seconds + i64::from(self.now),
            _ => (seconds - i64::try_from(self.epoch).unwrap_or(i64::MAX)).max(1),
        };
        u32::try_from(on_clock).unwrap_or(u32::MAX)
    }

    /// The place of an item that is neither expired nor flushed; `use_it` if this counts as a use.
    pub(super) fn find(&mut self, key: &[u8], use_it: bool) -> Option<u32> {
        let mut found = self.table.find(key);
        let mut status = if found.is_some() { "found" } else { "not_found" };
        if let Some(place) = found {
            if self.is_flushed(place) {
                self.counters.get_flushed += 1;
                (found, status) = (None, "flushed");
                self.unlink(place);
            } else if self.is_over(place, 0) {
                self.counters.get_expired += 1;
                (found, status) = (None, "expired");
                self.unlink(place);
            } else if use_it {
                self.bump(place);
            }
        }
        if self.log.wants(kind::FETCHERS) {
            let (class, size) = found.map_or((0, 0), |place| {
                let item = self.table.item(place);
                (item.class, item.value().len())
            });
            let cfd = self.descriptor;
            let key = Encoded(key);
            self.log.write(
                kind::FETCHERS,
                format_args!("type=item_get key={key} status={status} clsid={class} cfd={cfd} size={size}"),
            );
        }
        found
    }

    /// The first use marks an item, later ones make it the latest used (`items.c:do_item_bump`).
    pub(super) fn bump(&mut self, place: u32) {
        let now = self.now;
        let item = self.table.item_mut(place);
        if item.marks & mark::FETCHED == 0 {
            item.marks |= mark::FETCHED;
        } else {
            item.time = now;
            self.table.bump(place);
        }
    }

    /// Whether an item of this size can be stored at all.
    pub(super) fn admits(&self, key: usize, flags: u32, value: usize) -> bool {
        self.slabs.chunks(Slabs::item_size(key, flags, value)).is_some()
    }

    /// Notes that a value was refused, and drops what is stored under its name if that would be out of date.
    pub(super) fn refuse(&mut self, mode: Mode, key: &[u8], outcome: Outcome, is_replacing: bool) {
        self.log.stored(mode, key, outcome, None, self.now, self.descriptor);
        if is_replacing && let Some(place) = self.find(key, false) {
            self.unlink(place);
        }
    }

    /// Counts a value that arrived (`cmd_set`).
    pub(super) fn count_set(&mut self, fresh: &Fresh<'_>) {
        let size = Slabs::item_size(fresh.key.len(), fresh.flags, fresh.parts[0].len());
        if let Some(chunks) = self.slabs.chunks(size) {
            self.counters.class(chunks.class).cmd_set += 1;
        }
    }

    /// Stores a value; gives the new CAS unique with `Stored` (`memcached.c:do_store_item`).
    pub(super) fn store(&mut self, mode: Mode, fresh: &Fresh<'_>, cas: u64, stale: bool) -> (Outcome, u64) {
        let size = Slabs::item_size(fresh.key.len(), fresh.flags, fresh.parts[0].len());
        let Some(chunks) = self.slabs.chunks(size) else { return (Outcome::TooLarge, 0) };
        if !self.reserve(chunks) {
            return (Outcome::NoMemory, 0);
        }
        let old = self.find(fresh.key, false);
        let outcome = match old {
            Some(place) => self.store_over(mode, fresh, cas, stale, place, chunks),
            None => {
                let outcome = match mode {
                    Mode::Add | Mode::Set => Outcome::Stored,
                    Mode::Cas => {
                        self.counters.cas_misses += 1;
                        Outcome::NotFound
                    }
                    Mode::Append | Mode::Prepend | Mode::Replace => Outcome::NotStored,
                };
                self.settle(outcome, None, fresh, chunks);
                outcome
            }
        };
        let cas = if outcome == Outcome::Stored { self.last_cas } else { 0 };
        let shown = Some((fresh.parts[0].len(), fresh.expiry, chunks.class));
        self.log.stored(mode, fresh.key, outcome, shown, self.now, self.descriptor);
        (outcome, cas)
    }

    /// Stores where there is an item of this name.
    #[expect(clippy::too_many_arguments, reason = "what memcached's do_store_item looks at")]
    fn store_over(
        &mut self,
        mode: Mode,
        fresh: &Fresh<'_>,
        cas: u64,
        stale: bool,
        place: u32,
        chunks: Chunks,
    ) -> Outcome {
        let old = self.table.item(place);
        let (class, old_cas) = (old.class, old.cas);
        let is_stale = stale && cas != 0 && cas < old_cas;
        let mut fresh = *fresh;
        let outcome = match mode {
            Mode::Add => {
                self.table.item_mut(place).time = self.now;
                Outcome::NotStored
            }
            Mode::Cas if cas == old_cas || is_stale => {
                if is_stale {
                    // The value is replaced, but remains out of date (`ms … I`).
                    fresh.expiry = old.expiry;
                    fresh.marks |= mark::STALE | old.marks & mark::WON;
                }
                self.counters.class(class).cas_hits += 1;
                Outcome::Stored
            }
            Mode::Cas => {
                self.counters.class(class).cas_badval += 1;
                Outcome::Exists
            }
            Mode::Append | Mode::Prepend if cas != 0 && cas != old_cas => Outcome::Exists,
            Mode::Append | Mode::Prepend => return self.extend(mode, &fresh, place, chunks),
            Mode::Replace | Mode::Set => Outcome::Stored,
        };
        self.settle(outcome, Some(place), &fresh, chunks);
        outcome
    }

    /// Puts a value behind or before the present one.
    fn extend(&mut self, mode: Mode, fresh: &Fresh<'_>, place: u32, chunks: Chunks) -> Outcome {
        let old = self.table.item(place);
        let present = old.value().to_vec();
        let added = fresh.parts[0];
        let parts = if mode == Mode::Append { [&present[..], added] } else { [added, &present[..]] };
        let joined = Fresh { flags: old.flags, expiry: old.expiry, parts, marks: 0, ..*fresh };
        let size = Slabs::item_size(fresh.key.len(), old.flags, present.len() + added.len());
        let reserved = self.slabs.chunks(size).filter(|&chunks| self.reserve(chunks));
        self.give(chunks);
        // The reserve may have evicted the very item.
        match (reserved, self.table.find(fresh.key)) {
            (None, _) => Outcome::NotStored,
            (Some(chunks), old) => {
                self.settle(Outcome::Stored, old, &joined, chunks);
                Outcome::Stored
            }
        }
    }

    /// Links an item into its reserved chunks, or gives them back.
    fn settle(&mut self, outcome: Outcome, old: Option<u32>, fresh: &Fresh<'_>, chunks: Chunks) {
        if outcome != Outcome::Stored {
            self.give(chunks);
            return;
        }
        if let Some(place) = old {
            self.give_of(place);
        }
        let cas = self.next_cas();
        self.table.put(old, fresh, chunks.class, cas, self.now);
        self.counters.total_items += 1;
        self.counters.class(chunks.class).moves_to_cold += 1;
    }

    /// Makes an item of nothing, as `mg … N` does on a miss.
    pub(super) fn vivify(&mut self, fresh: &Fresh<'_>) -> Option<u32> {
        let size = Slabs::item_size(fresh.key.len(), 0, fresh.parts[0].len());
        let chunks = self.slabs.chunks(size)?;
        if !self.reserve(chunks) {
            return None;
        }
        self.settle(Outcome::Stored, None, fresh, chunks);
        self.table.find(fresh.key)
    }

    /// Adds to or subtracts from a number (`memcached.c:do_add_delta`); `cas` 0 for any.
    pub(super) fn delta(&mut self, key: &[u8], up: bool, delta: u64, cas: u64) -> Delta {
        let Some(place) = self.find(key, false) else { return Delta::NotFound };
        let now = self.now;
        let item = self.table.item(place);
        let (class, expiry, flags) = (item.class, item.expiry, item.flags);
        if item.value().is_empty() || item.size() > super::slabs::LARGEST_CHUNK {
            return Delta::NotNumeric;
        }
        if cas != 0 && cas != item.cas {
            return Delta::CasMismatch;
        }
        let Some(number) = number::unsigned(item.line()) else { return Delta::NotNumeric };
        let number = if up { number.wrapping_add(delta) } else { number.saturating_sub(delta) };
        let counters = self.counters.class(class);
        *(if up { &mut counters.incr_hits } else { &mut counters.decr_hits }) += 1;
        self.log.arrivals.note(if up { "incr" } else { "decr" }, key, "hit");
        let mut digits = Vec::new();
        number::push(&mut digits, number);
        if digits.len() <= self.table.item(place).value().len() {
            let cas = self.next_cas();
            let item = self.table.item_mut(place);
            (item.cas, item.time) = (cas, now);
            // The length stays: what is too short gets blanks behind it.
            let (start, rest) = item.value_mut().split_at_mut(digits.len());
            start.copy_from_slice(&digits);
            rest.fill(b' ');
            return Delta::Done(place, number, false);
        }
        let size = Slabs::item_size(key.len(), flags, digits.len());
        let Some(chunks) = self.slabs.chunks(size).filter(|&chunks| self.reserve(chunks)) else {
            return Delta::NoMemory;
        };
        let fresh = Fresh { key, flags, expiry, parts: [&digits, b""], marks: 0 };
        let old = self.table.find(key);
        self.settle(Outcome::Stored, old, &fresh, chunks);
        match self.table.find(key) {
            Some(place) => Delta::Done(place, number, true),
            None => Delta::NotFound,
        }
    }

    /// Takes an item out.
    pub(super) fn unlink(&mut self, place: u32) {
        self.give_of(place);
        self.table.remove(place);
    }

    /// Gives an item another CAS unique.
    pub(super) fn next_cas(&mut self) -> u64 {
        self.last_cas += 1;
        self.last_cas
    }

    /// Makes everything stored until now invalid, at once or from a time on the server's clock.
    pub(super) fn flush(&mut self, delay: i64) {
        self.counters.cmd_flush += 1;
        self.log.arrivals.note("flush_all", b"", "done");
        let from = if delay > 0 { self.expiry(delay) } else { self.now };
        self.flushed_until = from.saturating_sub(1);
        if self.flushed_until <= self.now {
            self.flushed_cas = self.next_cas();
        }
    }

    /// Whether a flush made an item invalid (`items.c:item_is_flushed`).
    pub(super) fn is_flushed(&self, place: u32) -> bool {
        let item = self.table.item(place);
        self.flushed_until != 0
            && self.flushed_until <= self.now
            && (item.time <= self.flushed_until || self.flushed_cas != 0 && item.cas < self.flushed_cas)
    }

    /// Whether an item expired at least so many seconds ago; what only lists waits one second longer than what reads.
    pub(super) fn is_over(&self, place: u32, seconds: u32) -> bool {
        let expiry = self.table.item(place).expiry;
        expiry != 0 && expiry.saturating_add(seconds) <= self.now
    }
}
