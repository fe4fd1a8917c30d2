//! `view-key`: the keys of cached views.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use super::computed;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::ComputedKey;
use crate::flask::HashMethod;
use crate::flask::key::distinct;
use crate::flask::view;
use crate::flask::view::Form;
use crate::flask::view::QueryString;
use crate::flask::view::ViewOptions;
use crate::python::source;

/// Print the keys of views that `@cache.cached()` stores; contacts no server
///
/// One key a line, newest generation of Flask-Caching first, those of all generations unless --flask-caching says which.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier view-key /products/42\n  cachier view-key '/search?q=shoes&page=2' -o json\n  \
    cachier view-key /items --key-prefix-arg 'items/%s'"
)]
pub struct ViewKeyArgs {
    #[command(flatten)]
    view: ViewArgs,
}

/// Which views, and how their decorators are called.
#[derive(Args, Debug)]
pub struct ViewArgs {
    /// Request targets as a browser sends them, or full URLs
    #[arg(value_name = "TARGET")]
    targets: Vec<OsString>,
    /// Read targets from standard input, one a line
    #[arg(long)]
    stdin: bool,
    /// Targets are decoded paths
    #[arg(long)]
    decoded: bool,
    /// The view has query_string=True, also where the target has no query
    #[arg(long, conflicts_with = "ignore_query")]
    query_string: bool,
    /// The view has no query_string=True: leave the query out
    #[arg(long)]
    ignore_query: bool,
    /// The decorator's key_prefix, such as 'items/%s'
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    key_prefix_arg: Option<String>,
    /// The decorator's hash_method: md5, sha1, sha256, …
    #[arg(long, value_name = "NAME")]
    hash: Option<HashMethod>,
    /// File with the view function's source, for source_check
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Cut this function out of the file of --source
    #[arg(long, value_name = "NAME", requires = "source")]
    function: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// A target or a setting that is not understood.
pub fn run(context: &mut Context, args: &ViewKeyArgs) -> Result<Exit, Failure> {
    let keys = args.view.keys(context)?;
    computed::print(context, "view-key", &keys)
}

impl ViewArgs {
    /// The keys of all targets, each once.
    ///
    /// # Errors
    /// A target or a setting that is not understood.
    pub fn keys(&self, context: &Context) -> Result<Vec<ComputedKey>, Failure> {
        let facts = context.settings.facts()?;
        let options = ViewOptions {
            form: if self.decoded { Form::Decoded } else { Form::Encoded },
            query_string: match (self.query_string, self.ignore_query) {
                (true, _) => QueryString::Hashed,
                (false, true) => QueryString::Ignored,
                (false, false) => QueryString::FromTarget,
            },
            key_prefix: self.key_prefix_arg.clone(),
            hash: self.hash,
            source: match &self.source {
                Some(path) => Some(read_source(context, path, self.function.as_deref())?),
                None => None,
            },
        };
        let mut keys = Vec::new();
        for target in self.targets()? {
            keys.extend(view::keys(&facts, &options, &target)?);
        }
        Ok(distinct(keys))
    }

    fn targets(&self) -> Result<Vec<String>, Failure> {
        let mut targets = Vec::new();
        for target in &self.targets {
            let text = target.to_str().ok_or_else(|| {
                Failure::usage(format!("the target {} is not UTF-8", target.display()))
                    .hint("write it as a browser sends it, with %XX")
            })?;
            targets.push(text.to_owned());
        }
        if self.stdin {
            let mut input = String::new();
            std::io::stdin().read_to_string(&mut input).map_err(|error| {
                Failure::usage(format!("cannot read targets from standard input: {error}"))
            })?;
            targets.extend(input.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        } else if targets.is_empty() {
            return Err(
                Failure::usage("no target is given").hint("name a path such as /products/42, or say --stdin")
            );
        }
        Ok(targets)
    }
}

/// Reads a function's source, cut out of its module where a name is given.
///
/// # Errors
/// A file that cannot be read, or in which the function is not found.
pub(super) fn read_source(context: &Context, path: &Path, function: Option<&str>) -> Result<String, Failure> {
    let shown = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
    let Some(name) = function else { return Ok(source::normalised(&text)) };
    let python = context.settings.facts()?.python;
    source::function(&text, name, python).map_err(|error| Failure::usage(format!("{shown}: {error}")))
}
