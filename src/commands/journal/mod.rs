//! `journal`: what was deleted or overwritten by name, kept for `undo`.

pub mod entry;
mod keep;

use clap::Args;
use clap::Subcommand;
use serde::Serialize;

use self::entry::Header;
pub use self::keep::keep;
use super::change::FORMATS;
use super::context;
use super::context::Context;
use crate::archive::Reader;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// List, show and clear what is kept for undo
///
/// delete, set, replace, edit, invalidate-… and session revoke of named keys keep the items that they take away, on this machine,
/// readable by you alone: up to 10,000 items and 16 MiB each, 64 MiB and 30 days in all. --no-journal keeps nothing.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier journal ls\n  cachier journal show 20261128T120000.000-a1B2c3\n  \
    cachier journal clear"
)]
pub struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Subcommand, Debug)]
enum JournalCommand {
    /// List the entries, the oldest first
    #[command(visible_alias = "list")]
    Ls,
    /// Show the keys of an entry
    Show {
        /// Which entry
        id: String,
    },
    /// Remove entries for good
    Clear {
        /// Which entries [default: all]
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Show what would be removed, and remove nothing
        #[arg(short = 'n', long, help_heading = "Safety")]
        dry_run: bool,
    },
}

#[derive(Debug, Serialize)]
struct ListDocument<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    entries: &'a [Header],
}

#[derive(Debug, Serialize)]
struct ShowDocument<'a> {
    schema: &'static str,
    #[serde(flatten)]
    header: &'a Header,
    keys: &'a [ItemRecord],
}

#[derive(Debug, Serialize)]
struct ItemRecord {
    #[serde(flatten)]
    key: KeyRecord,
    flags: u32,
    /// UNIX seconds; `null` if it never expires or nobody knows.
    expires: Option<u64>,
    expiry_known: bool,
    size: usize,
}

/// Runs the command.
///
/// # Errors
/// A journal that cannot be read, or an entry that there is not.
pub fn run(context: &mut Context, args: &JournalArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    match &args.command {
        JournalCommand::Ls => {
            let entries: Vec<Header> = entry::all(context)?.into_iter().map(|entry| entry.header).collect();
            print(context, format, "cachier/journal-ls/1", None, &entries);
        }
        JournalCommand::Show { id } => show(context, format, id)?,
        JournalCommand::Clear { ids, dry_run } => {
            let entries = if ids.is_empty() {
                entry::all(context)?
            } else {
                ids.iter().map(|id| entry::find(context, id)).collect::<Result<_, _>>()?
            };
            for entry in entries.iter().filter(|_| !dry_run) {
                entry::remove(entry.path())?;
            }
            let headers: Vec<Header> = entries.into_iter().map(|entry| entry.header).collect();
            print(context, format, "cachier/journal-clear/1", Some(*dry_run), &headers);
        }
    }
    Ok(Exit::Done)
}

fn print(
    context: &mut Context,
    format: Format,
    schema: &'static str,
    dry_run: Option<bool>,
    entries: &[Header],
) {
    match format {
        Format::Json => context.output.document(&ListDocument { schema, dry_run, entries }),
        Format::Jsonl => entries.iter().for_each(|entry| context.output.object(entry)),
        _ => {
            let mut table = Table::new(&["id", "at", "command", "profile", "items", "bytes", "servers"]);
            table.rows = entries
                .iter()
                .map(|entry| {
                    vec![
                        Cell::text(entry.id.as_str()),
                        Cell::text(entry.at.as_str()),
                        Cell::text(entry.command.as_str()),
                        entry.profile.as_deref().map_or(Cell::Missing, Cell::text),
                        Cell::number(Some(entry.items)),
                        Cell::number(Some(entry.bytes)),
                        Cell::text(entry.servers.join(",")),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}

fn show(context: &mut Context, format: Format, id: &str) -> Result<(), Failure> {
    let entry = entry::find(context, id)?;
    let header = entry.header.clone();
    let mut reader = Reader::new(entry.into_records(), context::now().as_secs());
    let mut keys = Vec::new();
    while let Some(saved) = reader.next_record().map_err(|error| Failure::usage(error.to_string()))? {
        keys.push(ItemRecord {
            key: saved.key.into(),
            flags: saved.flags,
            expires: saved.expires,
            expiry_known: keys.len() as u64 >= header.unknown_expiry,
            size: saved.value.len(),
        });
    }
    match format {
        Format::Json => {
            let document = ShowDocument { schema: "cachier/journal-show/1", header: &header, keys: &keys };
            context.output.document(&document);
        }
        Format::Jsonl => keys.iter().for_each(|key| context.output.object(key)),
        _ => {
            let mut table = Table::new(&["key", "flags", "expires", "size"]);
            table.rows = keys
                .iter()
                .map(|item| {
                    let expires = match (item.expires, item.expiry_known) {
                        (Some(expires), _) => Cell::text(expires.to_string()),
                        (None, true) => Cell::text("never"),
                        (None, false) => Cell::Missing,
                    };
                    let flags = Cell::number(Some(item.flags));
                    vec![item.key.cell(), flags, expires, Cell::number(Some(item.size))]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
    Ok(())
}
