//! `wait`: until every server answers and lets us in.

use std::time::Duration;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::interrupt::Interrupt;
use super::outcome::ending;
use super::ping;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// Wait until every server answers and lets us in
///
/// --timeout is how long to wait in all, a minute if nothing is said. Then the exit code is that of ping: 3 if no server
/// answers, 4 if the credentials are refused, 6 if some do not answer.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier wait && flask run\n  cachier wait --timeout 30s -s 127.0.0.1:11211\n  \
    docker compose up -d && cachier wait -q"
)]
pub struct WaitArgs {}

/// How long is waited where nobody says.
const LIMIT: Duration = Duration::from_secs(60);

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// The first pause between attempts, doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    up: usize,
    servers: usize,
    attempts: u64,
    seconds: f64,
    exit_code: u8,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used.
pub fn run(context: &mut Context, _args: &WaitArgs) -> Result<Exit, Failure> {
    // A table of one row would say less than the sentence.
    let format = context.chosen_format(&[Format::Json])?;
    let cluster = context.cluster()?;
    let interrupt = Interrupt::listen();
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let began = Instant::now();
    let end = began + context.flags.timeout.unwrap_or(LIMIT);
    let mut pause = PAUSE;
    let mut attempts = 0;
    let unreached = loop {
        attempts += 1;
        let until = end.min(Instant::now() + ATTEMPT);
        let answers = cluster.pool.each_until(Some(until), &all, |_, server| ping::knock(server));
        let unreached: Vec<_> = answers.into_iter().filter_map(|(_, answer)| answer.err()).collect();
        let next = Instant::now() + pause;
        if unreached.is_empty() || next >= end {
            break unreached;
        }
        if interrupt.comes_before(next) {
            return Ok(Exit::Interrupted);
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    let up = all.len() - unreached.len();
    let failures = context.report_unreached(unreached);
    let seconds = began.elapsed().as_secs_f64();
    let exit = ending(Exit::Done, up, &failures);
    let count = all.len();
    context.output.note(&format!("{up} of {count} servers answer after {seconds:.1} s"));
    if format.is_some() {
        let exit_code = exit.code();
        context.output.document(&Document {
            schema: "cachier/wait/1",
            up,
            servers: count,
            attempts,
            seconds,
            exit_code,
        });
    }
    Ok(exit)
}
