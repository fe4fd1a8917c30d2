//! The tables of `stats`.

use crate::commands::figures::humane;
use crate::commands::figures::plain;
use crate::commands::sampler::Sampled;
use crate::measure::Figure;
use crate::measure::Figures;
use crate::measure::Rows;
use crate::measure::Total;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// The derived figures of the overview for programs, as columns.
const COLUMNS: [(&str, &str); 13] = [
    ("uptime", "uptime"),
    ("gets/s", "gets_per_second"),
    ("hit_ratio", "hit_ratio"),
    ("sets/s", "sets_per_second"),
    ("evictions/s", "evictions_per_second"),
    ("evicted_age", "evicted_age"),
    ("items", "items"),
    ("memory", "bytes"),
    ("limit", "memory_limit"),
    ("used", "memory_use"),
    ("waste", "slab_waste"),
    ("conns", "connections"),
    ("max_conns", "connections_limit"),
];

/// The figures of which programs get the lifetime as well where the others are those of an interval.
const LIFETIME: [(&str, &str); 2] =
    [("lifetime_gets/s", "gets_per_second"), ("lifetime_hit_ratio", "hit_ratio")];

/// The columns for people.
const HUMANE: [&str; 10] =
    ["uptime", "gets/s", "hits", "sets/s", "evictions/s", "evicted age", "items", "memory", "waste", "conns"];

/// The figures of one row: those that matter, and those of the lifetime where they are not the same.
struct Row<'a> {
    figures: &'a Figures,
    lifetime: Option<&'a Figures>,
}

/// One row a server and one for all; figures for people in a table, plain numbers elsewhere.
#[must_use]
pub(super) fn overview(servers: &[Sampled], total: &Total, format: Format, is_interval: bool) -> Table {
    let is_humane = format == Format::Table;
    let mut table = Table::new(&["server", "version"]);
    if is_humane {
        table.columns.extend(HUMANE);
    } else {
        table.columns.extend(COLUMNS.map(|(column, _)| column));
        table.columns.extend(LIFETIME.iter().filter(|_| is_interval).map(|(column, _)| *column));
    }
    let cells = |row: &Row<'_>| if is_humane { row.humane() } else { row.plain(is_interval) };
    for server in servers {
        let mut row = vec![Cell::text(server.name.as_str())];
        if let Some(stats) = server.up() {
            row.push(stats.sample.version().map_or(Cell::Missing, Cell::text));
            let interval = stats.interval.as_ref().map(|interval| &interval.figures);
            let lifetime = &stats.lifetime.figures;
            row.extend(cells(&Row {
                figures: interval.unwrap_or(lifetime),
                lifetime: interval.map(|_| lifetime),
            }));
        } else {
            row.push(Cell::text("down"));
            row.resize(table.columns.len(), Cell::Missing);
        }
        table.rows.push(row);
    }
    if servers.len() > 1 && total.up > 0 {
        let version = if total.versions.len() > 1 { "mixed" } else { "" };
        let mut row = vec![Cell::text("total"), Cell::text(version)];
        let interval = total.interval.as_ref().map(|interval| &interval.figures);
        let lifetime = &total.lifetime.figures;
        row.extend(cells(&Row {
            figures: interval.unwrap_or(lifetime),
            lifetime: interval.map(|_| lifetime),
        }));
        table.rows.push(row);
    }
    table
}

impl Row<'_> {
    fn plain(&self, is_interval: bool) -> Vec<Cell> {
        let cell = |figures: Option<&Figures>, name| {
            let figure =
                figures.and_then(|figures| figures.get(name)).map_or(Figure::Idle, |field| field.figure);
            Cell::number(figure.number().map(plain))
        };
        let usual = COLUMNS.iter().map(|(_, name)| cell(Some(self.figures), name));
        let lifetime = LIFETIME.iter().filter(|_| is_interval).map(|(_, name)| cell(self.lifetime, name));
        usual.chain(lifetime).collect()
    }

    fn humane(&self) -> Vec<Cell> {
        let text = |name| shown(self.figures, name);
        let both = |name| match (text(name), self.lifetime.and_then(|lifetime| shown(lifetime, name))) {
            (text, Some(lifetime)) => {
                Some(format!("{} [{lifetime}]", text.unwrap_or_else(|| "–".to_owned())))
            }
            (text, None) => text,
        };
        let of = |part, whole| match (text(part), text(whole)) {
            (Some(part), Some(whole)) => Some(format!("{part}/{whole}")),
            (part, _) => part,
        };
        [
            text("uptime"),
            both("gets_per_second"),
            both("hit_ratio"),
            text("sets_per_second"),
            text("evictions_per_second"),
            text("evicted_age"),
            text("items"),
            of("bytes", "memory_limit"),
            text("slab_waste"),
            of("connections", "connections_limit"),
        ]
        .into_iter()
        .map(Cell::number)
        .collect()
    }
}

/// A figure for people, if there is one.
fn shown(figures: &Figures, name: &str) -> Option<String> {
    let field = figures.get(name)?;
    Some(humane(field.figure.number()?, field.dimension))
}

/// The same rows with the time of the report before them.
#[must_use]
pub(super) fn at(at: &str, mut table: Table) -> Table {
    table.columns.insert(0, "at");
    for row in &mut table.rows {
        row.insert(0, Cell::text(at));
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
