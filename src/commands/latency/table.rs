//! The tables of `latency`.

use std::fmt::Write as _;

use super::report::Measured;
use crate::measure::Percentile;
use crate::measure::Phase;
use crate::measure::Probe;
use crate::measure::comparison::Change;
use crate::measure::interpretation;
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

/// The columns of [`steady`] that a narrow terminal can do without, the least first: counts of nothing before all others.
#[must_use]
pub(super) fn least(total: &Probe) -> Vec<&'static str> {
    let counts = [("skipped", total.skipped), ("errors", total.errors), ("timeouts", total.timeouts)];
    let zero = counts.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name);
    let missing = Some("p99.9").filter(|_| total.response.percentile(Percentile::P999).is_none());
    zero.chain(missing).chain(["mean", "service_p50", "min", "ok", "service_p99", "p99.9", "p90"]).collect()
}

/// What became of the percentiles since an earlier probe, a row each; `None` is a server that was not there then.
#[must_use]
pub(super) fn comparison(servers: &[(String, Option<Vec<Change>>)]) -> Table {
    let mut table = Table::new(&["compared", "percentile", "before", "now", "change", "verdict"]);
    for (name, changes) in servers {
        for change in changes.iter().flatten() {
            table.rows.push(vec![
                Cell::text(name.as_str()),
                Cell::Number(format!("p{}", change.percentile)),
                milliseconds(change.before_us),
                milliseconds(change.now_us),
                Cell::number(change.change.map(|change| format!("{:+.0}%", change * 100.0))),
                Cell::text(change.verdict.name()),
            ]);
        }
    }
    table
}

/// A histogram of response times in so many columns, a line each, from the fastest to the slowest.
#[must_use]
pub(super) fn histogram(total: &Probe, columns: usize) -> String {
    const ROWS: usize = 10;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let buckets = total.response.buckets(ROWS);
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(1).max(1);
    // What stands beside the bar: two times of 8 and what is between them, and a count of up to 10 digits.
    let width = columns.saturating_sub(32).clamp(8, 100) as u64;
    let mut lines = String::new();
    for bucket in &buckets {
        let ends = [bucket.low, bucket.high].map(|end| interpretation::time(end.round() as u64));
        let eighths = (bucket.count * width * 8 / most).max(u64::from(bucket.count > 0)) as usize;
        let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
        let blank = if bucket.count > 0 { " " } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:>8} – {:>8}  {bar}{blank}{}", ends[0], ends[1], bucket.count);
    }
    lines
}

/// The header over [`interval`].
#[must_use]
pub(super) fn interval_header() -> String {
    fixed(["TIME", "N", "MIN", "P50", "P90", "P99", "MAX"].map(str::to_owned), "")
}

/// An interval on a terminal, in columns of fixed width, since nobody knows what is still to come; what went wrong is told
/// in words behind them.
#[must_use]
pub(super) fn interval(at: &str, total: &Probe, slowest: Option<&str>) -> String {
    let percentile = |percentile| milliseconds(total.response.percentile(percentile)).shown();
    let cells = [
        at.to_owned(),
        total.requests().to_string(),
        milliseconds(total.response.min()).shown(),
        percentile(Percentile::P50),
        percentile(Percentile::P90),
        percentile(Percentile::P99),
        milliseconds(total.response.max()).shown(),
    ];
    let counts = [("timeouts", total.timeouts), ("errors", total.errors), ("skipped", total.skipped)];
    let wrong = counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}"));
    let slowest = slowest.map(|name| format!("slowest {name}"));
    fixed(cells, &wrong.chain(slowest).collect::<Vec<_>>().join(", "))
}

fn fixed(cells: [String; 7], words: &str) -> String {
    let [time, n, min, p50, p90, p99, max] = cells;
    let line = format!("{time:<9} {n:>6} {min:>8} {p50:>8} {p90:>8} {p99:>8} {max:>8}  {words}");
    line.trim_end().to_owned()
}

/// A time for programs: microseconds.
#[must_use]
pub(super) fn microseconds(time: Option<u64>) -> Cell {
    Cell::number(time)
}

/// A time for people: milliseconds.
#[must_use]
pub(super) fn milliseconds(time: Option<u64>) -> Cell {
    Cell::number(time.map(interpretation::time))
}
