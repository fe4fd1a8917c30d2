//! The classic text commands, server side (`proto_text.c`).

use super::Authentication;
use super::admin;
use super::meta;
use super::number;
use super::prefixes::Event;
use super::session::ENOUGH_OUTPUT;
use super::session::Session;
use super::session::Step;
use super::session::unfinished_line;
use super::store::Delta;
use super::store::Mode;
use super::store::Outcome;
use super::store::Store;
use super::table::Fresh;
use super::words;
use super::words::Words;
use crate::protocol::key::MAX_KEY_LENGTH;

pub(super) const BAD_FORMAT: &str = "CLIENT_ERROR bad command line format";

/// A command with what it needs of its surroundings.
pub(super) struct Command<'a> {
    pub(super) words: Words<'a>,
    /// The line and all that came behind it.
    pub(super) input: &'a [u8],
    /// Where the next line starts.
    pub(super) next: usize,
    pub(super) noreply: bool,
}

impl Command<'_> {
    /// Answers with one line, unless silence was asked for.
    pub(super) fn reply(&self, out: &mut Vec<u8>, text: &str) -> Step {
        if !self.noreply {
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        Step::Took(self.next)
    }
}

/// Runs one command.
pub(super) fn step(session: &mut Session, store: &mut Store, input: &[u8], out: &mut Vec<u8>) -> Step {
    let Some((line, next)) = words::line(input) else { return unfinished_line(input) };
    let Some((name, end)) = words::next(line, 0).filter(|(name, _)| name.len() >= 2) else {
        out.extend_from_slice(b"ERROR\r\n");
        session.commands += 1;
        return Step::Took(next);
    };
    let step = match name {
        b"get" | b"bget" => get(session, store, (line, end, next), [false, false], out),
        b"gets" => get(session, store, (line, end, next), [true, false], out),
        b"gat" => get(session, store, (line, end, next), [false, true], out),
        b"gats" => get(session, store, (line, end, next), [true, true], out),
        _ => {
            let command = Command { words: Words::of(line), input, next, noreply: false };
            run(session, store, command, out)
        }
    };
    session.commands += 1;
    step
}

fn run(session: &mut Session, store: &mut Store, mut command: Command<'_>, out: &mut Vec<u8>) -> Step {
    let count = command.words.count();
    let name = command.words.at(0);
    if name.len() == 2 && name.starts_with(b"m") {
        return meta::run(session, store, &command, out);
    }
    // How many words a command may have; the others look for themselves.
    let (least, most) = match name {
        b"set" | b"add" | b"append" | b"replace" | b"prepend" => (5, 6),
        b"cas" => (6, 7),
        b"incr" | b"decr" | b"touch" => (3, 4),
        b"delete" => (2, 4),
        b"flush_all" => (1, 3),
        b"verbosity" | b"cache_memlimit" => (2, 3),
        b"lru" => (2, usize::MAX),
        _ => (1, usize::MAX),
    };
    if !(least..=most).contains(&count) {
        return command.reply(out, "ERROR");
    }
    if !matches!(name, b"delete" | b"stats" | b"version" | b"lru_crawler" | b"slabs") {
        command.noreply = command.words.noreply();
    }
    match name {
        b"set" => update(session, store, &command, Mode::Set, out),
        b"add" => update(session, store, &command, Mode::Add, out),
        b"append" => update(session, store, &command, Mode::Append, out),
        b"replace" => update(session, store, &command, Mode::Replace, out),
        b"prepend" => update(session, store, &command, Mode::Prepend, out),
        b"cas" => update(session, store, &command, Mode::Cas, out),
        b"incr" => arithmetic(store, &command, true, out),
        b"decr" => arithmetic(store, &command, false, out),
        b"touch" => touch(store, &command, out),
        b"delete" => delete(store, command, out),
        _ => admin::run(session, store, command, out),
    }
}

/// `get` and its kin; `line` comes with where its words start and where the next line does.
fn get(
    session: &mut Session,
    store: &mut Store,
    (line, start, next): (&[u8], usize, usize),
    [with_cas, touches]: [bool; 2],
    out: &mut Vec<u8>,
) -> Step {
    let mut position = start;
    let mut expiry = 0;
    let refuse = |out: &mut Vec<u8>, error: &str| {
        out.extend_from_slice(error.as_bytes());
        out.extend_from_slice(b"\r\n");
        Step::Took(next)
    };
    let Some((first, end)) = words::next(line, start) else { return refuse(out, "ERROR") };
    if touches {
        let Some(seconds) = number::signed_32(first) else {
            return refuse(out, "CLIENT_ERROR invalid exptime argument");
        };
        expiry = store.expiry(seconds.into());
        position = end;
    }
    if session.resume > 0 {
        position = std::mem::take(&mut session.resume);
    } else if line.len() > MAX_KEY_LENGTH && keys(line, position).any(|key| key.len() > MAX_KEY_LENGTH) {
        return refuse(out, BAD_FORMAT);
    }
    while let Some((key, end)) = words::next(line, position) {
        if out.len() >= ENOUGH_OUTPUT {
            session.resume = position;
            return Step::Full;
        }
        position = end;
        let found = store.find(key, true);
        store.prefixes.record(key, if found.is_some() { Event::Hit } else { Event::Miss });
        count_get(store, key, found, touches);
        if let Some(place) = found {
            if touches {
                store.table.item_mut(place).expiry = expiry;
            }
            push_value(store, place, with_cas, out);
        }
    }
    out.extend_from_slice(b"END\r\n");
    Step::Took(next)
}

