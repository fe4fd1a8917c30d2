//! `man`: the manual pages, made from the same definition as the help.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Print the manual page of a command, or write those of all commands
///
/// The pages are in the format of man(1): `cachier man get | man -l -` shows one.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier man | man -l -\n  cachier man profile add\n  cachier man --dir ~/.local/share/man/man1"
)]
pub struct ManArgs {
    /// The command, with its own command where it has some [default: all of cachier]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,
    /// Write a page of every command into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A command that there is not, or a directory that cannot be written.
pub fn run(output: &mut Output, args: &ManArgs, mut grammar: clap::Command) -> Result<Exit, Failure> {
    grammar.build();
    let Some(dir) = &args.dir else {
        let page = page(find(&grammar, &args.command)?)?;
        output.raw(&page);
        return Ok(Exit::Done);
    };
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::usage(format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let mut pages = Vec::new();
    collect(&grammar, &mut pages);
    for command in &pages {
        let path = dir.join(format!("{}.1", title(command)));
        fs::write(&path, page(command)?).map_err(|error| failed(&path, &error))?;
    }
    output.note(&format!("{} pages written to {}", pages.len(), dir.display()));
    Ok(Exit::Done)
}

/// The command that these words name.
///
/// # Errors
/// A command that there is not.
pub fn find<'a>(grammar: &'a clap::Command, words: &[String]) -> Result<&'a clap::Command, Failure> {
    let mut command = grammar;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::usage(format!("\"{}\" is no command of cachier", words.join(" ")))
                .hint("cachier --help lists the commands")
        })?;
    }
    Ok(command)
}

fn collect<'a>(command: &'a clap::Command, pages: &mut Vec<&'a clap::Command>) {
    pages.push(command);
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        collect(subcommand, pages);
    }
}

/// The name of a page: `cachier-profile-add`.
fn title(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(title(command).to_uppercase())
        .manual("User Commands")
        .render(&mut page)
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot write the page: {error}")))?;
    Ok(page)
}
