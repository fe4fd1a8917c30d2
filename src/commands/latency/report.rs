//! What a latency probe found: the record of the contract, and its tables.

use std::time::Duration;

use serde::Serialize;

use super::LatencyArgs;
use super::table;
use crate::commands::checks::Checks;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Probe;
use crate::measure::ProbeRecord;
use crate::measure::Source;
use crate::output::Format;
use crate::pool::ServerError;
use crate::protocol::Wire;

/// The formats in which a probe is written.
pub(super) const FORMATS: [Format; 4] = [Format::Table, Format::Tsv, Format::Csv, Format::Json];

/// What was measured on one server.
pub(super) struct Measured {
    /// The numbers.
    pub probe: Probe,
    /// Why there are none, or not all.
    pub error: Option<Failure>,
}

impl Measured {
    /// A server that could not be reached at all.
    #[must_use]
    pub(super) fn unreached(error: ServerError) -> Self {
        Self { probe: Probe::default(), error: Some(error.into()) }
    }
}

/// How the probe was run, in JSON.
#[derive(Debug, Serialize)]
struct Config {
    op: &'static str,
    r#loop: &'static str,
    rate_per_server: f64,
    duration_us: Option<u64>,
    count: Option<u64>,
    warmup_us: u64,
    timeout_us: u64,
    protocol: &'static str,
    tls: bool,
    auth: String,
}

/// One server in JSON.
#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    up: bool,
    error: Option<&'a str>,
    #[serde(flatten)]
    probe: ProbeRecord<'a>,
}

/// The whole probe in JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    started_at: String,
    profile: Option<&'a str>,
    config: &'a Config,
    servers: Vec<ServerRecord<'a>>,
    total: ProbeRecord<'a>,
    checks: &'a [Check],
    exit_code: u8,
}

/// What a latency probe found.
pub(super) struct Report {
    started_at: jiff::Timestamp,
    profile: Option<String>,
    config: Config,
    servers: Vec<(String, Measured)>,
    total: Probe,
    /// What came of the conditions.
    pub checks: Checks,
}

impl Report {
    /// Puts together what was measured and evaluates the checks.
    ///
    /// # Errors
    /// An expression that names no field.
    pub(super) fn new(
        context: &mut Context,
        args: &LatencyArgs,
        started_at: jiff::Timestamp,
        servers: Vec<(String, Measured)>,
    ) -> Result<Self, Failure> {
        let mut total = Probe::default();
        for (_, measured) in &servers {
            total.merge(&measured.probe);
        }
        let sources: Vec<Source<'_>> = servers
            .iter()
            .map(|(name, measured)| Source {
                name,
                fields: (measured.probe.requests() > 0).then_some(&measured.probe as _),
            })
            .collect();
        let checks = args.checks.evaluate(&sources, &total)?;
        let config = config(context, args)?;
        let profile = context.settings.profile.as_ref().map(|name| name.value.clone());
        Ok(Self { started_at, profile, config, servers, total, checks })
    }

    /// How many servers answered anything.
    #[must_use]
    pub(super) fn answered(&self) -> usize {
        self.servers.iter().filter(|(_, measured)| measured.probe.ok > 0).count()
    }

    /// Writes the report, and the checks that failed on stderr.
    pub(super) fn print(&self, context: &mut Context, format: Format, exit: Exit) {
        match format {
            Format::Json => context.output.document(&Document {
                schema: "cachier/latency/1",
                started_at: self.started_at.to_string(),
                profile: self.profile.as_deref(),
                config: &self.config,
                servers: self.servers.iter().map(|(name, measured)| server_record(name, measured)).collect(),
                total: self.total.record(),
                checks: &self.checks.checks,
                exit_code: exit.code(),
            }),
            Format::Table => {
                context.output.table(format, &table::connections(&self.servers));
                context.output.raw(b"\n");
                context.output.table(format, &table::steady(&self.servers, &self.total, table::milliseconds));
            }
            _ => {
                context.output.table(format, &table::steady(&self.servers, &self.total, table::microseconds));
            }
        }
        self.checks.report(context);
    }
}

fn server_record<'a>(name: &'a str, measured: &'a Measured) -> ServerRecord<'a> {
    ServerRecord {
        server: name,
        up: measured.probe.ok > 0,
        error: measured.error.as_ref().map(|error| error.message.as_str()),
        probe: measured.probe.record(),
    }
}

fn config(context: &mut Context, args: &LatencyArgs) -> Result<Config, Failure> {
    let cluster = context.cluster()?;
    let options = cluster.pool.options();
    let auth = options.login.as_ref().map_or_else(|| "none".to_owned(), |login| login.mode.to_string());
    let microseconds = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Ok(Config {
        op: args.op.name(),
        r#loop: "open",
        rate_per_server: args.rate,
        duration_us: args.count.is_none().then(|| microseconds(args.duration)),
        count: args.count,
        warmup_us: microseconds(args.warmup),
        timeout_us: microseconds(options.timeouts.reply),
        protocol: if options.wire == Wire::Binary { "binary" } else { "text" },
        tls: options.tls.is_some(),
        auth,
    })
}
