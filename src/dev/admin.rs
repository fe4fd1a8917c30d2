//! The text commands that concern no item: statistics, flushing, listing, watching, tuning.

use super::listing::Form;
use super::listing::Listing;
use super::log::kind;
use super::number;
use super::session::Session;
use super::session::Step;
use super::session::Stream;
use super::slabs::CLASSES;
use super::stats::Sink;
use super::stats::VERSION;
use super::store::Store;
use super::text::BAD_FORMAT;
use super::text::Command;
use super::words::Words;

const BUSY: &str = "BUSY currently processing crawler request";

/// The most verbose level (`MAX_VERBOSITY_LEVEL`).
const MOST_VERBOSE: u32 = 2;

pub(super) fn run(session: &mut Session, store: &mut Store, command: Command<'_>, out: &mut Vec<u8>) -> Step {
    match command.words.at(0) {
        b"stats" => stats(store, &command, out),
        b"flush_all" => flush_all(store, &command, out),
        b"version" => command.reply(out, &format!("VERSION {VERSION}")),
        b"quit" => Step::Close,
        b"verbosity" => verbosity(store, &command, out),
        b"lru_crawler" => crawler(session, store, &command, out),
        b"watch" => watch(session, store, &command, out),
        b"lru" => lru(store, &command, out),
        b"slabs" => slabs(store, command, out),
        b"cache_memlimit" => memory_limit(store, &command, out),
        b"shutdown" => command.reply(out, "ERROR: shutdown not enabled"),
        name => {
            // Browsers are sent away, unless their method starts like a command.
            let is_alike = name.first().is_some_and(|first| b"gsacidt".contains(first));
            let last = command.words.at(command.words.count() - 1);
            if !is_alike && last.starts_with(b"HTTP/") { Step::Close } else { command.reply(out, "ERROR") }
        }
    }
}

fn stats(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = &command.words;
    match words.at(1) {
        b"reset" => {
            store.reset();
            return command.reply(out, "RESET");
        }
        b"detail" => match words.at(2) {
            b"dump" => {
                out.extend_from_slice(&store.prefixes.dump());
                return Step::Took(command.next);
            }
            choice @ (b"on" | b"off") => {
                store.prefixes.is_on = choice == b"on";
                return command.reply(out, "OK");
            }
            _ => return command.reply(out, "CLIENT_ERROR usage: stats detail on|off|dump"),
        },
        b"cachedump" => return cachedump(store, command, out),
        b"conns" => {
            let sink = &mut Sink::Text(out);
            for (descriptor, peer) in &store.connections {
                sink.stat(&format!("{descriptor}:addr"), &peer.from);
                if !peer.to.is_empty() {
                    sink.stat(&format!("{descriptor}:listen_addr"), &peer.to);
                }
                let state = if *descriptor == store.descriptor { "conn_parse_cmd" } else { peer.state };
                sink.stat(&format!("{descriptor}:state"), state);
                let since = store.now.saturating_sub(peer.last_command);
                sink.stat(&format!("{descriptor}:secs_since_last_cmd"), since);
            }
            sink.end();
        }
        group => {
            if words.count() > 1 && group.is_empty() || !store.tell(group, &mut Sink::Text(out)) {
                return command.reply(out, "ERROR");
            }
        }
    }
    Step::Took(command.next)
}

/// `stats cachedump CLASS LIMIT`: the latest used items of a class, at most 2 MiB of them.
fn cachedump(store: &Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    const MOST: usize = 2 << 20;
    let words = &command.words;
    if words.count() < 4 {
        return command.reply(out, "CLIENT_ERROR bad command line");
    }
    let (Some(class), Some(limit)) = (number::unsigned_32(words.at(2)), number::unsigned_32(words.at(3)))
    else {
        return command.reply(out, BAD_FORMAT);
    };
    let Some(class) = u8::try_from(class).ok().filter(|&class| usize::from(class) < CLASSES) else {
        return command.reply(out, "CLIENT_ERROR Illegal slab id");
    };
    let limit = if limit == 0 { usize::MAX } else { limit as usize };
    let start = out.len();
    let shown =
        store.table.newest_first(class).filter(|item| item.marks & super::table::mark::BINARY_KEY == 0);
    for item in shown.take(limit) {
        if out.len() - start > MOST {
            break;
        }
        let expiry = if item.expiry == 0 { 0 } else { store.epoch + u64::from(item.expiry) };
        out.extend_from_slice(b"ITEM ");
        out.extend_from_slice(item.key());
        out.extend_from_slice(format!(" [{} b; {expiry} s]\r\n", item.value().len()).as_bytes());
    }
    out.extend_from_slice(b"END\r\n");
    Step::Took(command.next)
}

