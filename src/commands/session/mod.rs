//! `session`: the sessions of Flask-Session.

mod conditions;
mod ls;
mod reader;
mod revoke;
mod rows;

use clap::Args;
use clap::Subcommand;

use super::context::Context;
use super::decode_args::Decode;
use super::decode_args::DecodeArgs;
use super::get;
use super::get::Show;
use super::session_key::SessionArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Key;

/// List, show and revoke sessions of Flask-Session
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier session ls --field user_id --where user_id=7\n  \
    cachier session show bdb1ecde-1b20-4dee-b8b4-21ede8f6e93c\n  \
    cachier session revoke 'zbU2DM8F….signature'\n  \
    cachier session revoke --where user_id=7 --dry-run")]
pub struct SessionCommandArgs {
    #[command(subcommand)]
    command: SessionCommand,
}

#[derive(Subcommand, Debug)]
enum SessionCommand {
    Ls(ls::LsArgs),
    /// Show what sessions hold, whatever serialised them
    Show {
        #[command(flatten)]
        session: SessionArgs,
    },
    Revoke(revoke::RevokeArgs),
}

/// Runs the command.
///
/// # Errors
/// A text that leads to no session, settings that do not allow it, or servers that cannot list.
pub fn run(context: &mut Context, args: &SessionCommandArgs) -> Result<Exit, Failure> {
    match &args.command {
        SessionCommand::Ls(args) => ls::run(context, args),
        SessionCommand::Show { session } => {
            let keys = keys(context, session)?;
            let decode = DecodeArgs { decode: Decode::Session, ..DecodeArgs::default() };
            let show =
                Show { command: "session-show", single: keys.len() == 1, raw: false, default: None, decode };
            get::show(context, &keys, show)
        }
        SessionCommand::Revoke(args) => revoke::run(context, args),
    }
}

fn keys(context: &Context, session: &SessionArgs) -> Result<Vec<Key>, Failure> {
    session.keys()?.iter().map(|key| context.key(key.as_bytes())).collect()
}
