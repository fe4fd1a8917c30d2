//! What was stored on its way to a pool, in words and in JSON.

use serde::Serialize;

use super::Problem;
use super::target::Refused;
use super::target::Stored;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// How it went as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// The command, as its JSON schema names it.
    pub command: &'static str,
    /// Whether nothing was stored on purpose.
    pub dry_run: bool,
    /// Items that came.
    pub items: u64,
    /// Of these, items that had expired already.
    pub expired: u64,
    /// Whether the user ended it.
    pub interrupted: bool,
    /// How long it took.
    pub seconds: f64,
}

#[derive(Serialize)]
struct ServerRecord {
    server: String,
    stored: u64,
    not_stored: u64,
    failed: u64,
    unknown: u64,
    error: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: String,
    dry_run: bool,
    items: u64,
    stored: u64,
    /// There already.
    not_stored: u64,
    expired: u64,
    failed: u64,
    /// Sent, and not answered when the connection broke.
    unknown: u64,
    seconds: f64,
    interrupted: bool,
    /// Some of those that failed.
    problems: &'a [Problem],
    servers: &'a [ServerRecord],
}

/// Tells what was stored and what was not; `failures` are those of the way up to here.
pub fn conclude(
    context: &mut Context,
    format: Format,
    cluster: &Cluster,
    course: Course,
    (stored, refused): (Vec<Stored>, Refused),
    mut failures: Vec<Failure>,
) -> Exit {
    let mut rows = Vec::new();
    for (index, stored) in stored.into_iter().enumerate() {
        rows.push(ServerRecord {
            server: cluster.pool.name(index),
            stored: stored.counts.done,
            not_stored: stored.counts.not_found,
            failed: stored.counts.failed,
            unknown: stored.counts.unknown,
            error: stored.error.as_ref().map(ToString::to_string),
        });
        failures.extend(stored.error.map(Failure::from));
    }
    let sum = |field: fn(&ServerRecord) -> u64| rows.iter().map(field).sum::<u64>();
    let failed = sum(|row| row.failed) + refused.keys;
    for problem in &refused.problems {
        let message = format!("{} was not stored: {}", problem.key, problem.error);
        let server = Some(problem.server.clone());
        failures.push(Failure { server, ..Failure::new(Exit::Server, message) });
    }
    context.report(&failures);
    let stored = sum(|row| row.stored);
    if format == Format::Json {
        context.output.document(&Document {
            schema: format!("cachier/{}/1", course.command),
            dry_run: course.dry_run,
            items: course.items,
            stored,
            not_stored: sum(|row| row.not_stored),
            expired: course.expired,
            failed,
            unknown: sum(|row| row.unknown),
            seconds: course.seconds,
            interrupted: course.interrupted,
            problems: &refused.problems,
            servers: &rows,
        });
    } else {
        print(context, format, &rows);
        let Course { items, expired, .. } = course;
        let verb = if course.dry_run { "would be stored" } else { "came" };
        context.output.note(&format!("{items} items {verb}, {expired} of them expired before"));
    }
    if course.interrupted {
        return Exit::Interrupted;
    }
    let done = stored + sum(|row| row.not_stored);
    let usual = if stored == 0 && !course.dry_run { Exit::Negative } else { Exit::Done };
    ending(usual, usize::try_from(done).unwrap_or(usize::MAX), &failures)
}

fn print(context: &mut Context, format: Format, rows: &[ServerRecord]) {
    let mut table = Table::new(&["server", "stored", "not_stored", "failed", "unknown"]);
    table.rows = rows
        .iter()
        .map(|row| {
            let numbers = [row.stored, row.not_stored, row.failed, row.unknown];
            std::iter::once(Cell::text(row.server.as_str()))
                .chain(numbers.map(|number| Cell::number(Some(number))))
                .collect()
        })
        .collect();
    context.output.table(format, &table);
}
