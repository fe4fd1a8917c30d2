//! `config`: where the settings come from.

use std::path::Path;

use clap::Args;
use clap::Subcommand;
use serde::Serialize;

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Output;
use crate::output::Table;
use crate::settings;
use crate::settings::explain;
use crate::settings::explain::Line;

/// Show the configuration and where each setting comes from
#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Print the path of the profile file
    Path,
    /// Print every effective setting with its source
    Explain,
    /// Check the profile file and every effective setting; contacts no server
    Check,
}

#[derive(Debug, Serialize)]
struct ExplainDocument {
    schema: &'static str,
    settings: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct CheckDocument {
    schema: &'static str,
    config: String,
    exists: bool,
    profiles: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A setting that is not understood.
pub fn run(context: &mut Context, args: &ConfigArgs) -> Result<Exit, Failure> {
    match args.command {
        ConfigCommand::Path => Ok(Exit::Done),
        ConfigCommand::Explain => explain(context),
        ConfigCommand::Check => check(context),
    }
}

impl ConfigArgs {
    /// Whether only the path of the file is asked for, which must work where the file is broken.
    #[must_use]
    pub fn is_path(&self) -> bool {
        matches!(self.command, ConfigCommand::Path)
    }
}

/// Prints where the profile file is, without reading it.
pub fn print_path(output: &mut Output, path: &Path, json: bool) {
    let path = path.display().to_string();
    if json {
        output.document(&serde_json::json!({ "schema": "cachier/config-path/1", "path": path }));
    } else {
        output.line(path.as_bytes());
    }
}

fn explain(context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Json])?;
    let lines = explain::lines(&context.settings);
    if format == Format::Json {
        context.output.document(&ExplainDocument { schema: "cachier/config-explain/1", settings: lines });
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

/// Reads everything that a command would read, short of the password and the servers.
fn check(context: &mut Context) -> Result<Exit, Failure> {
    let format = context.chosen_format(&[Format::Table, Format::Tsv, Format::Json])?;
    let (path, file) = settings::profile_file(&context.flags, &context.environment)?;
    if let Some(name) = &file.default_profile
        && !file.profiles.contains_key(name)
    {
        return Err(Failure::usage(format!(
            "{}: default_profile \"{name}\" is no profile",
            path.value.display()
        )));
    }
    let names: Vec<String> = file.profiles.keys().cloned().collect();
    for name in &names {
        let flags = settings::Flags { profile: Some(name.clone()), ..settings::Flags::default() };
        let flags = settings::Flags { config: Some(path.value.clone()), ..flags };
        let settings = settings::resolve(&flags, &settings::Environment::default())?;
        settings.validate().map_err(|error| {
            let failure = Failure::from(error);
            Failure { message: format!("profile {name}: {}", failure.message), ..failure }
        })?;
    }
    context.settings.validate()?;
    let exists = path.value.exists();
    let config = path.value.display().to_string();
    if format == Some(Format::Json) {
        let document = CheckDocument { schema: "cachier/config-check/1", config, exists, profiles: names };
        context.output.document(&document);
    } else {
        let file = if exists {
            format!("{config}: {} profiles", names.len())
        } else {
            format!("{config}: no such file")
        };
        context.output.line(file.as_bytes());
        context.output.line(b"settings: ok");
    }
    Ok(Exit::Done)
}
