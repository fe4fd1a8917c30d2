//! `invalidate-fragment`: take a cached template fragment away.

use clap::Args;

use super::change::Safety;
use super::computed;
use super::context::Context;
use super::fragment_key::FragmentArgs;
use crate::failure::Exit;
use crate::failure::Failure;

/// Delete what `{% cache %}` stored for a template fragment
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier invalidate-fragment item 42")]
pub struct InvalidateFragmentArgs {
    #[command(flatten)]
    fragment: FragmentArgs,
    #[command(flatten)]
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// A setting that is not understood, or does not allow it.
pub fn run(context: &mut Context, args: &InvalidateFragmentArgs) -> Result<Exit, Failure> {
    let key = args.fragment.key(context)?;
    computed::delete(context, "invalidate-fragment", &[key], args.safety)
}
