//! `tail`: what the servers are doing, event by event.

mod filter;
mod follow;
mod lost;
mod row;
mod writer;

use std::time::Duration;

use clap::Args;
use clap::ValueEnum;
use serde_json::json;

use self::filter::Filter;
use self::follow::Following;
use self::row::Style;
use super::context::Context;
use super::glob::Glob;
use super::interrupt::Interrupt;
use super::listed;
use super::lost::Lost;
use super::outcome::ending;
use super::watched;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::protocol::watch;
use crate::settings::units;

/// Show the live stream of commands on all servers
///
/// Events come from memcached's own log (watch); the server drops them rather than wait, and how many were not seen is told on
/// standard error. Commands that look a key up without fetching it (touch, incr; before memcached 1.6.20 delete too) appear as
/// a get. Times are UTC. Ends with Ctrl-C, with exit code 0; exit 1 if --duration passes without an event.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier tail --keys 'view/*'\n  cachier tail --misses -n 100\n  \
    cachier tail --duration 10s -o jsonl | jq -r .key | sort | uniq -c | sort -rn | head\n  \
    cachier tail --kinds evictions,connections")]
pub struct TailArgs {
    /// Only events of keys that match
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse)]
    keys: Option<Glob>,
    /// Only gets that found nothing
    #[arg(long, conflicts_with = "kinds")]
    misses: bool,
    /// Only these kinds of events, separated by commas [default: gets,stores,deletes,evictions]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// Stop after this many events
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after this time
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    duration: Option<Duration>,
}

/// A kind of events as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Look-ups of keys
    #[value(alias = "fetchers")]
    Gets,
    /// Stores
    #[value(alias = "mutations", alias = "sets")]
    Stores,
    /// Deletions (memcached 1.6.20 and newer)
    #[value(alias = "deletions")]
    Deletes,
    /// Items pushed out to make room
    Evictions,
    /// Clients that connect and hang up
    #[value(alias = "connevents")]
    Connections,
}

impl Kind {
    fn watched(self) -> watch::Kind {
        match self {
            Self::Gets => watch::Kind::Fetches,
            Self::Stores => watch::Kind::Mutations,
            Self::Deletes => watch::Kind::Deletions,
            Self::Evictions => watch::Kind::Evictions,
            Self::Connections => watch::Kind::Connections,
        }
    }
}

/// When to stop.
#[derive(Clone, Copy)]
struct Limits {
    count: Option<u64>,
    duration: Option<Duration>,
}

/// What came of it.
struct Ended {
    shown: u64,
    /// How many servers could be watched.
    watched: usize,
    losses: Vec<(usize, Lost)>,
    failures: Vec<Failure>,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot be watched.
pub fn run(context: &mut Context, args: &TailArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json, Format::Jsonl])?;
    let cluster = watched::cluster(context, "tail")?;
    let servers = listed::servers(&cluster);
    let is_default = context.has_no_servers();
    let style = Style { format, escaped: context.output.is_terminal(), shows_server: servers.len() > 1 };
    context.output.raw(style.head().as_bytes());
    // Whoever reads this wants to know that something goes on.
    drop(context.output.flush());
    let filter = Filter { keys: args.keys.as_ref(), kinds: kinds(args), misses: args.misses };
    let limits = Limits { count: args.count, duration: args.duration };
    let interrupt = Interrupt::listen();
    let following = Following::new(&cluster.pool, &filter, style, limits, &interrupt, &mut context.output);
    let mut ended = following.follow(&servers, is_default);
    if context.output.is_closed() {
        return Ok(Exit::Done);
    }
    for sentence in ended.losses.iter_mut().filter_map(|(_, lost)| lost.news()) {
        context.output.note(&sentence);
    }
    if format == Format::Json {
        let losses: Vec<_> = ended.losses.iter().map(|(_, lost)| lost.record()).collect();
        let unreached: Vec<_> = ended
            .failures
            .iter()
            .map(
                |failure| json!({ "server": failure.server, "error": failure.message, "hint": failure.hint }),
            )
            .collect();
        let lost = serde_json::Value::Array(losses);
        let unreached = serde_json::Value::Array(unreached);
        context.output.raw(format!("],\"lost\":{lost},\"unreached\":{unreached}}}\n").as_bytes());
    }
    let usual = if ended.shown == 0 && !interrupt.is_wanted() { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, ended.watched, &ended.failures))
}

/// The kinds that are shown.
fn kinds(args: &TailArgs) -> Vec<watch::Kind> {
    if args.misses {
        return vec![watch::Kind::Fetches];
    }
    let usual = [Kind::Gets, Kind::Stores, Kind::Deletes, Kind::Evictions];
    let chosen = if args.kinds.is_empty() { &usual[..] } else { &args.kinds };
    chosen.iter().map(|kind| kind.watched()).collect()
}
