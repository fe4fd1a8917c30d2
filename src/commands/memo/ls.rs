//! `memo ls`: memoized functions and what is stored of them.

use clap::Args;
use serde::Serialize;

use super::collect::Collecting;
use super::collect::Tally;
use super::functions::Row;
use super::functions::rows;
use super::functions::table;
use super::versions;
use super::versions::Versions;
use crate::commands::change::FORMATS;
use crate::commands::context;
use crate::commands::context::Context;
use crate::commands::glob::Glob;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::outcome::UnreachedRecord;
use crate::commands::outcome::ending;
use crate::commands::selection::Clock;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// List memoized functions, with their stored results
///
/// `outlive` counts results that expire after their version key: nobody can reach them then. Orphans are found by the shape
/// of their keys alone, 22 or 28 characters of Base64 behind the prefix: keys of the application's own that look so count
/// as orphans too. Exit 1 if there is no function.
#[derive(Args, Debug)]
pub(super) struct LsArgs {
    /// Functions that match: * is any run, ? one character, [a-z] one of these
    #[arg(value_name = "GLOB", value_parser = Glob::parse)]
    pattern: Option<Glob>,
}

#[derive(Debug, Serialize)]
struct OrphansRecord {
    results: u64,
    bytes: u64,
    read: u64,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    functions: &'a [Row],
    /// Results that nobody can reach; `null` where a server did not tell its version keys.
    orphans: Option<OrphansRecord>,
    /// Results that were stored while the servers were listed.
    newer: u64,
    interrupted: bool,
    unreached: Vec<UnreachedRecord>,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub(super) fn run(context: &mut Context, args: &LsArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = listed::cluster(context, "memo ls")?;
    let interrupt = Interrupt::listen();
    let mut versions = versions::find(context, &cluster, &interrupt, &|_| true)?;
    if let Some(failure) = context.nothing_done(Some(format), versions.answered, &versions.failures) {
        return Err(failure);
    }
    let progress = listed::progress(context, &cluster, "results");
    let prefix = context.settings.facts()?.key_prefix.into_bytes();
    let servers = listed::servers(&cluster);
    let collecting = Collecting {
        pool: &cluster.pool,
        prefix: &prefix,
        versions: &versions,
        clock: Clock::at(context::now()),
        interrupt: &interrupt,
        progress: &progress,
    };
    // Whoever did not list before would only say so again.
    let (tally, errors) =
        if versions.answered == 0 { (Tally::default(), Vec::new()) } else { collecting.tally(&servers) };
    drop(progress);
    let known =
        |server: &str| versions.failures.iter().any(|failure| failure.server.as_deref() == Some(server));
    let errors: Vec<_> = errors.into_iter().filter(|error| !known(&error.server)).collect();
    let failures = context.report_unreached(errors);
    versions.failures.extend(failures);
    let mut rows = rows(&versions, &tally, |server| cluster.pool.name(server));
    rows.retain(|row| args.pattern.as_ref().is_none_or(|glob| glob.matches(row.name.as_bytes())));
    print(context, format, &rows, &tally, &versions, interrupt.is_wanted());
    if interrupt.is_wanted() {
        return Ok(Exit::Interrupted);
    }
    let usual = if rows.is_empty() { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, versions.answered, &versions.failures))
}

fn print(
    context: &mut Context,
    format: Format,
    rows: &[Row],
    tally: &Tally,
    versions: &Versions,
    interrupted: bool,
) {
    let is_known = versions.failures.is_empty() && !interrupted;
    let orphans = &tally.orphans;
    match format {
        Format::Json => {
            let record =
                OrphansRecord { results: orphans.sum.items, bytes: orphans.sum.bytes, read: orphans.read };
            context.output.document(&Document {
                schema: "cachier/memo-ls/1",
                functions: rows,
                orphans: is_known.then_some(record),
                newer: tally.newer,
                interrupted,
                unreached: versions.failures.iter().map(UnreachedRecord::from).collect(),
            });
        }
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => context.output.table(format, &table(rows, format == Format::Table)),
    }
    if !is_known {
        context.output.note("not every version key is known, so nobody can tell which results are orphans");
    } else if orphans.sum.items > 0 {
        context.output.note(&format!(
            "{} results ({} bytes) have a version that no version key has: orphans, whose function cannot be known \
             (cachier memo gc deletes them)",
            orphans.sum.items, orphans.sum.bytes
        ));
    }
    if rows.iter().any(|row| !row.version_known) {
        context
            .output
            .note("the value of some version keys is no version: nothing is known of their results");
    }
}