fn flush_all(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let has_delay = command.words.count() != if command.noreply { 2 } else { 1 };
    let delay = if has_delay { number::signed_32(command.words.at(1)) } else { Some(0) };
    let Some(delay) = delay else {
        store.counters.cmd_flush += 1;
        return command.reply(out, "CLIENT_ERROR invalid exptime argument");
    };
    store.flush(delay.into());
    command.reply(out, "OK")
}

fn verbosity(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let Some(level) = number::unsigned_32(command.words.at(1)) else { return command.reply(out, BAD_FORMAT) };
    store.settings.tuned.verbosity = level.min(MOST_VERBOSE);
    command.reply(out, "OK")
}

fn crawler(session: &mut Session, store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = &command.words;
    let argument = words.at(2);
    let tuned = &mut store.settings.tuned;
    match (words.count(), words.at(1)) {
        (2, choice @ (b"enable" | b"disable")) => {
            tuned.crawler = choice == b"enable";
            command.reply(out, "OK")
        }
        (3, b"crawl" | b"metadump" | b"mgdump") if !tuned.crawler => {
            command.reply(out, "CLIENT_ERROR lru crawler disabled")
        }
        (3, b"crawl") => match classes(store, argument) {
            Err(answer) => command.reply(out, answer),
            Ok(_) if argument == b"hash" => command.reply(out, "ERROR an unknown error happened"),
            Ok(classes) => {
                store.counters.lru_crawler_starts += 1;
                store.reclaim(classes);
                command.reply(out, "OK")
            }
        },
        (3, b"metadump") => list(session, store, command, Form::Metadump, out),
        (3, b"mgdump") => list(session, store, command, Form::Mgdump, out),
        (3, b"tocrawl") => match number::unsigned_32(argument) {
            Some(number) => {
                tuned.crawler_tocrawl = number;
                command.reply(out, "OK")
            }
            None => command.reply(out, BAD_FORMAT),
        },
        (3, b"sleep") => match number::unsigned_32(argument) {
            Some(1_000_001..) => command.reply(out, "CLIENT_ERROR sleep must be one second or less"),
            Some(microseconds) => {
                tuned.crawler_sleep = microseconds;
                command.reply(out, "OK")
            }
            None => command.reply(out, BAD_FORMAT),
        },
        _ => command.reply(out, "ERROR"),
    }
}

fn list(
    session: &mut Session,
    store: &mut Store,
    command: &Command<'_>,
    form: Form,
    out: &mut Vec<u8>,
) -> Step {
    if session.commands > 0 {
        return command.reply(out, "ERROR cannot pipeline other commands before metadump");
    }
    match classes(store, command.words.at(2)) {
        Err(answer) => command.reply(out, answer),
        Ok(classes) => {
            store.counters.lru_crawler_starts += 1;
            store.is_listing = true;
            session.stream = Stream::Listing(Listing::new(form, classes));
            Step::Took(command.next)
        }
    }
}

/// The slab classes of a list such as `1,3`, of `all`, or `hash`, as bits; or the answer if nothing can start.
fn classes(store: &Store, list: &[u8]) -> Result<u64, &'static str> {
    let mut classes = 0u64;
    if matches!(list, b"all" | b"hash") {
        classes = u64::MAX;
    } else {
        for number in list.split(|&byte| byte == b',').filter(|number| !number.is_empty()) {
            let class = number::unsigned_32(number).filter(|class| (1..64).contains(class));
            classes |= 1 << class.ok_or("BADCLASS invalid class id")?;
        }
    }
    if store.is_listing {
        return Err(BUSY);
    }
    let has_items = |class: usize| classes >> class & 1 == 1 && store.table.lists[class].count > 0;
    if list == b"hash" || (0..CLASSES).any(has_items) {
        Ok(classes)
    } else {
        Err("NOTSTARTED no items to crawl")
    }
}

fn watch(session: &mut Session, store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    if session.commands > 0 {
        return command.reply(out, "ERROR cannot pipeline other commands before watch");
    }
    let mut kinds = 0;
    for word in command.words.from(1) {
        kinds |= match *word {
            b"connevents" => kind::CONNECTIONS,
            b"deletions" => kind::DELETIONS,
            b"evictions" => kind::EVICTIONS,
            b"fetchers" => kind::FETCHERS,
            b"mutations" => kind::MUTATIONS,
            b"rawcmds" | b"sysevents" | b"proxyreqs" | b"proxyevents" | b"proxyuser" => 0,
            _ => return command.reply(out, "ERROR"),
        };
    }
    if command.words.count() == 1 {
        kinds = kind::FETCHERS;
    }
    if !store.log.add(session.id, kinds) {
        return command.reply(out, "WATCHER_TOO_MANY log watcher limit reached");
    }
    session.stream = Stream::Events;
    out.extend_from_slice(b"OK\r\n");
    Step::Took(command.next)
}

