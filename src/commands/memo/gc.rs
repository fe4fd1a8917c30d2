//! `memo gc`: results that nobody can reach are deleted.

use std::collections::HashSet;
use std::time::Instant;

use clap::Args;

use super::versions;
use super::versions::is_reachable;
use super::versions::parts;
use crate::commands::change::FORMATS;
use crate::commands::confirm::ConfirmArgs;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::purge;
use crate::commands::purge::Outcome;
use crate::commands::purge::Sweep;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::memo::value::Version;
use crate::protocol::listing::Entry;

/// Delete stored results whose version is gone, so that nobody can reach them
///
/// They are found by the shape of their keys, 22 or 28 characters of Base64 behind the prefix: keys of the application's own
/// that look so would go too, so look at the sample first. Nothing is deleted unless every server told its version keys;
/// what is stored meanwhile stays. Exit 1 if there is nothing to delete.
#[derive(Args, Debug)]
pub(super) struct GcArgs {
    /// Count, and delete nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used or do not allow it, servers that cannot list, or version keys that are not all known.
pub(super) fn run(context: &mut Context, args: &GcArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    if !args.dry_run {
        args.confirm.check(context, "memo gc")?;
    }
    let cluster = listed::cluster(context, "memo gc")?;
    let prefix = context.settings.facts()?.key_prefix.into_bytes();
    let servers = listed::servers(&cluster);
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    // A result that is stored under a version that is not known yet may only be newer than what is known. So first comes a look
    // at how new items are, then the version keys, and only what is older than both may go.
    let before = versions::find(context, &cluster, &interrupt, &|_| false)?;
    refuse_unless_all(before.failures)?;
    let found = versions::find(context, &cluster, &interrupt, &|_| true)?;
    refuse_unless_all(found.failures.clone())?;
    if let Some(unreadable) = found.keys.iter().find(|key| key.version.is_none()) {
        let message = format!(
            "the version key of {} on {} has no readable value, so its results cannot be told from orphans",
            unreadable.name,
            cluster.pool.name(unreadable.server)
        );
        return Err(Failure::new(Exit::Server, message).hint(
            "run it again if the key expired just now; else cachier invalidate-memo makes a new version",
        ));
    }
    let known: HashSet<Version> = found.known();
    let newest = before.newest;
    let is_orphan = |server: usize, entry: &Entry<'_>| {
        let is_old = newest.get(server).is_some_and(|newest| entry.cas <= *newest);
        is_old && parts(&prefix, entry.key).is_some_and(|parts| !is_reachable(&parts, &known))
    };
    let sweep = |context: &Context, what: &'static str, deletes: bool| {
        let progress = listed::progress(context, &cluster, what);
        let sweep =
            Sweep { pool: &cluster.pool, doomed: &is_orphan, interrupt: &interrupt, progress: &progress };
        if deletes { sweep.delete(&servers) } else { sweep.count(&servers) }
    };
    let mut swept = Vec::new();
    if !interrupt.is_wanted() && (args.dry_run || !args.confirm.yes) {
        swept = sweep(context, "counting", false);
    }
    if !args.dry_run && !interrupt.is_wanted() {
        let matched: u64 = swept.iter().map(|(_, swept)| swept.matched).sum();
        if args.confirm.yes || matched > 0 {
            args.confirm.ask(context, &purge::question("unreachable ", context, &cluster, &swept))?;
            swept = sweep(context, "deleting", true);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let outcome =
        Outcome { command: "memo-gc", dry_run: args.dry_run, interrupted: interrupt.is_wanted(), seconds };
    Ok(purge::conclude(context, format, outcome, &cluster, swept))
}

/// With version keys missing, results that are in use would look like orphans.
fn refuse_unless_all(failures: Vec<Failure>) -> Result<(), Failure> {
    let Some(failure) = failures.into_iter().next() else { return Ok(()) };
    let message = format!("nothing was deleted, since not every version key is known: {}", failure.message);
    Err(Failure { message, ..failure })
}
