//! `touch`: give items a new expiry.

use std::time::Duration;

use clap::Args;

use super::bulk;
use super::bulk::BulkArgs;
use super::bulk::KeyStream;
use super::bulk::Reporter;
use super::bulk::Work;
use super::change;
use super::change::Change;
use super::confirm::ConfirmArgs;
use super::context;
use super::context::Context;
use super::spelling::Spelling;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Request;
use crate::settings::units;

/// Give items a new expiry
///
/// Prints what became of each key; more than a thousand keys of --stdin are streamed, and more than a hundred have to be
/// confirmed. Exit 1 if none was there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier touch session:42 --ttl 15m\n  cachier touch banner --ttl 0")]
pub struct TouchArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Time to live from now; 0 never expires
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    ttl: Duration,
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
pub fn run(context: &mut Context, args: &TouchArgs) -> Result<Exit, Failure> {
    let expiry = Expiry::after(args.ttl, context::now());
    let keys = match args.keys.stream()? {
        Some(stream) if !args.dry_run && (args.bulk.summary || stream.is_long()) => {
            bulk::confirm(context, &args.confirm, "touch", stream.ahead(), !stream.is_long())?;
            return many(context, args, stream, expiry);
        }
        Some(stream) => args.keys.read_ahead(context, stream)?,
        None => args.keys.read(context)?,
    };
    if !args.dry_run {
        let piped = args.keys.piped_count(context, keys.len())?;
        bulk::confirm(context, &args.confirm, "touch", piped, true)?;
    }
    let cluster = context.cluster()?;
    context.note_expiry(expiry)?;
    let plan = change::plan(&keys, |key| cluster.router.writers(key.as_bytes()).iter().collect());
    let change = Change { command: "touch", done: "touched", dry_run: args.dry_run };
    change::apply(context, change, &plan, |key| Request::Touch { key, expiry })
}

/// Touches the keys of a long stream.
fn many(context: &mut Context, args: &TouchArgs, stream: KeyStream, expiry: Expiry) -> Result<Exit, Failure> {
    let format = context.format(&change::FORMATS)?;
    context.allow_change("touch")?;
    context.note_expiry(expiry)?;
    let reporter = Reporter { command: "touch", done: "touched", format, summary: args.bulk.summary };
    let work = Work {
        targets: &|cluster, key| cluster.router.writers(key),
        request: &|key| Request::Touch { key, expiry },
    };
    bulk::run(context, args.bulk, stream, &Spelling::new(context, args.keys.flask)?, &work, &reporter)
}
