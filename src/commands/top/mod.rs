//! `top`: what the servers do, by server, key, prefix or client.

mod hot;
mod rates;
mod report;

use std::time::Duration;
use std::time::Instant;

use clap::Args;
use clap::ValueEnum;

use self::hot::Watched;
use super::context::Context;
use super::interrupt::Interrupt;
use super::lost::Lost;
use super::outcome::ending;
use super::sampler::Sampler;
use super::sizes::split::Split;
use super::watched;
use crate::dashboard::Frame;
use crate::dashboard::View;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::settings::units;

/// Show what the servers do: rates by server, or the busiest keys, prefixes or clients
///
/// Rates are those of one interval. Keys, prefixes and clients come from memcached's own log (watch): gets and stores are
/// operations, counted in bounded memory; OPS is too high by at most ±, which is 0 unless there are more than 10,000 names. Events that
/// were dropped on the way are told on standard error and in JSON. Clients are told apart by their address without the port. Over
/// SASL there is no log: rates by server work there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier top --once\n  cachier top --once --by key -i 10s -n 10\n  \
    cachier top --once --by prefix -o json | jq -r '.prefixes[0].prefix'")]
pub struct TopArgs {
    /// Print one interval
    #[arg(long, required = true)]
    once: bool,
    /// Show these
    #[arg(long, value_enum, default_value_t = By::Server)]
    by: By,
    /// Time that the rates are taken over
    #[arg(short, long, value_name = "DURATION", value_parser = units::duration, default_value = "2s")]
    interval: Duration,
    /// Print this many keys, prefixes or clients at most
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    count: u16,
    /// Prefixes of a key that count as one, one within the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    depth: u8,
}

/// What the rows are, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// Rates of each server
    Server,
    /// The busiest keys
    Key,
    /// The busiest prefixes of keys
    Prefix,
    /// The busiest clients
    Client,
}

impl By {
    fn view(self) -> View {
        match self {
            Self::Server => View::Servers,
            Self::Key => View::Keys,
            Self::Prefix => View::Prefixes,
            Self::Client => View::Clients,
        }
    }
}

/// A frame, and what was lost or failed on the way to it.
struct Taken {
    frame: Frame,
    losses: Vec<Lost>,
    failures: Vec<Failure>,
    /// How many servers took part.
    done: usize,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot be watched.
pub fn run(context: &mut Context, args: &TopArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json])?;
    if args.interval.is_zero() {
        return Err(Failure::usage("an interval of nothing has no rates").hint("write --interval 1s"));
    }
    let interrupt = Interrupt::listen();
    let until = Instant::now() + args.interval;
    let mut taken = if args.by == By::Server {
        let mut sampler = Sampler::new(context)?;
        sampler.take("", None);
        // An end that is wanted earlier has the rates so far.
        let _ = interrupt.comes_before(until);
        rates::taken(&sampler.take("", None))
    } else {
        let cluster = watched::cluster(context, &format!("top --by {}", args.by.view().word()))?;
        let split = Split::new(&[], &context.settings.facts()?);
        let watched = Watched {
            pool: &cluster.pool,
            view: args.by.view(),
            split: &split,
            depth: usize::from(args.depth),
            is_default: context.has_no_servers(),
        };
        watched.take(usize::from(args.count), until, &|| interrupt.is_wanted())
    };
    context.report(&taken.failures);
    let notes: Vec<String> = taken.losses.iter_mut().filter_map(Lost::news).collect();
    notes.iter().for_each(|note| context.output.note(note));
    let exit = ending(Exit::Done, taken.done, &taken.failures);
    report::print(context, &taken, format, exit);
    Ok(if interrupt.is_wanted() { Exit::Interrupted } else { exit })
}
