//! The meta commands, server side (`proto_text.c`, `process_m*_command`).

use super::meta_flags::Flags;
use super::meta_flags::key_text;
use super::meta_set;
use super::number;
use super::session::Session;
use super::session::Step;
use super::store::Delta;
use super::store::Mode;
use super::store::Outcome;
use super::store::Store;
use super::table::Fresh;
use super::table::mark;
use super::text;
use super::text::BAD_FORMAT;
use super::text::Command;
use crate::protocol::key::MAX_KEY_LENGTH;

pub(super) const NOT_NUMERIC: &str = "CLIENT_ERROR cannot increment or decrement non-numeric value";
pub(super) const OPAQUE_TOO_LONG: &str = "CLIENT_ERROR opaque token too long";

/// As many words as a meta command may have.
pub(super) const MOST_WORDS: usize = 19;

pub(super) fn run(
    session: &mut Session,
    store: &mut Store,
    command: &Command<'_>,
    out: &mut Vec<u8>,
) -> Step {
    let words = &command.words;
    let name = words.at(0);
    match name {
        b"mn" => return command.reply(out, "MN"),
        b"me" => return debug(store, command, out),
        b"mg" | b"ms" | b"md" | b"ma" => {}
        _ => return command.reply(out, "ERROR"),
    }
    if words.count() < 2 {
        return command.reply(out, "ERROR");
    }
    if words.at(1).len() > MAX_KEY_LENGTH {
        return command.reply(out, BAD_FORMAT);
    }
    if name == b"ms" {
        return meta_set::run(session, store, command, out);
    }
    if words.count() > MOST_WORDS {
        let error = if name == b"mg" { "CLIENT_ERROR options flags are too long" } else { TOO_MANY };
        return command.reply(out, error);
    }
    let flags = match Flags::parse(words, 2) {
        Ok(flags) => flags,
        Err(error) if name == b"mg" => return command.reply(out, error),
        Err(_) => return command.reply(out, "CLIENT_ERROR invalid or duplicate flag"),
    };
    let start = out.len();
    let done = match name {
        b"mg" => get(store, command, &flags, out),
        b"md" => delete(store, command, &flags, out),
        _ => arithmetic(store, command, &flags, out),
    };
    match done {
        Ok(true) => out.truncate(start),
        Ok(false) => {}
        Err(error) => {
            out.truncate(start);
            return command.reply(out, error);
        }
    }
    Step::Took(command.next)
}

pub(super) const TOO_MANY: &str = "CLIENT_ERROR options flags too long";

pub(super) fn number_flag(out: &mut Vec<u8>, flag: u8, number: u64) {
    out.extend_from_slice(&[b' ', flag]);
    number::push(out, number);
}

/// Appends the opaque and the key, where they were asked for; these come back with every answer.
pub(super) fn push_identity(
    out: &mut Vec<u8>,
    word: &[u8],
    key: &[u8],
    is_binary: bool,
) -> Result<(), &'static str> {
    match word.first() {
        Some(b'O') if word.len() > 32 => return Err(OPAQUE_TOO_LONG),
        Some(b'O') => {
            out.push(b' ');
            out.extend_from_slice(word);
        }
        Some(b'k') => {
            out.extend_from_slice(b" k");
            out.extend_from_slice(&key_text(key, is_binary));
            if is_binary {
                out.extend_from_slice(b" b");
            }
        }
        _ => {}
    }
    Ok(())
}

fn push_identities(out: &mut Vec<u8>, command: &Command<'_>, flags: &Flags<'_>) -> Result<(), &'static str> {
    let words = command.words.from(2);
    words.iter().try_for_each(|word| push_identity(out, word, &flags.key, flags.is_binary))
}

