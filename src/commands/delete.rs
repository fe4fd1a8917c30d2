//! `delete`: take items away.

use clap::Args;

use super::bulk;
use super::bulk::BulkArgs;
use super::bulk::KeyStream;
use super::bulk::Reporter;
use super::bulk::Work;
use super::change;
use super::change::Deletion;
use super::confirm::ConfirmArgs;
use super::context::Context;
use super::spelling::Spelling;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Request;
use crate::routing::Targets;

/// Delete items
///
/// Prints what became of each key; more than a thousand keys of --stdin are streamed, and more than a hundred have to be
/// confirmed. What is deleted is kept for undo, unless it is streamed. Exit 1 if nothing was deleted.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier delete session:42\n  cachier delete -F view//products\n  \
    cut -f1 stale.txt | cachier delete --stdin --yes")]
pub struct DeleteArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// On every server of the pool, not only where the keys belong
    #[arg(long)]
    everywhere: bool,
    /// Only if the item still has this CAS unique
    #[arg(long, value_name = "N")]
    if_cas: Option<u64>,
    #[command(flatten)]
    bulk: BulkArgs,
    /// Show what would be changed, and change nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &DeleteArgs) -> Result<Exit, Failure> {
    let how = Deletion { dry_run: args.dry_run, everywhere: args.everywhere, cas: args.if_cas };
    let keys = match args.keys.stream()? {
        Some(stream) if !how.dry_run && (args.bulk.summary || stream.is_long()) => {
            bulk::confirm(context, &args.confirm, "delete", stream.ahead(), !stream.is_long())?;
            return many(context, args, stream);
        }
        Some(stream) => args.keys.read_ahead(context, stream)?,
        None => args.keys.read(context)?,
    };
    if !how.dry_run {
        let piped = args.keys.piped_count(context, keys.len())?;
        bulk::confirm(context, &args.confirm, "delete", piped, true)?;
    }
    change::delete(context, "delete", &keys, how)
}

/// Deletes the keys of a long stream.
fn many(context: &mut Context, args: &DeleteArgs, stream: KeyStream) -> Result<Exit, Failure> {
    let format = context.format(&change::FORMATS)?;
    context.allow_change("delete")?;
    let reporter = Reporter { command: "delete", done: "deleted", format, summary: args.bulk.summary };
    let work = Work {
        targets: &|cluster, key| {
            if args.everywhere {
                Targets::Many((0..cluster.pool.endpoints().len()).collect())
            } else {
                cluster.router.deleters(key)
            }
        },
        request: &|key| Request::Delete { key, cas: args.if_cas },
    };
    bulk::run(context, args.bulk, stream, &Spelling::new(context, args.keys.flask)?, &work, &reporter)
}
