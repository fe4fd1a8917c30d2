//! The binary protocol: packets out, packets in (`doc/protocol-binary.txt`).

use super::Direction;
use super::Expected;
use super::Head;
use super::Item;
use super::Key;
use super::Limits;
use super::Malformed;
use super::Options;
use super::Refusal;
use super::RefusalKind;
use super::Reply;
use super::Request;
use super::StoreMode;
use super::codes::HEADER_LENGTH;
use super::codes::REPLY_MAGIC;
use super::codes::REQUEST_MAGIC;
use super::codes::opcode;
use super::codes::status;
use super::expected::Kind;

/// An expiry that forbids INCREMENT and DECREMENT to create what is missing.
const DO_NOT_CREATE: u32 = u32::MAX;

/// The parts of a request behind the header.
#[derive(Default)]
struct Body<'a> {
    extras: [u8; 20],
    extras_length: u8,
    key: &'a [u8],
    value: &'a [u8],
    cas: u64,
}

impl<'a> Body<'a> {
    fn of_key(key: &'a Key) -> Self {
        Self { key: key.as_bytes(), ..Self::default() }
    }

    /// Puts numbers of 32 bits behind the extras there are; five fit.
    fn with_extras(mut self, words: &[u32]) -> Self {
        for (place, word) in
            self.extras.chunks_exact_mut(4).skip(usize::from(self.extras_length / 4)).zip(words)
        {
            place.copy_from_slice(&word.to_be_bytes());
            self.extras_length += 4;
        }
        self
    }

    fn with_extra_u64(self, number: u64) -> Self {
        // The halves of a 64-bit number.
        self.with_extras(&[(number >> 32) as u32, number as u32])
    }
}

/// Appends a request; an error says what cannot be done.
pub(super) fn encode(request: &Request<'_>, options: Options, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let expected = Expected::of(request, options);
    let Some(opcodes) = opcodes(expected.kind, direction(request)) else {
        return Err("show what is known about an item");
    };
    let opcode = match opcodes {
        (_, Some(quiet)) if options.quiet => quiet,
        (plain, _) => plain,
    };
    packet(opcode, options.opaque, &body(request)?, out)
}

/// The parts of a request behind the header.
fn body<'a>(request: &Request<'a>) -> Result<Body<'a>, &'static str> {
    Ok(match *request {
        Request::Get { key } | Request::Peek { key } => Body::of_key(key),
        Request::GetAndTouch { key, expiry } | Request::Touch { key, expiry } => {
            Body::of_key(key).with_extras(&[expiry.wire()])
        }
        Request::Store { cas: Some(0), .. } | Request::Delete { cas: Some(0), .. } => {
            return Err("send the CAS unique 0, which means no condition");
        }
        Request::Store { mode, key, flags, expiry, value, cas } => {
            let body = Body { value, cas: cas.unwrap_or(0), ..Body::of_key(key) };
            match mode {
                StoreMode::Append | StoreMode::Prepend => body,
                _ => body.with_extras(&[flags, expiry.wire()]),
            }
        }
        Request::Delete { key, cas } => Body { cas: cas.unwrap_or(0), ..Body::of_key(key) },
        Request::Arithmetic { key, delta, initial, .. } => {
            let (initial, expiry) = match initial {
                Some((initial, expiry)) => (initial, expiry.wire().min(DO_NOT_CREATE - 1)),
                None => (0, DO_NOT_CREATE),
            };
            Body::of_key(key).with_extra_u64(delta).with_extra_u64(initial).with_extras(&[expiry])
        }
        Request::Stats { argument } => Body { key: argument, ..Body::default() },
        Request::SaslAuth { mechanism, response } | Request::SaslStep { mechanism, response } => {
            Body { key: mechanism, value: response, ..Body::default() }
        }
        Request::FlushAll { delay: 0 }
        | Request::Debug { .. }
        | Request::Inspect { .. }
        | Request::Noop
        | Request::Quit
        | Request::SaslList
        | Request::Version => Body::default(),
        Request::FlushAll { delay: number } | Request::Verbosity { level: number } => {
            Body::default().with_extras(&[number])
        }
    })
}

fn direction(request: &Request<'_>) -> Direction {
    match *request {
        Request::Arithmetic { direction, .. } => direction,
        _ => Direction::Increment,
    }
}

