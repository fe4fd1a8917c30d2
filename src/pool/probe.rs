//! Requests on a schedule: the loop of the latency probe, open (no reply can hold a request up) or closed.

use std::collections::VecDeque;
use std::iter::Peekable;
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

/// How long replies are waited for after a wish to stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whether a reply can hold up the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One request at a time: a moment that comes before the last reply is skipped, and time counts from the sending.
    Closed,
    /// Requests leave at their moments whatever the replies do, and time counts from the moment.
    Open,
}

/// What is sent, and how.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// What is asked each time.
    pub request: &'a Request<'a>,
    /// Whether a reply can hold up the next request.
    pub pace: Pace,
    /// How long a reply is waited for.
    pub limit: Duration,
    /// When the schedule began.
    pub start: Instant,
}

/// What became of one request of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered.
    Answered {
        /// From the intended moment of sending to the reply; in a closed loop the same as `service`.
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
/// Ends with the schedule, once everything is answered or timed out. When `stop` says so, nothing more is sent, and what is
/// not answered within a second is not told. Returns whether every reply has come, so that the connection can be used again.
///
/// # Errors
/// A broken connection; what was under way is told as failed before, what was still to come stays in the schedule.
pub fn run<S: Iterator<Item = Duration>>(
    server: &mut Server,
    course: Course<'_>,
    schedule: &mut Peekable<S>,
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Duration, Fate),
) -> Result<bool, ServerError> {
    wake_on_time();
    let mut probe = Prober { server, course, under_way: VecDeque::new() };
    let result = probe.run(schedule, stop, tell);
    if result.is_err() {
        for sent in probe.under_way.iter().filter(|sent| !sent.told) {
            tell(sent.intended, Fate::Failed);
        }
    }
    result.map(|()| probe.under_way.is_empty())
}

/// Asks for waits of this thread that end when they should: Linux adds 50 µs otherwise, which would count as latency.
fn wake_on_time() {
    #[cfg(target_os = "linux")]
    // Where this is refused the probe is only less exact.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

struct Prober<'a> {
    server: &'a mut Server,
    course: Course<'a>,
    under_way: VecDeque<Sent>,
}

impl Prober<'_> {
    fn run<S: Iterator<Item = Duration>>(
        &mut self,
        schedule: &mut Peekable<S>,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Duration, Fate),
    ) -> Result<(), ServerError> {
        let mut stopped = None;
        loop {
            if stopped.is_none() && stop() {
                stopped = Some(Instant::now() + FAREWELL);
            }
            while stopped.is_none()
                && let Some(&due) = schedule.peek()
                && self.course.start + due <= Instant::now()
            {
                schedule.next();
                self.send(due, tell)?;
            }
            self.give_up(tell);
            let next = schedule.peek().filter(|_| stopped.is_none()).map(|&due| self.course.start + due);
            let deadline =
                self.under_way.iter().find(|sent| !sent.told).map(|sent| sent.sent + self.course.limit);
            let now = Instant::now();
            if next.is_none() && deadline.is_none() || stopped.is_some_and(|end| end <= now) {
                return Ok(());
            }
            let until = next.into_iter().chain(deadline).chain(stopped).min().unwrap_or(now);
            // A signal ends the wait of one thread only: the others look for themselves.
            let wait = until.saturating_duration_since(now).min(PATIENCE);
            if self.server.connection().advance_within(wait)? {
                self.receive(tell)?;
            }
        }
    }

    /// Sends the request that is due, unless too many are under way.
    fn send(&mut self, due: Duration, tell: &mut dyn FnMut(Duration, Fate)) -> Result<(), ServerError> {
        let is_held_up = self.course.pace == Pace::Closed && self.under_way.iter().any(|sent| !sent.told);
        if is_held_up || self.under_way.len() >= OUTSTANDING {
            tell(due, Fate::Skipped);
            return Ok(());
        }
        let request = self.course.request;
        let dialect = self.server.dialect(request);
        let output = self.server.connection().output();
        let encoded = protocol::encode(dialect, request, protocol::Options::default(), output);
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
        let request = self.course.request;
        let (dialect, expected) =
            (self.server.dialect(request), Expected::of(request, protocol::Options::default()));
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
                    let service = now.saturating_duration_since(sent.sent);
                    let response = match self.course.pace {
                        Pace::Closed => service,
                        Pace::Open => now.saturating_duration_since(self.course.start + sent.intended),
                    };
                    Fate::Answered { response, service }
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
            if now.saturating_duration_since(sent.sent) < self.course.limit {
                break;
            }
            sent.told = true;
            tell(sent.intended, Fate::TimedOut);
        }
    }
}
