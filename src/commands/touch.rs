//! `touch`: give items a new expiry.

use std::time::Duration;

use clap::Args;

use super::change;
use super::change::Change;
use super::change::Safety;
use super::context;
use super::context::Context;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Request;
use crate::settings::units;

/// Give items a new expiry
///
/// Prints what became of each key. Exit 1 if none was there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier touch session:42 --ttl 15m\n  cachier touch banner --ttl 0")]
pub struct TouchArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Time to live from now; 0 never expires
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    ttl: Duration,
    #[command(flatten)]
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &TouchArgs) -> Result<Exit, Failure> {
    let keys = args.keys.read(context)?;
    let cluster = context.cluster()?;
    let expiry = Expiry::after(args.ttl, context::now());
    context.note_expiry(expiry)?;
    let plan = change::plan(&keys, |key| cluster.router.writers(key.as_bytes()).iter().collect());
    let change = Change { command: "touch", done: "touched", dry_run: args.safety.dry_run };
    change::apply(context, change, &plan, |key| Request::Touch { key, expiry })
}
