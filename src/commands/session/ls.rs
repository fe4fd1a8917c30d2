//! `session ls`: sessions and what they hold.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use clap::Args;

use super::conditions::WhichArgs;
use super::reader::Reader;
use super::reader::Session;
use super::rows::SessionRecord;
use super::rows::cells;
use crate::commands::change::FORMATS;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::outcome::UnreachedRecord;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::output::Output;
use crate::output::Table;

/// How many rows of a table are aligned together.
const ROWS: usize = 1000;

/// List sessions and what they hold, whatever serialised them
///
/// Every session is read, which counts as a use of it; the idle time shown is that before. Exit 1 if no session is meant.
#[derive(Args, Debug)]
pub(super) struct LsArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Show the value of this field; may be repeated [default: the names of all fields]
    #[arg(long = "field", value_name = "NAME")]
    fields: Vec<String>,
    /// Stop after this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Where the sessions of all servers go.
struct Sink<'a> {
    output: &'a mut Output,
    format: Format,
    is_first: bool,
    table: Table,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub(super) fn run(context: &mut Context, args: &LsArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = listed::cluster(context, "session ls")?;
    let servers = listed::servers(&cluster);
    let names: Vec<String> = servers.iter().map(|&index| cluster.pool.name(index)).collect();
    let interrupt = Interrupt::listen();
    let progress = listed::progress(context, &cluster, "sessions");
    let reader = Reader::new(context, &cluster.pool, &args.which, &interrupt, &progress)?;
    let shown = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    if format == Format::Json {
        context.output.raw(b"{\"schema\":\"cachier/session-ls/1\",\"sessions\":[");
    }
    let table = Table::new(&["id", "size", "ttl", "idle", "holds"]);
    let sink = Mutex::new(Sink { output: &mut context.output, format, is_first: true, table });
    let parts = cluster.pool.list(&servers, |index, listing| {
        let name = names.get(index).map_or("", String::as_str);
        let mut take = |session: Session| {
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            if args.limit.is_some_and(|limit| shown.load(Ordering::Relaxed) >= limit)
                || sink.output.is_closed()
            {
                stop.store(true, Ordering::Relaxed);
            }
            if !stop.load(Ordering::Relaxed) {
                shown.fetch_add(1, Ordering::Relaxed);
                sink.write(session, &args.which.prefix, name, &args.fields);
            }
            Ok(!stop.load(Ordering::Relaxed))
        };
        reader.work(index, listing, &mut take)
    });
    drop(progress);
    sink.into_inner().unwrap_or_else(PoisonError::into_inner).end();
    let unreadable: u64 = parts.iter().map(|(_, part)| part.unreadable).sum();
    let read: u64 = parts.iter().map(|(_, part)| part.read).sum();
    let answered = parts.iter().filter(|(_, part)| part.error.is_none()).count();
    let unreached = parts.into_iter().filter_map(|(_, part)| part.error).collect();
    let failures = context.report_unreached(unreached);
    if format == Format::Json {
        let unreached: Vec<UnreachedRecord> = failures.iter().map(UnreachedRecord::from).collect();
        let unreached = serde_json::to_string(&unreached).unwrap_or_default();
        context.output.raw(format!("],\"unreached\":{unreached}}}\n").as_bytes());
    }
    if context.output.is_closed() {
        return Ok(Exit::Done);
    }
    let shown = shown.into_inner();
    context.output.note(&format!("{shown} of {read} sessions shown"));
    if unreadable > 0 {
        context
            .output
            .note(&format!("{unreadable} items with that prefix are in no form of Flask-Session's"));
    }
    if interrupt.is_wanted() {
        return Ok(Exit::Interrupted);
    }
    Ok(ending(if shown == 0 { Exit::Negative } else { Exit::Done }, answered, &failures))
}

impl Sink<'_> {
    fn write(&mut self, session: Session, prefix: &str, server: &str, fields: &[String]) {
        match self.format {
            Format::Json => {
                if !std::mem::take(&mut self.is_first) {
                    self.output.raw(b",");
                }
                self.output.object(&SessionRecord::of(session, prefix, server));
            }
            Format::Jsonl => self.output.object(&SessionRecord::of(session, prefix, server)),
            _ => {
                let is_for_people = self.format == Format::Table;
                self.table.rows.push(cells(&session, prefix, fields, is_for_people));
                if self.table.rows.len() >= ROWS {
                    self.end();
                }
            }
        }
    }

    /// Writes the rows that wait.
    fn end(&mut self) {
        if !self.table.rows.is_empty() {
            self.output.table(self.format, &self.table);
            self.table.rows.clear();
        }
    }
}
