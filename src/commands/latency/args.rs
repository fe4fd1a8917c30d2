//! The arguments of `latency`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::ValueEnum;

use super::plan;
use super::report;
use crate::commands::checks::CheckArgs;
use crate::failure::Failure;
use crate::measure::Probe;
use crate::output::Format;
use crate::settings::units;

/// Measure how fast the servers answer
///
/// Requests leave on a fixed schedule whatever the replies do, and latency counts from the intended moment, so that a stall
/// shows in full; the service time counts from the sending. A percentile is shown only if the sample supports it: p99 takes
/// 1,000 requests, p99.9 takes 10,000. Timeouts are samples. Ctrl-C ends with what was measured. Exit 3 if no server
/// answers, 6 if some do not, 7 if a check fails.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier latency\n  cachier latency --rate 500 --duration 20s --fail-if 'p99>5ms'\n  \
    cachier latency --watch 10s\n  cachier latency --op get -o json > before.json\n  cachier latency --op get --compare \
    before.json\n  cachier latency --count 10000 --rate 1000 --plot latency.svg --hdr-out latency.hlog"
)]
pub struct LatencyArgs {
    /// Requests per server and second
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub rate: f64,
    /// How long to measure [default: 5s, with --watch until Ctrl-C]
    #[arg(long, value_name = "DURATION", value_parser = units::duration, conflicts_with = "count")]
    pub duration: Option<Duration>,
    /// How many requests per server to measure instead
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// How long to send before anything counts
    #[arg(long, value_name = "DURATION", value_parser = units::duration, default_value = "1s")]
    pub warmup: Duration,
    /// What to ask; get and set use a key of their own on every server, deleted at the end
    #[arg(long, value_name = "OP", default_value = "noop")]
    pub op: Operation,
    /// Send the next request only after the last reply, as most tools do; moments missed count as skipped
    #[arg(long)]
    pub closed: bool,
    /// Write a line for each interval of this length (as -o jsonl: an object)
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    pub watch: Option<Duration>,
    /// Compare with an earlier probe's -o json; changes within chance and noise count as none
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write the histograms of the response times as an HDR log (V2), one line an interval
    #[arg(long, value_name = "FILE")]
    pub hdr_out: Option<PathBuf>,
    /// Draw the percentile curve and the histogram as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
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
    pub(super) fn needs_key(self) -> bool {
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

impl LatencyArgs {
    /// How long is measured; `None` if a count says so, or Ctrl-C.
    pub(super) fn duration(&self) -> Option<Duration> {
        let usual = (self.count.is_none() && self.watch.is_none()).then_some(Duration::from_secs(5));
        self.duration.or(usual)
    }

    /// Refuses what cannot be measured.
    ///
    /// # Errors
    /// A rate, a length, a format or an expression that cannot be used.
    pub(super) fn validate(&self, format: Format) -> Result<(), Failure> {
        plan::schedule(self, 0)?;
        if self.count == Some(0) || self.duration.is_some_and(|duration| duration.is_zero()) {
            return Err(Failure::usage("there is nothing to measure")
                .hint("ask for a --count or a --duration above 0"));
        }
        if self.watch.is_some_and(|interval| interval < Duration::from_millis(10)) {
            return Err(Failure::usage("--watch takes an interval of 10ms or more"));
        }
        if self.watch.is_some() && !report::STREAMS.contains(&format) {
            return Err(Failure::usage(format!(
                "--watch writes a stream, which -o {} is not",
                format.name()
            ))
            .hint("use -o jsonl, tsv or table"));
        }
        self.checks.validate(&Probe::default())
    }
}
