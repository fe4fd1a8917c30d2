//! `incr` and `decr`: change a stored number.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::change::Safety;
use super::context;
use super::context::Context;
use super::refusal;
use crate::codec;
use crate::codec::As;
use crate::codec::EncodeOptions;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::output::record::KeyRecord;
use crate::protocol::Direction;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::settings::units;

/// Change a stored decimal number and print the new one
///
/// Exit 1 if the key is not there and no --initial is given. An increment wraps at 64 bits, a decrement stops at 0.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier incr hits\n  cachier decr stock 5\n  cachier incr visits --initial 1 --ttl 1d"
)]
pub struct ArithmeticArgs {
    /// Key as it is on the wire
    #[arg(value_name = "KEY")]
    key: OsString,
    /// How much
    #[arg(value_name = "N", default_value_t = 1)]
    delta: u64,
    /// Create the item with this number if it is not there
    #[arg(long, value_name = "N")]
    initial: Option<u64>,
    /// Time to live of an item that is created; 0 never expires
    #[arg(long, value_name = "DURATION", value_parser = units::duration, requires = "initial")]
    ttl: Option<Duration>,
    /// The key is Flask-Caching's: put the prefix before it
    #[arg(short = 'F', long)]
    flask: bool,
    #[command(flatten)]
    safety: Safety,
}

/// The number after the change.
#[derive(Debug, Serialize)]
struct Document {
    schema: String,
    dry_run: bool,
    #[serde(flatten)]
    key: KeyRecord,
    server: String,
    found: bool,
    value: Option<u64>,
}

/// Runs `incr`.
///
/// # Errors
/// A key, server or stored value that cannot be used.
pub fn increment(context: &mut Context, args: &ArithmeticArgs) -> Result<Exit, Failure> {
    run(context, args, "incr", Direction::Increment)
}

/// Runs `decr`.
///
/// # Errors
/// A key, server or stored value that cannot be used.
pub fn decrement(context: &mut Context, args: &ArithmeticArgs) -> Result<Exit, Failure> {
    run(context, args, "decr", Direction::Decrement)
}

fn run(
    context: &mut Context,
    args: &ArithmeticArgs,
    command: &str,
    direction: Direction,
) -> Result<Exit, Failure> {
    let json = context.chosen_format(&[Format::Tsv, Format::Table, Format::Json])? == Some(Format::Json);
    let dry_run = args.safety.dry_run;
    if !dry_run {
        context.allow_change(command)?;
    }
    let prefix = if args.flask { context.settings.key_prefix.value.as_bytes() } else { b"" };
    let key = context.key(&[prefix, args.key.as_bytes()].concat())?;
    let cluster = context.cluster()?;
    let expiry = args.ttl.map_or(Expiry::NEVER, |ttl| Expiry::after(ttl, context::now()));
    let initial = args.initial.map(|initial| (initial, expiry));
    // Clients count on the server that they read from; one that writes everywhere reads everywhere.
    let counters = cluster.router.readers(key.as_bytes());
    let server = counters.first();
    let mut value = None;
    if !dry_run {
        for server in counters.iter() {
            value = change(context, server, &key, direction, args.delta, initial)?;
        }
    }
    let found = value.is_some();
    if json {
        let server = cluster.pool.name(server);
        let schema = format!("cachier/{command}/1");
        let key = key.as_bytes().into();
        context.output.document(&Document { schema, dry_run, key, server, found, value });
    } else if let Some(value) = value {
        context.output.line(value.to_string().as_bytes());
    } else if dry_run {
        for server in counters.iter() {
            let (key, server) = (KeyRecord::from(key.as_bytes()), cluster.pool.name(server));
            context.output.note(&format!("would change the number under {key} on {server}"));
        }
    } else {
        context.output.error(&format!(
            "{} is not there ({})",
            KeyRecord::from(key.as_bytes()),
            cluster.pool.name(server)
        ));
    }
    Ok(if found || dry_run { Exit::Done } else { Exit::Negative })
}

/// Changes the number on one server; `None` if it is not there.
fn change(
    context: &mut Context,
    server: usize,
    key: &Key,
    direction: Direction,
    delta: u64,
    initial: Option<(u64, Expiry)>,
) -> Result<Option<u64>, Failure> {
    // As the application's client stores a number, so that it reads one.
    let flags = codec::encode(context.settings.client()?, As::Int, b"0", &EncodeOptions::default())?.flags;
    let mut results = context.cluster()?.pool.each(&[server], |_, server| {
        let request = Request::Arithmetic { key, direction, delta, initial: None };
        let name = server.name().to_owned();
        let read = |reply: Reply<'_>| match reply {
            Reply::Number(value) => Ok(Some(value)),
            Reply::NotFound | Reply::Miss => Ok(None),
            other => Err(refusal::failure(&name, key, &other)),
        };
        let outcome = read(server.call(&request)?);
        let (Ok(None), Some((value, expiry))) = (&outcome, initial) else { return Ok(outcome) };
        // An `add` lets somebody else be first; then the number is there to be changed.
        let digits = value.to_string();
        let add =
            Request::Store { mode: StoreMode::Add, key, flags, expiry, value: digits.as_bytes(), cas: None };
        match server.call(&add)? {
            Reply::Stored { .. } => Ok(Ok(Some(value))),
            Reply::NotStored => Ok(read(server.call(&request)?)),
            other => Ok(Err(refusal::failure(&name, key, &other))),
        }
    });
    match results.pop() {
        Some((_, Ok(outcome))) => outcome,
        Some((_, Err(error))) => Err(context.failure(error)),
        None => Ok(None),
    }
}
