//! What a purge did, in words and in JSON.

use serde::Serialize;

use super::sweep::Swept;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// How it went as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The command, as its JSON schema names it.
    pub command: &'a str,
    /// Whether nothing was to be deleted.
    pub dry_run: bool,
    /// Whether the user wanted an end.
    pub interrupted: bool,
    /// How long it took.
    pub seconds: f64,
}

/// One server in JSON.
#[derive(Debug, Serialize)]
struct ServerRecord {
    server: String,
    matched: u64,
    deleted: u64,
    not_found: u64,
    failed: u64,
    unknown: u64,
    bytes: u64,
    read_since_stored: u64,
    error: Option<String>,
}

/// All of it in JSON.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: String,
    dry_run: bool,
    matched: u64,
    deleted: u64,
    not_found: u64,
    failed: u64,
    /// Sent, and not answered when the connection broke.
    unknown: u64,
    bytes: u64,
    /// Of those that matched.
    read_since_stored: u64,
    seconds: f64,
    interrupted: bool,
    sample: &'a [KeyRecord],
    servers: &'a [ServerRecord],
}

/// Some of the keys of all servers.
#[must_use]
pub fn sample(swept: &[(usize, Swept)]) -> Vec<KeyRecord> {
    swept.iter().flat_map(|(_, swept)| &swept.sample).take(5).map(|key| key.as_slice().into()).collect()
}

/// Tells what was done and what was not.
pub fn conclude(
    context: &mut Context,
    format: Format,
    outcome: Outcome<'_>,
    cluster: &Cluster,
    swept: Vec<(usize, Swept)>,
) -> Exit {
    let Outcome { command, dry_run, interrupted, seconds } = outcome;
    let sample = sample(&swept);
    let mut failures = Vec::new();
    let mut rows = Vec::new();
    for (index, swept) in swept {
        let server = cluster.pool.name(index);
        let mut problems: Vec<Failure> = swept.errors.into_iter().map(Failure::from).collect();
        if let Some(words) = &swept.counts.refusal {
            let message = format!("{server}: {} keys were refused (\"{words}\")", swept.counts.failed);
            problems.push(Failure { server: Some(server.clone()), ..Failure::new(Exit::Server, message) });
        }
        rows.push(ServerRecord {
            server,
            matched: swept.matched,
            deleted: swept.counts.done,
            not_found: swept.counts.not_found,
            failed: swept.counts.failed,
            unknown: swept.counts.unknown,
            bytes: swept.bytes,
            read_since_stored: swept.fetched,
            error: problems.first().map(|problem| problem.message.clone()),
        });
        failures.extend(problems);
    }
    context.report(&failures);
    let sum = |field: fn(&ServerRecord) -> u64| rows.iter().map(field).sum::<u64>();
    let matched = sum(|row| row.matched);
    if format == Format::Json {
        context.output.document(&Document {
            schema: format!("cachier/{command}/1"),
            dry_run,
            matched,
            deleted: sum(|row| row.deleted),
            not_found: sum(|row| row.not_found),
            failed: sum(|row| row.failed),
            unknown: sum(|row| row.unknown),
            bytes: sum(|row| row.bytes),
            read_since_stored: sum(|row| row.read_since_stored),
            seconds,
            interrupted,
            sample: &sample,
            servers: &rows,
        });
    } else {
        print(context, format, &rows);
    }
    if dry_run && !sample.is_empty() {
        let names: Vec<String> = sample.iter().map(ToString::to_string).collect();
        context.output.note(&format!("such as {}", names.join(", ")));
    }
    if interrupted {
        return Exit::Interrupted;
    }
    let answered = rows.iter().filter(|row| row.error.is_none() || row.deleted > 0).count();
    ending(if matched == 0 { Exit::Negative } else { Exit::Done }, answered, &failures)
}

fn print(context: &mut Context, format: Format, rows: &[ServerRecord]) {
    if format == Format::Jsonl {
        return rows.iter().for_each(|row| context.output.object(row));
    }
    let columns =
        ["server", "matched", "deleted", "not_found", "failed", "unknown", "bytes", "read_since_stored"];
    let mut table = Table::new(&columns);
    table.rows = rows
        .iter()
        .map(|row| {
            let numbers = [
                row.matched,
                row.deleted,
                row.not_found,
                row.failed,
                row.unknown,
                row.bytes,
                row.read_since_stored,
            ];
            std::iter::once(Cell::text(row.server.as_str()))
                .chain(numbers.map(|number| Cell::number(Some(number))))
                .collect()
        })
        .collect();
    context.output.table(format, &table);
}
