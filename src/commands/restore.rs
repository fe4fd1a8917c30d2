//! `restore`: store saved items again.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::confirm;
use super::confirm::ConfirmArgs;
use super::context;
use super::context::Cluster;
use super::context::Context;
use super::interrupt::Interrupt;
use super::transfer::Mode;
use super::transfer::file;
use super::transfer::report;
use super::transfer::report::Course;
use super::transfer::target;
use crate::archive::Reader;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::output::progress::Progress;

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

/// What came out of the file.
#[derive(Default)]
struct Read {
    items: u64,
    expired: u64,
    /// Of the items that are not expired, how many go to each server.
    shares: Vec<u64>,
    failure: Option<Failure>,
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
    let progress = context.output.progress("storing", None);
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    let reader = Reader::new(file::open(&args.file)?, context::now().as_secs());
    let (read, stored, refused) = if args.dry_run {
        let read = each(reader, &cluster, &interrupt, &progress, &mut |_| ());
        (read, Vec::new(), target::Refused::default())
    } else {
        target::store(&cluster, args.mode.store(), |lanes| {
            let mut lanes = lanes();
            let read = each(reader, &cluster, &interrupt, &progress, &mut |saved| lanes.push(saved));
            lanes.finish();
            read
        })
    };
    drop(progress);
    if args.dry_run {
        for (index, share) in read.shares.iter().enumerate() {
            context.output.note(&format!("{share} items would go to {}", cluster.pool.name(index)));
        }
    }
    let course = Course {
        command: "restore",
        dry_run: args.dry_run,
        items: read.items,
        expired: read.expired,
        interrupted: interrupt.is_wanted(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let failures = read.failure.into_iter().collect();
    Ok(report::conclude(context, format, &cluster, course, (stored, refused), failures))
}

/// Hands over what has not expired, up to the end, an interrupt, or a record that is none.
fn each(
    mut reader: Reader<Box<dyn std::io::BufRead>>,
    cluster: &Cluster,
    interrupt: &Interrupt,
    progress: &Progress,
    take: &mut dyn FnMut(&crate::archive::Saved<'_>),
) -> Read {
    let mut read = Read { shares: vec![0; cluster.pool.endpoints().len()], ..Read::default() };
    let now = context::now().as_secs();
    while !interrupt.is_wanted() {
        let saved = match reader.next_record() {
            Ok(Some(saved)) => saved,
            Ok(None) => break,
            Err(error) => {
                read.failure = Some(
                    Failure::usage(error.to_string())
                        .hint("cachier dump and memcached-tool dump write what restore reads"),
                );
                break;
            }
        };
        read.items += 1;
        if saved.has_expired(now) {
            read.expired += 1;
            continue;
        }
        for server in cluster.router.writers(saved.key).iter() {
            if let Some(share) = read.shares.get_mut(server) {
                *share += 1;
            }
        }
        take(&saved);
        if read.items.is_multiple_of(1000) {
            progress.add(1000);
        }
    }
    read
}

fn question(context: &Context, cluster: &Cluster, args: &RestoreArgs) -> String {
    let place = confirm::place(context, cluster);
    format!("Overwrite what is there with the items of {}, {place}?", args.file.display())
}
