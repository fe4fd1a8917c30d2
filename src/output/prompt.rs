//! Questions at the terminal. What is asked is escaped, and Ctrl-C leaves the terminal as it was.

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dialoguer::Confirm;
use dialoguer::Input;
use dialoguer::Password;
use dialoguer::Select;
use dialoguer::console::Term;
use signal_hook::consts::SIGINT;

use super::escape::Lines;
use super::escape::escape;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The terminal cannot be read, in the words of the operating system.
    Unreadable(String),
}

/// Whether Ctrl-C ends the process between questions.
static ENDS: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Whether somebody else decides what Ctrl-C does between questions.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Says whether somebody else decides from here on what Ctrl-C does between questions.
pub fn leave_interrupts(to_others: bool) {
    TAKEN.store(to_others, Ordering::Relaxed);
    ENDS.store(!to_others, Ordering::Relaxed);
}

/// Whether there is a terminal beside standard input, which a question can be read from.
#[must_use]
pub(super) fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Asks for yes or no.
///
/// # Errors
/// Ctrl-C, or a terminal that cannot be read.
pub fn confirm(question: &str, default: bool) -> Result<bool, Stopped> {
    asked(|term| Confirm::new().with_prompt(shown(question)).default(default).interact_on(term))
}

/// Asks for a line of text; an empty answer is the default, where there is one.
///
/// # Errors
/// As [`confirm`].
pub fn line(question: &str, default: Option<&str>) -> Result<String, Stopped> {
    asked(|term| {
        let input = Input::<String>::new().with_prompt(shown(question)).allow_empty(true);
        match default {
            Some(default) => input.default(shown(default).into_owned()).interact_text_on(term),
            None => input.interact_text_on(term),
        }
    })
}

/// Asks for one of several things, by its index.
///
/// # Errors
/// As [`confirm`].
pub fn choose(question: &str, choices: &[&str], default: usize) -> Result<usize, Stopped> {
    asked(|term| Select::new().with_prompt(shown(question)).items(choices).default(default).interact_on(term))
}

/// Asks for something that is not shown.
///
/// # Errors
/// A terminal that cannot be read. Ctrl-C ends the process here: nothing is hidden but the echo, which a shell brings back.
pub fn secret(question: &str) -> Result<String, Stopped> {
    let password = Password::new().with_prompt(shown(question)).allow_empty_password(true);
    password.interact_on(&Term::stderr()).map_err(|error| Stopped::Unreadable(error.to_string()))
}

/// Asks, and brings the cursor back after Ctrl-C, which the prompt itself does not.
fn asked<T>(ask: impl FnOnce(&Term) -> dialoguer::Result<T>) -> Result<T, Stopped> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // Where the signal cannot be taken over it ends the process, as it always did.
        drop(signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&ENDS)));
    });
    ENDS.store(false, Ordering::Relaxed);
    let term = Term::stderr();
    let answer = ask(&term);
    ENDS.store(!TAKEN.load(Ordering::Relaxed), Ordering::Relaxed);
    answer.map_err(|error| {
        // There is nobody to tell that the terminal is gone.
        drop(term.show_cursor());
        drop(term.write_line(""));
        let dialoguer::Error::IO(error) = error;
        match error.kind() {
            std::io::ErrorKind::Interrupted => Stopped::Interrupted,
            _ => Stopped::Unreadable(error.to_string()),
        }
    })
}

fn shown(text: &str) -> Cow<'_, str> {
    escape(text.as_bytes(), Lines::Escape)
}
