//! What became of streamed keys, in the end: counts, a server and all together.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Done;
use super::rows::Rows;
use crate::commands::change::Change;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Output;
use crate::output::Table;
use crate::pool::pipeline::Counts;

/// How the result is told.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    /// The command, as its JSON schema names it.
    pub command: &'static str,
    /// What became of a key when all went well: the name of its counter.
    pub done: &'static str,
    /// The format.
    pub format: Format,
    /// Counts alone, no row a key.
    pub summary: bool,
}

impl Reporter {
    /// Whether each key has a row; a table would have to know them all first.
    pub(super) fn has_rows(self) -> bool {
        !self.summary && self.format != Format::Table
    }

    /// The change in words.
    pub(super) fn change(self) -> Change<'static> {
        Change { command: self.command, done: self.done, dry_run: false }
    }

    /// Begins the output.
    #[must_use]
    pub fn rows(self, output: &mut Output) -> Rows<'_> {
        if self.format == Format::Json {
            output.raw(format!("{{\"schema\":\"cachier/{}/1\",\"dry_run\":false", self.command).as_bytes());
            if self.has_rows() {
                output.raw(b",\"keys\":[");
            }
        }
        Rows::new(output, self)
    }

    /// Ends the output and tells what failed.
    pub fn conclude(
        self,
        context: &mut Context,
        cluster: &Cluster,
        done: Vec<Done>,
        refused: Counts,
        interrupted: bool,
    ) -> Exit {
        let mut total = refused;
        let mut failures: Vec<Failure> = Vec::new();
        if let Some(words) = &total.refusal {
            failures.push(Failure::usage(format!("{} keys cannot be carried: {words}", total.failed)));
        }
        let mut servers: Vec<(String, Counts, Option<String>)> = Vec::new();
        for (index, counts, error) in done {
            let name = cluster.pool.name(index);
            total.add(&counts);
            if let (Some(words), None) = (&counts.refusal, &error) {
                let message = format!("{name}: {} keys were refused (\"{words}\")", counts.failed);
                failures.push(Failure { server: Some(name.clone()), ..Failure::new(Exit::Server, message) });
            }
            let reason = error.as_ref().map(ToString::to_string);
            failures.extend(error.map(Failure::from));
            match servers.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, sum, known)) => {
                    sum.add(&counts);
                    *known = known.take().or(reason);
                }
                None => servers.push((name, counts, reason)),
            }
        }
        if context.output.is_closed() {
            return Exit::Done;
        }
        context.report(&failures);
        self.print(context, &total, &servers, interrupted);
        if interrupted {
            return Exit::Interrupted;
        }
        let usual = if total.done == 0 { Exit::Negative } else { Exit::Done };
        ending(usual, usize::try_from(total.done + total.not_found).unwrap_or(usize::MAX), &failures)
    }

    fn print(
        self,
        context: &mut Context,
        total: &Counts,
        servers: &[(String, Counts, Option<String>)],
        interrupted: bool,
    ) {
        let object = |counts: &Counts| {
            let mut object = Map::new();
            object.insert(self.done.to_owned(), json!(counts.done));
            object.insert("not_found".to_owned(), json!(counts.not_found));
            object.insert("failed".to_owned(), json!(counts.failed));
            object.insert("unknown".to_owned(), json!(counts.unknown));
            object
        };
        let records = || {
            servers.iter().map(|(name, counts, error)| {
                let mut record = Map::new();
                record.insert("server".to_owned(), json!(name));
                record.extend(object(counts));
                record.insert("error".to_owned(), json!(error));
                record
            })
        };
        if self.format == Format::Json {
            let mut tail = object(total);
            tail.insert("interrupted".to_owned(), json!(interrupted));
            tail.insert("servers".to_owned(), Value::Array(records().map(Value::Object).collect()));
            let text = Value::Object(tail).to_string();
            if self.has_rows() {
                context.output.raw(b"]");
            }
            // The fields go on where the document was begun.
            context.output.raw(text.replacen('{', ",", 1).as_bytes());
            context.output.raw(b"\n");
        } else if self.has_rows() {
            let Counts { done, not_found, failed, unknown, .. } = total;
            let word = self.done;
            context
                .output
                .note(&format!("{done} {word}, {not_found} not found, {failed} failed, {unknown} unknown"));
        } else if self.format == Format::Jsonl {
            records().for_each(|record| context.output.object(&record));
        } else {
            let mut table = Table::new(&["server", self.done, "not_found", "failed", "unknown"]);
            table.rows = servers
                .iter()
                .map(|(name, counts, _)| {
                    let numbers = [counts.done, counts.not_found, counts.failed, counts.unknown];
                    std::iter::once(Cell::text(name.as_str()))
                        .chain(numbers.map(|number| Cell::number(Some(number))))
                        .collect()
                })
                .collect();
            context.output.table(self.format, &table);
        }
    }
}
