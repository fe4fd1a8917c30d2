//! `restore`: store saved items again.

use std::path::PathBuf;

use clap::Args;

use super::confirm;
use super::confirm::ConfirmArgs;
use super::context;
use super::context::Cluster;
use super::context::Context;
use super::transfer::Mode;
use super::transfer::delivery::Delivery;
use super::transfer::file;
use crate::archive::Reader;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// Store the items of a dump, each where it belongs
///
/// Reads what cachier dump wrote, compressed or not, and what memcached-tool dump prints. Items keep value, flags and expiry; those
/// that expired meanwhile are passed over. Every item is counted by the server's own answer. What is there already stays, unless
/// --mode set says otherwise.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier restore cache.jsonl.zst\n  cachier restore cache.jsonl --dry-run\n  \
    memcached-tool 127.0.0.1:11211 dump | cachier restore - -p new"
)]
pub struct RestoreArgs {
    /// File of saved items; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What becomes of items that are there already
    #[arg(long, value_enum, default_value = "add", value_name = "MODE")]
    mode: Mode,
    /// Read everything and say how many items go to which server, and store nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used or do not allow it, or a file that cannot be read.
pub fn run(context: &mut Context, args: &RestoreArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json])?;
    let cluster = context.cluster()?;
    if !args.dry_run {
        context.allow_change("restore")?;
        if args.mode == Mode::Set {
            args.confirm.check(context, "restore --mode set")?;
            args.confirm.ask(context, &question(context, &cluster, args))?;
        }
    }
    let reader = Reader::new(file::open(&args.file)?, context::now().as_secs());
    let delivery = Delivery { command: "restore", mode: args.mode, dry_run: args.dry_run };
    Ok(delivery.run(context, format, &cluster, reader, &mut |_| ()))
}

fn question(context: &Context, cluster: &Cluster, args: &RestoreArgs) -> String {
    let place = confirm::place(context, cluster);
    format!("Overwrite what is there with the items of {}, {place}?", args.file.display())
}
