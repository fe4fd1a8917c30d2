//! Any number of requests over one connection in bounded memory: quiet commands in batches, each closed by a barrier.

use std::collections::VecDeque;
use std::time::Duration;

use super::Cause;
use super::Server;
use super::ServerError;
use super::style::Style;
use super::style::probe;
use crate::protocol;
use crate::protocol::Dialect;
use crate::protocol::Expected;
use crate::protocol::Options;
use crate::protocol::Refusal;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;

/// How many requests stand between two barriers.
const BATCH: usize = 1000;

/// How many bytes of requests stand between two barriers at most, but for a single larger one.
const BATCH_BYTES: usize = 128 << 10;

/// How many batches may be under way: one that the server works on and one ahead.
const AHEAD: usize = 2;

/// What became of the requests of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Done: deleted, touched, stored, found.
    pub done: u64,
    /// Not done, since the item is not there (or, for `add`, is).
    pub not_found: u64,
    /// Refused by the server, or not to be carried by the protocol.
    pub failed: u64,
    /// Sent, and not answered when the connection broke.
    pub unknown: u64,
    /// The words of the first refusal.
    pub refusal: Option<String>,
}

impl Counts {
    /// Adds what another pipeline did.
    pub fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.not_found += other.not_found;
        self.failed += other.failed;
        self.unknown += other.unknown;
        if self.refusal.is_none() {
            self.refusal.clone_from(&other.refusal);
        }
    }

    /// How many requests these are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.done + self.not_found + self.failed + self.unknown
    }

    fn take(&mut self, reply: &Reply<'_>, times: u64) {
        match reply {
            Reply::NotFound | Reply::Miss | Reply::NotStored => self.not_found += times,
            Reply::Exists => {
                self.failed += times;
                self.refuse("the item has another CAS unique by now");
            }
            Reply::Refused(refusal) => {
                self.failed += times;
                self.refuse(&String::from_utf8_lossy(refusal.message));
            }
            _ => self.done += times,
        }
    }

    fn refuse(&mut self, words: &str) {
        if self.refusal.is_none() {
            self.refusal = Some(words.to_owned());
        }
    }
}

/// A request under way whose fate is to be told.
struct Sent<T> {
    expected: Expected,
    tag: T,
}

/// Who wants to know the fate of each request: gets its tag and the reply, or `None` if nobody knows.
pub type Watcher<'a, T> = &'a mut dyn FnMut(T, Option<Reply<'_>>);

/// A pipeline of requests that are all of one kind.
///
/// Requests are written ahead of their replies within two batches, and both directions move together, so neither side can
/// fill the other's buffers.
pub struct Pipeline<'a, T> {
    server: &'a mut Server,
    style: Style,
    counts: Counts,
    watcher: Option<Watcher<'a, T>>,
    /// What is under way, where somebody wants to know.
    sent: VecDeque<Sent<T>>,
    /// Requests still unanswered, a batch each; the last one is open.
    batches: VecDeque<u64>,
    /// What a quiet request of this kind looks like, and what its silence means.
    kind: Option<Expected>,
    opaque: u32,
    /// Bytes written to the open batch.
    bytes: usize,
}

impl<'a, T> Pipeline<'a, T> {
    /// A pipeline that only counts.
    ///
    /// # Errors
    /// A server that cannot be asked what it understands.
    pub fn counting(server: &'a mut Server) -> Result<Self, ServerError> {
        Self::new(server, None)
    }

    /// A pipeline that tells the fate of each request.
    ///
    /// # Errors
    /// As [`Pipeline::counting`].
    pub fn watched(server: &'a mut Server, watcher: Watcher<'a, T>) -> Result<Self, ServerError> {
        Self::new(server, Some(watcher))
    }

    fn new(server: &'a mut Server, watcher: Option<Watcher<'a, T>>) -> Result<Self, ServerError> {
        let style = probe(server)?;
        Ok(Self {
            server,
            style,
            counts: Counts::default(),
            watcher,
            sent: VecDeque::new(),
            batches: VecDeque::from([0]),
            kind: None,
            opaque: 0,
            bytes: 0,
        })
    }

