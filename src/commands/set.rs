//! `set`, `add`, `replace`, `append`, `prepend`: store values as the application's client does.

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal as _;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use clap::Args;

use super::change;
use super::change::Change;
use super::change::Safety;
use super::context;
use super::context::Context;
use crate::codec;
use crate::codec::As;
use crate::codec::EncodeOptions;
use crate::codec::spread;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::settings::units;

/// Store a value
///
/// A text is stored as the application's client stores a `str`, so that the application reads the same text back.
/// Exit 1 if the condition of --if did not hold.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier set greeting hello --ttl 1h\n  cachier set -F banner 'Sale!' --ttl 15m\n  \
    cachier set logo - --as bytes < logo.png\n  cachier set counter 0 --as int --if absent"
)]
pub struct SetArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only if the key is absent or present, or still has this CAS unique: absent, present or cas=N
    #[arg(long = "if", value_name = "CONDITION", value_parser = condition)]
    condition: Option<Condition>,
}

/// What every command takes that stores a value.
#[derive(Args, Debug)]
pub struct StoreArgs {
    /// Key as it is on the wire
    #[arg(value_name = "KEY")]
    key: OsString,
    /// The value; `-` or nothing reads it from standard input
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    value: Option<OsString>,
    /// Time to live from now; 0 never expires
    #[arg(long, value_name = "DURATION", value_parser = units::duration, conflicts_with = "expire_at")]
    ttl: Option<Duration>,
    /// Date at which the item expires, as RFC 3339
    #[arg(long, value_name = "DATE", value_parser = units::date)]
    expire_at: Option<u64>,
    /// What the value is
    #[arg(long = "as", value_name = "TYPE", default_value = "text")]
    way: As,
    /// Flags to store instead of the client's own
    #[arg(long, value_name = "N")]
    flags: Option<u32>,
    /// Compress as the client does, if that makes the value smaller
    #[arg(long)]
    compress: bool,
    /// Protocol of a pickle
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5))]
    pickle_protocol: Option<u8>,
    /// The key is Flask-Caching's: put the prefix before it
    #[arg(short = 'F', long)]
    flask: bool,
    #[command(flatten)]
    safety: Safety,
}

/// What must hold for a value to be stored.
#[derive(Clone, Copy, Debug)]
enum Condition {
    Absent,
    Present,
    Cas(u64),
}

/// Runs `set`.
///
/// # Errors
/// A key, value or settings that cannot be used.
pub fn run(context: &mut Context, args: &SetArgs) -> Result<Exit, Failure> {
    let (mode, cas) = match args.condition {
        None => (StoreMode::Set, None),
        Some(Condition::Absent) => (StoreMode::Add, None),
        Some(Condition::Present) => (StoreMode::Replace, None),
        Some(Condition::Cas(cas)) => (StoreMode::Set, Some(cas)),
    };
    put(context, &args.store, "set", mode, cas)
}

/// Runs `add`, `replace`, `append` or `prepend`, by its name.
///
/// # Errors
/// A key, value or settings that cannot be used.
pub fn store(context: &mut Context, args: &StoreArgs, command: &str) -> Result<Exit, Failure> {
    let mode = match command {
        "add" => StoreMode::Add,
        "append" => StoreMode::Append,
        "prepend" => StoreMode::Prepend,
        _ => StoreMode::Replace,
    };
    put(context, args, command, mode, None)
}

fn put(
    context: &mut Context,
    args: &StoreArgs,
    command: &str,
    mode: StoreMode,
    cas: Option<u64>,
) -> Result<Exit, Failure> {
    let keys = super::spelling::stored_keys(context, args.key.as_bytes(), args.flask)?;
    if keys.len() > 1 && matches!(mode, StoreMode::Append | StoreMode::Prepend) {
        return Err(Failure::usage(format!(
            "{command} cannot change a value of the spread backend, which is a pickle"
        ))
        .hint("change it with edit, or store it anew with set"));
    }
    let value = read_value(args)?;
    let (keys, values, flags) = stored(context, args, keys, &value)?;
    let expiry = match (args.ttl, args.expire_at) {
        (Some(ttl), _) => Expiry::after(ttl, context::now()),
        (None, Some(date)) => Expiry::at(date),
        (None, None) => Expiry::NEVER,
    };
    context.note_expiry(expiry)?;
    let cluster = context.cluster()?;
    let plan = change::plan(&keys, |key| cluster.router.writers(key.as_bytes()).iter().collect());
    let change = Change { command, done: "stored", dry_run: args.safety.dry_run };
    change::apply(context, change, &plan, |key| {
        // A value is one item but under the spread backend, whose chunks are few.
        let chunk = keys.iter().position(|known| known == key).unwrap_or_default();
        Request::Store { mode, key, flags, expiry, value: &values[chunk], cas }
    })
}

/// Keys, the bytes to store under each, and the flags of all.
type Encoded = (Vec<Key>, Vec<Vec<u8>>, u32);

/// The value as it is stored: one item, or the chunks of the spread backend.
fn stored(context: &Context, args: &StoreArgs, mut keys: Vec<Key>, value: &[u8]) -> Result<Encoded, Failure> {
    if keys.len() > 1 {
        let chunks = spread::encode(&codec::typed_value(args.way, value)?)?;
        keys.truncate(chunks.len());
        return Ok((keys, chunks, 0));
    }
    let options = EncodeOptions { compress: args.compress, pickle_protocol: args.pickle_protocol };
    let stored = codec::encode(context.settings.client()?, args.way, value, &options)?;
    let flags = match args.flags {
        Some(_) if args.way != As::Bytes => {
            return Err(Failure::usage("--flags says how bytes are to be read, so it goes with --as bytes"));
        }
        Some(flags) => flags,
        None => stored.flags,
    };
    Ok((keys, vec![stored.bytes], flags))
}

/// The value from the command line or from standard input.
fn read_value(args: &StoreArgs) -> Result<Vec<u8>, Failure> {
    match &args.value {
        Some(value) if value != "-" => Ok(value.as_bytes().to_vec()),
        None if io::stdin().is_terminal() => {
            Err(Failure::usage("no value is given").hint("name one, or pipe it in"))
        }
        _ => {
            let mut value = Vec::new();
            io::stdin().read_to_end(&mut value).map_err(|error| {
                Failure::usage(format!("cannot read the value from standard input: {error}"))
            })?;
            Ok(value)
        }
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    match text.split_once('=') {
        None if text == "absent" => Ok(Condition::Absent),
        None if text == "present" => Ok(Condition::Present),
        Some(("cas", number)) => {
            number.parse().map(Condition::Cas).map_err(|_| format!("\"{number}\" is no CAS unique"))
        }
        _ => Err("a condition is absent, present or cas=N".to_owned()),
    }
}
