//! Words that begin with a dash and are no flags: ids of sessions, negative numbers of Python.
//!
//! `token_urlsafe` makes one id in 64 begin with a dash. clap can take such words as arguments only at the price of the flags behind
//! them, so the words are sorted before it sees them.

use std::ffi::OsString;

use clap::Arg;
use clap::Command;

/// The commands that take such words.
const COMMANDS: [&str; 3] = ["memo-key", "session", "session-key"];

/// Characters of an id by `token_urlsafe(32)`.
const USUAL_ID: usize = 43;

/// Characters of an id by `token_urlsafe(16)`, from which on a word is more than some short flags together.
const SHORT_ID: usize = 22;

/// Returns the words with the flags first and the arguments behind `--`, if one of those begins with a dash; else as they are.
pub(super) fn sorted(root: fn() -> Command, words: Vec<OsString>) -> Vec<OsString> {
    // Most command lines have no such word, and need not know what flags there are.
    let is_concerned = |word: &OsString| COMMANDS.iter().any(|command| word == command);
    if !words.iter().any(is_concerned) {
        return words;
    }
    let root = root();
    let texts: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
    let Some([program, rest @ ..]) = texts.as_deref() else { return words };
    let mut path = vec![&root];
    let (mut names, mut flags, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = false;
    let mut rest = rest.iter().copied();
    while let Some(word) = rest.next() {
        if word == "--" {
            values.extend(rest);
            break;
        }
        if !word.starts_with('-') || word == "-" {
            let below = path.last().and_then(|command| command.find_subcommand(word));
            match below.filter(|_| values.is_empty()) {
                Some(command) => {
                    path.push(command);
                    names.push(word);
                }
                None => values.push(word),
            }
        } else if is_argument(&path, word) {
            found = true;
            values.push(word);
        } else {
            flags.push(word);
            flags.extend(if takes_next(&path, word) { rest.next() } else { None });
        }
    }
    if !found {
        return words;
    }
    let program = std::iter::once(*program);
    program.chain(names).chain(flags).chain(["--"]).chain(values).map(OsString::from).collect()
}

/// Tells whether a word with a dash in front is an argument of the command.
fn is_argument(path: &[&Command], word: &str) -> bool {
    let mut names = path.iter().skip(1).map(|command| command.get_name());
    match (names.next(), names.next()) {
        (Some("session-key"), _) | (Some("session"), Some("show" | "revoke")) => is_id(path, word),
        (Some("memo-key"), _) => is_negative(word),
        _ => false,
    }
}

/// Tells whether a word is a negative number of Python (`-1`, `-.5`, `-0x1F`, `-1_000`, `-2j`), or starts like one.
fn is_negative(word: &str) -> bool {
    let mut characters = word.chars().skip(1).skip_while(|character| *character == ' ');
    matches!(characters.next(), Some('.' | '0'..='9'))
}

/// Tells whether a word is the id of a session, signed or not: what begins with the letter of a flag only if it has the length and the
/// mixture of an id.
fn is_id(path: &[&Command], word: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
    };
    if !word.split('.').all(is_part) {
        return false;
    }
    let id = word.rsplit_once('.').map_or(word, |(id, _)| id);
    if id.len() == USUAL_ID {
        return true;
    }
    let is_mixed = id.contains(|character: char| character.is_ascii_uppercase())
        && id.contains(|character: char| character.is_ascii_digit());
    let letter = word.chars().nth(1).unwrap_or('-');
    let is_flag =
        letter == '-' || flag(path, |arg| arg.get_short() == Some(letter)).is_some() || letter == 'h';
    if is_flag { letter != '-' && id.len() >= SHORT_ID && is_mixed } else { word.len() > 3 }
}

/// Tells whether the word behind a flag is its value.
fn takes_next(path: &[&Command], word: &str) -> bool {
    let arg = match word.strip_prefix("--") {
        Some(name) => flag(path, |arg| arg.get_long() == Some(name)),
        // The last of several letters takes the value; one before it takes the letters behind it.
        None => {
            let mut letters = word.chars().skip(1);
            let found = letters.find_map(|letter| {
                flag(path, |arg| arg.get_short() == Some(letter)).filter(|arg| takes_value(arg))
            });
            found.filter(|_| letters.next().is_none())
        }
    };
    arg.is_some_and(takes_value)
}

/// Tells whether a flag has a value.
fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// A flag of the command or of those above it.
fn flag<'a>(path: &[&'a Command], is: impl Fn(&Arg) -> bool) -> Option<&'a Arg> {
    path.iter().find_map(|command| command.get_arguments().find(|arg| is(arg)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn shown(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let sorted = sorted(super::super::Cli::command, words);
        sorted.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ids_and_negative_numbers_go_behind_the_flags() {
        let id = "-oWop74kX9_qLZ0bT2vN5yRdE8cHs1mUgAfIxJ3Pk6Y";
        assert_eq!(id.len(), USUAL_ID);
        for (line, expected) in [
            ("c session show -abc123", "c session show -- -abc123"),
            ("c session show -KWop.sig -o json x", "c session show -o json -- -KWop.sig x"),
            (&format!("c -o json session-key {id}"), &format!("c session-key -o json -- {id}")),
            (&format!("c session revoke {id}.sig -n"), &format!("c session revoke -n -- {id}.sig")),
            ("c session-key --prefix -abc -- -d", "c session-key --prefix -abc -- -d"),
            ("c memo-key f -0x1F --signature (a) -1_0", "c memo-key --signature (a) -- f -0x1F -1_0"),
            ("c memo-key f --self -1 1", "c memo-key f --self -1 1"),
        ] {
            assert_eq!(shown(line), expected);
        }
    }

    #[test]
    fn flags_stay_flags() {
        for line in [
            "c session show x -o json -qv",
            "c session revoke x -n -ojson",
            "c session revoke x -xy",
            "c session show --frobnicate x",
            "c session-key -slocalhost:11211 x",
            "c get -abcdef",
            "c session show -h",
        ] {
            assert_eq!(shown(line), line);
        }
    }
}
