//! What Tab offers: words of the command line, and keys where the servers can list them.

use std::ffi::OsString;
use std::sync::Arc;

use clap_complete::engine;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::completion::Pair;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

use crate::commands::context::Cluster;
use crate::commands::listed;
use crate::protocol::Wire;

/// More items than this are not listed for a Tab.
const LISTED: u64 = 50_000;

/// How many keys are offered.
const OFFERED: usize = 100;

/// What Tab asks.
pub(super) struct Words {
    pub(super) grammar: fn() -> clap::Command,
    /// The servers, for their keys.
    pub(super) cluster: Option<Arc<Cluster>>,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..position).unwrap_or(line);
        let start = typed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, current) = typed.split_at_checked(start).unwrap_or((typed, ""));
        let Some(before) = shlex::split(before) else { return Ok((position, Vec::new())) };
        let mut offered = self.words(&before, current);
        if offered.is_empty() && !current.starts_with('-') && self.takes_keys(&before) {
            offered = self.keys(current.as_bytes());
        }
        let pairs = offered
            .into_iter()
            .filter_map(|word| {
                Some(Pair { replacement: shlex::try_quote(&word).ok()?.into_owned(), display: word })
            })
            .collect();
        Ok((start, pairs))
    }
}

impl Words {
    /// Commands, flags and values of flags.
    fn words(&self, before: &[String], current: &str) -> Vec<String> {
        let program = std::iter::once("cachier");
        let words = program.chain(before.iter().map(String::as_str)).chain([current]);
        let words: Vec<OsString> = words.map(OsString::from).collect();
        let last = words.len() - 1;
        engine::complete(&mut (self.grammar)(), words, last, None)
            .unwrap_or_default()
            .into_iter()
            .filter(|candidate| !candidate.is_hide_set() || current.starts_with('-'))
            .filter_map(|candidate| candidate.get_value().to_str().map(str::to_owned))
            .collect()
    }

    /// Whether the command takes keys.
    fn takes_keys(&self, before: &[String]) -> bool {
        let grammar = (self.grammar)();
        let command = before.iter().find_map(|word| grammar.find_subcommand(word));
        let is_key = |argument: &clap::Arg| {
            argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "KEY"))
        };
        command.is_some_and(|command| command.get_positionals().any(is_key))
    }

    /// Some keys that begin so, if there are few enough items to look through.
    fn keys(&self, prefix: &[u8]) -> Vec<String> {
        let Some(cluster) = &self.cluster else { return Vec::new() };
        if cluster.pool.options().wire != Wire::Text
            || listed::counted(cluster).is_none_or(|items| items > LISTED)
        {
            return Vec::new();
        }
        let found = cluster.pool.list(&listed::servers(cluster), |_, listing| {
            let mut keys = Vec::new();
            while let Ok(Some(entry)) = listing.next_entry() {
                let text = std::str::from_utf8(entry.key).ok().filter(|_| entry.key.starts_with(prefix));
                // What a terminal would obey is not put into its line.
                keys.extend(text.filter(|text| !text.contains(char::is_control)).map(str::to_owned));
                if keys.len() >= OFFERED {
                    break;
                }
            }
            keys
        });
        let mut keys: Vec<String> = found.into_iter().flat_map(|(_, keys)| keys).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.truncate(OFFERED);
        keys
    }
}
