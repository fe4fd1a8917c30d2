//! `exists`: is it there?

use clap::Args;
use serde::Serialize;

use super::change::FORMATS;
use super::context::Context;
use super::look::look;
use super::outcome::ending;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::key::SPREAD_CHUNKS;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;
use crate::protocol::Key;

/// Tell whether items are there
///
/// Exit 0 only if all are. Does not count as a use of the items where the server has the meta commands.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier exists banner && echo cached")]
pub struct ExistsArgs {
    #[command(flatten)]
    keys: KeyArgs,
}

/// Whether one key is there.
#[derive(Debug, Serialize)]
struct KeyResult {
    #[serde(flatten)]
    key: KeyRecord,
    server: String,
    found: Option<bool>,
    error: Option<String>,
}

/// Whether all keys are there.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    found: usize,
    not_found: usize,
    failed: usize,
    keys: &'a [KeyResult],
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &ExistsArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    // The first chunk says whether there is a value that is cut into chunks.
    let step = if args.keys.is_spread(context)? { SPREAD_CHUNKS } else { 1 };
    let keys: Vec<Key> = args.keys.read(context)?.into_iter().step_by(step).collect();
    let cluster = context.cluster()?;
    let mut rows: Vec<Option<KeyResult>> = keys.iter().map(|_| None).collect();
    let mut failures = Vec::new();
    // Where several servers may have a key they are asked in turn, as its client does.
    for turn in 0.. {
        let open: Vec<(usize, usize)> = (0..keys.len())
            .filter(|&index| !matches!(&rows[index], Some(KeyResult { found: Some(true), .. })))
            .filter_map(|index| {
                Some((index, cluster.router.readers(keys[index].as_bytes()).iter().nth(turn)?))
            })
            .collect();
        if open.is_empty() {
            break;
        }
        let asked: Vec<(usize, &Key)> = open.iter().map(|&(index, server)| (server, &keys[index])).collect();
        let (answers, failed) = look(context, &asked, false)?;
        failures.extend(failed);
        for ((index, server), answer) in open.into_iter().zip(answers) {
            let (found, error) =
                answer.map_or_else(|reason| (None, Some(reason)), |found| (Some(found.is_some()), None));
            let (key, server) = (keys[index].as_bytes().into(), cluster.pool.name(server));
            rows[index] = Some(KeyResult { key, server, found, error });
        }
    }
    let rows: Vec<KeyResult> = rows.into_iter().flatten().collect();
    let answered = rows.iter().filter(|row| row.found.is_some()).count();
    if let Some(failure) = context.nothing_done(Some(format), answered, &failures) {
        return Err(failure);
    }
    print(context, format, &rows);
    let missing = rows.iter().any(|row| row.found == Some(false));
    let usual = if missing { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}

fn print(context: &mut Context, format: Format, rows: &[KeyResult]) {
    match format {
        Format::Json => context.output.document(&Document {
            schema: "cachier/exists/1",
            found: rows.iter().filter(|row| row.found == Some(true)).count(),
            not_found: rows.iter().filter(|row| row.found == Some(false)).count(),
            failed: rows.iter().filter(|row| row.found.is_none()).count(),
            keys: rows,
        }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["key", "server", "result"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    let result = match row.found {
                        Some(true) => "found",
                        Some(false) => "not_found",
                        None => "failed",
                    };
                    vec![row.key.cell(), Cell::text(row.server.as_str()), Cell::text(result)]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}
