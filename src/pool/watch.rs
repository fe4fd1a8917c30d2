//! What a server is doing, as its log tells: drained at the server's pace, whatever its consumer does.

mod clients;
mod inbox;

use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use self::clients::Clients;
use self::inbox::Inbox;
use super::Cause;
use super::Pool;
use super::Server;
use super::ServerError;
use crate::protocol::Limits;
use crate::protocol::Malformed;
use crate::protocol::RefusalKind;
use crate::protocol::watch;
use crate::protocol::watch::Event;
use crate::protocol::watch::Kind;
use crate::protocol::watch::Line;

/// How often a wait looks whether anybody still watches.
const LOOK: Duration = Duration::from_millis(100);

/// How long the last event that has arrived waits for the next one, of which it may be a step.
const PAIRING: Duration = Duration::from_millis(20);

/// One server's events as they arrive.
pub struct Watch {
    inbox: Arc<Inbox>,
    limits: Limits,
    name: String,
    kinds: Vec<Kind>,
    clients: Clients,
    input: Vec<u8>,
    start: usize,
    scratch: Vec<u8>,
    /// What was dropped here since it was told.
    dropped: u64,
    /// Why there is nothing more to come, until that is told.
    end: Option<ServerError>,
}

/// What came next.
#[derive(Debug)]
pub enum Seen<'a> {
    /// This many events were dropped on this side, since their consumer was too slow.
    Dropped(u64),
    /// An event, and the address of the client that caused it where that is known.
    Event(Event<'a>, Option<&'a str>),
    /// Nothing within the time limit.
    Nothing,
    /// The server skipped this many, since they were not read in time.
    Skipped(u64),
}

/// What stands at the front of the input.
enum Front {
    Event,
    Skipped(u64, usize),
    Step(usize),
    Incomplete,
}

/// Events that a server lost before they were in anybody's log, since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// By its workers, whose buffers were full (`log_worker_dropped`); a watcher's log does not show them.
    pub worker_dropped: u64,
    /// By all its watchers, who did not read in time (`log_watcher_skipped`).
    pub watcher_skipped: u64,
}

impl Watch {
    /// Whether the server tells events of this kind.
    #[must_use]
    pub fn tells(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The next event, or what else there is to say.
    ///
    /// A look-up that is only a step of a store or deletion is left out.
    ///
    /// # Errors
    /// A connection that broke, or a line that is none; there is nothing more to come then.
    pub fn next_event(&mut self, limit: Duration) -> Result<Seen<'_>, ServerError> {
        let deadline = Instant::now() + limit;
        loop {
            if self.dropped > 0 {
                return Ok(Seen::Dropped(std::mem::take(&mut self.dropped)));
            }
            match self.front()? {
                Front::Event => break,
                Front::Step(length) => self.start += length,
                Front::Skipped(count, length) => {
                    self.start += length;
                    return Ok(Seen::Skipped(count));
                }
                Front::Incomplete => {
                    if !self.fill(deadline.saturating_duration_since(Instant::now()))? {
                        return Ok(Seen::Nothing);
                    }
                }
            }
        }
        // Decoded once more, since a borrow that is returned from within the loop would last for all of it.
        let input = self.input.get(self.start..).unwrap_or_default();
        match watch::next(&self.limits, input, &mut self.scratch) {
            Ok(Some((Line::Event(event), length))) => {
                self.start += length;
                let client = self.clients.of(&event);
                Ok(Seen::Event(event, client))
            }
            Ok(_) => Ok(Seen::Nothing),
            Err(malformed) => Err(broken(&self.name, malformed)),
        }
    }

