//! `memo`: the memoized functions of Flask-Caching, as a listing shows them.

mod collect;
mod functions;
mod gc;
mod ls;
mod results;
mod show;
pub mod versions;

use clap::Args;
use clap::Subcommand;

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;

/// Show the memoized functions of Flask-Caching, their stored results, and results that nobody can reach
///
/// Functions are found by their version keys, results by the version that ends their keys. A result tells which function it
/// is of, but not of which call: that is hashed. Results whose version is gone (orphans) belong to nobody; their function
/// cannot be known. Servers tell whether an item was read since it was stored, not how often.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier memo ls\n  cachier memo ls 'shop.*' -o json\n  \
    cachier memo show shop.catalog.price\n  cachier memo gc --dry-run")]
pub struct MemoCommandArgs {
    #[command(subcommand)]
    command: MemoCommand,
}

#[derive(Subcommand, Debug)]
enum MemoCommand {
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Gc(gc::GcArgs),
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used or do not allow it, or servers that cannot list.
pub fn run(context: &mut Context, args: &MemoCommandArgs) -> Result<Exit, Failure> {
    match &args.command {
        MemoCommand::Ls(args) => ls::run(context, args),
        MemoCommand::Show(args) => show::run(context, args),
        MemoCommand::Gc(args) => gc::run(context, args),
    }
}
