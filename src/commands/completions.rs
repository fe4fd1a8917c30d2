//! `completions`: what makes a shell complete command lines of this program.

use std::ffi::OsString;

use clap::Args;
use clap::ValueEnum;
use clap_complete::env::EnvCompleter;
use clap_complete::env::Shells;

use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The variable by which a shell's script asks this program for the words that fit; its value is the shell's name.
pub const VARIABLE: &str = "CACHIER_COMPLETE";

/// Print the completion script of a shell
///
/// The script asks cachier itself for what fits, so commands and flags are those of the installed version, and profiles, servers,
/// clients and topics are completed too. Nothing is contacted.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier completions bash > ~/.local/share/bash-completion/completions/cachier\n  \
    cachier completions zsh > ~/.zfunc/_cachier\n  cachier completions fish > ~/.config/fish/completions/cachier.fish\n  \
    cachier completions powershell >> $PROFILE\n  eval (cachier completions elvish | slurp)"
)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// The shells that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// None but those of writing.
pub fn run(output: &mut Output, args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    completer(args.shell.name())?
        .write_registration(VARIABLE, "cachier", "cachier", "cachier", &mut script)
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot write the script: {error}")))?;
    output.raw(script.trim_ascii());
    output.raw(b"\n");
    Ok(Exit::Done)
}

/// Writes the words that fit a command line: what the script of a shell asks for.
///
/// # Errors
/// A shell that is not known.
pub fn answer(
    output: &mut Output,
    shell: &str,
    arguments: &[OsString],
    mut grammar: clap::Command,
) -> Result<Exit, Failure> {
    // `cachier -- WORD…`: the line stands behind the dashes.
    let line = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    grammar.build();
    let mut words = Vec::new();
    completer(shell)?
        .write_complete(&mut grammar, line, None, &mut words)
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot complete: {error}")))?;
    output.raw(&words);
    Ok(Exit::Done)
}

fn completer(shell: &str) -> Result<&'static dyn EnvCompleter, Failure> {
    let known: &'static Shells<'static> = const { &Shells::builtins() };
    known.completer(shell).ok_or_else(|| {
        let names: Vec<&str> = known.names().collect();
        Failure::usage(format!("{VARIABLE}: \"{shell}\" is no shell that is known"))
            .hint(format!("shells are {}", names.join(", ")))
    })
}