fn keys(line: &[u8], position: usize) -> impl Iterator<Item = &[u8]> {
    let mut position = position;
    std::iter::from_fn(move || {
        let (key, end) = words::next(line, position)?;
        position = end;
        Some(key)
    })
}

/// Counts a `get` or, if it touches, a `touch`.
pub(super) fn count_get(store: &mut Store, key: &[u8], found: Option<u32>, touches: bool) {
    let class = found.map(|place| store.table.item(place).class);
    let outcome = if found.is_some() { "hit" } else { "miss" };
    store.log.arrivals.note(if touches { "touch" } else { "get" }, key, outcome);
    let counters = &mut store.counters;
    if touches {
        counters.cmd_touch += 1;
        match class {
            Some(class) => counters.class(class).touch_hits += 1,
            None => counters.touch_misses += 1,
        }
    } else {
        counters.cmd_get += 1;
        match class {
            Some(class) => counters.class(class).get_hits += 1,
            None => counters.get_misses += 1,
        }
    }
}

fn push_value(store: &Store, place: u32, with_cas: bool, out: &mut Vec<u8>) {
    let item = store.table.item(place);
    out.extend_from_slice(b"VALUE ");
    out.extend_from_slice(item.key());
    out.push(b' ');
    number::push(out, item.flags.into());
    out.push(b' ');
    number::push(out, item.value().len() as u64);
    if with_cas {
        out.push(b' ');
        number::push(out, item.cas);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(item.line());
}

/// `set` and its kin.
fn update(
    session: &mut Session,
    store: &mut Store,
    command: &Command<'_>,
    mode: Mode,
    out: &mut Vec<u8>,
) -> Step {
    let words = &command.words;
    let key = words.at(1);
    let numbers =
        (number::unsigned_32(words.at(2)), number::signed_32(words.at(3)), number::signed_32(words.at(4)));
    let cas = if mode == Mode::Cas { number::unsigned(words.at(5)) } else { Some(0) };
    let ((Some(flags), Some(seconds), Some(length)), Some(cas)) = (numbers, cas) else {
        return command.reply(out, BAD_FORMAT);
    };
    if key.len() > MAX_KEY_LENGTH || !(0..=i32::MAX - 2).contains(&length) {
        return command.reply(out, BAD_FORMAT);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if !store.admits(key.len(), flags, length) {
        store.prefixes.record(key, Event::Set);
        store.counters.store_too_large += 1;
        store.refuse(mode, key, Outcome::TooLarge, mode == Mode::Set);
        session.swallow = length as u64 + 2;
        return command.reply(out, "SERVER_ERROR object too large for cache");
    }
    let end = command.next + length + 2;
    let Some(line) = command.input.get(command.next..end) else { return Step::More(end) };
    let fresh =
        Fresh { key, flags, expiry: store.expiry(seconds.into()), parts: [&line[..length], b""], marks: 0 };
    store.prefixes.record(key, Event::Set);
    store.count_set(&fresh);
    if !line.ends_with(b"\r\n") {
        command.reply(out, "CLIENT_ERROR bad data chunk");
        return Step::Took(end);
    }
    let (outcome, _) = store.store(mode, &fresh, cas, false);
    let answer = match outcome {
        Outcome::Stored => "STORED",
        Outcome::Exists => "EXISTS",
        Outcome::NotFound => "NOT_FOUND",
        Outcome::NotStored => "NOT_STORED",
        Outcome::NoMemory | Outcome::TooLarge => {
            store.counters.store_no_memory += 1;
            store.refuse(mode, key, Outcome::NoMemory, mode == Mode::Set);
            "SERVER_ERROR out of memory storing object"
        }
    };
    command.reply(out, answer);
    Step::Took(end)
}

fn arithmetic(store: &mut Store, command: &Command<'_>, up: bool, out: &mut Vec<u8>) -> Step {
    let key = command.words.at(1);
    if key.len() > MAX_KEY_LENGTH {
        return command.reply(out, BAD_FORMAT);
    }
    let Some(delta) = number::unsigned(command.words.at(2)) else {
        return command.reply(out, "CLIENT_ERROR invalid numeric delta argument");
    };
    match store.delta(key, up, delta, 0) {
        Delta::Done(_, number, _) => command.reply(out, &number.to_string()),
        Delta::NotNumeric => command.reply(out, meta::NOT_NUMERIC),
        Delta::NoMemory | Delta::CasMismatch => command.reply(out, "SERVER_ERROR out of memory"),
        Delta::NotFound => {
            count_delta_miss(store, key, up);
            command.reply(out, "NOT_FOUND")
        }
    }
}

pub(super) fn count_delta_miss(store: &mut Store, key: &[u8], up: bool) {
    store.log.arrivals.note(if up { "incr" } else { "decr" }, key, "miss");
    let counters = &mut store.counters;
    *(if up { &mut counters.incr_misses } else { &mut counters.decr_misses }) += 1;
}

fn touch(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let key = command.words.at(1);
    if key.len() > MAX_KEY_LENGTH {
        return command.reply(out, BAD_FORMAT);
    }
    let Some(seconds) = number::signed_32(command.words.at(2)) else {
        return command.reply(out, "CLIENT_ERROR invalid exptime argument");
    };
    let expiry = store.expiry(seconds.into());
    let found = store.find(key, true);
    count_get(store, key, found, true);
    let Some(place) = found else { return command.reply(out, "NOT_FOUND") };
    store.table.item_mut(place).expiry = expiry;
    command.reply(out, "TOUCHED")
}

/// `delete KEY [0] [noreply]`: the time of old clients may only be 0.
fn delete(store: &mut Store, mut command: Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = &command.words;
    if words.count() > 2 {
        let has_zero = words.at(2) == b"0";
        command.noreply = words.noreply();
        let is_valid =
            if words.count() == 3 { has_zero || command.noreply } else { has_zero && command.noreply };
        if !is_valid {
            return command
                .reply(out, "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]");
        }
    }
    let key = command.words.at(1);
    if key.len() > MAX_KEY_LENGTH {
        return command.reply(out, BAD_FORMAT);
    }
    store.prefixes.record(key, Event::Delete);
    let answer = if remove(store, key, None) { "DELETED" } else { "NOT_FOUND" };
    command.reply(out, answer)
}

/// Deletes an item and counts it; with `found` if it was looked up already.
pub(super) fn remove(store: &mut Store, key: &[u8], found: Option<u32>) -> bool {
    let Some(place) = found.or_else(|| store.find(key, false)) else {
        miss_delete(store, key);
        return false;
    };
    let class = store.table.item(place).class;
    store.counters.class(class).delete_hits += 1;
    store.log.deleted(key, class, store.descriptor);
    store.unlink(place);
    true
}

/// Counts a `delete` that changes nothing.
pub(super) fn miss_delete(store: &mut Store, key: &[u8]) {
    store.counters.delete_misses += 1;
    store.log.arrivals.note("delete", key, "miss");
}

/// The first command of a connection that must authenticate in text: `set` of anything with `user password` as its value.
pub(super) fn authenticate(
    session: &mut Session,
    store: &mut Store,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Step {
    let Some((line, next)) = words::line(input) else {
        return if input.len() > 2048 { Step::Close } else { Step::More(0) };
    };
    let words = Words::of(line);
    let length = number::unsigned_32(words.at(4)).filter(|_| words.count() >= 5 && words.at(0) == b"set");
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        out.extend_from_slice(b"CLIENT_ERROR unauthenticated\r\n");
        return Step::Took(next);
    };
    // No name and password is as long as that; memcached would wait for it with a buffer that never grows so far.
    if length > 2048 {
        return Step::Close;
    }
    let end = next + length + 2;
    let Some(given) = input.get(next..end) else { return Step::More(end) };
    let answer = match given.strip_suffix(b"\r\n").map(Words::of) {
        None => "CLIENT_ERROR bad command line termination",
        Some(given) if given.count() < 2 => "CLIENT_ERROR bad authentication token format",
        Some(given) => {
            store.counters.auth_cmds += 1;
            session.is_authenticated = store.settings.credentials.as_ref().is_some_and(|credentials| {
                credentials.authentication == Authentication::Text
                    && credentials.admit(given.at(0), given.at(1))
            });
            store.counters.auth_errors += u64::from(!session.is_authenticated);
            if session.is_authenticated { "STORED" } else { "CLIENT_ERROR authentication failure" }
        }
    };
    out.extend_from_slice(answer.as_bytes());
    out.extend_from_slice(b"\r\n");
    Step::Took(end)
}