/// The opcode of a request and its quiet form, where it has one; `None` if the protocol lacks the request.
fn opcodes(kind: Kind, direction: Direction) -> Option<(u8, Option<u8>)> {
    Some(match kind {
        Kind::Get => (opcode::GET, Some(opcode::GETQ)),
        Kind::GetAndTouch => (opcode::GAT, Some(opcode::GATQ)),
        Kind::Store(StoreMode::Set) => (opcode::SET, Some(opcode::SETQ)),
        Kind::Store(StoreMode::Add) => (opcode::ADD, Some(opcode::ADDQ)),
        Kind::Store(StoreMode::Replace) => (opcode::REPLACE, Some(opcode::REPLACEQ)),
        Kind::Store(StoreMode::Append) => (opcode::APPEND, Some(opcode::APPENDQ)),
        Kind::Store(StoreMode::Prepend) => (opcode::PREPEND, Some(opcode::PREPENDQ)),
        Kind::Delete => (opcode::DELETE, Some(opcode::DELETEQ)),
        Kind::Arithmetic if direction == Direction::Increment => {
            (opcode::INCREMENT, Some(opcode::INCREMENTQ))
        }
        Kind::Arithmetic => (opcode::DECREMENT, Some(opcode::DECREMENTQ)),
        Kind::FlushAll => (opcode::FLUSH, Some(opcode::FLUSHQ)),
        Kind::Quit => (opcode::QUIT, Some(opcode::QUITQ)),
        Kind::Noop => (opcode::NOOP, None),
        Kind::SaslAuth => (opcode::SASL_AUTH, None),
        Kind::SaslList => (opcode::SASL_LIST, None),
        Kind::SaslStep => (opcode::SASL_STEP, None),
        Kind::Stats => (opcode::STAT, None),
        Kind::Touch => (opcode::TOUCH, None),
        Kind::Verbosity => (opcode::VERBOSITY, None),
        Kind::Version => (opcode::VERSION, None),
        Kind::Debug | Kind::Inspect => return None,
    })
}

/// Appends a packet.
fn packet(opcode: u8, opaque: u32, body: &Body<'_>, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let extras = body.extras.get(..usize::from(body.extras_length)).unwrap_or_default();
    let key_length = u16::try_from(body.key.len()).map_err(|_| "carry an argument of 64 KiB or more")?;
    let length = u32::try_from(extras.len() + body.key.len() + body.value.len())
        .map_err(|_| "carry a value of 4 GiB or more")?;
    out.extend_from_slice(&[REQUEST_MAGIC, opcode]);
    out.extend_from_slice(&key_length.to_be_bytes());
    // Length of the extras, data type, virtual bucket.
    out.extend_from_slice(&[body.extras_length, 0, 0, 0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&opaque.to_be_bytes());
    out.extend_from_slice(&body.cas.to_be_bytes());
    out.extend_from_slice(extras);
    out.extend_from_slice(body.key);
    out.extend_from_slice(body.value);
    Ok(())
}

/// A packet that arrived.
#[derive(Clone, Copy)]
struct Packet<'a> {
    status: u16,
    cas: u64,
    extras: &'a [u8],
    key: &'a [u8],
    value: &'a [u8],
}

/// The header of a packet that arrived.
#[derive(Clone, Copy)]
struct Header {
    opcode: u8,
    key: u16,
    extras: u8,
    status: u16,
    body: u32,
    opaque: u32,
    cas: u64,
}

impl Header {
    /// The header at the front; `None` while it is incomplete.
    fn parse(input: &[u8]) -> Result<Option<Self>, Malformed> {
        if let Some(&found) = input.first().filter(|&&magic| magic != REPLY_MAGIC) {
            return Err(Malformed::Magic { found });
        }
        let Some(&[_, opcode, k0, k1, extras, _, s0, s1, ref words @ ..]) =
            input.first_chunk::<HEADER_LENGTH>()
        else {
            return Ok(None);
        };
        let [b0, b1, b2, b3, o0, o1, o2, o3, cas @ ..] = *words;
        Ok(Some(Self {
            opcode,
            key: u16::from_be_bytes([k0, k1]),
            extras,
            status: u16::from_be_bytes([s0, s1]),
            body: u32::from_be_bytes([b0, b1, b2, b3]),
            opaque: u32::from_be_bytes([o0, o1, o2, o3]),
            cas: u64::from_be_bytes(cas),
        }))
    }

    /// The length of the value: what the extras and the key leave of the body.
    fn value_length(&self) -> Result<u32, Malformed> {
        self.body
            .checked_sub(u32::from(self.extras) + u32::from(self.key))
            .ok_or_else(|| self.wrong_lengths())
    }

    fn wrong_lengths(&self) -> Malformed {
        Malformed::Lengths { body: self.body, extras: self.extras, key: self.key }
    }
}

/// Tells to which request the next reply belongs; see [`super::peek`].
pub(super) fn peek(input: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some(header) = Header::parse(input)? else { return Ok(None) };
    Ok(Some(Head { opaque: Some(header.opaque), barrier: header.opcode == opcode::NOOP }))
}

