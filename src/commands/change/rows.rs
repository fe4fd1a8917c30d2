//! What became of each key, in rows and in JSON.

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Change;
use super::Target;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// What became of one key on one server, in JSON.
#[derive(Clone, Debug, Serialize)]
pub(super) struct KeyResult {
    #[serde(flatten)]
    key: KeyRecord,
    server: String,
    result: &'static str,
    error: Option<String>,
}

/// A row of a key on a server.
pub(super) fn row(
    cluster: &Cluster,
    (server, key): Target<'_>,
    result: Result<&'static str, String>,
) -> KeyResult {
    let (result, error) = match result {
        Ok(result) => (result, None),
        Err(reason) => ("failed", Some(reason)),
    };
    KeyResult { key: key.as_bytes().into(), server: cluster.pool.name(server), result, error }
}

/// How many rows have this result.
pub(super) fn count(rows: &[KeyResult], result: &str) -> usize {
    rows.iter().filter(|row| row.result == result).count()
}

/// Writes what became of the keys, or what would.
pub(super) fn print(
    context: &mut Context,
    change: Change<'_>,
    format: Format,
    rows: &[KeyResult],
    more: Option<(&str, Value)>,
) {
    match format {
        Format::Json => {
            let mut document = Map::new();
            document.insert("schema".to_owned(), json!(format!("cachier/{}/1", change.command)));
            document.insert("dry_run".to_owned(), json!(change.dry_run));
            let (done, failed) = (count(rows, change.done), count(rows, "failed"));
            let not = rows.len() - done - failed - count(rows, "planned");
            let negative = if change.done == "stored" { "not_stored" } else { "not_found" };
            for (counter, number) in [(change.done, done), (negative, not), ("failed", failed)] {
                document.insert(counter.to_owned(), json!(number));
            }
            document.insert("keys".to_owned(), serde_json::to_value(rows).unwrap_or(Value::Null));
            document.extend(more.map(|(name, value)| (name.to_owned(), value)));
            context.output.document(&document);
        }
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["key", "server", "result"]);
            table.rows = rows
                .iter()
                .map(|row| vec![row.key.cell(), Cell::text(row.server.as_str()), Cell::text(row.result)])
                .collect();
            context.output.table(format, &table);
        }
    }
}