    /// Looks at the front of the input; waits a little for what follows a look-up, of which that may be a step.
    fn front(&mut self) -> Result<Front, ServerError> {
        let mut has_waited = false;
        loop {
            let (mut scratch, mut other) = (Vec::new(), Vec::new());
            let input = self.input.get(self.start..).unwrap_or_default();
            let first = watch::next(&self.limits, input, &mut scratch);
            let (line, length) = match first.map_err(|malformed| broken(&self.name, malformed))? {
                None => return Ok(Front::Incomplete),
                Some((Line::Skipped(count), length)) => return Ok(Front::Skipped(count, length)),
                Some((line, length)) => (line, length),
            };
            let Line::Event(event) = line else { return Ok(Front::Step(length)) };
            if event.kind != Kind::Fetches {
                return Ok(Front::Event);
            }
            let behind = input.get(length..).unwrap_or_default();
            match watch::next(&self.limits, behind, &mut other) {
                Ok(Some((Line::Event(next), _))) if event.is_step_of(&next) => {
                    return Ok(Front::Step(length));
                }
                Ok(None) if !has_waited => {}
                _ => return Ok(Front::Event),
            }
            has_waited = true;
            self.fill(PAIRING)?;
        }
    }

    /// Gets more input, if any comes in time.
    fn fill(&mut self, limit: Duration) -> Result<bool, ServerError> {
        self.input.drain(..self.start);
        self.start = 0;
        let length = self.input.len();
        if let Some(error) = self.end.take_if(|_| length == 0) {
            return Err(error);
        }
        match self.inbox.take(&mut self.input, limit) {
            Err(error) => {
                // The end is told once everything before it was taken.
                self.end = Some(error);
                Ok(length == 0)
            }
            Ok(dropped) => {
                self.dropped += dropped;
                Ok(self.input.len() > length || dropped > 0)
            }
        }
    }
}

impl Pool {
    /// Watches one server on a connection of its own, until `work` returns.
    ///
    /// Connections are watched too, to tell which client an event is from, and stores and deletions with fetches, to tell
    /// look-ups from these. Deletions are left out where a server does not tell them; [`Watch::tells`] says so.
    ///
    /// # Errors
    /// [`ServerError`]; a server that does not let itself be watched is a [`Cause::Refused`].
    pub fn watch<T>(
        &self,
        index: usize,
        kinds: &[Kind],
        capacity: usize,
        work: impl FnOnce(&mut Watch) -> T,
    ) -> Result<T, ServerError> {
        let (mut server, _) = self.open(index)?;
        let mut kinds = kinds.to_vec();
        kinds.push(Kind::Connections);
        if kinds.contains(&Kind::Fetches) {
            // Or the look-ups that are steps of these could not be told from fetches.
            kinds.extend([Kind::Mutations, Kind::Deletions]);
        }
        kinds.sort_unstable();
        kinds.dedup();
        if let Err(refused) = start(&mut server, &kinds)? {
            kinds.retain(|&kind| kind != Kind::Deletions);
            if refused.kind != RefusalKind::Unknown {
                return Err(explain(&server, refused));
            }
            if let Err(refused) = start(&mut server, &kinds)? {
                return Err(explain(&server, refused));
            }
        }
        // After the log has started: what it tells of connections before this moment ends in the same place.
        let clients = self.clients(index);
        let inbox = Arc::new(Inbox::new(capacity));
        let mut watch = Watch {
            inbox: Arc::clone(&inbox),
            limits: self.options().limits,
            name: self.name(index),
            kinds,
            clients,
            input: Vec::new(),
            start: 0,
            scratch: Vec::new(),
            dropped: 0,
            end: None,
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                // The server is told that nobody watches as soon as that is known.
                let mut server = server;
                let end = drain(&mut server, &inbox);
                inbox.close(end);
            });
            let _abandoned = Abandon(&inbox);
            Ok(work(&mut watch))
        })
    }

    /// What a server lost so far; `None` where it does not tell or does not answer.
    #[must_use]
    pub fn losses(&self, index: usize) -> Option<Losses> {
        let mut losses = None::<Losses>;
        let answers = self.each(&[index], |_, server| {
            let mut counted = None::<Losses>;
            server.statistics("", &mut |name, value| {
                let number = || std::str::from_utf8(value).ok()?.parse().ok();
                match name {
                    b"log_worker_dropped" => {
                        counted.get_or_insert_default().worker_dropped = number().unwrap_or_default();
                    }
                    b"log_watcher_skipped" => {
                        counted.get_or_insert_default().watcher_skipped = number().unwrap_or_default();
                    }
                    _ => {}
                }
            })?;
            Ok(counted)
        });
        for (_, answer) in answers {
            losses = answer.ok().flatten();
        }
        losses
    }

    /// Who is connected to a server; empty where it does not tell.
    fn clients(&self, index: usize) -> Clients {
        let answers = self.each(&[index], |_, server| {
            let mut clients = Clients::default();
            server.statistics("conns", &mut |name, value| clients.learn(name, value))?;
            Ok(clients)
        });
        answers.into_iter().find_map(|(_, answer)| answer.ok()).unwrap_or_default()
    }
}

