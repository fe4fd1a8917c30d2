//! `copy`: store the items of one pool on another.

use std::time::Instant;

use clap::Args;

use super::confirm::ConfirmArgs;
use super::context;
use super::context::Cluster;
use super::context::Context;
use super::interrupt::Interrupt;
use super::listed;
use super::selection::SelectionArgs;
use super::transfer::Mode;
use super::transfer::report;
use super::transfer::report::Course;
use super::transfer::source::Source;
use super::transfer::target;
use super::transfer::target::Refused;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::settings;
use crate::settings::Flags;
use crate::settings::Settings;

/// Copy items from one pool to another, each to where it belongs there
///
/// As dump and restore without a file: values, flags and expiries are kept, and each key goes to the server that the routing of the
/// target profile says. What is there already stays, unless --mode set says otherwise.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier copy --from old --to new --yes\n  \
    cachier copy --from production --to staging 'view//*' --dry-run")]
pub struct CopyArgs {
    /// Profile whose items are read
    #[arg(long, value_name = "PROFILE")]
    from: String,
    /// Profile whose servers get them
    #[arg(long, value_name = "PROFILE")]
    to: String,
    #[command(flatten)]
    selection: SelectionArgs,
    /// What becomes of items that are there already
    #[arg(long, value_enum, default_value = "add", value_name = "MODE")]
    mode: Mode,
    /// Count what would be copied, and store nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// Profiles that cannot be used, a target that does not allow it, or servers that cannot list.
pub fn run(context: &mut Context, args: &CopyArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json])?;
    let (from_flags, from) = profile(context, &args.from)?;
    let (to_flags, to) = profile(context, &args.to)?;
    let (target, _) = Cluster::of(&to)?;
    context.with(from_flags, Some(from), |context| {
        let source = listed::cluster(context, "copy")?;
        let both = (source.pool.endpoints(), target.pool.endpoints());
        if let Some(server) = both.0.iter().find(|server| both.1.contains(server)) {
            return Err(Failure::usage(format!(
                "{server} is in both profiles: nothing is copied onto itself"
            )));
        }
        let question = format!(
            "Copy {} items of profile {} to the {} servers of profile {}?",
            listed::counted(&source).map_or_else(|| "all".to_owned(), |items| items.to_string()),
            args.from,
            both.1.len(),
            args.to
        );
        if !args.dry_run {
            context.with(to_flags, Some(to), |context| {
                args.confirm.check(context, "copy")?;
                args.confirm.ask(context, &question)
            })?;
        }
        copy(context, args, &source, &target, format)
    })
}

/// A profile's settings, for the flags that are not about servers.
fn profile(context: &Context, name: &str) -> Result<(Flags, Settings), Failure> {
    let flags = Flags { profile: Some(name.to_owned()), ..Flags::default() }.over(&context.flags);
    let settings = settings::resolve(&flags, &context.environment)?;
    Ok((flags, settings))
}

fn copy(
    context: &mut Context,
    args: &CopyArgs,
    from: &Cluster,
    to: &Cluster,
    format: Format,
) -> Result<Exit, Failure> {
    let selection = args.selection.at(context::now())?;
    let progress = listed::progress(context, from, "copying");
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    let now = context::now().as_secs();
    let source =
        Source { pool: &from.pool, selection: &selection, interrupt: &interrupt, progress: &progress };
    let servers = listed::servers(from);
    let (taken, stored, refused) = if args.dry_run {
        (
            from.pool.list(&servers, |index, listing| source.read(index, listing, &mut |_| true)),
            Vec::new(),
            Refused::default(),
        )
    } else {
        target::store(to, args.mode.store(), |lanes| {
            from.pool.list(&servers, |index, listing| {
                let mut lanes = lanes();
                let taken = source.read(index, listing, &mut |saved| {
                    if !saved.has_expired(now) {
                        lanes.push(saved);
                    }
                    true
                });
                lanes.finish();
                taken
            })
        })
    };
    drop(progress);
    let course = Course {
        command: "copy",
        dry_run: args.dry_run,
        items: taken.iter().map(|(_, taken)| taken.read).sum(),
        expired: 0,
        interrupted: interrupt.is_wanted(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let unreached = taken.into_iter().filter_map(|(_, taken)| taken.error);
    let failures = unreached.map(|error| context.failure(error)).collect();
    Ok(report::conclude(context, format, to, course, (stored, refused), failures))
}
