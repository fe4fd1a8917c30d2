//! The binary protocol, server side (`proto_bin.c`).

use super::Authentication;
use super::prefixes::Event;
use super::sasl;
use super::session::Session;
use super::session::Step;
use super::stats::Sink;
use super::stats::VERSION;
use super::store::Delta;
use super::store::Mode;
use super::store::Outcome;
use super::store::Store;
use super::table::Fresh;
use super::text;
use crate::protocol::codes::HEADER_LENGTH;
use crate::protocol::codes::REPLY_MAGIC;
use crate::protocol::codes::REQUEST_MAGIC;
use crate::protocol::codes::opcode;
use crate::protocol::codes::status;
use crate::protocol::key::MAX_KEY_LENGTH;

/// The head of a request and where its parts are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    opcode: u8,
    /// The opcode without its quietness.
    command: u8,
    is_quiet: bool,
    opaque: [u8; 4],
    cas: u64,
    extras: &'a [u8],
    pub(super) key: &'a [u8],
    /// Length of what follows the key.
    pub(super) value_length: usize,
    /// Length of the whole body, as announced.
    body: u32,
    /// All that came, from the header on.
    input: &'a [u8],
}

/// The quiet opcodes and what they are otherwise.
const QUIET: [(u8, u8); 14] = [
    (opcode::GETQ, opcode::GET),
    (opcode::GETKQ, opcode::GETK),
    (opcode::SETQ, opcode::SET),
    (opcode::ADDQ, opcode::ADD),
    (opcode::REPLACEQ, opcode::REPLACE),
    (opcode::DELETEQ, opcode::DELETE),
    (opcode::INCREMENTQ, opcode::INCREMENT),
    (opcode::DECREMENTQ, opcode::DECREMENT),
    (opcode::QUITQ, opcode::QUIT),
    (opcode::FLUSHQ, opcode::FLUSH),
    (opcode::APPENDQ, opcode::APPEND),
    (opcode::PREPENDQ, opcode::PREPEND),
    (opcode::GATQ, opcode::GAT),
    (opcode::GATKQ, opcode::GATK),
];

impl<'a> Request<'a> {
    /// Where the header and what it tells of keys and extras ends; `None` while it is not here.
    fn parse(input: &'a [u8]) -> Option<Self> {
        let &[_, opcode, k0, k1, extras, _, _, _, ref words @ ..] = input.first_chunk::<HEADER_LENGTH>()?;
        let [b0, b1, b2, b3, o0, o1, o2, o3, cas @ ..] = *words;
        let body = u32::from_be_bytes([b0, b1, b2, b3]);
        let (extras, key) = (usize::from(extras), usize::from(u16::from_be_bytes([k0, k1])));
        let rest = input.get(HEADER_LENGTH..)?;
        let plain = QUIET.iter().find(|(quiet, _)| *quiet == opcode).map(|(_, plain)| *plain);
        Some(Self {
            opcode,
            command: plain.unwrap_or(opcode),
            is_quiet: plain.is_some(),
            opaque: [o0, o1, o2, o3],
            cas: u64::from_be_bytes(cas),
            extras: rest.get(..extras)?,
            key: rest.get(extras..extras + key)?,
            value_length: usize::try_from(body).unwrap_or(usize::MAX).saturating_sub(extras + key),
            body,
            input,
        })
    }

    /// How many bytes the header, extras and key take.
    fn head_length(&self) -> usize {
        HEADER_LENGTH + self.extras.len() + self.key.len()
    }

    /// The value, once it is here, and where it ends.
    pub(super) fn value(&self) -> Result<(&'a [u8], usize), Step> {
        let end = self.head_length() + self.value_length;
        self.input.get(self.head_length()..end).map(|value| (value, end)).ok_or(Step::More(end))
    }

