//! `get`: show values.

mod many;
mod record;

use clap::Args;
use serde::Serialize;

use self::record::ItemRecord;
use self::record::record;
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
use crate::protocol::Key;

/// Show values
///
/// One key prints its decoded value alone; several print a table. A miss is named on standard error, and ends with exit
/// code 1. More than a thousand keys of standard input are streamed: a row a key as it comes, misses only counted.
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

/// The formats in which values are written.
const FORMATS: [Format; 5] = [Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl];

/// All items in JSON.
#[derive(Debug, Serialize)]
struct Document {
    schema: String,
    items: Vec<ItemRecord>,
}

/// How values are printed.
#[derive(Clone, Copy, Debug)]
pub struct Show<'a> {
    /// The command, as its JSON schema names it.
    pub command: &'a str,
    /// Whether the value of the one key is printed alone.
    pub single: bool,
    /// Whether stored bytes are printed.
    pub raw: bool,
    /// What stands for a key that is not there.
    pub default: Option<&'a str>,
    /// How values are decoded.
    pub decode: DecodeArgs,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &GetArgs) -> Result<Exit, Failure> {
    let spread = args.keys.is_spread(context)?;
    let show = Show {
        command: "get",
        single: args.keys.is_single(),
        raw: args.raw,
        default: args.default.as_deref(),
        decode: args.decode,
    };
    context.chosen_format(&FORMATS)?;
    let stream = if spread { None } else { args.keys.stream()? };
    let keys = match stream {
        Some(stream) if stream.is_long() => {
            let spelling = args.keys.spelling(context)?;
            return many::run(context, show, stream, &spelling);
        }
        Some(stream) => args.keys.read_ahead(context, stream)?,
        None => args.keys.read_whole(context)?,
    };
    let found = if spread { fetch::fetch_spread(context, &keys)? } else { fetch::fetch(context, &keys)? };
    print(context, show, found)
}

/// Reads items and prints them.
///
/// # Errors
/// Settings that cannot be used.
pub fn show(context: &mut Context, keys: &[Key], show: Show<'_>) -> Result<Exit, Failure> {
    context.chosen_format(&FORMATS)?;
    let found = fetch::fetch(context, keys)?;
    print(context, show, found)
}

fn print(context: &mut Context, show: Show<'_>, found: fetch::Found) -> Result<Exit, Failure> {
    let (items, failures) = found;
    let decoder = shown::Decoder::new(context, show.decode)?;
    let missed = items.iter().filter(|item| item.is_miss()).count();
    let answered = items.iter().filter(|item| item.error.is_none()).count();
    let chosen = context.chosen_format(&FORMATS)?;
    if let Some(failure) = context.nothing_done(chosen, answered, &failures) {
        return Err(failure);
    }
    match chosen {
        Some(Format::Json) => {
            let items = items.into_iter().map(|item| record(&decoder, item)).collect();
            let schema = format!("cachier/{}/1", show.command);
            context.output.document(&Document { schema, items });
        }
        Some(Format::Jsonl) => {
            for item in items {
                context.output.object(&record(&decoder, item));
            }
        }
        None if show.single => single(context, show, &decoder, &items),
        _ => table(context, show, &decoder, &items)?,
    }
    let usual = if missed > 0 && show.default.is_none() { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}

/// Prints the value of the one key alone.
fn single(context: &mut Context, show: Show<'_>, decoder: &shown::Decoder, items: &[Fetched]) {
    for item in items {
        match (&item.found, show.default) {
            (Some(found), _) if show.raw => context.output.raw(&found.value),
            (Some(found), _) => decoder.print(context, item.key.as_bytes(), found),
            (None, Some(default)) if item.error.is_none() => context.output.line(default.as_bytes()),
            (None, _) => miss(context, item),
        }
    }
}

/// Prints a row for each key that is there.
fn table(
    context: &mut Context,
    show: Show<'_>,
    decoder: &shown::Decoder,
    items: &[Fetched],
) -> Result<(), Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv])?;
    let mut table = Table::new(&["key", "value"]);
    for item in items {
        let value = match (&item.found, show.default) {
            (Some(found), _) if show.raw => found.value.clone(),
            (Some(found), _) => decoder.cell(item.key.as_bytes(), found),
            (None, Some(default)) if item.error.is_none() => default.as_bytes().to_vec(),
            (None, _) => {
                miss(context, item);
                continue;
            }
        };
        table.rows.push(vec![Cell::text(item.key.as_bytes()), Cell::text(value)]);
    }
    context.output.table(format, &table);
    Ok(())
}

/// Names a key that is not there; one that failed was named with its server.
fn miss(context: &mut Context, item: &Fetched) {
    if item.error.is_none() {
        let server = item.server.as_deref().unwrap_or_default();
        let key = KeyRecord::from(item.key.as_bytes());
        context.output.error(&format!("{key} is not there ({server})"));
    }
}