/// `mg`; gives whether the answer is one that `q` hides.
fn get(
    store: &mut Store,
    command: &Command<'_>,
    flags: &Flags<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, &'static str> {
    let mut found = store.find(&flags.key, false);
    let mut is_created = false;
    if found.is_none() && flags.vivify.is_some() {
        let marks = if flags.is_binary { mark::BINARY_KEY } else { 0 };
        let fresh = Fresh { key: &flags.key, flags: 0, expiry: 0, parts: [b"", b""], marks };
        found = store.vivify(&fresh);
        is_created = found.is_some();
    }
    let Some(place) = found else {
        text::count_get(store, &flags.key, None, false);
        out.extend_from_slice(b"EN");
        push_identities(out, command, flags)?;
        out.extend_from_slice(b"\r\n");
        return Ok(flags.is_quiet);
    };
    let item = store.table.item(place);
    if flags.wants_value {
        out.extend_from_slice(b"VA ");
        number::push(out, item.value().len() as u64);
    } else {
        out.extend_from_slice(b"HD");
    }
    let (touches, has_won) = push_item_flags(store, command, flags, (place, is_created), out)?;
    let item = store.table.item_mut(place);
    if item.marks & mark::WON != 0 {
        out.extend_from_slice(b" Z");
    }
    let is_stale = item.marks & mark::STALE != 0;
    if is_stale {
        out.extend_from_slice(b" X");
    }
    if has_won || is_stale && item.marks & mark::WON == 0 {
        out.extend_from_slice(b" W");
        item.marks |= mark::WON;
    }
    out.extend_from_slice(b"\r\n");
    if flags.wants_value {
        out.extend_from_slice(item.line());
    }
    if !flags.no_bump {
        store.bump(place);
    }
    text::count_get(store, &flags.key, Some(place), touches);
    Ok(false)
}

/// Appends what was asked for of an item in the order it was asked; gives whether it was touched and won.
fn push_item_flags(
    store: &mut Store,
    command: &Command<'_>,
    flags: &Flags<'_>,
    (place, is_created): (u32, bool),
    out: &mut Vec<u8>,
) -> Result<(bool, bool), &'static str> {
    let (mut touches, mut has_won) = (false, false);
    let now = store.now;
    for word in command.words.from(2) {
        let recache = flags.recache.map_or(0, |seconds| store.expiry(seconds));
        let expiry = flags.expiry.map_or(0, |seconds| store.expiry(seconds));
        let vivified = flags.vivify.map_or(0, |seconds| store.expiry(seconds));
        let item = store.table.item_mut(place);
        match word.first() {
            Some(b'T') => (touches, item.expiry) = (true, expiry),
            Some(b'N') if is_created => (has_won, item.expiry) = (true, vivified),
            Some(b'R') => {
                let is_near = item.expiry != 0 && item.expiry < recache;
                has_won |= is_near && !is_created && item.marks & mark::WON == 0;
            }
            Some(b's') => number_flag(out, b's', item.value().len() as u64),
            Some(b't') if item.expiry == 0 => out.extend_from_slice(b" t-1"),
            Some(b't') => number_flag(out, b't', item.expiry.wrapping_sub(now).into()),
            Some(b'c') => number_flag(out, b'c', item.cas),
            Some(b'f') => number_flag(out, b'f', item.flags.into()),
            Some(b'l') => number_flag(out, b'l', now.wrapping_sub(item.time).into()),
            Some(b'h') => number_flag(out, b'h', u64::from(item.marks & mark::FETCHED != 0)),
            _ => push_identity(out, word, item.key(), item.marks & mark::BINARY_KEY != 0)?,
        }
    }
    Ok((touches, has_won))
}

/// `md`; gives whether the answer is one that `q` hides.
fn delete(
    store: &mut Store,
    command: &Command<'_>,
    flags: &Flags<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, &'static str> {
    let code_at = out.len();
    out.extend_from_slice(b"HD");
    push_identities(out, command, flags)?;
    out.extend_from_slice(b"\r\n");
    let found = store.find(&flags.key, false);
    let code = match found.map(|place| (place, store.table.item(place).cas)) {
        None => {
            text::miss_delete(store, &flags.key);
            b"NF"
        }
        Some((_, cas)) if flags.cas.is_some_and(|wanted| wanted != cas) => {
            text::miss_delete(store, &flags.key);
            b"EX"
        }
        Some((place, _)) if flags.invalidates => {
            let expiry = flags.expiry.map(|seconds| store.expiry(seconds));
            let cas = store.next_cas();
            let item = store.table.item_mut(place);
            item.expiry = expiry.unwrap_or(item.expiry);
            item.marks = item.marks & !mark::WON | mark::STALE;
            item.cas = cas;
            b"HD"
        }
        Some((place, _)) => {
            text::remove(store, &flags.key, Some(place));
            b"HD"
        }
    };
    if let Some(place) = out.get_mut(code_at..code_at + 2) {
        place.copy_from_slice(code);
    }
    Ok(flags.is_quiet && code == b"HD")
}

