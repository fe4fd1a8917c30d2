//! `fragment-key`: the keys of cached template fragments.

use clap::Args;

use super::computed;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::ComputedKey;
use crate::flask::fragment;

/// Print the key of a template fragment that `{% cache %}` stores; contacts no server
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier fragment-key item 42\n  cachier fragment-key sidebar en 42")]
pub struct FragmentKeyArgs {
    #[command(flatten)]
    fragment: FragmentArgs,
}

/// Which fragment.
#[derive(Args, Debug)]
pub struct FragmentArgs {
    /// Name of the fragment
    #[arg(value_name = "NAME")]
    name: String,
    /// Values that it varies on, in the order of the tag
    #[arg(value_name = "VARY")]
    vary: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A setting that is not understood.
pub fn run(context: &mut Context, args: &FragmentKeyArgs) -> Result<Exit, Failure> {
    let key = args.fragment.key(context)?;
    computed::print(context, "fragment-key", &[key])
}

impl FragmentArgs {
    /// The key of the fragment.
    ///
    /// # Errors
    /// A setting that is not understood.
    pub fn key(&self, context: &Context) -> Result<ComputedKey, Failure> {
        let vary: Vec<&str> = self.vary.iter().map(String::as_str).collect();
        Ok(fragment::key(&context.settings.facts()?, &self.name, &vary))
    }
}
