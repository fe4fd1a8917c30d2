//! `profile`: the profiles of the file.

mod add;
mod ls;

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use serde::Serialize;

use super::confirm::ConfirmArgs;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::settings;
use crate::settings::Flags;
use crate::settings::Settings;
use crate::settings::edit;
use crate::settings::explain;

/// List, show, write, choose and test profiles
#[derive(Args, Debug)]
pub struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Subcommand, Debug)]
enum ProfileCommand {
    /// List the profiles
    #[command(visible_alias = "list")]
    Ls,
    /// Show the settings of a profile; secrets only as set
    Show {
        /// Which profile [default: the one in use]
        name: Option<String>,
    },
    Add(add::AddArgs),
    /// Take a profile out of the file
    #[command(visible_alias = "remove")]
    Rm {
        /// Which profile
        name: String,
        #[command(flatten)]
        confirm: ConfirmArgs,
    },
    /// Make a profile the default
    Use {
        /// Which profile
        name: String,
    },
    /// Connect to every server of a profile and log in
    Test {
        /// Which profile [default: the one in use]
        name: Option<String>,
    },
}

#[derive(Debug, Serialize)]
struct ShowDocument {
    schema: &'static str,
    profile: Option<String>,
    settings: Vec<explain::Line>,
}

/// Runs the command.
///
/// # Errors
/// A profile or file that is not there or not understood.
pub fn run(context: &mut Context, args: &ProfileArgs) -> Result<Exit, Failure> {
    match &args.command {
        ProfileCommand::Ls => ls::run(context),
        ProfileCommand::Show { name } => show(context, name.as_deref()),
        ProfileCommand::Add(args) => add::run(context, args),
        ProfileCommand::Rm { name, confirm } => remove(context, name, confirm),
        ProfileCommand::Use { name } => choose(context, name),
        ProfileCommand::Test { name } => {
            let settings = of_profile(context, name.as_deref())?;
            let flags = context.flags.clone();
            // A shell goes on with its own servers afterwards.
            context.with(flags, Some(settings), |context| {
                super::ping::run(context, &super::ping::PingArgs::default())
            })
        }
    }
}

fn show(context: &mut Context, name: Option<&str>) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json])?;
    let settings = of_profile(context, name)?;
    let lines = explain::lines(&settings);
    if format == Format::Json {
        let profile = settings.profile.map(|name| name.value);
        let document = ShowDocument { schema: "cachier/profile-show/1", profile, settings: lines };
        context.output.document(&document);
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["setting", "value", "source"]);
    for line in lines {
        let value = line.value.map_or(Cell::Missing, Cell::text);
        table.rows.push(vec![Cell::text(line.name), value, Cell::text(line.source)]);
    }
    context.output.table(format, &table);
    Ok(Exit::Done)
}

/// The settings of a profile alone, without the environment; without a name those in use.
fn of_profile(context: &Context, name: Option<&str>) -> Result<Settings, Failure> {
    let Some(name) = name else { return Ok(context.settings.clone()) };
    let config = context.flags.config.clone();
    let flags = Flags { profile: Some(name.to_owned()), config, ..Flags::default() };
    Ok(settings::resolve(&flags, &context.environment.of_files())?)
}

/// The file, if a profile of this name is in it.
fn file_with(context: &Context, name: &str) -> Result<PathBuf, Failure> {
    let (path, file) = settings::profile_file(&context.flags, &context.environment)?;
    if file.profiles.contains_key(name) {
        return Ok(path.value);
    }
    let known = file.profiles.into_keys().collect();
    let path = path.value.display().to_string();
    Err(settings::SettingsError::NoProfile { name: name.to_owned(), path, known }.into())
}

fn choose(context: &mut Context, name: &str) -> Result<Exit, Failure> {
    let path = file_with(context, name)?;
    edit::write_default(&path, name)?;
    context.output.note(&format!("{name} is the default profile of {}", path.display()));
    Ok(Exit::Done)
}

fn remove(context: &mut Context, name: &str, confirm: &ConfirmArgs) -> Result<Exit, Failure> {
    let path = file_with(context, name)?;
    let question = format!("Take profile {name} out of {}?", path.display());
    confirm.ask_about_files(context, "profile rm", &question)?;
    edit::remove_profile(&path, name)?;
    context.output.note(&format!("profile {name} is no longer in {}", path.display()));
    Ok(Exit::Done)
}
