//! `shell`: one command line after the other over the same connections.

mod completion;
mod history;
mod line;
mod prompt;
mod typed;

use std::ffi::OsString;
use std::io;
use std::time::Duration;
use std::time::Instant;

use clap::Args;

use self::line::Line;
use super::context::Context;
use super::interrupt::Interrupt;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::settings;
use crate::settings::Flags;

/// Type commands one after the other, over one set of connections
///
/// Lines are what stands behind `cachier` on a command line, quoted as in a shell; a line that begins with # is passed over. Tab
/// completes commands, flags, profiles and, where the servers can list them, keys. Ctrl-C stops a command, Ctrl-D ends. From a
/// pipe, lines are run without a prompt, and the exit code is that of the last one.
#[derive(Args, Debug)]
#[command(after_help = "In the shell:\n  \\use PROFILE         go on with another profile\n  \
    \\watch SECONDS LINE  repeat a line until Ctrl-C\n  exit, \\q            end\n\n\
    Examples:\n  cachier shell -p staging\n  cachier shell -e < invalidate.txt")]
pub struct ShellArgs {
    /// End at the first line that fails, with its exit code
    #[arg(short, long)]
    exit_on_error: bool,
}

/// What the shell has to know of the command line, which lies above it.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter {
    /// The definition of the command line.
    pub grammar: fn() -> clap::Command,
    /// Runs a command line, the program's name first.
    pub run: fn(&mut Context, &[OsString]) -> Exit,
}

/// Whether to go on after a line.
enum Next {
    /// With the next one; this was the exit code.
    Line(Exit),
    /// Not at all.
    End,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or a terminal that cannot be read.
pub fn run(context: &mut Context, args: &ShellArgs, interpreter: Interpreter) -> Result<Exit, Failure> {
    Interrupt::outlive();
    if context.output.can_ask() && context.output.is_terminal() {
        return typed::run(context, args.exit_on_error, interpreter);
    }
    let mut last = Exit::Done;
    let mut text = String::new();
    loop {
        text.clear();
        // Line by line: a command may read its own input from what stands behind it.
        let length = io::stdin()
            .read_line(&mut text)
            .map_err(|error| Failure::usage(format!("cannot read the lines from standard input: {error}")))?;
        if length == 0 {
            return Ok(last);
        }
        match execute(context, &text, interpreter) {
            Next::End => return Ok(last),
            Next::Line(exit) => last = exit,
        }
        if last == Exit::Interrupted
            || context.output.is_closed()
            || (args.exit_on_error && last != Exit::Done)
        {
            return Ok(last);
        }
    }
}

/// Runs one line.
fn execute(context: &mut Context, text: &str, interpreter: Interpreter) -> Next {
    let line = match Line::read(text) {
        Ok(line) => line,
        Err(failure) => return Next::Line(refuse(context, &failure)),
    };
    match line {
        Line::Nothing => Next::Line(Exit::Done),
        Line::End => Next::End,
        Line::Use(profile) => Next::Line(match choose(context, profile) {
            Ok(()) => Exit::Done,
            Err(failure) => refuse(context, &failure),
        }),
        Line::Watch { every, words } => Next::Line(watch(context, every, &words, interpreter)),
        Line::Command(words) => Next::Line((interpreter.run)(context, &words)),
    }
}

/// Repeats a line until Ctrl-C, or until it makes no sense.
fn watch(context: &mut Context, every: Duration, words: &[OsString], interpreter: Interpreter) -> Exit {
    let interrupt = Interrupt::listen();
    loop {
        let due = Instant::now() + every;
        let exit = (interpreter.run)(context, words);
        if interrupt.is_wanted() || context.output.is_closed() || matches!(exit, Exit::Usage | Exit::Safety) {
            return exit;
        }
        if interrupt.comes_before(due) {
            return exit;
        }
    }
}

/// Goes on with another profile.
fn choose(context: &mut Context, profile: String) -> Result<(), Failure> {
    let flags = Flags { profile: Some(profile), servers: None, username: None, ..context.flags.clone() };
    let chosen = settings::resolve(&flags, &context.environment)?;
    context.flags = flags;
    context.change_settings(chosen);
    Ok(())
}

fn refuse(context: &mut Context, failure: &Failure) -> Exit {
    context.report(std::slice::from_ref(failure));
    failure.exit
}
