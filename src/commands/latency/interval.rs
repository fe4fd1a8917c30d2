//! One interval of `--watch`.

use std::time::Duration;

use serde::Serialize;

use super::table;
use crate::commands::context::Context;
use crate::measure::Percentile;
use crate::measure::Probe;
use crate::measure::ProbeRecord;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// The columns of an interval.
const COLUMNS: [&str; 12] =
    ["time", "n", "ok", "timeouts", "errors", "skipped", "min", "p50", "p90", "p99", "max", "slowest"];

/// One interval in JSON lines.
#[derive(Serialize)]
struct IntervalRecord<'a> {
    at: String,
    interval_us: u64,
    servers: Vec<ServerRecord<'a>>,
    total: ProbeRecord<'a>,
}

/// One server of an interval.
#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    #[serde(flatten)]
    probe: ProbeRecord<'a>,
}

/// Writes what each server did in an interval: a line, a row or an object.
pub(super) fn show(
    context: &mut Context,
    format: Format,
    names: &[String],
    recent: &[Probe],
    length: Duration,
) {
    let mut total = Probe::default();
    recent.iter().for_each(|probe| total.merge(probe));
    let at = jiff::Timestamp::now();
    let slowest = names.iter().zip(recent).max_by_key(|(_, probe)| probe.response.max());
    let slowest = slowest.filter(|(_, probe)| names.len() > 1 && probe.response.max().is_some());
    let slowest = slowest.map(|(name, _)| name.as_str());
    let servers = names.iter().zip(recent);
    match format {
        Format::Jsonl => context.output.object(&IntervalRecord {
            at: at.to_string(),
            interval_us: u64::try_from(length.as_micros()).unwrap_or(u64::MAX),
            servers: servers.map(|(server, probe)| ServerRecord { server, probe: probe.record() }).collect(),
            total: total.record(),
        }),
        Format::Table => {
            let at = at.strftime("%H:%M:%SZ").to_string();
            context.output.line(table::interval(&at, &total, slowest).as_bytes());
        }
        format => context.output.table(format, &row(at, &total, slowest)),
    }
    context.output.flush_now();
}

/// An interval as values for programs, times in microseconds.
fn row(at: jiff::Timestamp, total: &Probe, slowest: Option<&str>) -> Table {
    let counts = [total.requests(), total.ok, total.timeouts, total.errors, total.skipped];
    let mut row = vec![Cell::text(at.to_string())];
    row.extend(counts.map(|count| Cell::number(Some(count))));
    row.push(table::microseconds(total.response.min()));
    let percentiles = [Percentile::P50, Percentile::P90, Percentile::P99];
    row.extend(percentiles.map(|percentile| table::microseconds(total.response.percentile(percentile))));
    row.push(table::microseconds(total.response.max()));
    row.push(slowest.map_or(Cell::Missing, Cell::text));
    let mut table = Table::new(&COLUMNS);
    table.rows.push(row);
    table
}
