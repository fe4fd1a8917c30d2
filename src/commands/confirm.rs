//! Asking before much is lost.

use clap::Args;

use super::context::Cluster;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::prompt;

/// How many servers a question names.
const NAMED: usize = 4;

/// What commands that can lose everything take.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfirmArgs {
    /// Answer yes to every question; a protected profile wants --confirm too
    #[arg(short, long, help_heading = "Safety")]
    pub yes: bool,
    /// The name of the protected profile that is meant
    #[arg(long, value_name = "NAME", help_heading = "Safety")]
    confirm: Option<String>,
}

impl ConfirmArgs {
    /// Refuses at once what would be refused in the end: read-only settings, a protected profile that is not named, nobody
    /// to ask.
    ///
    /// # Errors
    /// Exit 8 with what to say.
    pub fn check(&self, context: &Context, command: &str) -> Result<(), Failure> {
        self.check_asking(context, command, context.output.can_ask())
    }

    /// As [`ConfirmArgs::check`], where standard input is not there for an answer, since it is data.
    ///
    /// # Errors
    /// Exit 8 with what to say.
    pub fn check_beside_input(&self, context: &Context, command: &str) -> Result<(), Failure> {
        self.check_asking(context, command, context.output.can_ask_beside_input())
    }

    fn check_asking(&self, context: &Context, command: &str, can_ask: bool) -> Result<(), Failure> {
        context.allow_change(command)?;
        let asks = can_ask && !context.settings.no_input.value;
        match (protected(context), &self.confirm) {
            (Some(profile), Some(named)) if named != profile => Err(Failure::new(
                Exit::Safety,
                format!("--confirm says \"{named}\", and the protected profile in use is \"{profile}\""),
            )),
            (Some(profile), None) if !asks => Err(Failure::new(
                Exit::Safety,
                format!("{command} on the protected profile \"{profile}\" has to be confirmed"),
            )
            .hint(format!("say --confirm {profile}"))),
            (None, _) if !self.yes && !asks => Err(Failure::new(
                Exit::Safety,
                format!("{command} has to be confirmed, and there is no terminal to ask"),
            )
            .hint("say --yes, or look first with --dry-run")),
            _ => Ok(()),
        }
    }

    /// Asks the user, unless the flags say enough. The answer is read from the terminal even where standard input is a pipe.
    ///
    /// # Errors
    /// Exit 8 if the answer is no, 130 after Ctrl-C.
    pub fn ask(&self, context: &Context, question: &str) -> Result<(), Failure> {
        let agreed = match protected(context) {
            Some(profile) if self.confirm.is_none() => {
                let question = format!("{question} Type the name of the protected profile to go on");
                prompt::line(&question, None)? == profile
            }
            Some(_) => true,
            None => self.yes || prompt::confirm(question, false)?,
        };
        if agreed { Ok(()) } else { Err(declined()) }
    }

    /// Asks before something is lost that is on no server; a protected profile has no say in it.
    ///
    /// # Errors
    /// Exit 8 if the answer is no or there is nobody to ask, 130 after Ctrl-C.
    pub fn ask_about_files(&self, context: &Context, command: &str, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if context.settings.no_input.value || !context.output.can_ask() {
            let message = format!("{command} has to be confirmed, and there is no terminal to ask");
            return Err(Failure::new(Exit::Safety, message).hint("say --yes"));
        }
        if prompt::confirm(question, false)? { Ok(()) } else { Err(declined()) }
    }
}

/// Where something is about to happen, for a question: `on 3 servers of profile live (a:11211, b:11211, c:11211)`.
#[must_use]
pub fn place(context: &Context, cluster: &Cluster) -> String {
    let names = (0..cluster.pool.endpoints().len()).map(|index| cluster.pool.name(index));
    place_of(context, &names.collect::<Vec<_>>())
}

/// Where something is about to happen, if only on these servers.
#[must_use]
pub fn place_of(context: &Context, servers: &[String]) -> String {
    let profile = context.settings.profile.as_ref();
    let profile = profile.map_or_else(String::new, |profile| format!(" of profile {}", profile.value));
    if let [server] = servers {
        return format!("on {server}{profile}");
    }
    let named = servers.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match servers.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("on {} servers{profile} ({named}{more})", servers.len())
}

/// The name of the profile in use, if it is protected.
fn protected(context: &Context) -> Option<&str> {
    let profile = context.settings.profile.as_ref()?;
    context.settings.protected.then_some(profile.value.as_str())
}

fn declined() -> Failure {
    Failure::new(Exit::Safety, "not confirmed: nothing was changed")
}
