//! `session`: the sessions of Flask-Session.

use clap::Args;
use clap::Subcommand;

use super::change;
use super::change::Deletion;
use super::change::Safety;
use super::context::Context;
use super::decode_args::Decode;
use super::decode_args::DecodeArgs;
use super::get;
use super::get::Show;
use super::session_key::SessionArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Key;

/// Show and revoke sessions of Flask-Session
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier session show bdb1ecde-1b20-4dee-b8b4-21ede8f6e93c\n  \
    cachier session revoke 'zbU2DM8F….signature'\n  \
    cachier session revoke -- '-KWop74k….signature'   an id that begins with a dash")]
pub struct SessionCommandArgs {
    #[command(subcommand)]
    command: SessionCommand,
}

#[derive(Subcommand, Debug)]
enum SessionCommand {
    /// Show what sessions hold, whatever serialised them
    Show {
        #[command(flatten)]
        session: SessionArgs,
    },
    /// Delete sessions, which logs their users out
    Revoke {
        #[command(flatten)]
        session: SessionArgs,
        #[command(flatten)]
        safety: Safety,
    },
}

/// Runs the command.
///
/// # Errors
/// A text that leads to no session, or settings that do not allow it.
pub fn run(context: &mut Context, args: &SessionCommandArgs) -> Result<Exit, Failure> {
    match &args.command {
        SessionCommand::Show { session } => {
            let keys = keys(context, session)?;
            let decode = DecodeArgs { decode: Decode::Session, ..DecodeArgs::default() };
            let show =
                Show { command: "session-show", single: keys.len() == 1, raw: false, default: None, decode };
            get::show(context, &keys, show)
        }
        SessionCommand::Revoke { session, safety } => {
            let keys = keys(context, session)?;
            let how = Deletion { dry_run: safety.dry_run, ..Deletion::default() };
            change::delete(context, "session-revoke", &keys, how)
        }
    }
}

fn keys(context: &Context, session: &SessionArgs) -> Result<Vec<Key>, Failure> {
    session.keys()?.iter().map(|key| context.key(key.as_bytes())).collect()
}
