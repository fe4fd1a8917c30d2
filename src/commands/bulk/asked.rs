//! The question before many keys of standard input are changed.

use crate::commands::confirm;
use crate::commands::confirm::ConfirmArgs;
use crate::commands::context::Context;
use crate::failure::Failure;

/// How many keys of standard input are changed without a question.
const UNASKED: usize = 100;

/// Asks before many keys of standard input are changed, at the terminal itself, since standard input has the keys.
///
/// # Errors
/// Exit 8 if the answer is no, or if there is nobody to ask and the flags do not say enough.
pub fn confirm(
    context: &mut Context,
    confirm: &ConfirmArgs,
    command: &str,
    keys: usize,
    is_all: bool,
) -> Result<(), Failure> {
    if keys <= UNASKED {
        return Ok(());
    }
    let more = if is_all { "" } else { "more than " };
    let keys = keys - usize::from(!is_all);
    confirm.check_beside_input(context, &format!("{command} of {more}{keys} keys"))?;
    let cluster = context.cluster()?;
    let verb = if command == "delete" { "Delete" } else { "Change" };
    let place = confirm::place(context, &cluster);
    confirm.ask(context, &format!("{verb} {more}{keys} keys of standard input {place}?"))
}
