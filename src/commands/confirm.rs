//! Asking before much is lost.

use clap::Args;
use dialoguer::Confirm;
use dialoguer::Input;

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;

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
        context.allow_change(command)?;
        let asks = can_ask(context);
        match (self.protected(context), &self.confirm) {
            (Some(profile), Some(named)) if *named != profile => Err(Failure::new(
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

    /// Asks the user, unless the flags say enough.
    ///
    /// # Errors
    /// Exit 8 if the answer is no.
    pub fn ask(&self, context: &Context, question: &str) -> Result<(), Failure> {
        let declined = || Failure::new(Exit::Safety, "not confirmed: nothing was changed");
        let agreed = match self.protected(context) {
            Some(profile) if self.confirm.is_none() => {
                let prompt = format!("{question} Type the name of the protected profile to go on");
                let typed = Input::<String>::new().with_prompt(prompt).allow_empty(true).interact_text();
                typed.is_ok_and(|typed| typed == profile)
            }
            Some(_) => true,
            None if self.yes => true,
            None => Confirm::new().with_prompt(question).default(false).interact().unwrap_or(false),
        };
        if agreed { Ok(()) } else { Err(declined()) }
    }

    /// The name of the profile in use, if it is protected.
    fn protected(&self, context: &Context) -> Option<String> {
        let profile = context.settings.profile.as_ref()?;
        context.settings.protected.then(|| profile.value.clone())
    }
}

/// Whether somebody can be asked.
fn can_ask(context: &Context) -> bool {
    !context.settings.no_input.value && context.output.can_ask()
}