/// Takes one reply off the front; see [`super::decode`].
pub(super) fn decode<'a>(
    expected: Expected,
    limits: &Limits,
    input: &'a [u8],
) -> Result<Option<(Reply<'a>, usize)>, Malformed> {
    let Some(header) = Header::parse(input)? else { return Ok(None) };
    let value = header.value_length()?;
    let claimed = u64::from(value);
    if usize::try_from(value).map_or(true, |value| value > limits.value) {
        return Err(Malformed::TooLong { claimed, limit: limits.value });
    }
    let barrier = expected.quiet && header.opcode == opcode::NOOP;
    if !barrier {
        check_origin(&header, expected)?;
    }
    let body = input.get(HEADER_LENGTH..).unwrap_or_default();
    let Some(body) = usize::try_from(header.body).ok().and_then(|length| body.get(..length)) else {
        return Ok(None);
    };
    let length = HEADER_LENGTH + body.len();
    // `value_length` has seen to it that both parts are inside the body.
    let (extras, rest) = body.split_at_checked(header.extras.into()).ok_or_else(|| header.wrong_lengths())?;
    let (key, value) = rest.split_at_checked(header.key.into()).ok_or_else(|| header.wrong_lengths())?;
    if barrier {
        return Ok(Some((Reply::Noop, length)));
    }
    let packet = Packet { status: header.status, cas: header.cas, extras, key, value };
    let reply = reply(expected, packet).ok_or_else(|| header.wrong_lengths())?;
    Ok(Some((reply, length)))
}

/// Holds opcode and opaque of a reply against the request.
fn check_origin(header: &Header, expected: Expected) -> Result<(), Malformed> {
    let belongs = |direction| {
        // memcached echoes the quiet opcode; others might answer with the plain one.
        opcodes(expected.kind, direction)
            .is_some_and(|(plain, quiet)| header.opcode == plain || Some(header.opcode) == quiet)
    };
    if !belongs(Direction::Increment) && !belongs(Direction::Decrement) {
        let expected = opcodes(expected.kind, Direction::Increment).map_or(0, |(plain, _)| plain);
        return Err(Malformed::Opcode { expected, found: header.opcode });
    }
    if header.opaque != expected.opaque {
        return Err(Malformed::Opaque { expected: expected.opaque, found: header.opaque });
    }
    Ok(())
}

/// The reply that a packet stands for; `None` if its parts have the wrong lengths for it.
fn reply(expected: Expected, packet: Packet<'_>) -> Option<Reply<'_>> {
    if packet.status == status::SUCCESS {
        return success(expected.kind, packet);
    }
    let refused = |kind| Reply::Refused(Refusal { kind, message: packet.value });
    Some(match (packet.status, expected.kind) {
        (status::KEY_NOT_FOUND, Kind::Get | Kind::GetAndTouch) => Reply::Miss,
        (status::KEY_NOT_FOUND, Kind::Store(mode)) if !expected.cas && mode != StoreMode::Set => {
            Reply::NotStored
        }
        (status::KEY_NOT_FOUND, Kind::Store(_) | Kind::Delete | Kind::Touch | Kind::Arithmetic) => {
            Reply::NotFound
        }
        (status::KEY_EXISTS, Kind::Store(StoreMode::Add)) if !expected.cas => Reply::NotStored,
        (status::KEY_EXISTS, Kind::Store(_) | Kind::Delete | Kind::Arithmetic) => Reply::Exists,
        (status::NOT_STORED, Kind::Store(_) | Kind::Arithmetic) => Reply::NotStored,
        // An unknown group of statistics, which text calls an `ERROR`.
        (status::KEY_NOT_FOUND, Kind::Stats) => refused(RefusalKind::Unknown),
        (status::AUTH_CONTINUE, Kind::SaslAuth | Kind::SaslStep) => Reply::Continue(packet.value),
        (status, _) => refused(refusal_kind(status)),
    })
}

fn success(kind: Kind, packet: Packet<'_>) -> Option<Reply<'_>> {
    Some(match kind {
        Kind::Get | Kind::GetAndTouch => {
            let flags = u32::from_be_bytes(*packet.extras.first_chunk()?);
            Reply::Value(Item { flags, cas: Some(packet.cas), ttl: None, value: packet.value })
        }
        Kind::Store(_) => Reply::Stored { cas: Some(packet.cas).filter(|&cas| cas != 0) },
        Kind::Delete => Reply::Deleted,
        Kind::Touch => Reply::Touched,
        Kind::Arithmetic => Reply::Number(u64::from_be_bytes(packet.value.try_into().ok()?)),
        Kind::Noop => Reply::Noop,
        Kind::Version => Reply::Version(packet.value),
        Kind::Stats if packet.key.is_empty() => Reply::End,
        Kind::Stats => Reply::Stat { name: packet.key, value: packet.value },
        Kind::SaslList => Reply::Mechanisms(packet.value),
        Kind::SaslAuth | Kind::SaslStep => Reply::Authenticated,
        Kind::FlushAll | Kind::Quit | Kind::Verbosity => Reply::Ok,
        // Never asked for in this protocol.
        Kind::Debug | Kind::Inspect => return None,
    })
}

fn refusal_kind(status: u16) -> RefusalKind {
    match status {
        status::TOO_LARGE => RefusalKind::TooLarge,
        status::INVALID_ARGUMENTS => RefusalKind::Invalid,
        status::NON_NUMERIC => RefusalKind::NonNumeric,
        status::AUTH_ERROR => RefusalKind::Unauthenticated,
        status::UNKNOWN_COMMAND | status::NOT_SUPPORTED => RefusalKind::Unknown,
        status::OUT_OF_MEMORY => RefusalKind::OutOfMemory,
        status::BUSY => RefusalKind::Busy,
        _ => RefusalKind::Server,
    }
}
