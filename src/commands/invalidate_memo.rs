//! `invalidate-memo`: make every stored result of memoized functions unreachable.

use clap::Args;

use super::change::Safety;
use super::computed;
use super::context::Context;
use super::memo_args::MemoArgs;
use super::memo_args::reachable;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::key::distinct;
use crate::flask::memo;
use crate::flask::memo::value_keys;
use crate::python::literal;

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
    /// Only the result of one call, by its arguments: '1, b=2'
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    call: Option<String>,
    #[command(flatten)]
    memo: MemoArgs,
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
        if let Some(arguments) = &args.call {
            let mut call = args.memo.call(context, function)?;
            (call.positional, call.keywords) = literal::parse_arguments(arguments, facts.python)
                .map_err(|error| Failure::usage(format!("--call \"{arguments}\": {error}")))?;
            let candidates = value_keys(&facts, &call, &args.memo.options(context)?)?;
            keys.extend(reachable(context, &facts, &candidates)?);
        } else {
            let versions = memo::version_keys(&facts, function, args.memo.instance.as_deref());
            keys.extend(if args.memo.instance.is_some() { versions.instance } else { versions.function });
        }
    }
    if keys.is_empty() {
        context.output.note("no version key is there, so there is no result that could be reached");
    }
    computed::delete(context, "invalidate-memo", &distinct(keys), args.safety)
}
