//! What a line of the shell says.

use std::ffi::OsString;
use std::time::Duration;

use crate::failure::Failure;
use crate::settings::units;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Blank, or a comment.
    Nothing,
    /// The end.
    End,
    /// A command line, the program's name first.
    Command(Vec<OsString>),
    /// Go on with this profile.
    Use(String),
    /// Repeat a command line.
    Watch {
        /// How often.
        every: Duration,
        /// The command line.
        words: Vec<OsString>,
    },
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// A quote without an end, or a word of the shell that is not used so.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(Self::Nothing);
        }
        // The words of the shell itself begin with a backslash, which quoting would take away.
        if let Some(own) = text.strip_prefix('\\') {
            return Self::own(own);
        }
        Ok(match text {
            "exit" | "quit" => Self::End,
            _ => Self::Command(words(text)?),
        })
    }

    fn own(text: &str) -> Result<Self, Failure> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match name {
            "q" => Ok(Self::End),
            "use" if !rest.is_empty() => Ok(Self::Use(rest.to_owned())),
            "use" => Err(Failure::usage("\\use needs a profile").hint("profile ls lists them")),
            "watch" => {
                let usage =
                    || Failure::usage("\\watch needs seconds and a line").hint("such as \\watch 2 stats");
                let (every, line) = rest.split_once(char::is_whitespace).ok_or_else(usage)?;
                let every = every
                    .parse::<f64>()
                    .ok()
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                    .or_else(|| units::duration(every).ok())
                    .filter(|every| !every.is_zero())
                    .ok_or_else(usage)?;
                Ok(Self::Watch { every, words: words(line)? })
            }
            _ => Err(Failure::usage(format!("\\{name} is not known here"))
                .hint("the shell knows \\use PROFILE, \\watch SECONDS LINE and \\q")),
        }
    }
}

/// The words of a command line, the program's name first; who types it by habit need not.
fn words(text: &str) -> Result<Vec<OsString>, Failure> {
    let words = shlex::split(text)
        .ok_or_else(|| Failure::usage("a quote has no end").hint("quote as in a shell: 'a b' or \"a b\""))?;
    let skip = usize::from(words.first().is_some_and(|word| word == "cachier"));
    Ok(std::iter::once("cachier".to_owned())
        .chain(words.into_iter().skip(skip))
        .map(OsString::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Line {
        Line::Command(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn a_line_is_what_stands_behind_the_program_s_name() {
        assert_eq!(Line::read("get 'a b' c\n").unwrap(), command(&["cachier", "get", "a b", "c"]));
        assert_eq!(Line::read(" cachier ping").unwrap(), command(&["cachier", "ping"]));
        assert_eq!(Line::read("").unwrap(), Line::Nothing);
        assert_eq!(Line::read("  # get a").unwrap(), Line::Nothing);
        assert_eq!(Line::read("exit").unwrap(), Line::End);
        assert_eq!(Line::read("\\q").unwrap(), Line::End);
        assert_eq!(Line::read("\\use live").unwrap(), Line::Use("live".to_owned()));
        let words = ["cachier", "stats"].map(OsString::from).to_vec();
        let watch = |millis| Line::Watch { every: Duration::from_millis(millis), words: words.clone() };
        assert_eq!(Line::read("\\watch 2 stats").unwrap(), watch(2000));
        assert_eq!(Line::read("\\watch 500ms stats").unwrap(), watch(500));
    }

    #[test]
    fn what_is_not_understood_says_how_it_is_written() {
        for (text, message) in [
            ("get 'a", "a quote has no end"),
            ("\\use", "\\use needs a profile"),
            ("\\watch stats", "\\watch needs seconds and a line"),
            ("\\watch 0 stats", "\\watch needs seconds and a line"),
            ("\\watch -1 stats", "\\watch needs seconds and a line"),
            ("\\nothing", "\\nothing is not known here"),
        ] {
            assert_eq!(Line::read(text).unwrap_err().message, message, "{text}");
        }
    }
}
