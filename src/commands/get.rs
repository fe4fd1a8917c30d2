//! `get`: show values.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::decode_args::DecodeArgs;
use super::fetch;
use super::fetch::Fetched;
use super::outcome::ending;
use super::shown;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// Show values
///
/// One key prints its decoded value alone; several print a table. A miss is named on standard error, and ends with exit
/// code 1.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier get greeting\n  cachier get -F view//products --raw > page.html\n  \
    cachier get a b c -o json"
)]
pub struct GetArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Print the stored bytes, nothing added or removed
    #[arg(long, conflicts_with = "decode")]
    raw: bool,
    #[command(flatten)]
    decode: DecodeArgs,
    /// Print this for a key that is not there, with exit code 0
    #[arg(long, value_name = "VALUE")]
    default: Option<String>,
}

/// One item in JSON.
#[derive(Debug, Serialize)]
struct ItemRecord {
    #[serde(flatten)]
    key: KeyRecord,
    server: Option<String>,
    found: Option<bool>,
    flags: Option<u32>,
    size: Option<usize>,
    cas: Option<u64>,
    #[serde(flatten)]
    value: shown::ValueRecord,
    error: Option<String>,
}

/// All items in JSON.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    items: Vec<ItemRecord>,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &GetArgs) -> Result<Exit, Failure> {
    let chosen =
        context.chosen_format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    let keys = args.keys.read(context)?;
    let decoder = shown::Decoder::new(context, args.decode)?;
    let (items, failures) = fetch::fetch(context, &keys)?;
    let missed = items.iter().filter(|item| item.is_miss()).count();
    let answered = items.iter().filter(|item| item.error.is_none()).count();
    match chosen {
        Some(Format::Json) => {
            let items = items.into_iter().map(|item| record(&decoder, item)).collect();
            context.output.document(&Document { schema: "cachier/get/1", items });
        }
        Some(Format::Jsonl) => {
            for item in items {
                context.output.object(&record(&decoder, item));
            }
        }
        None if args.keys.is_single() => single(context, args, &decoder, &items),
        _ => {
            let format = context.format(&[Format::Table, Format::Tsv, Format::Csv])?;
            table(context, args, format, &decoder, &items);
        }
    }
    let usual = if missed > 0 && args.default.is_none() { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}

/// Prints the value of the one key alone.
fn single(context: &mut Context, args: &GetArgs, decoder: &shown::Decoder, items: &[Fetched]) {
    for item in items {
        match (&item.found, &args.default) {
            (Some(found), _) if args.raw => context.output.raw(&found.value),
            (Some(found), _) => decoder.print(context, item.key.as_bytes(), found),
            (None, Some(default)) if item.error.is_none() => context.output.line(default.as_bytes()),
            (None, _) => miss(context, item),
        }
    }
}

/// Prints a row for each key that is there.
fn table(context: &mut Context, args: &GetArgs, format: Format, decoder: &shown::Decoder, items: &[Fetched]) {
    let mut table = Table::new(&["key", "value"]);
    for item in items {
        let value = match (&item.found, &args.default) {
            (Some(found), _) if args.raw => found.value.clone(),
            (Some(found), _) => decoder.cell(item.key.as_bytes(), found),
            (None, Some(default)) if item.error.is_none() => default.clone().into_bytes(),
            (None, _) => {
                miss(context, item);
                continue;
            }
        };
        table.rows.push(vec![Cell::text(item.key.as_bytes()), Cell::text(value)]);
    }
    context.output.table(format, &table);
}

/// Names a key that is not there; one that failed was named with its server.
fn miss(context: &mut Context, item: &Fetched) {
    if item.error.is_none() {
        let server = item.server.as_deref().unwrap_or_default();
        let key = KeyRecord::from(item.key.as_bytes());
        context.output.error(&format!("{key} is not there ({server})"));
    }
}

/// An item as JSON has it.
fn record(decoder: &shown::Decoder, item: Fetched) -> ItemRecord {
    let found = item.error.is_none().then_some(item.found.is_some());
    let key = item.key.as_bytes().into();
    let stored = item.found.as_ref();
    ItemRecord {
        key,
        server: item.server,
        found,
        flags: stored.map(|stored| stored.flags),
        size: stored.map(|stored| stored.value.len()),
        cas: stored.and_then(|stored| stored.cas),
        value: stored.map(|stored| decoder.record(item.key.as_bytes(), stored)).unwrap_or_default(),
        error: item.error,
    }
}
