//! `wait`: until every server answers and lets us in.

use std::time::Duration;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::interrupt::Interrupt;
use super::ping;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// Wait until every server answers and lets us in
///
/// --timeout is how long to wait in all, a minute if nothing is said. Exit 3 if a server does not answer by then, 4 if
/// all that is wrong is that credentials are refused.
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

/// With less time than this left an attempt would fail for its haste.
const LAST: Duration = Duration::from_millis(100);

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
        let left = end.saturating_duration_since(Instant::now());
        if unreached.is_empty() || left < LAST {
            break unreached;
        }
        // Towards the end pauses shrink, so that a server that comes late is not missed.
        if interrupt.comes_before(Instant::now() + pause.min(left / 2)) {
            break unreached;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    let up = all.len() - unreached.len();
    let failures = context.report_unreached(unreached);
    let seconds = began.elapsed().as_secs_f64();
    let exit = if interrupt.is_wanted() { Exit::Interrupted } else { ending(&failures) };
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

/// What the wait ends with: a server that cannot be reached outweighs one that refuses the login, as only the first
/// is still being waited for.
fn ending(failures: &[Failure]) -> Exit {
    let mut exits = failures.iter().map(|failure| failure.exit);
    match exits.next() {
        None => Exit::Done,
        Some(Exit::Denied) if exits.all(|exit| exit == Exit::Denied) => Exit::Denied,
        Some(_) => Exit::Unreachable,
    }
}