    /// What became of the requests so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Sends one more request; may wait for the answers to earlier ones.
    ///
    /// # Errors
    /// A broken connection. What was under way is counted as unknown then, this request included.
    pub fn push(&mut self, request: &Request<'_>, tag: T) -> Result<(), ServerError> {
        let style = self.style_of(request);
        self.opaque = if self.watcher.is_some() { self.opaque % (u32::MAX - 1) + 1 } else { 0 };
        let options = Options { quiet: matches!(style, Style::Quiet(_)), opaque: self.opaque };
        let output = self.server.connection().output();
        let before = output.len();
        if let Err(unsupported) = protocol::encode(style.dialect(), request, options, output) {
            let refusal =
                Refusal { kind: RefusalKind::Invalid, message: b"the protocol cannot carry the key" };
            self.counts.failed += 1;
            self.counts.refuse(&unsupported.to_string());
            if let Some(watcher) = &mut self.watcher {
                watcher(tag, Some(Reply::Refused(refusal)));
            }
            return Ok(());
        }
        self.bytes += output.len() - before;
        let expected = Expected::of(request, options);
        if self.watcher.is_some() {
            self.sent.push_back(Sent { expected, tag });
        }
        self.kind = Some(expected);
        self.style = style;
        if let Some(open) = self.batches.back_mut() {
            *open += 1;
            if *open >= BATCH as u64 || self.bytes >= BATCH_BYTES {
                return self.close_batch().map_err(|error| self.give_up(error));
            }
        }
        Ok(())
    }

    /// Waits for all answers.
    ///
    /// # Errors
    /// A broken connection. What was under way is counted as unknown then.
    pub fn finish(mut self) -> (Counts, Result<(), ServerError>) {
        let result = self.drain();
        let result = result.map_err(|error| self.give_up(error));
        (self.counts, result)
    }

    fn drain(&mut self) -> Result<(), ServerError> {
        if self.batches.back().is_some_and(|&open| open > 0) {
            self.close_batch()?;
        }
        self.wait_until(1)
    }

    /// Stores are answered one by one in text, since a text refusal names no request; everything else as it is best.
    fn style_of(&self, request: &Request<'_>) -> Style {
        match (self.style, request) {
            (Style::Quiet(Dialect::Meta), Request::Store { .. }) => Style::Plain(Dialect::Meta),
            (style, _) => style,
        }
    }

    /// Puts a barrier behind the open batch and opens the next one.
    fn close_batch(&mut self) -> Result<(), ServerError> {
        if let Style::Quiet(dialect) = self.style {
            let output = self.server.connection().output();
            let barrier = protocol::encode(dialect, &Request::Noop, Options::default(), output);
            barrier.map_err(|unsupported| {
                self.server.connection().error(Cause::Refused(unsupported.to_string()))
            })?;
        }
        self.batches.push_back(0);
        self.bytes = 0;
        // Writes what fits and goes on with the next batch.
        self.server.connection().advance_within(Duration::ZERO)?;
        self.read()?;
        self.wait_until(AHEAD)
    }

    /// Reads until no more than this many batches are under way, the open one included.
    fn wait_until(&mut self, batches: usize) -> Result<(), ServerError> {
        while self.batches.len() > batches {
            self.server.advance()?;
            self.read()?;
        }
        Ok(())
    }

    /// Takes the replies that have come.
    fn read(&mut self) -> Result<(), ServerError> {
        while self.batches.len() > 1 {
            let taken = match self.style {
                Style::Plain(dialect) => self.read_plain(dialect),
                Style::Quiet(dialect) if self.watcher.is_some() => self.read_watched(dialect),
                Style::Quiet(dialect) => self.read_counted(dialect),
            }?;
            if !taken {
                break;
            }
        }
        Ok(())
    }

    /// Takes one reply of requests that are all answered.
    fn read_plain(&mut self, dialect: Dialect) -> Result<bool, ServerError> {
        let Some(expected) = self.sent.front().map(|sent| sent.expected).or(self.kind) else {
            return Ok(false);
        };
        let limits = *self.server.limits();
        let connection = self.server.connection();
        let length = match protocol::decode(dialect, expected, &limits, connection.input()) {
            Ok(Some((reply, length))) => {
                self.counts.take(&reply, 1);
                if let (Some(sent), Some(watcher)) = (self.sent.pop_front(), &mut self.watcher) {
                    watcher(sent.tag, Some(reply));
                }
                length
            }
            Ok(None) => return Ok(false),
            Err(malformed) => return Err(connection.error(Cause::Malformed(malformed))),
        };
        self.server.connection().consume(length);
        if let Some(front) = self.batches.front_mut() {
            *front -= 1;
            if *front == 0 {
                self.batches.pop_front();
            }
        }
        Ok(true)
    }

