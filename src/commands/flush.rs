//! `flush`: make every item of servers invalid.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::change::FORMATS;
use super::confirm;
use super::confirm::ConfirmArgs;
use super::context::Context;
use super::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::pool::Cause;
use crate::pool::Phase;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::settings::units;

/// Make every item of all servers invalid
///
/// Asks first, naming the servers and how many items they have; a protected profile has to be named with --confirm.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier flush --dry-run\n  cachier flush --server mc1.example.com:11211 --yes\n  \
    cachier flush -p production --confirm production --delay 30s"
)]
pub struct FlushArgs {
    /// Only this server, named as `cachier servers` names it; may be repeated
    #[arg(long, value_name = "S")]
    server: Vec<String>,
    /// Not at once but after this time
    #[arg(long, value_name = "DURATION", value_parser = units::duration, default_value = "0s")]
    delay: Duration,
    /// Show which servers would be emptied, and change nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// One server in JSON.
#[derive(Debug, Serialize)]
struct ServerRecord {
    server: String,
    /// How many items it had.
    items: Option<u64>,
    result: &'static str,
    error: Option<String>,
}

/// All servers in JSON.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    dry_run: bool,
    delay: u64,
    flushed: usize,
    failed: usize,
    servers: &'a [ServerRecord],
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used or do not allow it, or a server that is none of the pool's.
pub fn run(context: &mut Context, args: &FlushArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    if !args.dry_run {
        args.confirm.check(context, "flush")?;
    }
    let cluster = context.cluster()?;
    let names: Vec<String> =
        (0..cluster.pool.endpoints().len()).map(|index| cluster.pool.name(index)).collect();
    if let Some(stranger) = args.server.iter().find(|server| !names.contains(server)) {
        return Err(Failure::usage(format!("{stranger} is none of the servers"))
            .hint(format!("they are {}", names.join(", "))));
    }
    let chosen: Vec<usize> = (0..names.len())
        .filter(|&index| args.server.is_empty() || args.server.contains(&names[index]))
        .collect();
    // A delay below one second would be no delay.
    let seconds = args.delay.as_secs() + u64::from(args.delay.subsec_nanos() > 0);
    let delay = u32::try_from(seconds).map_err(|_| Failure::usage("--delay is too long"))?;
    let counted = cluster.pool.each(&chosen, |_, server| items(server));
    let mut rows: Vec<ServerRecord> = counted
        .into_iter()
        .map(|(index, items)| {
            let (items, result, error) = match items {
                Ok(items) => (items, "planned", None),
                Err(error) => (None, "failed", Some(error.to_string())),
            };
            ServerRecord { server: names[index].clone(), items, result, error }
        })
        .collect();
    let mut failures = Vec::new();
    if !args.dry_run {
        args.confirm.ask(context, &question(context, &rows, seconds))?;
        let answers = cluster.pool.each(&chosen, |_, server| flush(server, delay));
        for (row, (_, answer)) in rows.iter_mut().zip(answers) {
            row.error = answer.as_ref().err().map(ToString::to_string);
            row.result = if answer.is_ok() { "flushed" } else { "failed" };
            failures.extend(answer.err().map(Failure::from));
        }
    }
    context.report(&failures);
    let count = |result: &str| rows.iter().filter(|row| row.result == result).count();
    if format == Format::Json {
        let (flushed, failed) = (count("flushed"), count("failed"));
        let schema = "cachier/flush/1";
        context.output.document(&Document {
            schema,
            dry_run: args.dry_run,
            delay: seconds,
            flushed,
            failed,
            servers: &rows,
        });
    } else {
        print(context, format, &rows);
    }
    Ok(ending(Exit::Done, count("flushed"), &failures))
}

fn question(context: &Context, rows: &[ServerRecord], seconds: u64) -> String {
    let servers: Vec<String> = rows
        .iter()
        .map(|row| match row.items {
            Some(items) => format!("{} ({items} items)", row.server),
            None => row.server.clone(),
        })
        .collect();
    let items: u64 = rows.iter().filter_map(|row| row.items).sum();
    let when = if seconds > 0 { format!(" in {seconds} s") } else { String::new() };
    format!("Make every item ({items}) invalid{when} {}?", confirm::place_of(context, &servers))
}

/// How many items a server has.
fn items(server: &mut Server) -> Result<Option<u64>, ServerError> {
    let mut items = None;
    server.statistics("", &mut |name, value| {
        if name == b"curr_items" {
            items = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        }
    })?;
    Ok(items)
}

fn flush(server: &mut Server, delay: u32) -> Result<(), ServerError> {
    let name = server.name().to_owned();
    let words = match server.call(&Request::FlushAll { delay })? {
        Reply::Ok => return Ok(()),
        Reply::Refused(refusal) => String::from_utf8_lossy(refusal.message).into_owned(),
        other => format!("{other:?}"),
    };
    Err(ServerError { server: name, phase: Phase::Reply, cause: Cause::Refused(words), hint: None })
}

fn print(context: &mut Context, format: Format, rows: &[ServerRecord]) {
    if format == Format::Jsonl {
        return rows.iter().for_each(|row| context.output.object(row));
    }
    let mut table = Table::new(&["server", "items", "result"]);
    table.rows = rows
        .iter()
        .map(|row| vec![Cell::text(row.server.as_str()), Cell::number(row.items), Cell::text(row.result)])
        .collect();
    context.output.table(format, &table);
}
