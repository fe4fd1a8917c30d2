//! `stats`: what the servers do.

mod group;
mod table;

use clap::Args;
use serde::Serialize;

use super::checks::CheckArgs;
use super::context::Context;
use super::outcome::ending;
use super::sampler;
use super::sampler::Sampled;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Rows;
use crate::measure::ServerStats;
use crate::measure::Total;
use crate::measure::Vocabulary;
use crate::output::Format;
use group::Group;

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
    raw: Option<&'a Rows>,
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
    let servers = Sampler::new(context)?.take(args.group.map_or("", Group::argument), None);
    let failures = sampler::failures(&servers);
    context.report(&failures);
    let total = sampler::total(&servers);
    let checks = args.checks.evaluate(&sampler::sources(&servers), &total)?;
    let up = servers.iter().filter(|server| server.error().is_none()).count();
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
                let rows = servers.iter().filter_map(|server| Some((server.name.as_str(), rows(server)?)));
                context.output.table(format, &table::raw(rows));
            }
            None => context.output.table(format, &table::overview(&servers, &total, format)),
        },
    }
    checks.report(context);
    Ok(exit)
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
