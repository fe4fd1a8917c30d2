//! `doctor`: what is wrong, by what evidence, and what fixes it.

mod connection;
mod environment;
mod keys;

use clap::Args;
use serde::Serialize;

use super::change::FORMATS;
use super::context::Context;
use super::rules;
use super::sampler;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// Find out what is wrong, and what fixes it
///
/// Looks at the environment, the server list, name lookup, connections, TLS, authentication, routing, memory and, where
/// keys can be listed, at what the application stores. Changes nothing. Exit 7 if something is broken.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier doctor\n  cachier -p production doctor -o json | jq '.findings[] | select(.status != \"ok\")'"
)]
pub struct DoctorArgs {
    /// How many keys of each server to look at; 0 lists none
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    keys: u64,
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Works, and will hurt.
    Warn,
    /// Broken.
    Fail,
}

/// One line.
#[derive(Debug, Serialize)]
struct Finding {
    status: Status,
    topic: &'static str,
    server: Option<String>,
    evidence: String,
    fix: Option<String>,
}

impl Finding {
    fn new(status: Status, topic: &'static str, evidence: impl Into<String>) -> Self {
        Self { status, topic, server: None, evidence: evidence.into(), fix: None }
    }

    fn server(self, server: impl Into<String>) -> Self {
        Self { server: Some(server.into()), ..self }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// What settings, or anything else, failed with.
    fn failed(topic: &'static str, failure: Failure) -> Self {
        Self {
            status: Status::Fail,
            topic,
            server: failure.server,
            evidence: failure.message,
            fix: failure.hint,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    findings: &'a [Finding],
    exit_code: u8,
}

/// Runs the command.
///
/// # Errors
/// An output format that there is not.
pub fn run(context: &mut Context, args: &DoctorArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let mut findings = environment::findings(context);
    match context.cluster() {
        Ok(cluster) => {
            let up = connection::findings(context, &cluster, &mut findings);
            if !up.is_empty() {
                memory(context, &mut findings);
                keys::findings(context, &cluster, &up, args.keys, &mut findings);
            }
        }
        Err(failure) => findings.push(Finding::failed("settings", failure)),
    }
    let broken = findings.iter().any(|finding| finding.status == Status::Fail);
    let exit = if broken { Exit::Check } else { Exit::Done };
    print(context, format, &findings, exit);
    Ok(exit)
}

/// What the statistics show that is unusual.
fn memory(context: &mut Context, findings: &mut Vec<Finding>) {
    let Ok(mut sampler) = Sampler::new(context) else { return };
    let servers = sampler.take("", None);
    let remarks = rules::remarks(&sampler::sources(&servers), &sampler::total(&servers));
    if remarks.is_empty() {
        findings.push(Finding::new(
            Status::Ok,
            "memory",
            "nothing unusual in the statistics since the servers started",
        ));
    }
    for remark in remarks {
        // The sentence ends with the command that shows more.
        let (evidence, command) =
            remark.trim_end_matches(')').rsplit_once(" (").unwrap_or((&remark, "cachier check"));
        findings.push(Finding::new(Status::Warn, "memory", evidence).fix(command));
    }
}

fn print(context: &mut Context, format: Format, findings: &[Finding], exit: Exit) {
    match format {
        Format::Json => {
            context.output.document(&Document {
                schema: "cachier/doctor/1",
                findings,
                exit_code: exit.code(),
            });
        }
        Format::Jsonl => findings.iter().for_each(|finding| context.output.object(finding)),
        Format::Table => {
            for finding in findings {
                let server =
                    finding.server.as_deref().map_or_else(String::new, |server| format!("{server}: "));
                // Failures name their server themselves.
                let server = if finding.evidence.starts_with(&server) { "" } else { &server };
                let fix = finding.fix.as_deref().map_or_else(String::new, |fix| format!(" → {fix}"));
                let line = format!(
                    "{:4}  {:11}  {server}{}{fix}",
                    name(finding.status),
                    finding.topic,
                    finding.evidence
                );
                context.output.line(line.as_bytes());
            }
        }
        _ => {
            let mut table = Table::new(&["status", "topic", "server", "evidence", "fix"]);
            let text = |text: Option<&String>| text.map_or(Cell::Missing, |text| Cell::text(text.as_str()));
            table.rows = findings
                .iter()
                .map(|finding| {
                    let status = Cell::text(name(finding.status));
                    let evidence = Cell::text(finding.evidence.as_str());
                    vec![
                        status,
                        Cell::text(finding.topic),
                        text(finding.server.as_ref()),
                        evidence,
                        text(finding.fix.as_ref()),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Note => "note",
        Status::Warn => "warn",
        Status::Fail => "fail",
    }
}
