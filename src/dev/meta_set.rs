//! `ms`, server side (`proto_text.c`, `process_mset_command`).

use super::meta::MOST_WORDS;
use super::meta::OPAQUE_TOO_LONG;
use super::meta::TOO_MANY;
use super::meta::number_flag;
use super::meta::push_identity;
use super::meta_flags::Flags;
use super::number;
use super::session::Session;
use super::session::Step;
use super::store::Mode;
use super::store::Outcome;
use super::store::Store;
use super::table::Fresh;
use super::table::mark;
use super::text::BAD_FORMAT;
use super::text::Command;

/// Runs `ms`.
pub(super) fn run(
    session: &mut Session,
    store: &mut Store,
    command: &Command<'_>,
    out: &mut Vec<u8>,
) -> Step {
    let words = &command.words;
    if words.count() < 3 {
        return command.reply(out, BAD_FORMAT);
    }
    if words.count() > MOST_WORDS {
        return command.reply(out, TOO_MANY);
    }
    let length = number::signed_32(words.at(2)).filter(|length| (0..=i32::MAX - 2).contains(length));
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        return command.reply(out, BAD_FORMAT);
    };
    let mut refuse = |out: &mut Vec<u8>, error: &str| {
        session.swallow = length as u64 + 2;
        command.reply(out, error)
    };
    let flags = match Flags::parse(words, 3) {
        Ok(flags) => flags,
        Err(error) => return refuse(out, error),
    };
    let Some(mode) = mode(&flags) else { return refuse(out, "CLIENT_ERROR invalid mode for ms M token") };
    if words.from(3).iter().any(|word| word.starts_with(b"O") && word.len() > 32) {
        return refuse(out, OPAQUE_TOO_LONG);
    }
    let key = &flags.key;
    if !store.admits(key.len(), flags.client_flags, length) {
        store.counters.store_too_large += 1;
        store.refuse(mode, key, Outcome::TooLarge, true);
        return refuse(out, "SERVER_ERROR object too large for cache");
    }
    let end = command.next + length + 2;
    let Some(line) = command.input.get(command.next..end) else { return Step::More(end) };
    let fresh = Fresh {
        key,
        flags: flags.client_flags,
        expiry: flags.expiry.map_or(0, |seconds| store.expiry(seconds)),
        parts: [&line[..length], b""],
        marks: if flags.is_binary { mark::BINARY_KEY } else { 0 },
    };
    store.count_set(&fresh);
    if !line.ends_with(b"\r\n") {
        command.reply(out, "CLIENT_ERROR bad data chunk");
        return Step::Took(end);
    }
    answer(store, command, (&flags, mode, &fresh), out);
    Step::Took(end)
}

/// How the item is stored; `None` for a mode that there is none of.
fn mode(flags: &Flags<'_>) -> Option<Mode> {
    let mode = match flags.mode {
        None | Some(b'S') => Mode::Set,
        Some(b'E') => Mode::Add,
        Some(b'A') => Mode::Append,
        Some(b'P') => Mode::Prepend,
        Some(b'R') => Mode::Replace,
        Some(_) => return None,
    };
    let is_conditional = flags.cas.is_some() && matches!(mode, Mode::Set | Mode::Replace);
    Some(if is_conditional { Mode::Cas } else { mode })
}

/// Stores the item and says what came of it.
fn answer(
    store: &mut Store,
    command: &Command<'_>,
    (flags, mode, fresh): (&Flags<'_>, Mode, &Fresh<'_>),
    out: &mut Vec<u8>,
) {
    let words = &command.words;
    let may_be_stale = flags.invalidates && mode == Mode::Cas;
    let (outcome, cas) = store.store(mode, fresh, flags.cas.unwrap_or(0), may_be_stale);
    let code = match outcome {
        Outcome::Stored if flags.is_quiet => return,
        Outcome::Stored => "HD",
        Outcome::Exists => "EX",
        Outcome::NotFound => "NF",
        Outcome::NotStored => "NS",
        Outcome::NoMemory | Outcome::TooLarge => {
            store.counters.store_no_memory += 1;
            store.refuse(mode, fresh.key, Outcome::NoMemory, true);
            command.reply(out, "SERVER_ERROR out of memory storing object");
            return;
        }
    };
    out.extend_from_slice(code.as_bytes());
    for word in words.from(3) {
        match word.first() {
            Some(b'c') => number_flag(out, b'c', cas),
            // The length of the opaque was looked at before anything was stored.
            _ => push_identity(out, word, fresh.key, flags.is_binary).unwrap_or_default(),
        }
    }
    out.extend_from_slice(b"\r\n");
}
