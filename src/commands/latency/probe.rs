//! One server's probe: fresh connections, then the schedule.

use std::iter::Peekable;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::LatencyArgs;
use super::args::Operation;
use super::board::Board;
use super::plan;
use crate::commands::interrupt::Interrupt;
use crate::measure::Phase;
use crate::measure::Probe;
use crate::measure::Schedule;
use crate::pool::Cause;
use crate::pool::Opening;
use crate::pool::Pool;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::pool::probe;
use crate::pool::probe::Course;
use crate::pool::probe::Fate;
use crate::pool::probe::Pace;
use crate::protocol::Key;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;

/// How many fresh connections are timed.
const FRESH_CONNECTIONS: usize = 5;

/// How long is waited before a broken connection is opened again, and again.
const RETRY: Duration = Duration::from_millis(100);

/// The probe of one server.
pub(super) struct Prober<'a> {
    pub args: &'a LatencyArgs,
    /// The reserved key.
    pub key: &'a Key,
    pub interrupt: &'a Interrupt,
    /// Where samples go.
    pub board: &'a Board,
    pub pool: &'a Pool,
    /// Which server it is.
    pub index: usize,
}

impl Prober<'_> {
    /// Times fresh connections, then the schedule on one that lasts.
    ///
    /// # Errors
    /// A server that cannot be reached, or a connection that broke; what was measured until then stays.
    pub(super) fn run(&self, server: &mut Server) -> Result<(), ServerError> {
        let mut request = plan::request(self.args, self.key);
        let first = if self.args.op.needs_key() { plan::store(self.args, self.key) } else { request };
        match refused(server, &first)? {
            // A text server without the meta commands has no barrier; `version` moves no counter either.
            Some((RefusalKind::Unknown, _)) if self.args.op == Operation::Noop => request = Request::Version,
            Some((_, cause)) => return Err(server.refused(cause)),
            None => {}
        }
        // Refusals are quick: they must not pass for answers.
        let result = match refused(server, &request)? {
            Some((_, cause)) => Err(server.refused(cause)),
            None => self.connect(&request).and_then(|()| self.measure(server, &request)),
        };
        let deleted = if self.args.op.needs_key() { self.delete() } else { Ok(()) };
        result.and(deleted)
    }

    /// Times fresh connections.
    fn connect(&self, request: &Request<'_>) -> Result<(), ServerError> {
        for _ in 0..FRESH_CONNECTIONS {
            if self.is_stopped() {
                break;
            }
            let (mut fresh, opening) = self.pool.open(self.index)?;
            let began = Instant::now();
            fresh.call(request)?;
            let phases = phases(&opening, began.elapsed());
            self.board.add(self.index, |probe| probe.connections.record(&phases));
        }
        Ok(())
    }

    /// Runs the schedule; a connection that breaks is opened again, and what was due meanwhile has failed.
    ///
    /// # Errors
    /// The first that broke a connection, once the schedule is over.
    fn measure(&self, server: &mut Server, request: &Request<'_>) -> Result<(), ServerError> {
        // A rate that cannot be scheduled was refused before anything was contacted.
        let Ok(schedule) = plan::schedule(self.args, self.index) else { return Ok(()) };
        let mut schedule = schedule.peekable();
        let limit = server.timeouts().reply;
        let pace = if self.args.closed { Pace::Closed } else { Pace::Open };
        let course = Course { request, pace, limit, start: Instant::now() };
        self.board.begin(course.start + self.args.warmup);
        let mut tell = |intended: Duration, fate: Fate| {
            if intended >= self.args.warmup {
                self.board.add(self.index, |probe| record(probe, fate, limit));
            }
        };
        let mut first_error = None;
        let mut reopened: Option<Server> = None;
        loop {
            let server = reopened.as_mut().unwrap_or(&mut *server);
            match probe::run(server, course, &mut schedule, &|| self.is_stopped(), &mut tell) {
                Ok(true) => break,
                Ok(false) => {
                    server.abandon();
                    break;
                }
                Err(error) => {
                    server.abandon();
                    first_error.get_or_insert(error);
                }
            }
            reopened = self.reopen(course.start, &mut schedule, &mut tell);
            if reopened.is_none() {
                break;
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Connects again, as often as it takes; `None` if the schedule ends before.
    fn reopen(
        &self,
        start: Instant,
        schedule: &mut Peekable<Schedule>,
        tell: &mut dyn FnMut(Duration, Fate),
    ) -> Option<Server> {
        while !self.is_stopped() {
            let opened = self.pool.open(self.index).ok();
            while let Some(due) = schedule.next_if(|&due| start + due <= Instant::now()) {
                tell(due, Fate::Failed);
            }
            schedule.peek()?;
            if let Some((server, _)) = opened {
                return Some(server);
            }
            thread::sleep(RETRY);
        }
        None
    }

    /// Deletes the reserved key, on a connection on which no other reply can come.
    fn delete(&self) -> Result<(), ServerError> {
        let (mut server, _) = self.pool.open(self.index)?;
        server.call(&Request::Delete { key: self.key, cas: None })?;
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.interrupt.is_wanted() || self.board.is_stopped()
    }
}

fn record(probe: &mut Probe, fate: Fate, timeout: Duration) {
    match fate {
        Fate::Answered { response, service } => probe.answered(response, service),
        Fate::Failed => probe.failed(),
        Fate::Skipped => probe.skipped(),
        Fate::TimedOut => probe.timed_out(timeout),
    }
}

/// Asks once; why the server will not, if it does not.
fn refused(server: &mut Server, request: &Request<'_>) -> Result<Option<(RefusalKind, Cause)>, ServerError> {
    Ok(match server.call(request)? {
        Reply::Refused(refusal) => Some((refusal.kind, Cause::of(&refusal))),
        _ => None,
    })
}

/// The phases that a connection had.
fn phases(opening: &Opening, first_op: Duration) -> Vec<(Phase, Duration)> {
    [
        (Phase::Dns, opening.name_lookup),
        (Phase::Tcp, Some(opening.connect)),
        (Phase::Tls, opening.tls),
        (Phase::Auth, opening.authentication),
        (Phase::FirstOp, Some(first_op)),
    ]
    .into_iter()
    .filter_map(|(phase, time)| Some((phase, time?)))
    .collect()
}
