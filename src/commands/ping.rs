//! `ping`: does every server answer and let us in?

use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::change::FORMATS;
use super::context::Context;
use super::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::pool::Server;
use crate::pool::ServerError;

/// Check that every server answers and lets us in
///
/// Exit 3 if none does, 4 if the credentials are refused, 6 if some do not answer.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:\n  cachier ping\n  cachier -p production ping -o json\n  \
    HEALTHCHECK CMD cachier -q ping --any --timeout 2s || exit 1")]
pub struct PingArgs {
    /// Be content if one server answers
    #[arg(long)]
    any: bool,
}

/// What one server answered.
#[derive(Debug, Serialize)]
struct ServerResult {
    server: String,
    up: bool,
    version: Option<String>,
    time_us: Option<u64>,
    error: Option<String>,
}

/// What all servers answered.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    servers: &'a [ServerResult],
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used.
pub fn run(context: &mut Context, args: &PingArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = context.cluster()?;
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let answers = cluster.pool.each(&all, |_, server| {
        let began = Instant::now();
        let known = knock(server)?;
        Ok((known, began.elapsed()))
    });
    let mut unreached = Vec::new();
    let mut rows = Vec::new();
    for (index, answer) in answers {
        let server = cluster.pool.name(index);
        rows.push(match answer {
            Ok((version, time)) => {
                let time_us = u64::try_from(time.as_micros()).ok();
                ServerResult { server, up: true, version, time_us, error: None }
            }
            Err(error) => {
                let reason = Some(error.to_string());
                unreached.push(error);
                ServerResult { server, up: false, version: None, time_us: None, error: reason }
            }
        });
    }
    let failures = context.report_unreached(unreached);
    match format {
        Format::Json => context.output.document(&Document { schema: "cachier/ping/1", servers: &rows }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["server", "up", "version", "time_us"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    vec![
                        Cell::text(row.server.as_str()),
                        Cell::text(if row.up { "up" } else { "down" }),
                        row.version.as_deref().map_or(Cell::Missing, Cell::text),
                        Cell::number(row.time_us),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
    let up = rows.iter().filter(|row| row.up).count();
    Ok(if args.any && up > 0 { Exit::Done } else { ending(Exit::Done, up, &failures) })
}

/// Finds out whether a server answers and lets us in; its version, if it tells.
///
/// # Errors
/// It does not.
pub fn knock(server: &mut Server) -> Result<Option<String>, ServerError> {
    // A barrier needs the login where there is one; `version` is answered to anybody (memcached 1.6.18 with -S).
    let known = super::version::ask(server)?;
    super::version::barrier(server)?;
    Ok(known)
}
