//! `keys`: list and search the items of all servers.

mod gather;
mod order;
mod row;

use clap::Args;

use self::gather::Gathering;
use self::order::Order;
use self::row::Style;
use super::context;
use super::context::Context;
use super::listed;
use super::outcome::UnreachedRecord;
use super::outcome::ending;
use super::selection::SelectionArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::pool::listing::Wanted;

/// List the keys of all servers, and search them
///
/// Streams in the order in which the servers tell them. A slow reader never slows a server. A summary on standard error
/// compares what was listed with what the servers count. Exit 1 if nothing matches.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier keys 'view/*'\n  cachier keys --idle-above 7d --sort size --limit 20 -l\n  \
    cachier keys --no-expiry -o jsonl | jq .size\n  cachier keys --regex '^session:[0-9]+$' -0 | xargs -0 -n1 echo"
)]
pub struct KeysArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Stop after this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Collect all and sort: largest, longest idle, soonest expired, or by key
    #[arg(long, value_name = "BY")]
    sort: Option<Order>,
    /// End keys with NUL instead of a line feed
    #[arg(short = '0', long = "null")]
    null: bool,
    /// Show server, size, time to live, last use, slab and CAS too
    #[arg(short, long)]
    long: bool,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub fn run(context: &mut Context, args: &KeysArgs) -> Result<Exit, Failure> {
    let known = [Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl];
    let format = context.format(&known)?;
    let escaped = context.output.is_terminal();
    let style = Style { format, long: args.long, null: args.null, escaped };
    let selection = args.selection.at(context::now())?;
    // A server that can tell the keys alone is quicker at it.
    let keys_suffice = style.shows_keys_alone()
        && args.selection.is_about_keys()
        && matches!(args.sort, None | Some(Order::Key));
    let wanted = if keys_suffice { Wanted::Keys } else { Wanted::Items };
    let cluster = listed::cluster(context, "keys")?;
    let servers = listed::servers(&cluster);
    let names: Vec<String> = servers.iter().map(|&index| cluster.pool.name(index)).collect();
    let progress = listed::progress(context, &cluster, "listing");
    context.output.raw(style.head().as_bytes());
    let gathering = Gathering::new(&selection, style, args.sort, args.limit, progress, &mut context.output);
    let mut parts = gathering.gather(&cluster.pool, &servers, wanted, &names);
    let interrupted = gathering.is_interrupted();
    let mut shown: u64 = parts.iter().map(|part| part.shown).sum();
    if args.sort.is_some() {
        shown = gathering.print_sorted(&mut parts, &names);
    }
    drop(gathering);
    if context.output.is_closed() {
        return Ok(Exit::Done);
    }
    let failures = context.report_unreached(parts.iter_mut().filter_map(|part| part.error.take()).collect());
    if format == Format::Json {
        let unreached: Vec<UnreachedRecord> = failures.iter().map(UnreachedRecord::from).collect();
        let unreached = serde_json::to_string(&unreached).unwrap_or_default();
        context.output.raw(format!("],\"unreached\":{unreached}}}\n").as_bytes());
    }
    let answered = parts.len() - failures.len();
    let all = failures.is_empty() && !interrupted && (args.limit.is_none() || args.sort.is_some());
    if answered > 0 {
        listed::summarise(context, &cluster, parts.iter().map(|part| part.listed).sum(), shown, all);
    }
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    let usual = if shown == 0 { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}
