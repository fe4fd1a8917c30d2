//! `invalidate-view`: take cached views away.

use clap::Args;

use super::change::Safety;
use super::computed;
use super::context::Context;
use super::view_key::ViewArgs;
use crate::failure::Exit;
use crate::failure::Failure;

/// Delete what `@cache.cached()` stored for views
///
/// Deletes exactly the keys that view-key prints, of every generation of Flask-Caching unless --flask-caching says which.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier invalidate-view /products/42\n  cachier invalidate-view '/search?q=shoes' --dry-run"
)]
pub struct InvalidateViewArgs {
    #[command(flatten)]
    view: ViewArgs,
    #[command(flatten)]
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// A target or a setting that is not understood, or does not allow it.
pub fn run(context: &mut Context, args: &InvalidateViewArgs) -> Result<Exit, Failure> {
    let keys = args.view.keys(context)?;
    computed::delete(context, "invalidate-view", &keys, args.safety)
}
