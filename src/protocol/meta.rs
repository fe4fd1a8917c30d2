//! The meta text commands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Direction;
use super::Expected;
use super::Expiry;
use super::Head;
use super::Item;
use super::Key;
use super::Limits;
use super::Malformed;
use super::Metadata;
use super::Options;
use super::Reply;
use super::Request;
use super::StoreMode;
use super::classic;
use super::expected::Kind;
use super::key::MAX_KEY_LENGTH;
use super::line;

/// Appends a request; an error says what cannot be done.
pub(super) fn encode(request: &Request<'_>, options: Options, out: &mut Vec<u8>) -> Result<(), &'static str> {
    match *request {
        Request::Get { key } => item(out, "mg", key, options, |out| push(out, " s f c v")),
        Request::Peek { key } => item(out, "mg", key, options, |out| push(out, " f c t v u")),
        Request::GetAndTouch { key, expiry } => item(out, "mg", key, options, |out| {
            push(out, " s f c v");
            number_flag(out, " T", classic::expiry_number(expiry));
        }),
        Request::Inspect { key } => item(out, "mg", key, options, |out| push(out, " s f c t l h u")),
        // `me` takes no flags but `b`.
        Request::Debug { key } => item(out, "me", key, Options::default(), |_| {}),
        Request::Store { cas: Some(0), .. } | Request::Delete { cas: Some(0), .. } => {
            Err("send the CAS unique 0, which means no condition")
        }
        Request::Store { mode, key, flags, expiry, value, cas } => {
            item(out, "ms", key, options, |out| {
                number_flag(out, " ", value.len() as u64);
                push(out, store_mode(mode));
                number_flag(out, " F", flags.into());
                number_flag(out, " T", classic::expiry_number(expiry));
                if let Some(cas) = cas {
                    number_flag(out, " C", cas);
                }
                push(out, " c");
            })?;
            out.extend_from_slice(value);
            push(out, "\r\n");
            Ok(())
        }
        Request::Delete { key, cas } => item(out, "md", key, options, |out| {
            if let Some(cas) = cas {
                number_flag(out, " C", cas);
            }
        }),
        Request::Touch { key, expiry } => item(out, "mg", key, options, |out| {
            number_flag(out, " T", classic::expiry_number(expiry));
        }),
        Request::Arithmetic { key, direction, delta, initial } => {
            item(out, "ma", key, options, |out| arithmetic_flags(out, direction, delta, initial))
        }
        Request::Noop => {
            push(out, "mn\r\n");
            Ok(())
        }
        Request::SaslList | Request::SaslAuth { .. } | Request::SaslStep { .. } => Err("carry SASL"),
        Request::FlushAll { .. }
        | Request::Quit
        | Request::Stats { .. }
        | Request::Verbosity { .. }
        | Request::Version => classic::encode_control(request, false, out),
    }
}

/// Appends a command on one item: name, key, its own flags, and those that every command has.
///
/// A key that a line cannot carry is sent in base64, which must itself be no longer than a key.
fn item(
    out: &mut Vec<u8>,
    name: &str,
    key: &Key,
    options: Options,
    flags: impl FnOnce(&mut Vec<u8>),
) -> Result<(), &'static str> {
    push(out, name);
    push(out, " ");
    let plain = line::text_key(key);
    match plain {
        Some(key) => out.extend_from_slice(key),
        None => {
            let encoded = STANDARD.encode(key.as_bytes());
            if encoded.len() > MAX_KEY_LENGTH {
                return Err("carry so long a key with a blank, a line end or NUL");
            }
            push(out, &encoded);
        }
    }
    flags(out);
    if plain.is_none() {
        push(out, " b");
    }
    if options.quiet {
        push(out, " q");
    }
    if options.opaque != 0 {
        number_flag(out, " O", options.opaque.into());
    }
    push(out, "\r\n");
    Ok(())
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn number_flag(out: &mut Vec<u8>, flag: &str, number: u64) {
    push(out, flag);
    line::push_number(out, number);
}

fn arithmetic_flags(out: &mut Vec<u8>, direction: Direction, delta: u64, initial: Option<(u64, Expiry)>) {
    if let Some((value, expiry)) = initial {
        number_flag(out, " N", classic::expiry_number(expiry));
        number_flag(out, " J", value);
    }
    number_flag(out, " D", delta);
    push(out, if direction == Direction::Increment { " MI v" } else { " MD v" });
}

fn store_mode(mode: StoreMode) -> &'static str {
    match mode {
        StoreMode::Add => " ME",
        StoreMode::Append => " MA",
        StoreMode::Prepend => " MP",
        StoreMode::Replace => " MR",
        StoreMode::Set => " MS",
    }
}

/// Takes one reply off the front; see [`super::decode`].
pub(super) fn decode<'a>(
    expected: Expected,
    limits: &Limits,
    input: &'a [u8],
) -> Result<Option<(Reply<'a>, usize)>, Malformed> {
    let Some((line, length)) = line::split(input, limits)? else { return Ok(None) };
    if let Some(refusal) = line::refusal(line) {
        return Ok(Some((Reply::Refused(refusal), length)));
    }
    if line == b"MN" && (expected.quiet || expected.kind == Kind::Noop) {
        return Ok(Some((Reply::Noop, length)));
    }
    if matches!(expected.kind, Kind::FlushAll | Kind::Quit | Kind::Stats | Kind::Verbosity | Kind::Version) {
        return classic::decode(expected, limits, input);
    }
    let mut words = line::words(line);
    let code = words.next().unwrap_or_default();
    if expected.opaque != 0
        && let Some(found) = opaque(line)
        && found != expected.opaque
    {
        return Err(Malformed::Opaque { expected: expected.opaque, found });
    }
    if code == b"VA" {
        let Some(claimed) = words.next().and_then(line::number) else { return Err(line::unexpected(line)) };
        let Some((value, end)) = line::value(input, length, claimed, limits)? else { return Ok(None) };
        let reply = value_reply(expected.kind, line, value).ok_or_else(|| line::unexpected(line))?;
        return Ok(Some((reply, end)));
    }
    let reply = code_reply(expected, code, line).ok_or_else(|| line::unexpected(line))?;
    Ok(Some((reply, length)))
}

