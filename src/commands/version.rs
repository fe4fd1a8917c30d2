//! `version`: which memcached each server is.

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
use crate::pool::Cause;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// Show which version each server is
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier version")]
pub struct VersionArgs {}

/// Which version one server is.
#[derive(Debug, Serialize)]
struct ServerResult {
    server: String,
    version: Option<String>,
    error: Option<String>,
}

/// Which version all servers are.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    servers: &'a [ServerResult],
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used.
pub fn run(context: &mut Context, _args: &VersionArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = context.cluster()?;
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let mut unreached = Vec::new();
    let mut rows = Vec::new();
    for (index, answer) in cluster.pool.each(&all, |_, server| told(server)) {
        let server = cluster.pool.name(index);
        rows.push(match answer {
            Ok(version) => ServerResult { server, version, error: None },
            Err(error) => {
                let reason = Some(error.to_string());
                unreached.push(error);
                ServerResult { server, version: None, error: reason }
            }
        });
    }
    let failures = context.report_unreached(unreached);
    match format {
        Format::Json => context.output.document(&Document { schema: "cachier/version/1", servers: &rows }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["server", "version"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    vec![
                        Cell::text(row.server.as_str()),
                        row.version.as_deref().map_or(Cell::Missing, Cell::text),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
    Ok(ending(Exit::Done, rows.iter().filter(|row| row.error.is_none()).count(), &failures))
}

/// Asks one server for its version, where the question is nothing else.
fn told(server: &mut Server) -> Result<Option<String>, ServerError> {
    match ask(server)? {
        None => Err(server.refused(Cause::Refused("no version".to_owned()))),
        version => Ok(version),
    }
}

/// Asks one server for its version; `None` if it does not tell.
///
/// # Errors
/// The server cannot be reached or answers with an error, as a text server does that wants a login. A binary one that does
/// not know the command has [`barrier`] to answer.
pub fn ask(server: &mut Server) -> Result<Option<String>, ServerError> {
    let binary = server.wire() == Wire::Binary;
    let cause = match server.call(&Request::Version)? {
        Reply::Version(version) => return Ok(Some(String::from_utf8_lossy(version).into_owned())),
        Reply::Refused(refusal) if binary && refusal.kind == RefusalKind::Unknown => return Ok(None),
        Reply::Refused(refusal) => Cause::of(&refusal),
        _ => return Ok(None),
    };
    Err(server.refused(cause))
}

/// Waits for an answer that moves no counter and that only somebody who is let in gets.
///
/// # Errors
/// The server cannot be reached, or answers with an error.
pub fn barrier(server: &mut Server) -> Result<(), ServerError> {
    if server.wire() != Wire::Binary {
        return Ok(());
    }
    let cause = match server.call(&Request::Noop)? {
        Reply::Refused(refusal) => Cause::of(&refusal),
        _ => return Ok(()),
    };
    Err(server.refused(cause))
}
