//! `check`: is anything wrong with these servers?

mod made;
mod nagios;

use std::time::Duration;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::checks::CheckArgs;
use super::context::Context;
use super::figures::plain;
use super::interrupt::Interrupt;
use super::outcome::ending;
use super::sampler;
use super::sampler::Sampled;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Total;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Output;
use crate::output::Table;
use crate::settings::units;
use made::Made;
use made::Status;

/// Check the servers: for CI, health checks and monitoring
///
/// Asks the conditions of the profile ([profiles.NAME.checks] with fail_if, warn_if and off), and defaults about the fields
/// that it says nothing about. Fails if a server is down, logins are refused, connections run out, stores find no memory
/// or items are evicted within ten minutes of their last use; warns of less. A full memory is healthy. Exit 7 if a check
/// fails, 3 if no server answers.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier check\n  cachier check --all --interval 10s\n  \
    cachier check --fail-if 'hit_ratio<60%@total' -o json\n  cachier -p production check --nagios")]
pub struct CheckCommandArgs {
    /// How long to watch for what rises; 0 asks only once, and then nothing is known to rise
    #[arg(short, long, value_name = "DURATION", value_parser = units::duration, default_value = "1s")]
    interval: Duration,
    /// Show the checks that passed as well
    #[arg(long)]
    all: bool,
    /// Ask only what --fail-if, --warn-if and the profile say
    #[arg(long)]
    no_defaults: bool,
    /// Write one line and exit as a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    #[arg(long)]
    nagios: bool,
    #[command(flatten)]
    checks: CheckArgs,
}

#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    up: bool,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    profile: Option<&'a str>,
    servers: Vec<ServerRecord<'a>>,
    checks: &'a [Made],
    failed: usize,
    warned: usize,
    exit_code: u8,
}

/// What was found.
struct Findings {
    servers: Vec<Sampled>,
    total: Total,
    made: Vec<Made>,
    failures: Vec<Failure>,
}

impl CheckCommandArgs {
    /// Whether to end as a monitoring plugin does.
    #[must_use]
    pub fn is_plugin(&self) -> bool {
        self.nagios
    }
}

/// Says as a monitoring plugin that nothing could be found out.
pub fn unknown(output: &mut Output, reason: &str) -> Exit {
    output.line(nagios::unknown(reason).as_bytes());
    Exit::Child(3)
}

/// Runs the command.
///
/// # Errors
/// Settings or an expression that cannot be used.
pub fn run(context: &mut Context, args: &CheckCommandArgs) -> Result<Exit, Failure> {
    if args.nagios {
        return Ok(match find(context, args) {
            Ok(found) => {
                let (line, code) = nagios::line(&found.made, &found.total, &found.failures);
                context.output.line(line.as_bytes());
                Exit::Child(code)
            }
            Err(failure) => unknown(&mut context.output, &failure.message),
        });
    }
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    let found = find(context, args)?;
    context.report(&found.failures);
    let count = |status| found.made.iter().filter(|made| made.status == status).count();
    let (failed, warned) = (count(Status::Fail), count(Status::Warn));
    let exit = match found.total.up {
        0 => ending(Exit::Done, 0, &found.failures),
        _ if failed > 0 => Exit::Check,
        _ => Exit::Done,
    };
    let shown = |made: &&Made| {
        args.all || made.status != Status::Ok && !(made.default && made.status == Status::Unknown)
    };
    match format {
        Format::Json => {
            let profile = context.settings.profile.as_ref().map(|profile| profile.value.clone());
            context.output.document(&Document {
                schema: "cachier/check/1",
                profile: profile.as_deref(),
                servers: found.servers.iter().map(record).collect(),
                checks: &found.made,
                failed,
                warned,
                exit_code: exit.code(),
            });
        }
        Format::Jsonl => found.made.iter().filter(shown).for_each(|made| context.output.object(made)),
        _ => {
            let mut table = Table::new(&["status", "check", "value", "server"]);
            table.rows = found.made.iter().filter(shown).map(|made| row(made, format)).collect();
            context.output.table(format, &table);
        }
    }
    // The sum stands under the table, which is buffered.
    drop(context.output.flush());
    let (checks, servers) = (found.made.len(), found.servers.len());
    context.output.note(&format!("{checks} checks of {servers} servers: {failed} failed, {warned} warned"));
    Ok(exit)
}

/// Samples the servers, twice if there is an interval, and asks all checks.
fn find(context: &mut Context, args: &CheckCommandArgs) -> Result<Findings, Failure> {
    let asked = made::Asked::new(&args.checks, &context.settings.checks()?, args.no_defaults)?;
    let mut sampler = Sampler::new(context)?;
    let interrupt = Interrupt::listen();
    let mut servers = sampler.take("", None);
    if !args.interval.is_zero() && servers.iter().any(|server| server.up().is_some()) {
        if interrupt.comes_before(Instant::now() + args.interval) {
            return Err(Failure::new(Exit::Interrupted, "interrupted between two samples"));
        }
        servers = sampler.take("", None);
    }
    let total = sampler::total(&servers);
    let made = asked.make(&sampler::sources(&servers), &total)?;
    let failures = sampler::failures(&servers);
    Ok(Findings { servers, total, made, failures })
}

fn record(server: &Sampled) -> ServerRecord<'_> {
    let error = server.error().map(|failure| failure.message.as_str());
    ServerRecord { server: &server.name, up: server.up().is_some(), error }
}

fn row(made: &Made, format: Format) -> Vec<Cell> {
    let value = match format {
        Format::Table => made.check.value_in_words(),
        _ => made.check.value.map(plain),
    };
    vec![
        Cell::text(made.status.name()),
        Cell::text(made.check.expr.as_str()),
        Cell::number(value),
        made.check.server.as_deref().map_or(Cell::text("total"), Cell::text),
    ]
}