fn lru(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = &command.words;
    let tuned = &mut store.settings.tuned;
    let answer = match (words.at(1), words.count()) {
        (b"tune", 6..) => tune(tuned, words).err().unwrap_or("OK"),
        (b"mode", 3..) if matches!(words.at(2), b"flat" | b"segmented") => {
            tuned.segmented = words.at(2) == b"segmented";
            "OK"
        }
        (b"temp_ttl", 3..) => match number::signed_32(words.at(2)) {
            Some(seconds) => {
                tuned.temporary = Some(seconds).filter(|&seconds| seconds >= 0);
                "OK"
            }
            None => "ERROR",
        },
        _ => "ERROR",
    };
    command.reply(out, answer)
}

fn tune(tuned: &mut super::settings::Tuned, words: &Words<'_>) -> Result<(), &'static str> {
    let hot = number::unsigned_32(words.at(2)).ok_or("ERROR")?;
    let warm = number::unsigned_32(words.at(3)).ok_or("ERROR")?;
    let hot_factor = float(words.at(4)).ok_or("ERROR")?;
    let warm_factor = float(words.at(5)).ok_or("ERROR")?;
    if hot.wrapping_add(warm) > 80 {
        return Err("ERROR hot and warm pcts must not exceed 80");
    }
    if hot_factor <= 0.0 || warm_factor <= 0.0 {
        return Err("ERROR hot/warm age factors must be greater than 0");
    }
    (tuned.hot_percent, tuned.warm_percent) = (hot, warm);
    (tuned.hot_factor, tuned.warm_factor) = (hot_factor, warm_factor);
    Ok(())
}

fn float(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn slabs(store: &mut Store, mut command: Command<'_>, out: &mut Vec<u8>) -> Step {
    let words = command.words;
    let tuned = &mut store.settings.tuned;
    let answer = match (words.at(1), words.count()) {
        (b"reassign", 4) => match (number::signed_32(words.at(2)), number::signed_32(words.at(3))) {
            (Some(from), Some(to)) => reassign(store, from, to),
            _ => BAD_FORMAT,
        },
        (b"automove", 3..) => {
            command.noreply = words.noreply();
            let ratio = float(words.at(3)).filter(|_| words.at(2) == b"ratio");
            match (ratio, number::unsigned_32(words.at(2))) {
                (Some(ratio), _) => {
                    tuned.automove_ratio = ratio;
                    "OK"
                }
                (None, Some(level @ 0..=2)) => {
                    tuned.automove = level;
                    "OK"
                }
                (None, None) if words.at(2) != b"ratio" => BAD_FORMAT,
                _ => "ERROR",
            }
        }
        _ => "ERROR",
    };
    command.reply(out, answer)
}

/// Pages have no memory of their own here, so a page with only free chunks is all that can move.
fn reassign(store: &mut Store, from: i32, to: i32) -> &'static str {
    if from == to {
        return "SAME src and dst class are identical";
    }
    let last = i32::try_from(store.slabs.classes.len()).unwrap_or(i32::MAX) - 1;
    if !(from == -1 || (1..=last).contains(&from)) || !(1..=last).contains(&to) {
        return "BADCLASS invalid src or dst class id";
    }
    let spare = |index: usize| store.slabs.classes.get(index).is_some_and(|class| class.pages >= 2);
    match usize::try_from(from) {
        Ok(from) if !spare(from) => "NOSPARE source class has no spare pages",
        Err(_) if !(1..store.slabs.classes.len()).any(spare) => "NOSPARE source class has no spare pages",
        _ => "OK",
    }
}

fn memory_limit(store: &mut Store, command: &Command<'_>, out: &mut Vec<u8>) -> Step {
    let answer = match number::unsigned_32(command.words.at(1)) {
        None => "ERROR",
        Some(..8) => "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m",
        Some(1_000_000_001..) => "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes",
        Some(megabytes) => {
            store.settings.memory_limit = (megabytes as usize) << 20;
            store.slabs.limit = store.settings.memory_limit;
            "OK"
        }
    };
    command.reply(out, answer)
}
