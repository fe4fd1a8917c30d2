//! `sizes`: what lies under which prefix of the keys.

mod gather;
mod report;
pub mod split;
mod table;

use std::sync::Mutex;
use std::sync::PoisonError;

use clap::Args;

use self::gather::Gathering;
use self::report::Measured;
use self::split::Split;
use super::change::FORMATS;
use super::context;
use super::context::Context;
use super::interrupt::Interrupt;
use super::listed;
use super::outcome::ending;
use super::selection::SelectionArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::prefixes::Bounds;
use crate::measure::prefixes::Prefixes;

/// Show what lies under which prefix of the keys: items, bytes, quartiles of TTL and idle time
///
/// A tree, larger prefixes first, and the largest items. Sizes include memcached's overhead. However many keys there are,
/// memory is bounded by the number of prefixes shown: small prefixes may be forgotten, and how much the figures may lack for
/// that is told. Quartiles are within a sixteenth. Exit 1 if nothing matches.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier sizes\n  cachier sizes --depth 1 --no-expiry\n  \
    cachier sizes 'session:*' --separator . -o json")]
pub struct SizesArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// How many prefixes of a key are told apart, one within the other
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=32))]
    depth: u8,
    /// Prefixes end behind this; may be repeated [default: ":" and "/", and where Flask-Caching ends its own]
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new(),
        allow_hyphen_values = true)]
    separator: Vec<String>,
    /// Show this many prefixes at most
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    /// Hide prefixes within others that have less than this percentage of all bytes
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    min_share: f64,
    /// Show this many of the largest items in a table or JSON
    #[arg(long, value_name = "N", default_value_t = 10)]
    largest: u16,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub fn run(context: &mut Context, args: &SizesArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let selection = args.selection.at(context::now())?;
    let split = Split::new(&args.separator, &context.settings.facts()?);
    let cluster = listed::cluster(context, "sizes")?;
    let servers = listed::servers(&cluster);
    let interrupt = Interrupt::listen();
    let progress = listed::progress(context, &cluster, "listing");
    let bounds = Bounds {
        depth: usize::from(args.depth),
        shown: usize::from(args.limit),
        least: args.min_share / 100.0,
        largest: usize::from(args.largest),
    };
    let gathering = Gathering {
        selection: &selection,
        split: &split,
        interrupt: &interrupt,
        progress: &progress,
        prefixes: Mutex::new(Prefixes::new(bounds)),
    };
    let mut parts = cluster.pool.list(&servers, |index, listing| gathering.work(index, listing));
    let tree = gathering.prefixes.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    drop(progress);
    let unreached = parts.iter_mut().filter_map(|(_, part)| part.error.take()).collect();
    let failures = context.report_unreached(unreached);
    let answered = parts.len() - failures.len();
    if let Some(failure) = context.nothing_done(Some(format), answered, &failures) {
        return Err(failure);
    }
    let items = tree.total.items;
    let names = servers.iter().map(|&index| cluster.pool.name(index)).collect();
    let interrupted = interrupt.is_wanted();
    Measured { tree, split, depth: args.depth, names, interrupted, failures: &failures }
        .print(context, format);
    if answered > 0 && !context.output.is_closed() {
        let listed = parts.iter().map(|(_, part)| part.listed).sum();
        listed::summarise(context, &cluster, listed, items, failures.is_empty() && !interrupted);
    }
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    let usual = if items == 0 { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}
