//! The rates of each server.

use super::Taken;
use crate::commands::sampler;
use crate::commands::sampler::Sampled;
use crate::dashboard::Column;
use crate::dashboard::Frame;
use crate::dashboard::Row;
use crate::dashboard::View;
use crate::measure::Derived;
use crate::measure::Dimension;

const fn column(name: &'static str, short: &'static str, dimension: Dimension) -> Column {
    Column { name, short, dimension }
}

/// The figures, by the names that `stats` has.
const COLUMNS: &[Column] = &[
    column("gets_per_second", "gets/s", Dimension::Rate),
    column("hit_ratio", "hits", Dimension::Ratio),
    column("sets_per_second", "sets/s", Dimension::Rate),
    column("evictions_per_second", "evicted/s", Dimension::Rate),
    column("bytes_read_per_second", "in/s", Dimension::Bytes),
    column("bytes_written_per_second", "out/s", Dimension::Bytes),
    column("items", "items", Dimension::Count),
    column("memory_use", "memory", Dimension::Ratio),
    column("connections", "conns", Dimension::Count),
];

/// A round of samples, of which the one before was an interval ago.
pub(super) fn taken(servers: &[Sampled]) -> Taken {
    let total = sampler::total(servers);
    let seconds = |server: &Sampled| server.up()?.interval.as_ref()?.period.seconds;
    let rows = servers.iter().map(|server| Row {
        name: server.name.clone().into_bytes(),
        numbers: numbers(server.up().and_then(|stats| stats.interval.as_ref())),
        error: server.error().map(|failure| failure.message.clone()),
    });
    let frame = Frame {
        view: View::Servers,
        columns: COLUMNS,
        rows: rows.collect(),
        total: numbers(total.interval.as_ref()),
        seconds: servers.iter().filter_map(seconds).fold(0.0, f64::max),
        notes: Vec::new(),
    };
    let done = servers.iter().filter(|server| server.up().is_some()).count();
    Taken { frame, losses: Vec::new(), failures: sampler::failures(servers), done }
}

fn numbers(interval: Option<&Derived>) -> Vec<Option<f64>> {
    let number = |column: &Column| interval?.figures.get(column.name)?.figure.number();
    COLUMNS.iter().map(number).collect()
}
