//! `session-key`: the wire key of a session.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::session;
use crate::output::Format;

/// Print the wire key of a session; contacts no server
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier session-key bdb1ecde-1b20-4dee-b8b4-21ede8f6e93c\n  \
    cachier session-key 'zbU2DM8F….signature' --prefix sess-")]
pub struct SessionKeyArgs {
    #[command(flatten)]
    session: SessionArgs,
}

/// Which sessions.
#[derive(Args, Debug)]
pub struct SessionArgs {
    /// Session ids, or values of the session cookie, signed or not
    #[arg(value_name = "COOKIE", required = true)]
    cookies: Vec<String>,
    /// SESSION_KEY_PREFIX of the application
    #[arg(long, value_name = "PREFIX", default_value = session::PREFIX)]
    prefix: String,
}

#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    keys: Vec<KeyLine>,
}

#[derive(Debug, Serialize)]
struct KeyLine {
    key: String,
}

/// Runs the command.
///
/// # Errors
/// A text that leads to no session.
pub fn run(context: &mut Context, args: &SessionKeyArgs) -> Result<Exit, Failure> {
    let format = context.chosen_format(&[Format::Table, Format::Tsv, Format::Json, Format::Jsonl])?;
    let keys: Vec<KeyLine> = args.session.keys()?.into_iter().map(|key| KeyLine { key }).collect();
    match format {
        Some(Format::Json) => {
            context.output.document(&Document { schema: "cachier/session-key/1", keys });
        }
        Some(Format::Jsonl) => keys.iter().for_each(|key| context.output.object(key)),
        _ => keys.iter().for_each(|line| context.output.line(line.key.as_bytes())),
    }
    Ok(Exit::Done)
}

impl SessionArgs {
    /// The wire keys in order.
    ///
    /// # Errors
    /// A text that leads to no session.
    pub fn keys(&self) -> Result<Vec<String>, Failure> {
        self.cookies
            .iter()
            .map(|cookie| {
                session::key(cookie, &self.prefix).map_err(|error| Failure::usage(error.to_string()))
            })
            .collect()
    }
}