    /// Takes one reply of quiet requests that are only counted.
    fn read_counted(&mut self, dialect: Dialect) -> Result<bool, ServerError> {
        let Some(kind) = self.kind else { return Ok(false) };
        let limits = *self.server.limits();
        let connection = self.server.connection();
        let length = match protocol::decode(dialect, kind, &limits, connection.input()) {
            Ok(Some((Reply::Noop, length))) => {
                let silent = self.batches.pop_front().unwrap_or(0);
                match kind.silence(dialect) {
                    Some(reply) => self.counts.take(&reply, silent),
                    // Each should have been answered.
                    None => self.counts.unknown += silent,
                }
                length
            }
            Ok(Some((reply, length))) => {
                let front = self.batches.front_mut().filter(|front| **front > 0);
                let Some(front) = front else { return Err(too_many(connection)) };
                *front -= 1;
                self.counts.take(&reply, 1);
                length
            }
            Ok(None) => return Ok(false),
            Err(malformed) => return Err(connection.error(Cause::Malformed(malformed))),
        };
        self.server.connection().consume(length);
        Ok(true)
    }

    /// Takes one reply of quiet requests whose fates are told.
    fn read_watched(&mut self, dialect: Dialect) -> Result<bool, ServerError> {
        let limits = *self.server.limits();
        let connection = self.server.connection();
        let malformed = |connection: &super::connection::Connection, malformed| {
            Err(connection.error(Cause::Malformed(malformed)))
        };
        let head = match protocol::peek(dialect, &limits, connection.input()) {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(false),
            Err(error) => return malformed(connection, error),
        };
        let expected = match head.opaque {
            _ if head.barrier => Expected::of(&Request::Noop, Options::default()),
            Some(opaque) => match self.sent.iter().find(|sent| sent.expected.opaque() == opaque) {
                Some(sent) => sent.expected,
                None => return Err(too_many(connection)),
            },
            None => match self.sent.front() {
                Some(sent) => sent.expected,
                None => return Err(too_many(connection)),
            },
        };
        let (reply, length) = match protocol::decode(dialect, expected, &limits, connection.input()) {
            Ok(Some(decoded)) => decoded,
            Ok(None) => return Ok(false),
            Err(error) => return malformed(connection, error),
        };
        // Everything before this reply was passed over in silence: up to its own request, or to the end of the batch.
        let own = if head.barrier { None } else { Some(expected.opaque()) };
        while self.batches.front().is_some_and(|&front| front > 0) {
            let Some(sent) = self.sent.pop_front() else { break };
            if let Some(front) = self.batches.front_mut() {
                *front -= 1;
            }
            let is_own = own == Some(sent.expected.opaque());
            let fate = if is_own { Some(reply) } else { sent.expected.silence(dialect) };
            match &fate {
                Some(reply) => self.counts.take(reply, 1),
                None => self.counts.unknown += 1,
            }
            if let Some(watcher) = &mut self.watcher {
                watcher(sent.tag, fate);
            }
            if is_own {
                break;
            }
        }
        if head.barrier {
            self.batches.pop_front();
        }
        self.server.connection().consume(length);
        Ok(true)
    }

    /// Counts what is under way as unknown.
    fn give_up(&mut self, error: ServerError) -> ServerError {
        self.server.abandon();
        self.counts.unknown += self.batches.drain(..).sum::<u64>();
        for sent in self.sent.drain(..) {
            if let Some(watcher) = &mut self.watcher {
                watcher(sent.tag, None);
            }
        }
        error
    }
}

/// More replies than requests.
fn too_many(connection: &super::connection::Connection) -> ServerError {
    let line = connection.input().get(..connection.input().len().min(100)).unwrap_or_default().to_vec();
    connection.error(Cause::Malformed(protocol::Malformed::Unexpected { line }))
}
