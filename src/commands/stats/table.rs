//! The tables of `stats`.

use crate::commands::figures::humane;
use crate::commands::figures::plain;
use crate::commands::sampler::Sampled;
use crate::measure::Dimension;
use crate::measure::Figure;
use crate::measure::Rows;
use crate::measure::Total;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// The derived figures of the overview, as columns.
const COLUMNS: [(&str, &str, Dimension); 13] = [
    ("uptime", "uptime", Dimension::Seconds),
    ("gets/s", "gets_per_second", Dimension::Rate),
    ("hit_ratio", "hit_ratio", Dimension::Ratio),
    ("sets/s", "sets_per_second", Dimension::Rate),
    ("evictions/s", "evictions_per_second", Dimension::Rate),
    ("evicted_age", "evicted_age", Dimension::Seconds),
    ("items", "items", Dimension::Count),
    ("memory", "bytes", Dimension::Bytes),
    ("limit", "memory_limit", Dimension::Bytes),
    ("used", "memory_use", Dimension::Ratio),
    ("waste", "slab_waste", Dimension::Ratio),
    ("conns", "connections", Dimension::Count),
    ("max_conns", "connections_limit", Dimension::Count),
];

/// One row a server and one for all; figures for people in a table, plain numbers elsewhere.
#[must_use]
pub(super) fn overview(servers: &[Sampled], total: &Total, format: Format) -> Table {
    let mut table = Table::new(&["server", "version"]);
    table.columns.extend(COLUMNS.map(|(column, _, _)| column));
    let cells = |figure: &dyn Fn(&str) -> Figure| {
        COLUMNS.map(|(_, name, dimension)| match figure(name).number() {
            Some(number) if format == Format::Table => Cell::Number(humane(number, dimension)),
            number => Cell::number(number.map(plain)),
        })
    };
    for server in servers {
        let mut row = vec![Cell::text(server.name.as_str())];
        if let Some(stats) = server.up() {
            row.push(stats.sample.version().map_or(Cell::Missing, Cell::text));
            row.extend(cells(&|name| stats.figure(name)));
        } else {
            row.push(Cell::text("down"));
            row.resize(table.columns.len(), Cell::Missing);
        }
        table.rows.push(row);
    }
    if servers.len() > 1 && total.up > 0 {
        let version = if total.versions.len() > 1 { Cell::text("mixed") } else { Cell::text("") };
        let mut row = vec![Cell::text("total"), version];
        row.extend(cells(&|name| total.figure(name)));
        table.rows.push(row);
    }
    table
}

/// One row a field, as the servers gave it.
pub(super) fn raw<'a>(servers: impl Iterator<Item = (&'a str, &'a Rows)>) -> Table {
    let mut table = Table::new(&["server", "name", "value"]);
    for (server, rows) in servers {
        for (name, value) in rows.iter() {
            table.rows.push(vec![Cell::text(server), Cell::text(name), Cell::text(value)]);
        }
    }
    table
}
