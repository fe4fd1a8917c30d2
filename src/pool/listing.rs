//! Every item of every server: listings are drained at the server's pace, whatever their consumer does.

use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::Cause;
use super::Phase;
use super::Pool;
use super::Server;
use super::ServerError;
use super::spill::Spill;
use crate::protocol::Limits;
use crate::protocol::Malformed;
use crate::protocol::RefusalKind;
use crate::protocol::listing;
use crate::protocol::listing::Entry;
use crate::protocol::listing::Line;

/// How many bytes of all listings wait in memory before they go to files.
const HELD_IN_MEMORY: usize = 8 << 20;

/// What one listing may hold in memory at least, however many servers there are.
const HELD_AT_LEAST: usize = 128 << 10;

/// How long a busy crawler is asked again.
const BUSY_LIMIT: Duration = Duration::from_secs(60);

/// How long the crawler may take to start, at least: it finishes what it is doing first.
const START_LIMIT: Duration = Duration::from_secs(5);

/// How often a wait looks whether anybody still reads.
const LOOK: Duration = Duration::from_millis(100);

/// How much of the end of a listing is looked at for its last line.
const TAIL: usize = 6;

/// What a listing has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything that is known of each item.
    Items,
    /// The keys; the rest of an [`Entry`] may or may not be told.
    Keys,
}

/// One server's items as they arrive.
pub struct Listing {
    name: String,
    spill: Arc<Spill<ServerError>>,
    limits: Limits,
    input: Vec<u8>,
    start: usize,
    scratch: Vec<u8>,
    is_over: bool,
}

impl Listing {
    /// The next item, or `None` when all were given.
    ///
    /// # Errors
    /// A server that would not list, a broken connection, or an answer that is none; told once.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, ServerError> {
        while !self.is_over {
            let input = self.input.get(self.start..).unwrap_or_default();
            // An item is decoded below, since a borrow that is returned from within the loop would last for all of it.
            if listing::starts_with_item(input) {
                break;
            }
            match listing::next(&self.limits, input, &mut self.scratch) {
                Ok(Some((Line::Started, length))) => self.start += length,
                Ok(Some(_)) => self.is_over = true,
                Ok(None) => self.fill()?,
                Err(malformed) => return Err(self.broken(malformed)),
            }
        }
        if self.is_over {
            return Ok(None);
        }
        let input = self.input.get(self.start..).unwrap_or_default();
        match listing::next(&self.limits, input, &mut self.scratch) {
            Ok(Some((Line::Entry(entry), length))) => {
                self.start += length;
                Ok(Some(entry))
            }
            Ok(_) => Ok(None),
            Err(malformed) => {
                self.is_over = true;
                Err(broken(&self.name, malformed))
            }
        }
    }

    fn fill(&mut self) -> Result<(), ServerError> {
        self.input.drain(..self.start);
        self.start = 0;
        let name = &self.name;
        let failed = |error| ServerError {
            server: name.clone(),
            phase: Phase::Reply,
            cause: Cause::Io(error),
            hint: Some("the listing overflows into a temporary file: TMPDIR says where".to_owned()),
        };
        match self.spill.read(&mut self.input, failed) {
            Ok(true) => {}
            Ok(false) => self.is_over = true,
            Err(error) => {
                self.is_over = true;
                return Err(error);
            }
        }
        Ok(())
    }

    fn broken(&mut self, malformed: Malformed) -> ServerError {
        self.is_over = true;
        broken(&self.name, malformed)
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.spill.abandon();
    }
}

impl Pool {
    /// Lists each of these servers, all at once, and hands each listing to a thread of its own.
    ///
    /// A listing that `work` leaves early is ended by closing its connection.
    pub fn list<T: Send>(
        &self,
        indexes: &[usize],
        work: impl Fn(usize, &mut Listing) -> T + Sync,
    ) -> Vec<(usize, T)> {
        self.list_what(indexes, Wanted::Items, work)
    }