/// The reply that a value belongs to; `line` is its `VA` line.
fn value_reply<'a>(kind: Kind, line: &'a [u8], value: &'a [u8]) -> Option<Reply<'a>> {
    match kind {
        Kind::Get | Kind::GetAndTouch => {
            let known = parse_flags(line::words(line).skip(2))?;
            let flags = known.flags.unwrap_or(0);
            Some(Reply::Value(Item { flags, cas: known.cas, ttl: known.ttl, value }))
        }
        Kind::Arithmetic => line::number(value.trim_ascii_end()).map(Reply::Number),
        _ => None,
    }
}

/// The reply that a return code without value stands for.
fn code_reply<'a>(expected: Expected, code: &[u8], line: &'a [u8]) -> Option<Reply<'a>> {
    let flags = || parse_flags(line::words(line).skip(1));
    match (code, expected.kind) {
        // `OK` is what some early 1.6 said for `HD`.
        (b"HD" | b"OK", Kind::Store(_)) => Some(Reply::Stored { cas: flags()?.cas.filter(|&cas| cas != 0) }),
        (b"HD" | b"OK", Kind::Delete) => Some(Reply::Deleted),
        (b"HD" | b"OK", Kind::Touch) => Some(Reply::Touched),
        (b"HD" | b"OK", Kind::Inspect) => flags().map(Reply::Metadata),
        (b"ME", Kind::Debug) => parse_debug(line).map(Reply::Metadata),
        (b"EN" | b"NF", Kind::Get | Kind::GetAndTouch | Kind::Inspect | Kind::Debug) => Some(Reply::Miss),
        (b"EN" | b"NF", Kind::Touch) | (b"NF", Kind::Delete | Kind::Arithmetic) => Some(Reply::NotFound),
        (b"NF", Kind::Store(mode)) if expected.cas || mode == StoreMode::Set => Some(Reply::NotFound),
        (b"NF" | b"NS", Kind::Store(_)) | (b"NS", Kind::Arithmetic) => Some(Reply::NotStored),
        (b"EX", Kind::Store(_) | Kind::Delete | Kind::Arithmetic) => Some(Reply::Exists),
        _ => None,
    }
}

/// The flags that came back, unknown ones left out.
fn parse_flags<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Metadata> {
    let mut known = Metadata::default();
    for word in words {
        let Some((&flag, token)) = word.split_first() else { continue };
        match flag {
            b's' => known.size = Some(line::number(token)?),
            b'f' => known.flags = Some(line::small_number(token)?),
            b'c' => known.cas = Some(line::number(token)?),
            b't' => known.ttl = Some(signed_number(token)?),
            b'l' => known.last_access = Some(line::number(token)?),
            b'h' => known.fetched = Some(line::number(token)? != 0),
            _ => {}
        }
    }
    Some(known)
}

/// `ME <key> exp=… la=… cas=… fetch=yes|no cls=… size=…`.
fn parse_debug(line: &[u8]) -> Option<Metadata> {
    let mut known = Metadata::default();
    for word in line::words(line).skip(2) {
        let Some(equals) = memchr::memchr(b'=', word) else { continue };
        let (name, token) = (&word[..equals], &word[equals + 1..]);
        match name {
            // 1.6.18 counts down to zero from below: `exp=-100` has 100 seconds left, and -1 never expires.
            b"exp" => known.ttl = Some(signed_number(token).map(|ttl| if ttl < -1 { -ttl } else { ttl })?),
            b"la" => known.last_access = Some(line::number(token)?),
            b"cas" => known.cas = Some(line::number(token)?),
            b"fetch" => known.fetched = Some(token == b"yes"),
            b"cls" => known.slab = Some(line::small_number(token)?),
            b"size" => known.size = Some(line::number(token)?),
            _ => {}
        }
    }
    Some(known)
}

fn signed_number(digits: &[u8]) -> Option<i64> {
    match digits.strip_prefix(b"-") {
        Some(digits) => {
            line::number(digits).and_then(|number| i64::try_from(number).ok()).map(|number| -number)
        }
        None => line::number(digits).and_then(|number| i64::try_from(number).ok()),
    }
}

/// Tells to which request the next reply belongs; see [`super::peek`].
pub(super) fn peek(limits: &Limits, input: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some((line, _)) = line::split(input, limits)? else { return Ok(None) };
    let head = if line == b"MN" {
        Head { opaque: None, barrier: true }
    } else {
        Head { opaque: opaque(line), barrier: false }
    };
    Ok(Some(head))
}

/// The opaque of a reply line with flags; the words of an error, a statistic or a version are not flags.
fn opaque(line: &[u8]) -> Option<u32> {
    let mut words = line::words(line);
    let code = words.next()?;
    if !matches!(code, b"HD" | b"OK" | b"VA" | b"EN" | b"NF" | b"NS" | b"EX") {
        return None;
    }
    words.find_map(|word| word.strip_prefix(b"O")).and_then(line::small_number)
}
