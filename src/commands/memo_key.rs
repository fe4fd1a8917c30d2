//! `memo-key`: the keys of memoized functions.

use clap::Args;

use super::computed;
use super::context::Context;
use super::memo_args::MemoArgs;
use super::memo_args::reachable;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::key::distinct;
use crate::flask::memo::Call;
use crate::flask::memo::value_keys;
use crate::flask::memo::version_keys_of_call;

/// Print the key of one result of a memoized function, or its version keys
///
/// The key contains the values of the version keys: they are read from the servers unless --version-value gives them. Exit 1
/// if they are not there, since no result can be reached then.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier memo-key shop.price 1 --signature '(a, b=2)'\n  \
    cachier memo-key --version-key shop.price\n  \
    cachier memo-key shop.models.Cart.total 10 --self 'Cart:7' --signature '(self, a)'")]
pub struct MemoKeyArgs {
    /// Function as module.function or module.Class.method
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Arguments as Python literals, without self and cls
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Keyword argument, as NAME=LITERAL; may be repeated
    #[arg(long, value_name = "NAME=LITERAL")]
    kwarg: Vec<String>,
    /// Positional argument behind the others, by the text of its repr; may be repeated
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    arg_repr: Vec<String>,
    #[command(flatten)]
    memo: MemoArgs,
    /// Value of a version key: the function's, then the instance's
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    version_value: Vec<String>,
    /// Print the version keys instead; contacts no server
    #[arg(long, conflicts_with = "version_value")]
    version_key: bool,
}

/// Runs the command.
///
/// # Errors
/// A literal, signature or setting that is not understood.
pub fn run(context: &mut Context, args: &MemoKeyArgs) -> Result<Exit, Failure> {
    let facts = context.settings.facts()?;
    let call = call(context, args)?;
    let options = args.memo.options(context)?;
    if args.version_key {
        let versions = version_keys_of_call(&facts, &call, &options);
        let keys: Vec<_> = versions.function.into_iter().chain(versions.instance).collect();
        return computed::print(context, "memo-key", &keys);
    }
    let candidates = value_keys(&facts, &call, &options)?;
    let keys = if args.version_value.is_empty() {
        reachable(context, &facts, &candidates)?
    } else {
        let known: Result<Vec<_>, _> =
            candidates.iter().map(|candidate| candidate.key(&facts, &args.version_value)).collect();
        known?
    };
    if keys.is_empty() {
        context.output.error(&format!(
            "the version keys of {} are not there, so no result of it can be reached",
            args.function
        ));
        return Ok(Exit::Negative);
    }
    computed::print(context, "memo-key", &distinct(keys))
}

/// The call as the command line spells it.
fn call(context: &Context, args: &MemoKeyArgs) -> Result<Call, Failure> {
    let mut call = args.memo.call(context, &args.function)?;
    let python = context.settings.facts()?.python;
    for text in &args.arguments {
        call.positional.push(super::memo_args::literal(text, python)?);
    }
    call.positional.extend(args.arg_repr.iter().cloned().map(crate::python::Value::Verbatim));
    for text in &args.kwarg {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--kwarg \"{text}\" is not NAME=LITERAL")).hint("write --kwarg b=2")
        })?;
        call.keywords.push((name.to_owned(), super::memo_args::literal(value, python)?));
    }
    Ok(call)
}
