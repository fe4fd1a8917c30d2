//! `edit`: change a value in an editor, and store it back if nobody else has changed it meanwhile.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::Args;

use super::change;
use super::change::Change;
use super::change::Safety;
use super::context;
use super::context::Context;
use super::fetch;
use super::look::look;
use crate::codec;
use crate::codec::As;
use crate::codec::DecodedValue;
use crate::codec::EncodeOptions;
use crate::codec::plain;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::python::Value;

/// Change a value in $EDITOR
///
/// The value is stored back with the same type and remaining time to live, and only if nobody else has changed it
/// meanwhile. Where the server cannot tell the time to live (binary protocol), the item is kept without expiry, and a
/// note says so. Exit 1 if the key is not there or the value was changed by somebody else.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  EDITOR=vim cachier edit -F banner")]
pub struct EditArgs {
    /// Key as it is on the wire
    #[arg(value_name = "KEY")]
    key: OsString,
    /// The key is Flask-Caching's: put the prefix before it
    #[arg(short = 'F', long)]
    flask: bool,
    #[command(flatten)]
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// A value that cannot be edited as text, an editor that fails, or settings that do not allow it.
pub fn run(context: &mut Context, args: &EditArgs) -> Result<Exit, Failure> {
    if !args.safety.dry_run {
        context.allow_change("edit")?;
    }
    let prefix = if args.flask { context.settings.key_prefix.value.as_bytes() } else { b"" };
    let key = context.key(&[prefix, args.key.as_bytes()].concat())?;
    let (mut items, failures) = fetch::fetch(context, std::slice::from_ref(&key))?;
    if let Some(failure) = failures.into_iter().next() {
        return Ok(failure.exit);
    }
    let Some(stored) = items.pop().and_then(|item| item.found) else {
        context.output.error(&format!("\"{}\" is not there", key.as_bytes().escape_ascii()));
        return Ok(Exit::Negative);
    };
    let (way, text) = editable(context, &stored)?;
    let expiry = remaining(context, &key)?;
    let edited = in_editor(context, &text)?;
    if edited == text {
        context.output.note("nothing was changed");
        return Ok(Exit::Done);
    }
    let compressed = stored.flags & 8 != 0 && way != As::Bytes;
    let options = EncodeOptions { compress: compressed, ..EncodeOptions::default() };
    let encoded = codec::encode(context.settings.client()?, way, &edited, &options)?;
    let cluster = context.cluster()?;
    let keys = [key];
    let plan = change::plan(&keys, |key| cluster.router.writers(key.as_bytes()).iter().collect());
    let change = Change { command: "edit", done: "stored", dry_run: args.safety.dry_run };
    change::apply(context, change, &plan, |key| Request::Store {
        mode: StoreMode::Set,
        key,
        flags: encoded.flags,
        expiry,
        value: &encoded.bytes,
        cas: stored.cas,
    })
}

/// The value as text to edit, and as what it is to be stored again.
fn editable(context: &Context, stored: &fetch::Stored) -> Result<(As, Vec<u8>), Failure> {
    let client = context.settings.client()?;
    let decoded = codec::decode(client, stored.flags, &stored.value, &codec::Options::default());
    let DecodedValue::Value(value) = decoded.value else {
        return Err(Failure::new(Exit::Server, format!("a {} cannot be edited", decoded.kind)));
    };
    Ok(match &value {
        Value::Str(text) => (As::Text, text.as_bytes().to_vec()),
        Value::Int(number) => (As::Int, number.to_string().into_bytes()),
        Value::Bool(value) => (As::Bool, value.to_string().into_bytes()),
        Value::Bytes(bytes) | Value::Py2Str(bytes) => (As::Bytes, bytes.clone()),
        value if is_plain(value) => {
            let json = plain::json(value);
            (As::Json, serde_json::to_vec_pretty(&json).unwrap_or_default())
        }
        _ => {
            let message = "the value holds objects that JSON cannot bring back as they are";
            return Err(
                Failure::new(Exit::Server, message).hint("see it with get, replace it with set --as json")
            );
        }
    })
}

/// Whether JSON gives back the same Python value: dicts with text keys, lists, and scalars.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) => true,
        Value::Float(number) => number.is_finite(),
        Value::List(items) => items.iter().all(is_plain),
        Value::Dict(items) => {
            items.iter().all(|(key, value)| matches!(key, Value::Str(_)) && is_plain(value))
        }
        _ => false,
    }
}

/// The remaining time to live.
fn remaining(context: &mut Context, key: &Key) -> Result<Expiry, Failure> {
    let server = context.cluster()?.router.readers(key.as_bytes()).first();
    let (mut known, _) = look(context, &[(server, key)], false)?;
    let ttl = known.pop().and_then(Result::ok).flatten().and_then(|known| known.ttl);
    Ok(match ttl {
        Some(seconds) if seconds >= 0 => {
            Expiry::after(Duration::from_secs(seconds.unsigned_abs().max(1)), context::now())
        }
        Some(_) => Expiry::NEVER,
        None => {
            context
                .output
                .note("this server does not tell the time to live: the item will be kept without expiry");
            Expiry::NEVER
        }
    })
}

/// Lets the user edit a text in a file that nobody else can read.
fn in_editor(context: &Context, text: &[u8]) -> Result<Vec<u8>, Failure> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| context.environment.get(name));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let directory = context.environment.get("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
    let name = format!("cachier-{}-{}.txt", std::process::id(), context::now().as_nanos());
    let path = Path::new(&directory).join(name);
    let failed = |what: &str, error: std::io::Error| {
        Failure::usage(format!("cannot {what} {}: {error}", path.display()))
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| failed("write", error))?;
    file.write_all(text).map_err(|error| failed("write", error))?;
    drop(file);
    // $EDITOR may have arguments of its own, as in `code --wait`.
    let mut words = editor.split_whitespace();
    let status = Command::new(words.next().unwrap_or("vi")).args(words).arg(&path).status();
    let edited = fs::read(&path);
    // Nobody needs the copy any more, whatever happened.
    drop(fs::remove_file(&path));
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(Failure::usage(format!("the editor {editor} ended with {status}"))),
        Err(error) => return Err(Failure::usage(format!("cannot run the editor {editor}: {error}"))),
    }
    let mut edited = edited.map_err(|error| failed("read", error))?;
    // Editors end the last line; a text that had no end there keeps none.
    if edited.ends_with(b"\n") && !text.ends_with(b"\n") {
        edited.pop();
    }
    Ok(edited)
}