    /// Lists each of these servers as [`Pool::list`] does, as far as is wanted.
    pub fn list_what<T: Send>(
        &self,
        indexes: &[usize],
        wanted: Wanted,
        work: impl Fn(usize, &mut Listing) -> T + Sync,
    ) -> Vec<(usize, T)> {
        let limit = (HELD_IN_MEMORY / indexes.len().max(1)).max(HELD_AT_LEAST);
        let work = &work;
        thread::scope(|scope| {
            let running: Vec<_> = indexes
                .iter()
                .map(|&index| {
                    let spill = Arc::new(Spill::new(limit));
                    let mut listing = Listing {
                        name: self.name(index),
                        spill: Arc::clone(&spill),
                        limits: self.options().limits,
                        input: Vec::new(),
                        start: 0,
                        scratch: Vec::new(),
                        is_over: false,
                    };
                    scope.spawn(move || {
                        let end =
                            self.open(index).and_then(|(mut server, _)| drain(&mut server, wanted, &spill));
                        spill.close(end);
                    });
                    (index, scope.spawn(move || work(index, &mut listing)))
                })
                .collect();
            running
                .into_iter()
                .map(|(index, thread)| match thread.join() {
                    Ok(value) => (index, value),
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }
}

/// Asks for the listing until the crawler is free, and moves it to the spill as fast as it comes.
fn drain(server: &mut Server, wanted: Wanted, spill: &Spill<ServerError>) -> Result<(), ServerError> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(10);
    let mut command = if wanted == Wanted::Keys { listing::MGDUMP } else { listing::METADUMP };
    loop {
        server.connection().output().extend_from_slice(command);
        match start(server, spill)? {
            Start::Listing => return rest(server, spill),
            Start::Abandoned => return Ok(()),
            // Before memcached 1.6.19.
            Start::Refused(_, RefusalKind::Unknown) if command == listing::MGDUMP => {
                command = listing::METADUMP;
            }
            Start::Refused(words, kind) => return Err(refused(server, words, kind)),
            Start::Busy(words) => {
                if began.elapsed() > BUSY_LIMIT {
                    return Err(refused(server, words, RefusalKind::Busy));
                }
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(500));
            }
        }
    }
}

/// How a server takes the wish for a listing.
enum Start {
    Abandoned,
    Busy(String),
    Listing,
    Refused(String, RefusalKind),
}

/// Reads the first line, which tells whether there will be a listing; leaves it where it is unless it is a refusal.
fn start(server: &mut Server, spill: &Spill<ServerError>) -> Result<Start, ServerError> {
    let mut scratch = Vec::new();
    let limit = server.timeouts().reply.max(START_LIMIT);
    let mut deadline = Instant::now() + limit;
    loop {
        let limits = *server.limits();
        let connection = server.connection();
        match listing::next(&limits, connection.input(), &mut scratch) {
            Ok(Some((Line::Refused(refusal), length))) => {
                let words = String::from_utf8_lossy(refusal.message).into_owned();
                let kind = refusal.kind;
                connection.consume(length);
                return match kind {
                    RefusalKind::Busy => Ok(Start::Busy(words)),
                    _ => Ok(Start::Refused(words, kind)),
                };
            }
            Ok(Some(_)) => return Ok(Start::Listing),
            Ok(None) => {}
            Err(malformed) => return Err(connection.error(Cause::Malformed(malformed))),
        }
        if spill.is_abandoned() {
            return Ok(Start::Abandoned);
        }
        if connection.advance_within(LOOK)? {
            deadline = Instant::now() + limit;
        } else if Instant::now() > deadline {
            return Err(connection.error(Cause::Timeout(limit)));
        }
    }
}

/// Moves everything up to the last line.
fn rest(server: &mut Server, spill: &Spill<ServerError>) -> Result<(), ServerError> {
    let mut tail: Vec<u8> = Vec::new();
    let limit = server.timeouts().reply.max(START_LIMIT);
    let mut deadline = Instant::now() + limit;
    let connection = server.connection();
    loop {
        let input = connection.input();
        if !input.is_empty() {
            let length = input.len();
            let kept = spill.write(input).map_err(|error| ServerError {
                hint: Some("the listing overflows into a temporary file: TMPDIR says where".to_owned()),
                ..connection.error(Cause::Io(error))
            })?;
            if !kept {
                // Closing ends the crawl (memcached 1.6.18 looks after its clients between two items).
                return Ok(());
            }
            tail.extend_from_slice(input.get(length.saturating_sub(TAIL)..).unwrap_or_default());
            tail.drain(..tail.len().saturating_sub(TAIL));
            connection.consume(length);
            if listing::has_ended(&tail) {
                return Ok(());
            }
            deadline = Instant::now() + limit;
        }
        if !connection.advance_within(LOOK)? {
            if spill.is_abandoned() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(connection.error(Cause::Timeout(limit)));
            }
        }
    }
}

/// A line that belongs to no listing.
fn broken(name: &str, malformed: Malformed) -> ServerError {
    ServerError {
        server: name.to_owned(),
        phase: Phase::Reply,
        cause: Cause::Malformed(malformed),
        hint: None,
    }
}

/// Why a server does not list, and what can be done there instead.
fn refused(server: &mut Server, words: String, kind: RefusalKind) -> ServerError {
    let hint = if words.contains("not allowed") {
        "it was started with dumping disabled (memcached -X), so nobody can list its keys: compute them instead (view-key, \
         fragment-key, invalidate-memo), or pipe known ones into get, delete or touch with --stdin"
    } else if words.contains("crawler disabled") {
        "its LRU crawler is off: \"lru_crawler enable\" on that server starts it"
    } else {
        match kind {
            RefusalKind::Unknown => {
                "hosted services and memcached before 1.4.31 cannot list keys: compute them instead (view-key, fragment-key, \
                 invalidate-memo), or pipe known ones into get, delete or touch with --stdin"
            }
            RefusalKind::Unauthenticated => "check the user name and password, and --auth",
            RefusalKind::Busy => {
                "another listing is going on there; one at a time is all that memcached does"
            }
            _ => "compute the keys instead (view-key, fragment-key, invalidate-memo)",
        }
    };
    ServerError { hint: Some(hint.to_owned()), ..server.connection().error(Cause::Refused(words)) }
}
