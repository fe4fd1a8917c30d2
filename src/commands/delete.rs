//! `delete`: take items away.

use clap::Args;

use super::change;
use super::change::Deletion;
use super::change::Safety;
use super::context::Context;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;

/// Delete items
///
/// Prints what became of each key. Exit 1 if nothing was deleted.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier delete session:42\n  cachier delete -F view//products\n  \
    cut -f1 stale.txt | cachier delete --stdin")]
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
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &DeleteArgs) -> Result<Exit, Failure> {
    let keys = args.keys.read(context)?;
    let how = Deletion { dry_run: args.safety.dry_run, everywhere: args.everywhere, cas: args.if_cas };
    change::delete(context, "delete", &keys, how)
}
