//! The version keys and the results of one function, as rows.

use serde::Serialize;

use crate::commands::figures::span;
use crate::output::Cell;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// A version key of the function or of one of its instances.
#[derive(Debug, Serialize)]
pub(super) struct VersionRow {
    #[serde(flatten)]
    pub(super) key: KeyRecord,
    pub(super) server: String,
    pub(super) instance: Option<String>,
    pub(super) version: Option<String>,
    pub(super) ttl: Option<u64>,
}

/// A stored result.
#[derive(Debug, Serialize)]
pub(super) struct ResultRow {
    #[serde(flatten)]
    pub(super) key: KeyRecord,
    pub(super) server: String,
    pub(super) instance: Option<String>,
    pub(super) reachable: bool,
    pub(super) size: u64,
    pub(super) ttl: Option<u64>,
    pub(super) idle: u64,
    pub(super) read: bool,
}

/// A line a version key.
pub(super) fn version_table(rows: &[VersionRow]) -> Table {
    let mut table = Table::new(&["version_key", "server", "version", "ttl"]);
    table.rows = rows
        .iter()
        .map(|row| {
            let version = row.version.as_deref().map_or(Cell::Missing, Cell::text);
            vec![row.key.cell(), Cell::text(row.server.as_str()), version, Cell::Number(span(row.ttl))]
        })
        .collect();
    table
}

/// A line a result, with units for people.
pub(super) fn result_table(rows: &[ResultRow], is_for_people: bool) -> Table {
    let mut table = Table::new(&["result", "server", "instance", "reachable", "size", "ttl", "idle", "read"]);
    let word = |is: bool| Cell::text(if is { "yes" } else { "no" });
    table.rows = rows
        .iter()
        .map(|row| {
            let times = [row.ttl, Some(row.idle)]
                .map(|time| if is_for_people { Cell::Number(span(time)) } else { Cell::number(time) });
            let mut cells = vec![
                row.key.cell(),
                Cell::text(row.server.as_str()),
                row.instance.as_deref().map_or(Cell::Missing, Cell::text),
                word(row.reachable),
                Cell::number(Some(row.size)),
            ];
            cells.extend(times);
            cells.push(word(row.read));
            cells
        })
        .collect();
    table
}
