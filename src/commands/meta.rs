//! `meta`: what the servers know about items.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::look::look;
use super::outcome::ending;
use super::wanted::KeyArgs;
use crate::codec;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::key::SPREAD_CHUNKS;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;
use crate::protocol::Key;

/// Show what the servers know about items: size, flags, time to live, last use
///
/// Does not count as a use where the server has the meta commands; elsewhere the item is read, and what the server cannot
/// tell is null. Exit 1 if a key is not there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier meta -F view//products\n  cachier ttl session:42 -o json")]
pub struct MetaArgs {
    #[command(flatten)]
    keys: KeyArgs,
}

/// What is known about one item.
#[derive(Debug, Serialize)]
struct ItemRecord {
    #[serde(flatten)]
    key: KeyRecord,
    server: String,
    found: Option<bool>,
    size: Option<u64>,
    flags: Option<u32>,
    ttl: Option<i64>,
    last_access: Option<u64>,
    fetched: Option<bool>,
    slab: Option<u32>,
    cas: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    error: Option<String>,
}

/// What is known about all items.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    items: &'a [ItemRecord],
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &MetaArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    let keys = args.keys.read(context)?;
    let cluster = context.cluster()?;
    let client = context.settings.client()?;
    let targets: Vec<(usize, &Key)> =
        keys.iter().map(|key| (cluster.router.readers(key.as_bytes()).first(), key)).collect();
    let (answers, failures) = look(context, &targets, true)?;
    let chunks = if args.keys.is_spread(context)? { SPREAD_CHUNKS } else { 1 };
    let rows: Vec<ItemRecord> = targets
        .iter()
        .zip(answers)
        .map(|(&(server, key), answer)| {
            let (found, error) = match answer {
                Ok(found) => (Some(found), None),
                Err(reason) => (None, Some(reason)),
            };
            let known = found.flatten().unwrap_or_default();
            ItemRecord {
                key: key.as_bytes().into(),
                server: cluster.pool.name(server),
                found: found.map(|found| found.is_some()),
                size: known.size,
                flags: known.flags,
                ttl: known.ttl,
                last_access: known.last_access,
                fetched: known.fetched,
                slab: known.slab,
                cas: known.cas,
                kind: known.flags.and_then(|flags| codec::kind(client, flags)),
                error,
            }
        })
        .enumerate()
        // Few values have all their chunks; the first one says whether there is a value.
        .filter(|(index, row)| index % chunks == 0 || row.found != Some(false))
        .map(|(_, row)| row)
        .collect();
    let answered = rows.iter().filter(|row| row.found.is_some()).count();
    if let Some(failure) = context.nothing_done(Some(format), answered, &failures) {
        return Err(failure);
    }
    print(context, format, &rows);
    for row in rows.iter().filter(|row| row.found == Some(false)) {
        context.output.error(&format!("{} is not there ({})", row.key, row.server));
    }
    let usual = if rows.iter().any(|row| row.found == Some(false)) { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}

fn print(context: &mut Context, format: Format, rows: &[ItemRecord]) {
    match format {
        Format::Json => context.output.document(&Document { schema: "cachier/meta/1", items: rows }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let columns =
                ["key", "server", "size", "flags", "ttl", "last_access", "fetched", "slab", "cas", "type"];
            let mut table = Table::new(&columns);
            table.rows = rows.iter().filter(|row| row.found == Some(true)).map(cells).collect();
            context.output.table(format, &table);
        }
    }
}

fn cells(row: &ItemRecord) -> Vec<Cell> {
    vec![
        row.key.cell(),
        Cell::text(row.server.as_str()),
        Cell::number(row.size),
        Cell::number(row.flags),
        Cell::number(row.ttl),
        Cell::number(row.last_access),
        row.fetched.map_or(Cell::Missing, |fetched| Cell::text(if fetched { "yes" } else { "no" })),
        Cell::number(row.slab),
        Cell::number(row.cas),
        row.kind.map_or(Cell::Missing, Cell::text),
    ]
}
