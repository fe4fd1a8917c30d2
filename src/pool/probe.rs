//! Requests on a schedule that no reply can hold up: the open loop of the latency probe.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::Cause;
use super::Server;
use super::ServerError;
use crate::protocol;
use crate::protocol::Expected;
use crate::protocol::Reply;
use crate::protocol::Request;

/// How many requests may be under way before further ones are skipped.
const OUTSTANDING: usize = 1000;

/// How long a wish to stop may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);

/// What became of one request of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered.
    Answered {
        /// From the intended moment of sending to the reply.
        response: Duration,
        /// From the actual sending to the reply.
        service: Duration,
    },
    /// It was refused, or the connection broke.
    Failed,
    /// Too many were still under way, so it was not sent.
    Skipped,
    /// There was no answer within the time limit.
    TimedOut,
}

/// A request under way.
struct Sent {
    /// The intended moment, from the start of the schedule.
    intended: Duration,
    sent: Instant,
    /// Whether its fate is told already; its reply may still come.
    told: bool,
}

/// Sends a request at each moment of a schedule and tells the fate of each, with its intended moment.
///
/// Ends with the schedule, once everything is answered or timed out, or as soon as `stop` says so.
///
/// # Errors
/// A broken connection; what was under way is told as failed before, what was still to come is not.
pub fn run(
    server: &mut Server,
    request: &Request<'_>,
    schedule: impl Iterator<Item = Duration>,
    limit: Duration,
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Duration, Fate),
) -> Result<(), ServerError> {
    let mut probe = Prober { server, request, limit, under_way: VecDeque::new(), start: Instant::now() };
    let result = probe.run(schedule, stop, tell);
    if result.is_err() {
        for sent in probe.under_way.iter().filter(|sent| !sent.told) {
            tell(sent.intended, Fate::Failed);
        }
    }
    result
}

struct Prober<'a> {
    server: &'a mut Server,
    request: &'a Request<'a>,
    limit: Duration,
    under_way: VecDeque<Sent>,
    start: Instant,
}

impl Prober<'_> {
    fn run(
        &mut self,
        schedule: impl Iterator<Item = Duration>,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Duration, Fate),
    ) -> Result<(), ServerError> {
        let mut schedule = schedule.peekable();
        while !stop() {
            while let Some(&due) = schedule.peek()
                && self.start + due <= Instant::now()
            {
                schedule.next();
                self.send(due, tell)?;
            }
            self.give_up(tell);
            if schedule.peek().is_none() && self.under_way.iter().all(|sent| sent.told) {
                break;
            }
            let now = Instant::now();
            let next = schedule.peek().map(|&due| self.start + due);
            let deadline = self.under_way.iter().find(|sent| !sent.told).map(|sent| sent.sent + self.limit);
            let until = next.into_iter().chain(deadline).min().unwrap_or(now);
            // A signal ends the wait of one thread only: the others look for themselves.
            let wait = until.saturating_duration_since(now).min(PATIENCE);
            if self.server.connection().advance_within(wait)? {
                self.receive(tell)?;
            }
        }
        Ok(())
    }

    /// Sends the request that is due, unless too many are under way.
    fn send(&mut self, due: Duration, tell: &mut dyn FnMut(Duration, Fate)) -> Result<(), ServerError> {
        if self.under_way.len() >= OUTSTANDING {
            tell(due, Fate::Skipped);
            return Ok(());
        }
        let dialect = self.server.dialect(self.request);
        let output = self.server.connection().output();
        let encoded = protocol::encode(dialect, self.request, protocol::Options::default(), output);
        encoded
            .map_err(|unsupported| self.server.connection().error(Cause::Refused(unsupported.to_string())))?;
        self.under_way.push_back(Sent { intended: due, sent: Instant::now(), told: false });
        // A write without a wait: the socket's buffer has room for a few bytes unless the server is stuck.
        if self.server.connection().advance_within(Duration::ZERO)? {
            self.receive(tell)?;
        }
        Ok(())
    }

    /// Tells the replies that have come, in the order of their requests.
    fn receive(&mut self, tell: &mut dyn FnMut(Duration, Fate)) -> Result<(), ServerError> {
        let (dialect, expected) =
            (self.server.dialect(self.request), Expected::of(self.request, protocol::Options::default()));
        while let Some(sent) = self.under_way.front() {
            let limits = *self.server.limits();
            let connection = self.server.connection();
            let (refused, length) = match protocol::decode(dialect, expected, &limits, connection.input()) {
                Ok(Some((reply, length))) => (matches!(reply, Reply::Refused(_)), length),
                Ok(None) => break,
                Err(malformed) => return Err(connection.error(Cause::Malformed(malformed))),
            };
            connection.consume(length);
            let now = Instant::now();
            if !sent.told {
                let fate = if refused {
                    Fate::Failed
                } else {
                    let response = now.saturating_duration_since(self.start + sent.intended);
                    Fate::Answered { response, service: now.saturating_duration_since(sent.sent) }
                };
                tell(sent.intended, fate);
            }
            self.under_way.pop_front();
        }
        Ok(())
    }

    /// Tells what was not answered in time; such a request stays in line, since its reply may still come.
    fn give_up(&mut self, tell: &mut dyn FnMut(Duration, Fate)) {
        let now = Instant::now();
        for sent in self.under_way.iter_mut().filter(|sent| !sent.told) {
            if now.saturating_duration_since(sent.sent) < self.limit {
                break;
            }
            sent.told = true;
            tell(sent.intended, Fate::TimedOut);
        }
    }
}
