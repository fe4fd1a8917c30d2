//! `measure`: the cache traffic while a program runs.

mod table;
mod traffic;

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use self::traffic::Asked;
use self::traffic::Names;
use self::traffic::Traffic;
use super::checks::CheckArgs;
use super::checks::Checks;
use super::context::Context;
use super::embedded::exit_of;
use super::outcome::ending;
use super::passed_on::PassedOn;
use super::program;
use super::sampler;
use super::sampler::Sampled;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Source;
use crate::output::Format;

/// Run a program and show the cache traffic meanwhile
///
/// The traffic of all clients counts, not only the program's; that of the measurement itself does not. Standard output is the
/// program's alone: the report goes to standard error, or to the file of --report. The program's exit code passes through;
/// where it is 0, a condition that holds ends with 7 and a server that did not answer with 6. If no server answers beforehand,
/// the program is not run (exit 3).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier measure -- pytest tests/test_catalogue.py\n  \
    cachier measure --fail-if 'hit_ratio<80%@total' --fail-if 'evictions>0' -- ./load.sh\n  \
    cachier measure -o json --report cache.json -- flask run-job nightly\n\n\
    Conditions: gets, hits, misses, sets, deletes, evictions, bytes_read, bytes_written, hit_ratio, and what stats has")]
pub struct MeasureArgs {
    /// Write the report to this file instead of standard error
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    checks: CheckArgs,
    /// Program to run, with its arguments
    #[arg(value_name = "CMD", last = true, required = true)]
    command: Vec<OsString>,
}

/// One server in JSON.
#[derive(Serialize)]
struct ServerRecord<'a> {
    server: &'a str,
    up: bool,
    error: Option<&'a str>,
    #[serde(flatten)]
    traffic: &'a Traffic,
}

/// All of it in JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    command: Vec<String>,
    command_exit_code: u8,
    seconds: f64,
    servers: Vec<ServerRecord<'a>>,
    total: &'a Traffic,
    checks: &'a [Check],
    exit_code: u8,
}

/// Runs the command.
///
/// # Errors
/// Settings or a condition that cannot be used, no server that answers, or a program that cannot be run.
pub fn run(context: &mut Context, args: &MeasureArgs) -> Result<Exit, Failure> {
    let known = [Format::Table, Format::Tsv, Format::Csv, Format::Json];
    let format = context.chosen_format(&known)?.unwrap_or(Format::Table);
    args.checks.validate(&Names)?;
    direct(context, args)?;
    let wire = context.wire()?;
    let mut sampler = Sampler::new(context)?;
    let before = sampler.take("", None);
    let failures = sampler::failures(&before);
    if let Some(first) = failures.first().filter(|_| before.iter().all(|server| server.up().is_none())) {
        context.report(&failures);
        return Err(Failure { told: true, ..first.clone() });
    }
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("no program to run"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let began = Instant::now();
    let status = program::run(command, &PassedOn::listen())?;
    let seconds = began.elapsed().as_secs_f64();
    let after = sampler.take("", None);
    let failures = sampler::failures(&after);
    context.report(&failures);
    let traffic: Vec<Traffic> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| match (before.up(), after.up()) {
            (Some(before), Some(after)) => Traffic::between(&before.sample, after, wire),
            _ => Traffic::default(),
        })
        .collect();
    let known = after.iter().zip(&traffic).filter(|(server, _)| server.up().is_some());
    let known: Vec<&Traffic> = known.map(|(_, traffic)| traffic).collect();
    let total = Traffic::sum(&known);
    let checks = evaluate(&args.checks, &after, &traffic, &total)?;
    let child = exit_of(status);
    let exit = match child {
        Exit::Child(0) if !known.is_empty() && checks.have_failed() => Exit::Check,
        Exit::Child(0) => ending(Exit::Child(0), known.len(), &failures),
        child => child,
    };
    if format == Format::Json {
        context.output.document(&Document {
            schema: "cachier/measure/1",
            command: args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            command_exit_code: child.code(),
            seconds,
            servers: after.iter().zip(&traffic).map(record).collect(),
            total: &total,
            checks: &checks.checks,
            exit_code: exit.code(),
        });
    } else {
        context.output.table(format, &table::traffic(&after, &traffic, &total, format));
    }
    checks.report(context);
    Ok(exit)
}

/// Sends the report where it shall go, before the program runs: one that cannot be written is known at once.
fn direct(context: &mut Context, args: &MeasureArgs) -> Result<(), Failure> {
    let Some(path) = &args.report else {
        context.output.use_stderr();
        return Ok(());
    };
    let file = File::create(path)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    context.output.use_file(file);
    Ok(())
}

fn evaluate(
    args: &CheckArgs,
    servers: &[Sampled],
    traffic: &[Traffic],
    total: &Traffic,
) -> Result<Checks, Failure> {
    let asked: Vec<Option<Asked<'_>>> = servers
        .iter()
        .zip(traffic)
        .map(|(server, traffic)| server.up().map(|stats| Asked { traffic, stats }))
        .collect();
    let sources: Vec<Source<'_>> = servers
        .iter()
        .zip(&asked)
        .map(|(server, asked)| Source { name: &server.name, fields: asked.as_ref().map(|asked| asked as _) })
        .collect();
    args.evaluate(&sources, &Asked { traffic: total, stats: &sampler::total(servers) })
}

fn record<'a>((server, traffic): (&'a Sampled, &'a Traffic)) -> ServerRecord<'a> {
    let error = server.error().map(|failure| failure.message.as_str());
    ServerRecord { server: &server.name, up: server.up().is_some(), error, traffic }
}
