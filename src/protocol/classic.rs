//! The classic text commands, and those that the meta commands leave to them.

use super::Direction;
use super::Expected;
use super::Expiry;
use super::Item;
use super::Key;
use super::Limits;
use super::Malformed;
use super::Options;
use super::Reply;
use super::Request;
use super::StoreMode;
use super::expected::Kind;
use super::expected::fingerprint;
use super::line;

/// What decoders give: a reply and its length.
type Decoded<'a> = Result<Option<(Reply<'a>, usize)>, Malformed>;

/// Appends a request; an error says what cannot be done.
pub(super) fn encode(request: &Request<'_>, options: Options, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut noreply = options.quiet;
    match *request {
        Request::Get { key } | Request::Peek { key } => {
            words(out, "gets", Some(key), &[])?;
            noreply = false;
        }
        Request::GetAndTouch { key, expiry } => {
            words(out, "gats", None, &[expiry_number(expiry)])?;
            out.push(b' ');
            out.extend_from_slice(line::text_key(key).ok_or(line::ILLEGAL_KEY)?);
            noreply = false;
        }
        Request::Store { mode, key, flags, expiry, value, cas } => {
            let name = store_name(mode, cas.is_some())?;
            words(out, name, Some(key), &[flags.into(), expiry_number(expiry), value.len() as u64])?;
            if let Some(cas) = cas {
                out.push(b' ');
                line::push_number(out, cas);
            }
            end(out, noreply);
            out.extend_from_slice(value);
            noreply = false;
        }
        Request::Delete { cas: Some(_), .. } => return Err("delete on condition of a CAS unique"),
        Request::Delete { key, cas: None } => words(out, "delete", Some(key), &[])?,
        Request::Touch { key, expiry } => words(out, "touch", Some(key), &[expiry_number(expiry)])?,
        Request::Arithmetic { initial: Some(_), .. } => return Err("create a number that is missing"),
        Request::Arithmetic { key, direction, delta, initial: None } => {
            let name = if direction == Direction::Increment { "incr" } else { "decr" };
            words(out, name, Some(key), &[delta])?;
        }
        Request::Noop => return Err("ask for nothing (no-op)"),
        Request::Inspect { .. } | Request::Debug { .. } => return Err("show what is known about an item"),
        Request::SaslList | Request::SaslAuth { .. } | Request::SaslStep { .. } => return Err("carry SASL"),
        Request::FlushAll { .. }
        | Request::Quit
        | Request::Stats { .. }
        | Request::Verbosity { .. }
        | Request::Version => return encode_control(request, noreply, out),
    }
    end(out, noreply);
    Ok(())
}

/// Appends one of the requests that concern no item, which are the same in both text dialects.
pub(super) fn encode_control(
    request: &Request<'_>,
    noreply: bool,
    out: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let mut noreply = noreply;
    match *request {
        Request::FlushAll { delay } => words(out, "flush_all", None, &[delay.into()])?,
        Request::Verbosity { level } => words(out, "verbosity", None, &[level.into()])?,
        Request::Stats { argument } => {
            if argument.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r')) {
                return Err("carry a statistics argument with a line end or NUL");
            }
            out.extend_from_slice(b"stats");
            if !argument.is_empty() {
                out.push(b' ');
                out.extend_from_slice(argument);
            }
            noreply = false;
        }
        _ => {
            out.extend_from_slice(if *request == Request::Quit { b"quit" } else { b"version" });
            noreply = false;
        }
    }
    end(out, noreply);
    Ok(())
}

/// Appends a command name, a key and numbers, separated by blanks.
fn words(out: &mut Vec<u8>, name: &str, key: Option<&Key>, numbers: &[u64]) -> Result<(), &'static str> {
    out.extend_from_slice(name.as_bytes());
    if let Some(key) = key {
        out.push(b' ');
        out.extend_from_slice(line::text_key(key).ok_or(line::ILLEGAL_KEY)?);
    }
    for &number in numbers {
        out.push(b' ');
        line::push_number(out, number);
    }
    Ok(())
}

/// Appends the end of a command line.
fn end(out: &mut Vec<u8>, noreply: bool) {
    out.extend_from_slice(if noreply { b" noreply\r\n" } else { b"\r\n" });
}

/// The number of an expiry in text.
///
/// Above 31 bits memcached 1.6.18 answers `STORED` and takes the item for expired, so later dates become the last one there is.
pub(super) fn expiry_number(expiry: Expiry) -> u64 {
    u64::from(expiry.wire().min(i32::MAX.unsigned_abs()))
}

