//! What `stats` writes for one round of samples.

use std::time::Duration;

use serde::Serialize;

use super::group::Group;
use super::table;
use crate::commands::checks::CheckArgs;
use crate::commands::context::Context;
use crate::commands::outcome::ending;
use crate::commands::rules;
use crate::commands::sampler;
use crate::commands::sampler::Sampled;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Rows;
use crate::measure::ServerStats;
use crate::measure::Total;
use crate::measure::Withheld;
use crate::output::Format;

/// How many sentences stand under the table.
const SENTENCES: usize = 5;

/// One server in JSON.
#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    up: bool,
    error: Option<&'a str>,
    raw: Option<&'a Rows>,
    derived: Option<&'a ServerStats>,
}

/// All servers in JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    at: String,
    servers: Vec<ServerRecord<'a>>,
    total: &'a Total,
    checks: &'a [Check],
    exit_code: u8,
}

/// Writes rounds of samples, each as the one before.
pub(super) struct Reporter {
    format: Format,
    group: Option<Group>,
    interval: Option<Duration>,
    reports: u64,
    /// What is known to have failed, so that it is told once.
    told: Vec<Failure>,
}

impl Reporter {
    /// A reporter that has written nothing yet.
    pub(super) fn new(format: Format, group: Option<Group>, interval: Option<Duration>) -> Self {
        Self { format, group, interval, reports: 0, told: Vec::new() }
    }

    /// Writes a round and says how the command would end with it.
    ///
    /// # Errors
    /// An expression about a field that no server has.
    pub(super) fn report(
        &mut self,
        context: &mut Context,
        checks: &CheckArgs,
        servers: &[Sampled],
    ) -> Result<Exit, Failure> {
        let failures = sampler::failures(servers);
        let new: Vec<Failure> =
            failures.iter().filter(|failure| !self.told.contains(failure)).cloned().collect();
        context.report(&new);
        self.told.clone_from(&failures);
        let total = sampler::total(servers);
        let checks = checks.evaluate(&sampler::sources(servers), &total)?;
        let up = servers.iter().filter(|server| server.error().is_none()).count();
        let exit =
            if up > 0 && checks.have_failed() { Exit::Check } else { ending(Exit::Done, up, &failures) };
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        match (self.format, self.group) {
            (Format::Json, _) => {
                context.output.document(&document(at, servers, &total, &checks.checks, exit));
            }
            (Format::Prometheus, _) => {
                context.output.raw(sampler::exposition(servers, &total).to_string().as_bytes());
            }
            (Format::Jsonl, _) if self.interval.is_some() => {
                context.output.object(&document(at, servers, &total, &checks.checks, exit));
            }
            (Format::Jsonl, _) => servers.iter().for_each(|server| context.output.object(&record(server))),
            (format, Some(_)) => {
                let rows = servers.iter().filter_map(|server| Some((server.name.as_str(), rows(server)?)));
                self.rows(context, format, &at, table::raw(rows));
            }
            (format, None) => {
                self.rows(
                    context,
                    format,
                    &at,
                    table::overview(servers, &total, format, self.interval.is_some()),
                );
                if format == Format::Table {
                    // Sentences stand under the table, which is buffered.
                    drop(context.output.flush());
                    remark(context, servers, &total);
                }
            }
        }
        checks.report(context);
        self.reports += 1;
        Ok(exit)
    }

    /// Writes rows: under a line with the time for people, with a column of the time for programs.
    fn rows(&self, context: &mut Context, format: Format, at: &str, table: crate::output::Table) {
        let Some(interval) = self.interval else {
            context.output.table(format, &table);
            return;
        };
        if format == Format::Table {
            let gap = if self.reports > 0 { "\n" } else { "" };
            let lifetime = if self.group.is_none() { ", lifetime in brackets" } else { "" };
            let heading = format!("{gap}{at}, over {}{lifetime}\n", crate::settings::units::show(interval));
            context.output.raw(heading.as_bytes());
            context.output.table(format, &table);
        } else if self.reports == 0 {
            context.output.table(format, &table::at(at, table));
        } else {
            context.output.more_rows(format, &table::at(at, table));
        }
    }
}

/// Says what is unusual.
fn remark(context: &mut Context, servers: &[Sampled], total: &Total) {
    for server in servers {
        let withheld = server.up().and_then(|stats| stats.interval.as_ref()?.period.withheld);
        let reason = match withheld {
            Some(Withheld::Restart) => "restarted",
            Some(Withheld::Reset) => "had its counters reset",
            None => continue,
        };
        context.output.note(&format!("{} {reason} within the interval: its rates are withheld", server.name));
    }
    let sentences = rules::remarks(&sampler::sources(servers), total);
    for sentence in sentences.iter().take(SENTENCES) {
        context.output.note(sentence);
    }
    if sentences.len() > SENTENCES {
        context.output.note(&format!("{} more are told by cachier check", sentences.len() - SENTENCES));
    }
}

fn document<'a>(
    at: String,
    servers: &'a [Sampled],
    total: &'a Total,
    checks: &'a [Check],
    exit: Exit,
) -> Document<'a> {
    let servers = servers.iter().map(record).collect();
    Document { schema: "cachier/stats/1", at, servers, total, checks, exit_code: exit.code() }
}

fn record(server: &Sampled) -> ServerRecord<'_> {
    ServerRecord {
        server: &server.name,
        up: server.up().is_some(),
        error: server.error().map(|failure| failure.message.as_str()),
        raw: rows(server),
        derived: server.up(),
    }
}

/// What a server answered to the group that was asked for.
fn rows(server: &Sampled) -> Option<&Rows> {
    server.rows.as_ref().ok().filter(|_| server.up().is_some())
}
