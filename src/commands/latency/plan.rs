//! What a probe asks, and when.

use super::args::LatencyArgs;
use super::args::Operation;
use crate::commands::context;
use crate::commands::context::Context;
use crate::failure::Failure;
use crate::measure::Extent;
use crate::measure::Schedule;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::protocol::StoreMode;

/// How many seconds the reserved key of `--op get` and `--op set` lives on if it cannot be deleted.
const SPARE_TTL: u64 = 60;

/// How many seconds it lives where nobody knows the end; later gets are misses.
const LONGEST_TTL: u64 = 86_400;

/// The moments of sending, the warm-up first; each server has its own jitter.
///
/// # Errors
/// A rate that cannot be scheduled.
pub(super) fn schedule(args: &LatencyArgs, index: usize) -> Result<Schedule, Failure> {
    let extent = match (args.count, args.duration()) {
        // Half a request more than the warm-up has room for would be none of the warm-up's.
        (Some(count), _) => {
            Extent::Count(count.saturating_add((args.warmup.as_secs_f64() * args.rate).ceil() as u64))
        }
        (None, Some(duration)) => Extent::Duration(args.warmup.saturating_add(duration)),
        (None, None) => Extent::Endless,
    };
    let seed = u64::from(std::process::id()) << 32 | index as u64;
    Schedule::new(args.rate, extent, seed).map_err(|error| Failure::usage(format!("--rate: {error}")))
}

/// A key that no application has.
///
/// # Errors
/// Settings that do not go together.
pub(super) fn key(context: &Context) -> Result<Key, Failure> {
    let random = context::now().as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(40);
    context.key(format!("cachier:probe:{random:016x}").as_bytes())
}

/// What is asked each time.
#[must_use]
pub(super) fn request<'a>(args: &LatencyArgs, key: &'a Key) -> Request<'a> {
    match args.op {
        Operation::Noop => Request::Noop,
        Operation::Version => Request::Version,
        Operation::Get => Request::Get { key },
        Operation::Set => store(args, key),
    }
}

/// Stores the reserved key for as long as the probe lasts, and a little longer.
#[must_use]
pub(super) fn store<'a>(args: &LatencyArgs, key: &'a Key) -> Request<'a> {
    let end = args.duration().map(|duration| args.warmup.saturating_add(duration).as_secs());
    let seconds = end.map_or(LONGEST_TTL, |seconds| seconds.saturating_add(SPARE_TTL).min(LONGEST_TTL));
    let expiry = Expiry::from_wire(seconds as u32);
    Request::Store { mode: StoreMode::Set, key, flags: 0, expiry, value: b"cachier", cas: None }
}
