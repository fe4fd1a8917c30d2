//! The JSON document of a probe.

use std::time::Duration;

use serde::Serialize;

use super::args::LatencyArgs;
use super::report::Measured;
use crate::commands::context::Context;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::ProbeRecord;
use crate::measure::comparison::Change;
use crate::protocol::Wire;

/// How the probe was run, in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Config {
    pub op: &'static str,
    pub r#loop: &'static str,
    pub rate_per_server: f64,
    pub duration_us: Option<u64>,
    pub count: Option<u64>,
    pub warmup_us: u64,
    pub timeout_us: u64,
    pub protocol: &'static str,
    pub tls: bool,
    pub auth: String,
}

/// One server in JSON.
#[derive(Serialize)]
pub(super) struct ServerRecord<'a> {
    pub server: &'a str,
    pub up: bool,
    pub error: Option<&'a str>,
    #[serde(flatten)]
    pub probe: ProbeRecord<'a>,
}

/// The whole probe in JSON.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub schema: &'static str,
    pub started_at: String,
    pub profile: Option<&'a str>,
    pub config: &'a Config,
    pub servers: Vec<ServerRecord<'a>>,
    pub total: ProbeRecord<'a>,
    pub interpretation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonRecord<'a>>,
    pub checks: &'a [Check],
    pub exit_code: u8,
}

/// What became of an earlier probe, in JSON.
#[derive(Serialize)]
pub(super) struct ComparisonRecord<'a> {
    pub started_at: &'a str,
    pub servers: Vec<ComparedRecord<'a>>,
    pub total: Option<Vec<Change>>,
}

/// One server of it; `null` if it was not there then.
#[derive(Serialize)]
pub(super) struct ComparedRecord<'a> {
    pub server: &'a str,
    pub percentiles: Option<Vec<Change>>,
}

#[must_use]
pub(super) fn server_record<'a>(name: &'a str, measured: &'a Measured) -> ServerRecord<'a> {
    ServerRecord {
        server: name,
        up: measured.probe.ok > 0,
        error: measured.error.as_ref().map(|error| error.message.as_str()),
        probe: measured.probe.record(),
    }
}

/// How a probe with these arguments is run.
///
/// # Errors
/// Settings that do not go together.
pub(super) fn config(context: &mut Context, args: &LatencyArgs) -> Result<Config, Failure> {
    let cluster = context.cluster()?;
    let options = cluster.pool.options();
    let auth = options.login.as_ref().map_or_else(|| "none".to_owned(), |login| login.mode.to_string());
    let microseconds = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Ok(Config {
        op: args.op.name(),
        r#loop: if args.closed { "closed" } else { "open" },
        rate_per_server: args.rate,
        duration_us: args.duration().map(microseconds),
        count: args.count,
        warmup_us: microseconds(args.warmup),
        timeout_us: microseconds(options.timeouts.reply),
        protocol: if options.wire == Wire::Binary { "binary" } else { "text" },
        tls: options.tls.is_some(),
        auth,
    })
}