/// `ma`; gives whether the answer is one that `q` hides.
fn arithmetic(
    store: &mut Store,
    command: &Command<'_>,
    flags: &Flags<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, &'static str> {
    let up = match flags.mode {
        None | Some(b'I' | b'+') => true,
        Some(b'D' | b'-') => false,
        Some(_) => return Err("CLIENT_ERROR invalid mode for ma M token"),
    };
    let (place, number, is_changed, is_created) =
        match store.delta(&flags.key, up, flags.delta, flags.cas.unwrap_or(0)) {
            Delta::Done(place, number, is_fresh) => (place, number, !is_fresh, false),
            Delta::NotNumeric => return Err(NOT_NUMERIC),
            Delta::NoMemory => return Err("SERVER_ERROR out of memory"),
            Delta::NotFound if flags.vivify.is_some() => {
                let digits = flags.initial.to_string();
                let fresh =
                    Fresh { key: &flags.key, flags: 0, expiry: 0, parts: [digits.as_bytes(), b""], marks: 0 };
                let (outcome, _) = store.store(Mode::Add, &fresh, 0, false);
                let place = store.table.find(&flags.key).filter(|_| outcome == Outcome::Stored);
                let place = place.ok_or("SERVER_ERROR Out of memory allocating new item")?;
                (place, flags.initial, true, true)
            }
            missed => {
                if missed == Delta::NotFound {
                    text::count_delta_miss(store, &flags.key, up);
                }
                out.extend_from_slice(if missed == Delta::NotFound { b"NF" } else { b"EX" });
                push_identities(out, command, flags)?;
                out.extend_from_slice(b"\r\n");
                return Ok(false);
            }
        };
    let digits = number.to_string();
    if flags.wants_value {
        out.extend_from_slice(b"VA ");
        number::push(out, digits.len() as u64);
    } else {
        out.extend_from_slice(b"HD");
    }
    let (expires, vivified) =
        (flags.expiry.map(|at| store.expiry(at)), flags.vivify.map(|at| store.expiry(at)));
    let mut expiry = store.table.item(place).expiry;
    for word in command.words.from(2) {
        match word.first() {
            Some(b'c') => number_flag(out, b'c', store.table.item(place).cas),
            Some(b't') if expiry == 0 => out.extend_from_slice(b" t-1"),
            Some(b't') => number_flag(out, b't', expiry.wrapping_sub(store.now).into()),
            Some(b'T') => expiry = expires.unwrap_or(expiry),
            Some(b'N') if is_created => expiry = vivified.unwrap_or(expiry),
            _ => push_identity(out, word, &flags.key, flags.is_binary)?,
        }
    }
    // A number that outgrew its item keeps its old expiry: 1.6.18 changes the item that was replaced.
    if is_changed {
        store.table.item_mut(place).expiry = expiry;
    }
    if flags.wants_value {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(digits.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(flags.is_quiet && !is_created)
}

/// `me`.
fn debug(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = &command.words;
    let mut key = words.at(1).to_vec();
    if words.count() < 2 || key.len() > MAX_KEY_LENGTH {
        return command.reply(out, BAD_FORMAT);
    }
    if words.at(2) == b"b" {
        let Some(decoded) = super::meta_flags::decode_base64(&key) else {
            return command.reply(out, BAD_FORMAT);
        };
        key = decoded;
    }
    store.counters.cmd_meta += 1;
    let Some(place) = store.find(&key, false) else { return command.reply(out, "EN") };
    let (item, now) = (store.table.item(place), store.now);
    // The sign is wrong, but that is how 1.6.18 has it.
    let exp = if item.expiry == 0 { -1 } else { i64::from(now) - i64::from(item.expiry) };
    out.extend_from_slice(b"ME ");
    out.extend_from_slice(&key_text(item.key(), item.marks & mark::BINARY_KEY != 0));
    let known = format!(
        " exp={exp} la={} cas={} fetch={} cls={} size={}\r\n",
        now.wrapping_sub(item.time),
        item.cas,
        super::log::yes_no(item.marks & mark::FETCHED != 0),
        item.class,
        item.size()
    );
    out.extend_from_slice(known.as_bytes());
    Step::Took(command.next)
}
