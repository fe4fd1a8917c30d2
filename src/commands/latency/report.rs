//! What a latency probe found: the record of the contract, and its tables.

use super::args::LatencyArgs;
use super::compared;
use super::document;
use super::document::ComparedRecord;
use super::document::ComparisonRecord;
use super::document::Config;
use super::document::Document;
use super::picture;
use super::prometheus;
use super::table;
use crate::commands::checks::Checks;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Percentile;
use crate::measure::Probe;
use crate::measure::Source;
use crate::measure::comparison;
use crate::measure::comparison::Earlier;
use crate::measure::interpretation;
use crate::output::Format;

/// The formats in which a probe is written.
pub(super) const FORMATS: [Format; 6] =
    [Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl, Format::Prometheus];

/// Those in which `--watch` writes.
pub(super) const STREAMS: [Format; 3] = [Format::Table, Format::Tsv, Format::Jsonl];

/// What was measured on one server.
pub(super) struct Measured {
    /// The numbers.
    pub probe: Probe,
    /// Why there are none, or not all.
    pub error: Option<Failure>,
}

/// What a latency probe found.
pub(super) struct Report {
    started_at: jiff::Timestamp,
    profile: Option<String>,
    config: Config,
    servers: Vec<(String, Measured)>,
    total: Probe,
    earlier: Option<Earlier>,
    /// Whether lines of intervals were written before.
    was_watched: bool,
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
        earlier: Option<Earlier>,
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
        let config = document::config(context, args)?;
        let profile = context.settings.profile.as_ref().map(|name| name.value.clone());
        let was_watched = args.watch.is_some();
        Ok(Self { started_at, profile, config, servers, total, earlier, was_watched, checks })
    }

    /// How many servers answered anything.
    #[must_use]
    pub(super) fn answered(&self) -> usize {
        self.servers.iter().filter(|(_, measured)| measured.probe.ok > 0).count()
    }

    /// Writes the report, and the checks that failed on stderr.
    pub(super) fn print(&self, context: &mut Context, format: Format, exit: Exit) {
        match format {
            Format::Json => context.output.document(&self.document(exit)),
            Format::Jsonl => context.output.object(&self.document(exit)),
            Format::Prometheus => {
                let metrics = prometheus::metrics(&self.servers, self.config.op);
                context.output.raw(metrics.as_bytes());
            }
            Format::Table => self.print_table(context),
            _ if self.was_watched => {}
            _ => {
                context.output.table(format, &table::steady(&self.servers, &self.total, table::microseconds));
            }
        }
        if let Some(earlier) = &self.earlier {
            compared::note_differences(context, earlier, &self.config, &self.servers);
            if !matches!(format, Format::Json | Format::Jsonl | Format::Table) {
                context.output.note("the comparison is in -o table and -o json");
            }
        }
        if self.was_watched && format == Format::Tsv {
            self.note_summary(context);
        }
        self.checks.report(context);
    }

    fn print_table(&self, context: &mut Context) {
        if self.was_watched {
            context.output.raw(b"\n");
        }
        let mut connections = table::connections(&self.servers);
        context.output.narrow(&mut connections, &["dns", "tls", "max", "first_op"]);
        context.output.table(Format::Table, &connections);
        context.output.raw(b"\n");
        let mut steady = table::steady(&self.servers, &self.total, table::milliseconds);
        context.output.narrow(&mut steady, &table::least(&self.total));
        context.output.table(Format::Table, &steady);
        if let Some(columns) = context.output.width().filter(|_| self.total.response.count() > 0) {
            context.output.raw(b"\n");
            context.output.raw(table::histogram(&self.total, columns).as_bytes());
        }
        if let Some(earlier) = &self.earlier {
            let mut rows = compared::changes(earlier, &self.servers);
            if self.servers.len() > 1 {
                rows.push(("all".to_owned(), earlier.compare(None, &self.total.response)));
            }
            context.output.raw(b"\n");
            context.output.table(Format::Table, &table::comparison(&rows));
        }
        // Before what stderr says about it.
        context.output.flush_now();
        if let Some(sentence) = self.sentence() {
            context.output.note(&sentence);
        }
    }

    fn document(&self, exit: Exit) -> Document<'_> {
        Document {
            schema: comparison::SCHEMA,
            started_at: self.started_at.to_string(),
            profile: self.profile.as_deref(),
            config: &self.config,
            servers: self
                .servers
                .iter()
                .map(|(name, measured)| document::server_record(name, measured))
                .collect(),
            total: self.total.record(),
            interpretation: self.sentence(),
            comparison: self.earlier.as_ref().map(|earlier| ComparisonRecord {
                started_at: &earlier.started_at,
                servers: self
                    .servers
                    .iter()
                    .zip(compared::changes(earlier, &self.servers))
                    .map(|((server, _), (_, percentiles))| ComparedRecord { server, percentiles })
                    .collect(),
                total: earlier.compare(None, &self.total.response),
            }),
            checks: &self.checks.checks,
            exit_code: exit.code(),
        }
    }

    /// What the figures mean.
    fn sentence(&self) -> Option<String> {
        let is_local =
            |name: &str| ["127.", "localhost:", "[::1]:", "/"].iter().any(|start| name.starts_with(start));
        interpretation::sentence(&self.total, self.servers.iter().all(|(name, _)| is_local(name)))
    }

    /// All intervals together in one sentence.
    fn note_summary(&self, context: &mut Context) {
        let shown = |percentile| table::milliseconds(self.total.response.percentile(percentile)).shown();
        let (requests, timeouts, errors) = (self.total.requests(), self.total.timeouts, self.total.errors);
        context.output.note(&format!(
            "{requests} requests, {timeouts} timeouts, {errors} errors, {} skipped, p50 {}, p99 {}, max {}",
            self.total.skipped,
            shown(Percentile::P50),
            shown(Percentile::P99),
            table::milliseconds(self.total.response.max()).shown()
        ));
    }

    /// Draws the picture.
    #[must_use]
    pub(super) fn picture(&self) -> String {
        picture::draw(self.started_at, &self.config, &self.servers, &self.total)
    }
}
