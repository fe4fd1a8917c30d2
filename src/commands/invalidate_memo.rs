//! `invalidate-memo`: make every stored result of memoized functions unreachable.

use clap::Args;

use super::change::Safety;
use super::computed;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::key::distinct;
use crate::flask::memo;

/// Make every stored result of memoized functions unreachable, by deleting their version keys
///
/// The next call makes a new version. Exit 1 if no version key was there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier invalidate-memo shop.price\n  \
    cachier invalidate-memo shop.models.Cart.total --self 'Cart:7'")]
pub struct InvalidateMemoArgs {
    /// Functions as module.function or module.Class.method
    #[arg(value_name = "FUNCTION", required = true)]
    functions: Vec<String>,
    /// Only the results of one instance: its repr or caching id
    #[arg(long = "self", value_name = "TEXT")]
    instance: Option<String>,
    #[command(flatten)]
    safety: Safety,
}

/// Runs the command.
///
/// # Errors
/// A setting that is not understood, or does not allow it.
pub fn run(context: &mut Context, args: &InvalidateMemoArgs) -> Result<Exit, Failure> {
    let facts = context.settings.facts()?;
    let mut keys = Vec::new();
    for function in &args.functions {
        let versions = memo::version_keys(&facts, function, args.instance.as_deref());
        keys.extend(if args.instance.is_some() { versions.instance } else { versions.function });
    }
    computed::delete(context, "invalidate-memo", &distinct(keys), args.safety)
}
