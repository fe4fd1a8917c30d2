//! The shell at a terminal: a prompt, a history, completion.

use rustyline::CompletionType;
use rustyline::Config;
use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;

use super::Interpreter;
use super::Next;
use super::completion::Words;
use super::execute;
use super::history;
use super::prompt::prompt;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;

/// Reads lines from the terminal and runs them.
///
/// # Errors
/// A terminal that cannot be read.
pub(super) fn run(
    context: &mut Context,
    exit_on_error: bool,
    interpreter: Interpreter,
) -> Result<Exit, Failure> {
    let broken = |error: ReadlineError| Failure::usage(format!("cannot read from the terminal: {error}"));
    let config = Config::builder()
        .max_history_size(history::LINES)
        .map_err(broken)?
        .completion_type(CompletionType::List)
        .build();
    let mut editor = Editor::<Words, DefaultHistory>::with_config(config).map_err(broken)?;
    let file = history::file(&context.environment);
    if let Some(file) = &file {
        // Without the lines of the last time the shell works as well.
        editor.load_history(file).unwrap_or_default();
    }
    loop {
        let cluster = context.cluster().ok();
        editor.set_helper(Some(Words { grammar: interpreter.grammar, cluster }));
        let line = match editor.readline(&prompt(context)) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(Exit::Done),
            Err(error) => return Err(broken(error)),
        };
        if history::is_kept(&line) {
            editor.add_history_entry(line.as_str()).map_err(broken)?;
            if let Some(file) = &file {
                // A history that cannot be written is no reason to stop.
                editor.append_history(file).unwrap_or_default();
                history::protect(file);
            }
        }
        match execute(context, &line, interpreter) {
            Next::Line(exit) if exit_on_error && exit != Exit::Done => return Ok(exit),
            Next::Line(_) => {}
            Next::End => return Ok(Exit::Done),
        }
    }
}
