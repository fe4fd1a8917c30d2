//! `purge`: delete every item that matches, on all servers.

mod report;
mod saved;
mod sweep;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

pub use self::report::Outcome;
pub use self::report::conclude;
pub use self::report::sample;
use self::saved::Saver;
pub use self::sweep::Doomed;
pub use self::sweep::Sweep;
pub use self::sweep::Swept;
use super::change::FORMATS;
use super::confirm;
use super::confirm::ConfirmArgs;
use super::context;
use super::context::Cluster;
use super::context::Context;
use super::interrupt::Interrupt;
use super::listed;
use super::selection::SelectionArgs;
use super::transfer::file::Saving;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::listing::Entry;

/// Delete every item that matches, on all servers
///
/// Counts first and asks, unless --yes. Repeats until a pass over a server finds nothing; what is stored meanwhile stays.
/// Nothing is kept for undo: --save does that. Exit 1 if nothing matches.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier purge 'view//products/*' --dry-run\n  cachier purge --prefix session: --idle-above 30d\n  \
    cachier purge --regex '^v[12]:' --yes -o json\n  cachier purge 'shop:*' --save shop.jsonl.zst"
)]
pub struct PurgeArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Count what matches, and delete nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    /// Save each item to this file before it is deleted, for cachier restore; compressed if the name ends in .zst
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    save: Option<PathBuf>,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used or do not allow it, or servers that cannot list.
pub fn run(context: &mut Context, args: &PurgeArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    if args.selection.is_empty() {
        return Err(Failure::usage("nothing says what to purge")
            .hint("give a glob such as 'view/*', --prefix, --regex or another filter; cachier flush empties servers"));
    }
    if !args.dry_run {
        args.confirm.check(context, "purge")?;
    }
    let cluster = listed::cluster(context, "purge")?;
    let selection = args.selection.at(context::now())?;
    let servers = listed::servers(&cluster);
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    let doomed = &|_, entry: &Entry<'_>| selection.matches(entry);
    let mut saver = None;
    let sweep = |context: &Context, what: &'static str, saver: Option<&Saver<'_>>, deletes: bool| {
        let progress = listed::progress(context, &cluster, what);
        let sweep = Sweep { pool: &cluster.pool, doomed, interrupt: &interrupt, progress: &progress };
        match saver {
            Some(saver) => sweep.save_and_delete(&servers, saver),
            None if deletes => sweep.delete(&servers),
            None => sweep.count(&servers),
        }
    };
    let mut swept = Vec::new();
    if args.dry_run || !args.confirm.yes {
        swept = sweep(context, "counting", None, false);
    }
    if !args.dry_run && !interrupt.is_wanted() {
        let matched: u64 = swept.iter().map(|(_, swept)| swept.matched).sum();
        if args.confirm.yes || matched > 0 {
            args.confirm.ask(context, &question("", context, &cluster, &swept))?;
            saver = args.save.as_deref().map(Saving::create_there).transpose()?.map(Saver::new);
            swept = sweep(context, "deleting", saver.as_ref(), true);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let outcome =
        Outcome { command: "purge", dry_run: args.dry_run, interrupted: interrupt.is_wanted(), seconds };
    let exit = conclude(context, format, outcome, &cluster, swept);
    let Some(Err(failure)) = saver.map(Saver::finish) else { return Ok(exit) };
    context.report(&[failure]);
    Ok(Exit::Partial)
}

/// What is going to happen to items of a kind, with a sample.
#[must_use]
pub fn question(kind: &str, context: &Context, cluster: &Cluster, swept: &[(usize, Swept)]) -> String {
    let sum = |field: fn(&Swept) -> u64| swept.iter().map(|(_, swept)| field(swept)).sum::<u64>();
    let (matched, bytes, fetched) =
        (sum(|swept| swept.matched), sum(|swept| swept.bytes), sum(|swept| swept.fetched));
    let sample: Vec<String> = sample(swept).iter().map(ToString::to_string).collect();
    format!(
        "Delete {matched} {kind}items ({bytes} bytes, {fetched} of them read since they were stored) {}, such as {}?",
        confirm::place(context, cluster),
        sample.join(", ")
    )
}
