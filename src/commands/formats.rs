//! The output format of a command: what was chosen, else what its output goes to.

use super::context::Context;
use crate::failure::Failure;
use crate::output::Format;

impl Context {
    /// The format to write, one of those that the command has.
    ///
    /// # Errors
    /// A format that the command does not have.
    pub fn format(&self, known: &[Format]) -> Result<Format, Failure> {
        let usual = if self.output.is_terminal() { Format::Table } else { Format::Tsv };
        Ok(self.chosen_format(known)?.unwrap_or(usual))
    }

    /// The format that the user chose, if any.
    ///
    /// # Errors
    /// A format that the command does not have.
    pub fn chosen_format(&self, known: &[Format]) -> Result<Option<Format>, Failure> {
        let chosen = match self.flags.output {
            Some(format) => Some(format),
            None => match self.environment.get("CACHIER_OUTPUT") {
                Some(text) => Some(<Format as clap::ValueEnum>::from_str(&text, false).map_err(|_| {
                    Failure::usage(format!("CACHIER_OUTPUT is \"{text}\", which is no output format"))
                        .hint("formats are table, tsv, json, jsonl, csv and prometheus")
                })?),
                None => None,
            },
        };
        match chosen {
            Some(format) if !known.contains(&format) => {
                let names: Vec<_> = known.iter().map(|format| format.name()).collect();
                Err(Failure::usage(format!("this command has no output format \"{}\"", format.name()))
                    .hint(format!("it has {}", names.join(", "))))
            }
            chosen => Ok(chosen),
        }
    }
}