fn store_name(mode: StoreMode, cas: bool) -> Result<&'static str, &'static str> {
    match (mode, cas) {
        (StoreMode::Set, true) => Ok("cas"),
        (_, true) => Err("combine a CAS unique with add, replace, append or prepend"),
        (StoreMode::Add, false) => Ok("add"),
        (StoreMode::Append, false) => Ok("append"),
        (StoreMode::Prepend, false) => Ok("prepend"),
        (StoreMode::Replace, false) => Ok("replace"),
        (StoreMode::Set, false) => Ok("set"),
    }
}

/// Takes one reply off the front; see [`super::decode`].
pub(super) fn decode<'a>(expected: Expected, limits: &Limits, input: &'a [u8]) -> Decoded<'a> {
    let Some((line, length)) = line::split(input, limits)? else { return Ok(None) };
    if let Some(refusal) = line::refusal(line) {
        return Ok(Some((Reply::Refused(refusal), length)));
    }
    let reply = match (expected.kind, line) {
        (Kind::Get | Kind::GetAndTouch, b"END") => Some(Reply::Miss),
        (Kind::Get | Kind::GetAndTouch, _) => return decode_value(line, length, expected, limits, input),
        (Kind::Store(_), b"STORED") => Some(Reply::Stored { cas: None }),
        (Kind::Store(_), b"NOT_STORED") => Some(Reply::NotStored),
        (Kind::Store(_), b"EXISTS") => Some(Reply::Exists),
        (Kind::Store(_) | Kind::Delete | Kind::Touch | Kind::Arithmetic, b"NOT_FOUND") => {
            Some(Reply::NotFound)
        }
        (Kind::Delete, b"DELETED") => Some(Reply::Deleted),
        (Kind::Touch, b"TOUCHED") => Some(Reply::Touched),
        (Kind::Arithmetic, _) => line::number(line.trim_ascii_end()).map(Reply::Number),
        (Kind::FlushAll | Kind::Verbosity, b"OK") => Some(Reply::Ok),
        (Kind::Version, _) => line.strip_prefix(b"VERSION ").map(Reply::Version),
        (Kind::Stats, _) => decode_statistic(line),
        _ => None,
    };
    reply.map(|reply| Some((reply, length))).ok_or_else(|| line::unexpected(line))
}

/// `VALUE <key> <flags> <bytes> [<cas unique>]`, the value, `END`: one reply.
///
/// Another key than the one that was asked for is what a connection out of step looks like.
fn decode_value<'a>(
    line: &'a [u8],
    start: usize,
    expected: Expected,
    limits: &Limits,
    input: &'a [u8],
) -> Decoded<'a> {
    let Some((flags, claimed, cas)) = parse_value_line(line, expected) else {
        return Err(line::unexpected(line));
    };
    let Some((value, end)) = line::value(input, start, claimed, limits)? else { return Ok(None) };
    let rest = input.get(end..).unwrap_or_default();
    match line::split(rest, limits)? {
        None => Ok(None),
        Some((b"END", length)) => {
            Ok(Some((Reply::Value(Item { flags, cas, ttl: None, value }), end + length)))
        }
        Some((line, _)) => Err(line::unexpected(line)),
    }
}

fn parse_value_line(line: &[u8], expected: Expected) -> Option<(u32, u64, Option<u64>)> {
    let mut words = line::words(line);
    if words.next() != Some(b"VALUE") {
        return None;
    }
    if fingerprint(words.next()?) != expected.key {
        return None;
    }
    let flags = line::small_number(words.next()?)?;
    let claimed = line::number(words.next()?)?;
    let cas = match words.next() {
        Some(word) => Some(line::number(word)?),
        None => None,
    };
    words.next().is_none().then_some((flags, claimed, cas))
}

/// A line of statistics: `STAT` usually, `ITEM` of `cachedump`, `PREFIX` of `detail dump`.
fn decode_statistic(line: &[u8]) -> Option<Reply<'_>> {
    match line {
        b"END" => return Some(Reply::End),
        // `stats reset` and `stats detail on`.
        b"RESET" | b"OK" => return Some(Reply::Ok),
        _ => {}
    }
    let rest = [&b"STAT "[..], b"ITEM ", b"PREFIX "].iter().find_map(|prefix| line.strip_prefix(*prefix))?;
    let (name, value) = match memchr::memchr(b' ', rest) {
        Some(blank) => (&rest[..blank], &rest[blank + 1..]),
        None => (rest, &b""[..]),
    };
    Some(Reply::Stat { name, value })
}
