//! `invalidate-memo`: make every stored result of memoized functions unreachable.

mod listed_functions;

use clap::Args;

use super::change::Safety;
use super::computed;
use super::context::Context;
use super::glob::Glob;
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
/// The next call makes a new version. --pattern and --purge need servers that can list their keys. Exit 1 if no version key
/// was there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier invalidate-memo shop.price\n  \
    cachier invalidate-memo shop.models.Cart.total --self 'Cart:7'\n  \
    cachier invalidate-memo --pattern 'shop.*' --purge --dry-run")]
pub struct InvalidateMemoArgs {
    /// Functions as module.function or module.Class.method
    #[arg(value_name = "FUNCTION", required_unless_present = "pattern")]
    functions: Vec<String>,
    /// Every function in a listing that matches: * is any run, ? one character, [a-z] one of these; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse, conflicts_with_all = ["call", "instance"])]
    pattern: Vec<Glob>,
    /// Delete the results themselves too, which nobody can reach any more
    #[arg(long, conflicts_with = "call")]
    purge: bool,
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
    if args.purge || !args.pattern.is_empty() {
        return listed_functions::invalidate(context, args, &distinct(keys));
    }
    if keys.is_empty() {
        context.output.note("no version key is there, so there is no result that could be reached");
    }
    computed::delete(context, "invalidate-memo", &distinct(keys), args.safety)
}
