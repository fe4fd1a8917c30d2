//! `undo`: store again what was deleted or overwritten by name.

use std::time::Duration;

use clap::Args;

use super::context;
use super::context::Cluster;
use super::context::Context;
use super::journal::entry;
use super::journal::entry::Entry;
use super::transfer::Mode;
use super::transfer::delivery::Delivery;
use crate::archive::Reader;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::settings::units;

/// Store again what was deleted or overwritten by name
///
/// Takes the latest entry of the journal for these servers (cachier journal ls). Items keep value, flags and expiry; what expired
/// meanwhile is passed over, and newer values stay and are counted. The entry is gone once its items are there again; exit 1,
/// and the entry stays, if nothing was stored.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier undo --dry-run\n  cachier undo\n  cachier undo --ttl 1h")]
pub struct UndoArgs {
    /// Which entry [default: the latest for these servers]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Time to live of items whose own is not known, as with SASL; 0 never expires
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    ttl: Option<Duration>,
    /// Say what would be stored where, and store nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// No entry for these servers, an expiry that nobody knows, or settings that do not allow it.
pub fn run(context: &mut Context, args: &UndoArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json])?;
    if !args.dry_run {
        context.allow_change("undo")?;
    }
    let cluster = context.cluster()?;
    let Some(entry) = chosen(context, &cluster, args)? else {
        return Err(Failure::new(Exit::Negative, "the journal has no entry for these servers")
            .hint("cachier journal ls lists the entries of all servers"));
    };
    let header = entry.header.clone();
    let path = entry.path().to_owned();
    if header.unknown_expiry > 0 && args.ttl.is_none() && !args.dry_run {
        let message = format!(
            "the servers did not tell when {} of the {} items of {} expire",
            header.unknown_expiry, header.items, header.id
        );
        return Err(Failure::usage(message).hint("say how long they may live: --ttl 1h, or --ttl 0 for ever"));
    }
    context.output.note(&format!("undoing {} of {} ({})", header.command, header.at, header.id));
    let now = context::now().as_secs();
    let own = args.ttl.filter(|ttl| !ttl.is_zero());
    let own = own.map(|ttl| now.saturating_add(ttl.as_secs().max(1)));
    let mut unknown = header.unknown_expiry;
    let delivery = Delivery { command: "undo", mode: Mode::Add, dry_run: args.dry_run };
    let reader = Reader::new(entry.into_records(), now);
    // The items without a known expiry come first, and none of them can have expired.
    let exit = delivery.run(context, format, &cluster, reader, &mut |saved| {
        if unknown > 0 {
            unknown -= 1;
            saved.expires = own;
        }
    });
    if args.dry_run {
        return Ok(exit);
    }
    match exit {
        Exit::Done => entry::remove(&path)?,
        Exit::Negative => context.output.hint(
            "newer values stay: delete them first and name the entry, or take it away with cachier journal clear ID",
        ),
        _ => {}
    }
    Ok(exit)
}

/// The entry that is meant; one of other servers is refused.
fn chosen(context: &Context, cluster: &Cluster, args: &UndoArgs) -> Result<Option<Entry>, Failure> {
    let mut here: Vec<String> =
        (0..cluster.pool.endpoints().len()).map(|index| cluster.pool.name(index)).collect();
    here.sort();
    let is_here = |entry: &Entry| {
        let mut servers = entry.header.servers.clone();
        servers.sort();
        servers == here
    };
    let Some(id) = &args.id else {
        return Ok(entry::all(context)?.into_iter().rev().find(is_here));
    };
    let entry = entry::find(context, id)?;
    if !is_here(&entry) {
        let servers = entry.header.servers.join(",");
        return Err(Failure::new(Exit::Safety, format!("{id} was kept from other servers: {servers}"))
            .hint("name them with --profile or --servers"));
    }
    Ok(Some(entry))
}
