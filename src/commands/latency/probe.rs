//! One server's probe: fresh connections, then the schedule.

use std::time::Duration;
use std::time::Instant;

use super::LatencyArgs;
use super::Operation;
use crate::commands::context;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::failure::Failure;
use crate::measure::Extent;
use crate::measure::Phase;
use crate::measure::Probe;
use crate::measure::Schedule;
use crate::pool::Cause;
use crate::pool::Opening;
use crate::pool::Pool;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::pool::probe;
use crate::pool::probe::Fate;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;

/// How many fresh connections are timed.
const FRESH_CONNECTIONS: usize = 5;

/// How many seconds the reserved key of `--op get` and `--op set` lives if it cannot be deleted.
const PROBE_KEY_TTL: u32 = 60;

/// One server's probe.
pub(super) struct Prober<'a> {
    args: &'a LatencyArgs,
    key: &'a Key,
    /// How many requests the schedule has, the warm-up included.
    moments: usize,
    interrupt: &'a Interrupt,
    /// What was measured so far.
    pub probe: Probe,
}

impl<'a> Prober<'a> {
    /// A probe that has measured nothing yet.
    #[must_use]
    pub(super) fn new(args: &'a LatencyArgs, key: &'a Key, moments: usize, interrupt: &'a Interrupt) -> Self {
        Self { args, key, moments, interrupt, probe: Probe::default() }
    }

    /// Times fresh connections, then the schedule on one that lasts.
    ///
    /// # Errors
    /// A server that cannot be reached, or a connection that broke; what was measured until then stays.
    pub(super) fn run(&mut self, server: &mut Server, pool: &Pool, index: usize) -> Result<(), ServerError> {
        let mut request = request(self.args.op, self.key);
        let first = if self.args.op.needs_key() { store(self.key) } else { request };
        match refused(server, &first)? {
            // A text server without the meta commands has no barrier; `version` moves no counter either.
            Some((RefusalKind::Unknown, _)) if self.args.op == Operation::Noop => request = Request::Version,
            Some((_, cause)) => return Err(server.refused(cause)),
            None => {}
        }
        // Refusals are quick: they must not pass for answers.
        if let Some((_, cause)) = refused(server, &request)? {
            return Err(server.refused(cause));
        }
        for _ in 0..FRESH_CONNECTIONS {
            let (mut fresh, opening) = pool.open(index)?;
            let began = Instant::now();
            fresh.call(&request)?;
            self.probe.connections.record(&phases(&opening, began.elapsed()));
        }
        let result = self.measure(server, &request, index);
        if self.args.op.needs_key() && result.is_ok() {
            server.call(&Request::Delete { key: self.key, cas: None })?;
        }
        result
    }

    /// Runs the schedule; what was not sent because the connection broke counts as failed.
    fn measure(
        &mut self,
        server: &mut Server,
        request: &Request<'_>,
        index: usize,
    ) -> Result<(), ServerError> {
        // A rate that cannot be scheduled was refused before anything was contacted.
        let Ok(schedule) = schedule(self.args, index) else { return Ok(()) };
        let (warmup, probe) = (self.args.warmup, &mut self.probe);
        let timeout = server.timeouts().reply;
        let mut told = 0;
        let interrupt = self.interrupt;
        let result = probe::run(
            server,
            request,
            schedule,
            timeout,
            &|| interrupt.is_wanted(),
            &mut |intended, fate| {
                told += 1;
                if intended >= warmup {
                    record(probe, fate, timeout);
                }
            },
        );
        if result.is_err() {
            for _ in told..self.moments {
                self.probe.failed();
            }
        }
        result
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

/// What is asked.
fn request(operation: Operation, key: &Key) -> Request<'_> {
    match operation {
        Operation::Noop => Request::Noop,
        Operation::Version => Request::Version,
        Operation::Get => Request::Get { key },
        Operation::Set => store(key),
    }
}

/// The moments of sending, the warm-up first; each server has its own jitter.
///
/// # Errors
/// A rate that cannot be scheduled.
pub(super) fn schedule(args: &LatencyArgs, index: usize) -> Result<Schedule, Failure> {
    let extent = match args.count {
        // Half a request more than the warm-up has room for would be none of the warm-up's.
        Some(count) => Extent::Count(count + (args.warmup.as_secs_f64() * args.rate).ceil() as u64),
        None => Extent::Duration(args.warmup + args.duration),
    };
    let seed = u64::from(std::process::id()) << 32 | index as u64;
    Schedule::new(args.rate, extent, seed).map_err(|error| Failure::usage(format!("--rate: {error}")))
}

fn store(key: &Key) -> Request<'_> {
    let expiry = Expiry::from_wire(PROBE_KEY_TTL);
    Request::Store { mode: StoreMode::Set, key, flags: 0, expiry, value: b"cachier", cas: None }
}

/// A key that no application has.
///
/// # Errors
/// Settings that do not go together.
pub(super) fn key(context: &Context) -> Result<Key, Failure> {
    let random = context::now().as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(40);
    context.key(format!("cachier:probe:{random:016x}").as_bytes())
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