    /// The 32-bit numbers of the extras.
    fn extra(&self, index: usize) -> u32 {
        let bytes = self.extras.get(index * 4..index * 4 + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    }

    fn extra_64(&self, index: usize) -> u64 {
        u64::from(self.extra(index)) << 32 | u64::from(self.extra(index + 1))
    }

    /// Appends an answer; the lengths of its parts are far below what their fields hold.
    fn answer(&self, out: &mut Vec<u8>, status: u16, cas: u64, parts: [&[u8]; 3]) {
        let [extras, key, value] = parts;
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let [.., k0, k1] = length(key.len());
        let [.., extras_length] = length(extras.len());
        out.extend_from_slice(&[REPLY_MAGIC, self.opcode, k0, k1, extras_length, 0]);
        out.extend_from_slice(&status.to_be_bytes());
        out.extend_from_slice(&length(extras.len() + key.len() + value.len()));
        out.extend_from_slice(&self.opaque);
        out.extend_from_slice(&cas.to_be_bytes());
        parts.iter().for_each(|part| out.extend_from_slice(part));
    }

    /// Answers a success, unless silence was asked for.
    pub(super) fn done(&self, out: &mut Vec<u8>, cas: u64, value: &[u8]) -> Step {
        if !self.is_quiet {
            self.answer(out, status::SUCCESS, cas, [b"", b"", value]);
        }
        Step::Took(self.head_length())
    }

    /// Answers a failure, which also quiet requests do (`proto_bin.c:write_bin_error`).
    pub(super) fn fail(&self, out: &mut Vec<u8>, status: u16) -> Step {
        let words = match status {
            status::OUT_OF_MEMORY => "Out of memory allocating item",
            status::KEY_NOT_FOUND => "Not found",
            status::INVALID_ARGUMENTS => "Invalid arguments",
            status::KEY_EXISTS => "Data exists for key.",
            status::TOO_LARGE => "Too large.",
            status::NON_NUMERIC => "Non-numeric server-side value for incr or decr",
            status::NOT_STORED => "Not stored.",
            status::AUTH_ERROR => "Auth failure.",
            _ => "Unknown command",
        };
        self.answer(out, status, 0, [b"", b"", words.as_bytes()]);
        Step::Took(self.head_length())
    }

    pub(super) fn challenge(&self, out: &mut Vec<u8>) {
        self.answer(out, status::AUTH_CONTINUE, 0, [b"", b"", b""]);
    }
}

/// Runs one command.
pub(super) fn step(session: &mut Session, store: &mut Store, input: &[u8], out: &mut Vec<u8>) -> Step {
    // memcached looks at no byte before a whole head is there, so a text command gets no answer at all.
    let Some(request) = Request::parse(input) else { return Step::More(0) };
    if input.first() != Some(&REQUEST_MAGIC) {
        return Step::Close;
    }
    let announced = usize::try_from(request.body).unwrap_or(usize::MAX);
    if request.extras.len() + request.key.len() > announced {
        request.fail(out, status::UNKNOWN_COMMAND);
        return Step::Close;
    }
    let needs_no_name = matches!(
        request.command,
        opcode::SASL_LIST | opcode::SASL_AUTH | opcode::SASL_STEP | opcode::VERSION
    );
    if store.settings.demands(Authentication::Sasl) && !session.is_authenticated && !needs_no_name {
        request.fail(out, status::AUTH_ERROR);
        return Step::Close;
    }
    if request.key.len() > MAX_KEY_LENGTH || !has_right_shape(&request) {
        request.fail(out, status::INVALID_ARGUMENTS);
        return Step::Close;
    }
    dispatch(session, store, &request, out)
}

/// Whether extras, key and value are as the command has them (`proto_bin.c:dispatch_bin_command`).
fn has_right_shape(request: &Request<'_>) -> bool {
    let has_key = !request.key.is_empty();
    let has_value = request.value_length > 0;
    match (request.command, request.extras.len()) {
        (opcode::VERSION | opcode::NOOP | opcode::QUIT | opcode::SASL_LIST, extras) => {
            extras == 0 && !has_key && !has_value
        }
        (opcode::FLUSH, extras) => matches!(extras, 0 | 4) && !has_key && !has_value,
        (opcode::SET | opcode::ADD | opcode::REPLACE, extras) => extras == 8 && has_key,
        (opcode::GET | opcode::GETK | opcode::DELETE, extras) => extras == 0 && has_key && !has_value,
        (opcode::INCREMENT | opcode::DECREMENT, extras) => extras == 20 && has_key && !has_value,
        (opcode::APPEND | opcode::PREPEND | opcode::SASL_AUTH | opcode::SASL_STEP, extras) => {
            extras == 0 && has_key
        }
        (opcode::STAT, extras) => extras == 0,
        (opcode::TOUCH | opcode::GAT | opcode::GATK, extras) => extras == 4 && has_key,
        _ => true,
    }
}

fn dispatch(session: &mut Session, store: &mut Store, request: &Request<'_>, out: &mut Vec<u8>) -> Step {
    match request.command {
        opcode::GET | opcode::GETK | opcode::GAT | opcode::GATK | opcode::TOUCH => get(store, request, out),
        opcode::SET => update(session, store, request, Mode::Set, out),
        opcode::ADD => update(session, store, request, Mode::Add, out),
        opcode::REPLACE => update(session, store, request, Mode::Replace, out),
        opcode::APPEND => update(session, store, request, Mode::Append, out),
        opcode::PREPEND => update(session, store, request, Mode::Prepend, out),
        opcode::DELETE => delete(store, request, out),
        opcode::INCREMENT => arithmetic(store, request, true, out),
        opcode::DECREMENT => arithmetic(store, request, false, out),
        opcode::FLUSH => {
            store.flush(request.extra(0).into());
            request.done(out, 0, b"")
        }
        opcode::NOOP => request.done(out, 0, b""),
        opcode::VERSION => request.done(out, 0, VERSION.as_bytes()),
        opcode::QUIT => {
            request.done(out, 0, b"");
            Step::Close
        }
        opcode::STAT => stats(store, request, out),
        opcode::SASL_LIST | opcode::SASL_AUTH | opcode::SASL_STEP => sasl::step(session, store, request, out),
        _ => {
            // The whole body is passed over though extras and key are taken already (memcached 1.6.18).
            session.swallow = request.body.into();
            request.fail(out, status::UNKNOWN_COMMAND)
        }
    }
}

pub(super) fn is_list(request: &Request<'_>) -> bool {
    request.command == opcode::SASL_LIST
}

pub(super) fn is_first_step(request: &Request<'_>) -> bool {
    request.command == opcode::SASL_AUTH
}

fn get(store: &mut Store, request: &Request<'_>, out: &mut Vec<u8>) -> Step {
    let touches = matches!(request.command, opcode::GAT | opcode::GATK | opcode::TOUCH);
    let with_key = matches!(request.command, opcode::GETK | opcode::GATK);
    let found = store.find(request.key, true);
    text::count_get(store, request.key, found, touches);
    store.prefixes.record(request.key, if found.is_some() { Event::Hit } else { Event::Miss });
    let key = if with_key { request.key } else { b"" };
    match found {
        Some(place) => {
            if touches {
                let expiry = store.expiry(request.extra(0).into());
                store.table.item_mut(place).expiry = expiry;
            }
            let item = store.table.item(place);
            let value = if request.command == opcode::TOUCH { b"" } else { item.value() };
            request.answer(out, status::SUCCESS, item.cas, [&item.flags.to_be_bytes(), key, value]);
        }
        None if request.is_quiet => {}
        None if with_key => request.answer(out, status::KEY_NOT_FOUND, 0, [b"", key, b""]),
        None => {
            request.fail(out, status::KEY_NOT_FOUND);
        }
    }
    Step::Took(request.head_length())
}

fn update(
    session: &mut Session,
    store: &mut Store,
    request: &Request<'_>,
    mode: Mode,
    out: &mut Vec<u8>,
) -> Step {
    let extends = matches!(mode, Mode::Append | Mode::Prepend);
    let flags = request.extra(0);
    if !store.admits(request.key.len(), flags, request.value_length) {
        store.prefixes.record(request.key, Event::Set);
        store.refuse(mode, request.key, Outcome::TooLarge, mode == Mode::Set);
        session.swallow = request.value_length as u64;
        return request.fail(out, status::TOO_LARGE);
    }
    let (value, end) = match request.value() {
        Ok(here) => here,
        Err(more) => return more,
    };
    store.prefixes.record(request.key, Event::Set);
    let expiry = store.expiry(request.extra(1).into());
    let fresh = Fresh { key: request.key, flags, expiry, parts: [value, b""], marks: 0 };
    let conditional = if request.cas != 0 && !extends { Mode::Cas } else { mode };
    store.count_set(&fresh);
    match (store.store(conditional, &fresh, request.cas, false), conditional) {
        ((Outcome::Stored, cas), _) => request.done(out, cas, b""),
        ((Outcome::Exists, _), _) | ((Outcome::NotStored, _), Mode::Add) => {
            request.fail(out, status::KEY_EXISTS)
        }
        ((Outcome::NotFound, _), _) | ((Outcome::NotStored, _), Mode::Replace) => {
            request.fail(out, status::KEY_NOT_FOUND)
        }
        ((Outcome::NotStored, _), _) => request.fail(out, status::NOT_STORED),
        ((Outcome::NoMemory | Outcome::TooLarge, _), _) => {
            store.refuse(mode, request.key, Outcome::NoMemory, mode == Mode::Set);
            request.fail(out, status::OUT_OF_MEMORY)
        }
    };
    Step::Took(end)
}

fn delete(store: &mut Store, request: &Request<'_>, out: &mut Vec<u8>) -> Step {
    store.prefixes.record(request.key, Event::Delete);
    let found = store.find(request.key, false);
    if found.is_some_and(|place| request.cas != 0 && request.cas != store.table.item(place).cas) {
        return request.fail(out, status::KEY_EXISTS);
    }
    match found {
        Some(_) => {
            text::remove(store, request.key, found);
            request.done(out, 0, b"")
        }
        None => {
            text::miss_delete(store, request.key);
            request.fail(out, status::KEY_NOT_FOUND)
        }
    }
}

fn arithmetic(store: &mut Store, request: &Request<'_>, up: bool, out: &mut Vec<u8>) -> Step {
    let (delta, initial, seconds) = (request.extra_64(0), request.extra_64(2), request.extra(4));
    match store.delta(request.key, up, delta, request.cas) {
        Delta::Done(place, number, _) => {
            let cas = store.table.item(place).cas;
            request.done(out, cas, &number.to_be_bytes())
        }
        Delta::NotNumeric => request.fail(out, status::NON_NUMERIC),
        Delta::NoMemory => request.fail(out, status::OUT_OF_MEMORY),
        Delta::CasMismatch => request.fail(out, status::KEY_EXISTS),
        // All ones forbid to create what is missing.
        Delta::NotFound if seconds == u32::MAX => {
            text::count_delta_miss(store, request.key, up);
            request.fail(out, status::KEY_NOT_FOUND)
        }
        Delta::NotFound => {
            let digits = initial.to_string();
            let expiry = store.expiry(seconds.into());
            let fresh =
                Fresh { key: request.key, flags: 0, expiry, parts: [digits.as_bytes(), b""], marks: 0 };
            match store.store(Mode::Add, &fresh, 0, false) {
                (Outcome::Stored, cas) => request.done(out, cas, &initial.to_be_bytes()),
                (Outcome::NoMemory, _) => request.fail(out, status::OUT_OF_MEMORY),
                _ => request.fail(out, status::NOT_STORED),
            }
        }
    }
}

fn stats(store: &mut Store, request: &Request<'_>, out: &mut Vec<u8>) -> Step {
    let mut sink = Sink::Binary(out, request.opaque);
    // Longer names that start like these are taken for them.
    match request.key {
        [b'r', b'e', b's', b'e', b't', ..] => {
            store.reset();
            sink.end();
        }
        [b's', b'e', b't', b't', b'i', b'n', b'g', b's', ..] => {
            store.tell(b"settings", &mut sink);
        }
        [b'd', b'e', b't', b'a', b'i', b'l', choice @ ..] => {
            if choice.starts_with(b" dump") {
                sink.write(b"detailed", &store.prefixes.dump());
            } else if choice.starts_with(b" on") || choice.starts_with(b" off") {
                store.prefixes.is_on = choice.starts_with(b" on");
            } else {
                return request.fail(out, status::KEY_NOT_FOUND);
            }
            sink.end();
        }
        group => {
            if !store.tell(group, &mut sink) {
                return request.fail(out, status::KEY_NOT_FOUND);
            }
        }
    }
    Step::Took(request.head_length())
}
