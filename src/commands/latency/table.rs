//! The tables of `latency`.

use super::report::Measured;
use crate::measure::Percentile;
use crate::measure::Phase;
use crate::measure::Probe;
use crate::output::Cell;
use crate::output::Table;

/// The columns of [`steady`].
const COLUMNS: [&str; 15] = [
    "server",
    "n",
    "ok",
    "timeouts",
    "errors",
    "skipped",
    "min",
    "mean",
    "p50",
    "p90",
    "p99",
    "p99.9",
    "max",
    "service_p50",
    "service_p99",
];

/// The phases of fresh connections, medians.
#[must_use]
pub(super) fn connections(servers: &[(String, Measured)]) -> Table {
    let mut table = Table::new(&["connect", "dns", "tcp", "tls", "auth", "first_op", "total", "max"]);
    for (name, Measured { probe, .. }) in servers {
        let mut row = vec![Cell::text(name.as_str())];
        for phase in Phase::ALL {
            let median = probe.connections.phase(phase).and_then(|times| times.percentile(Percentile::P50));
            row.push(milliseconds(median));
        }
        let total = probe.connections.total();
        row.extend([milliseconds(total.percentile(Percentile::P50)), milliseconds(total.max())]);
        table.rows.push(row);
    }
    table
}

/// The distribution of the response time of each server and of all.
#[must_use]
pub(super) fn steady(servers: &[(String, Measured)], total: &Probe, time: fn(Option<u64>) -> Cell) -> Table {
    let mut table = Table::new(&COLUMNS);
    let all = (servers.len() > 1).then_some(("all", total, None));
    let servers =
        servers.iter().map(|(name, measured)| (name.as_str(), &measured.probe, measured.error.as_ref()));
    for (name, probe, error) in servers.chain(all) {
        let mut row = vec![Cell::text(name)];
        if probe.requests() == 0 {
            // A server that is down has a row that says so and never a number.
            row.push(Cell::text(if error.is_some() { "down" } else { "–" }));
            row.resize(COLUMNS.len(), Cell::Missing);
            table.rows.push(row);
            continue;
        }
        let counts = [probe.requests(), probe.ok, probe.timeouts, probe.errors, probe.skipped];
        row.extend(counts.map(|count| Cell::number(Some(count))));
        row.push(time(probe.response.min()));
        row.push(time(probe.response.mean().map(|mean| mean.round() as u64)));
        row.extend(Percentile::SHOWN.map(|percentile| time(probe.response.percentile(percentile))));
        row.push(time(probe.response.max()));
        row.push(time(probe.service.percentile(Percentile::P50)));
        row.push(time(probe.service.percentile(Percentile::P99)));
        table.rows.push(row);
    }
    table
}

/// A time for programs: microseconds.
#[must_use]
pub(super) fn microseconds(time: Option<u64>) -> Cell {
    Cell::number(time)
}

/// A time for people: milliseconds.
#[must_use]
pub(super) fn milliseconds(time: Option<u64>) -> Cell {
    Cell::number(time.map(|time| format!("{:.2}ms", time as f64 / 1000.0)))
}
