//! `stats`: what the servers do.

mod group;
mod report;
mod table;

use std::num::NonZeroU64;
use std::time::Duration;
use std::time::Instant;

use clap::Args;

use super::checks::CheckArgs;
use super::context::Context;
use super::interrupt::Interrupt;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Vocabulary;
use crate::output::Format;
use crate::settings::units;
use group::Group;
use report::Reporter;

/// Show what the servers do: hit ratio, rates, evictions, memory, connections
///
/// A single shot shows figures since each server started. With an interval they are those of the interval, gets and hit
/// ratio with the lifetime in brackets; after a restart there are none. Exit 3 if no server answers, 6 if some do not,
/// 7 if a check fails.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier stats\n  cachier stats -i 5s\n  \
    cachier stats -i 10s -n 1 --fail-if 'hit_ratio<80%@total' -o json\n  \
    cachier stats items\n\nEvery field of -o json can be named in EXPR; interval.NAME and lifetime.NAME say which is meant.")]
pub struct StatsArgs {
    /// Group of statistics to show as the server gives them [default: the table of what they mean]
    #[arg(value_name = "GROUP")]
    group: Option<Group>,
    /// Sample again and again, and show what happened in between
    #[arg(short, long, value_name = "DURATION", value_parser = units::duration)]
    interval: Option<Duration>,
    /// End after this many intervals [default: go on; 1 with -o json or prometheus]
    #[arg(short = 'n', long, value_name = "N", requires = "interval")]
    count: Option<NonZeroU64>,
    #[command(flatten)]
    checks: CheckArgs,
}

const FORMATS: [Format; 6] =
    [Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl, Format::Prometheus];

/// Runs the command.
///
/// # Errors
/// Settings or an expression that cannot be used.
pub fn run(context: &mut Context, args: &StatsArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    args.checks.validate(&Vocabulary)?;
    let mut sampler = Sampler::new(context)?;
    if format == Format::Prometheus {
        sampler = sampler.with_probe();
    }
    let mut reporter = Reporter::new(format, args.group, args.interval);
    let group = args.group.map_or("", Group::argument);
    let Some(interval) = args.interval else {
        let servers = sampler.take(group, None);
        return reporter.report(context, &args.checks, &servers);
    };
    let count = count(args, interval, format)?;
    let interrupt = Interrupt::listen();
    let mut next = Instant::now();
    sampler.take(group, None);
    let mut exit = None;
    let mut reports = 0;
    while count.is_none_or(|count| reports < count) && !context.output.is_closed() {
        next = (next + interval).max(Instant::now());
        if interrupt.comes_before(next) {
            break;
        }
        let servers = sampler.take(group, None);
        let ended = reporter.report(context, &args.checks, &servers)?;
        // A reader of the stream waits for each report.
        drop(context.output.flush());
        // A check that failed once has failed.
        exit = if exit == Some(Exit::Check) { exit } else { Some(ended) };
        reports += 1;
    }
    Ok(exit.unwrap_or(Exit::Interrupted))
}

/// How many reports are wanted; `None` if nobody says.
fn count(args: &StatsArgs, interval: Duration, format: Format) -> Result<Option<u64>, Failure> {
    if interval.is_zero() {
        return Err(Failure::usage("an interval of nothing has no rates").hint("write --interval 1s"));
    }
    match (args.count.map(NonZeroU64::get), format) {
        (Some(2..), Format::Json | Format::Prometheus) => {
            Err(Failure::usage("this format is one document, and --count asks for several")
                .hint("-o jsonl writes one object for each interval"))
        }
        (None, Format::Json | Format::Prometheus) => Ok(Some(1)),
        (count, _) => Ok(count),
    }
}