impl Losses {
    /// What was lost since an earlier count; a server that was started again counts from nothing.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        Self {
            worker_dropped: since(self.worker_dropped, before.worker_dropped),
            watcher_skipped: since(self.watcher_skipped, before.watcher_skipped),
        }
    }
}

/// Ends the draining, also when its consumer panics.
struct Abandon<'a>(&'a Inbox);

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// A server's "no".
struct Refused {
    kind: RefusalKind,
    words: String,
}

/// Asks for the log and reads the first line of it.
fn start(server: &mut Server, kinds: &[Kind]) -> Result<Result<(), Refused>, ServerError> {
    watch::request(kinds.iter().copied(), server.connection().output());
    let mut scratch = Vec::new();
    loop {
        let limits = *server.limits();
        let connection = server.connection();
        match watch::next(&limits, connection.input(), &mut scratch) {
            Ok(Some((Line::Refused(refusal), length))) => {
                let words = String::from_utf8_lossy(refusal.message).into_owned();
                let kind = refusal.kind;
                connection.consume(length);
                return Ok(Err(Refused { kind, words }));
            }
            Ok(Some((Line::Started, length))) => {
                connection.consume(length);
                return Ok(Ok(()));
            }
            Ok(Some(_)) => return Ok(Ok(())),
            Ok(None) => server.advance()?,
            Err(malformed) => return Err(connection.error(Cause::Malformed(malformed))),
        }
    }
}

/// Moves whole lines to the inbox as fast as they come, until nobody watches.
fn drain(server: &mut Server, inbox: &Inbox) -> Result<(), ServerError> {
    let limits = *server.limits();
    let connection = server.connection();
    loop {
        let input = connection.input();
        if let Some(end) = memchr::memrchr(b'\n', input) {
            let (lines, _) = input.split_at(end + 1);
            inbox.put(lines);
            connection.consume(end + 1);
        } else if input.len() >= limits.line {
            return Err(connection.error(Cause::Malformed(Malformed::Line { limit: limits.line })));
        }
        if inbox.is_abandoned() {
            return Ok(());
        }
        connection.advance_within(LOOK)?;
    }
}

/// A line that belongs to no log.
fn broken(name: &str, malformed: Malformed) -> ServerError {
    ServerError {
        server: name.to_owned(),
        phase: super::Phase::Reply,
        cause: Cause::Malformed(malformed),
        hint: None,
    }
}

/// Why a server is not watched, and what can be done there instead.
fn explain(server: &Server, refused: Refused) -> ServerError {
    let hint = match refused.kind {
        RefusalKind::Unknown => {
            "hosted services and memcached before 1.4.26 cannot be watched: `cachier stats -i 5s` shows rates there"
        }
        RefusalKind::Busy => {
            "20 watchers are all that memcached has; \"stats conns\" names those in the state conn_watch"
        }
        RefusalKind::Unauthenticated => "check the user name and password, and --auth",
        _ => "`cachier stats -i 5s` shows rates instead",
    };
    ServerError { hint: Some(hint.to_owned()), ..server.refused(Cause::Refused(refused.words)) }
}
