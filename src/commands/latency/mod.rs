//! `latency`: an open-loop probe of every server.

mod probe;
mod report;
mod table;

use std::time::Duration;

use clap::Args;
use clap::ValueEnum;

use super::checks::CheckArgs;
use super::context::Context;
use super::interrupt::Interrupt;
use super::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Probe;
use crate::settings::units;
use probe::Prober;
use report::Measured;
use report::Report;

/// Measure how fast the servers answer
///
/// Requests leave on a fixed schedule whatever the replies do, and latency counts from the intended moment, so that a stall
/// shows in full. Exit 3 if no server answers, 6 if some do not, 7 if a check fails.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier latency\n  cachier latency --rate 500 --duration 20s --fail-if 'p99>5ms'\n  \
    cachier latency --op get -o json"
)]
pub struct LatencyArgs {
    /// Requests per server and second
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub rate: f64,
    /// How long to measure
    #[arg(long, value_name = "DURATION", value_parser = units::duration, default_value = "5s", conflicts_with = "count")]
    pub duration: Duration,
    /// How many requests per server to measure instead
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// How long to send before anything counts
    #[arg(long, value_name = "DURATION", value_parser = units::duration, default_value = "1s")]
    pub warmup: Duration,
    /// What to ask; get and set use a key of their own on every server, deleted at the end
    #[arg(long, value_name = "OP", default_value = "noop")]
    pub op: Operation,
    /// What ends the command with exit code 7.
    #[command(flatten)]
    pub checks: CheckArgs,
}

/// What the probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Nothing; moves no counter
    Noop,
    /// The version
    Version,
    /// A small item of the probe's own
    Get,
    /// To store a small item of the probe's own
    Set,
}

impl Operation {
    /// Whether it needs an item of the probe's own.
    fn needs_key(self) -> bool {
        matches!(self, Self::Get | Self::Set)
    }

    /// The name as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Version => "version",
            Self::Get => "get",
            Self::Set => "set",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Settings, a rate or an expression that cannot be used.
pub fn run(context: &mut Context, args: &LatencyArgs) -> Result<Exit, Failure> {
    let format = context.format(&report::FORMATS)?;
    let moments = probe::schedule(args, 0)?.count();
    if args.count == Some(0) || args.count.is_none() && args.duration.is_zero() {
        return Err(
            Failure::usage("there is nothing to measure").hint("ask for a --count or a --duration above 0")
        );
    }
    args.checks.validate(&Probe::default())?;
    if args.op.needs_key() {
        context.allow_change("latency --op get or set")?;
    }
    let cluster = context.cluster()?;
    let interrupt = Interrupt::listen();
    let started_at = jiff::Timestamp::now();
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let key = probe::key(context)?;
    let results = cluster.pool.each(&all, |index, server| {
        let mut prober = Prober::new(args, &key, moments, &interrupt);
        let error = prober.run(server, &cluster.pool, index).err();
        if error.is_some() {
            server.abandon();
        }
        Ok(Measured { probe: prober.probe, error: error.map(Failure::from) })
    });
    let measured: Vec<(String, Measured)> = results
        .into_iter()
        .map(|(index, result)| (cluster.pool.name(index), result.unwrap_or_else(Measured::unreached)))
        .collect();
    let failures: Vec<Failure> = measured.iter().filter_map(|(_, measured)| measured.error.clone()).collect();
    context.report(&failures);
    let report = Report::new(context, args, started_at, measured)?;
    let exit = match report.answered() {
        0 if interrupt.is_wanted() => Exit::Interrupted,
        answered if answered > 0 && report.checks.have_failed() => Exit::Check,
        // A server that answered nothing within the limits is as unreachable as one that refuses connections.
        0 if failures.is_empty() => Exit::Unreachable,
        answered => ending(Exit::Done, answered, &failures),
    };
    report.print(context, format, exit);
    Ok(exit)
}
