//! `stats`: what the servers do.

mod sample;
mod table;

use clap::Args;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::checks::CheckArgs;
use super::checks::Checks;
use super::context::Context;
use super::outcome::ending;
use sample::Answered;
use sample::Group;

use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::ServerStats;
use crate::measure::Source;
use crate::measure::Total;
use crate::measure::Vocabulary;
use crate::output::Format;

/// Show what the servers do: hit ratio, rates, evictions, memory, connections
///
/// Figures are those since each server started. Exit 3 if no server answers, 6 if some do not, 7 if a check fails.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier stats\n  cachier stats --fail-if 'hit_ratio<80%@total' -o json\n  \
    cachier stats settings"
)]
pub struct StatsArgs {
    /// Group of statistics to show as the server gives them: items, slabs, settings, sizes, conns [default: the table]
    #[arg(value_name = "GROUP")]
    group: Option<Group>,
    #[command(flatten)]
    checks: CheckArgs,
}

/// One server in JSON.
#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    up: bool,
    error: Option<&'a str>,
    raw: Option<Map<String, Value>>,
    derived: Option<&'a ServerStats>,
}

/// All servers in JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    servers: Vec<ServerRecord<'a>>,
    total: &'a Total,
    checks: &'a [Check],
    exit_code: u8,
}

/// Runs the command.
///
/// # Errors
/// Settings or an expression that cannot be used.
pub fn run(context: &mut Context, args: &StatsArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    args.checks.validate(&Vocabulary)?;
    let (servers, failures) = sample::ask(context, args.group)?;
    let stats: Vec<Option<&ServerStats>> = servers.iter().map(|server| server.stats.as_ref()).collect();
    let total = Total::new(&stats);
    let checks = evaluate(&args.checks, &servers, &total)?;
    let up = stats.iter().flatten().count();
    let exit = if up > 0 && checks.have_failed() { Exit::Check } else { ending(Exit::Done, up, &failures) };
    match format {
        Format::Json => context.output.document(&Document {
            schema: "cachier/stats/1",
            servers: servers.iter().map(record).collect(),
            total: &total,
            checks: &checks.checks,
            exit_code: exit.code(),
        }),
        Format::Jsonl => servers.iter().for_each(|server| context.output.object(&record(server))),
        _ => match args.group {
            Some(_) => {
                let rows = servers.iter().map(|server| (server.name.as_str(), &server.rows));
                context.output.table(format, &table::raw(rows));
            }
            None => context.output.table(format, &table::overview(&servers, &total, format)),
        },
    }
    checks.report(context);
    Ok(exit)
}

fn evaluate(args: &CheckArgs, servers: &[Answered], total: &Total) -> Result<Checks, Failure> {
    let sources: Vec<Source<'_>> = servers
        .iter()
        .map(|server| Source { name: &server.name, fields: server.stats.as_ref().map(|stats| stats as _) })
        .collect();
    args.evaluate(&sources, total)
}

fn record(server: &Answered) -> ServerRecord<'_> {
    let raw = server.stats.is_some().then(|| {
        server.rows.iter().map(|(name, value)| (name.to_owned(), table::json(name, value))).collect()
    });
    ServerRecord {
        server: &server.name,
        up: server.stats.is_some(),
        error: server.error.as_deref(),
        raw,
        derived: server.stats.as_ref(),
    }
}
