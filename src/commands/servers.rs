//! `servers`: who the servers are and how they are spoken to.

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
use crate::protocol::Wire;

/// Show the servers: up or down, version, uptime, protocol, and their share of the keys
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier servers\n  cachier servers -o json | jq '.servers[] | select(.up | not)'"
)]
pub struct ServersArgs {}

/// One server.
#[derive(Debug, Serialize)]
struct ServerRecord {
    server: String,
    up: bool,
    version: Option<String>,
    uptime: Option<u64>,
    protocol: &'static str,
    auth: String,
    tls: bool,
    share: Option<f64>,
    error: Option<String>,
}

/// All servers.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    routing: String,
    servers: &'a [ServerRecord],
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used.
pub fn run(context: &mut Context, _args: &ServersArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = context.cluster()?;
    let routing = context.settings.routing()?.to_string();
    let shares = cluster.router.shares();
    let options = cluster.pool.options();
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let mut unreached = Vec::new();
    let mut rows = Vec::new();
    for (index, answer) in cluster.pool.each(&all, |_, server| look(server)) {
        let (up, version, uptime, unneeded, error) = match answer {
            Ok((version, uptime, unneeded)) => (true, version, uptime, unneeded, None),
            Err(error) => {
                let reason = error.to_string();
                unreached.push(error);
                (false, None, None, false, Some(reason))
            }
        };
        let auth = options.login.as_ref().filter(|_| !unneeded);
        rows.push(ServerRecord {
            server: cluster.pool.name(index),
            up,
            version,
            uptime,
            protocol: if options.wire == Wire::Binary { "binary" } else { "text" },
            auth: auth.map_or_else(|| "none".to_owned(), |login| login.mode.to_string()),
            tls: options.tls.is_some(),
            share: shares.get(index).copied(),
            error,
        });
    }
    let failures = context.report_unreached(unreached);
    print(context, format, routing, &rows);
    Ok(ending(Exit::Done, rows.iter().filter(|row| row.up).count(), &failures))
}

/// Asks one server who it is: version, uptime in seconds, and whether it wanted no login.
fn look(server: &mut Server) -> Result<(Option<String>, Option<u64>, bool), ServerError> {
    let version = super::version::ask(server)?;
    let mut uptime = None;
    server.statistics("", &mut |name, value| {
        if name == b"uptime" {
            uptime = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
        }
    })?;
    Ok((version, uptime, server.needed_no_login()))
}

fn print(context: &mut Context, format: Format, routing: String, rows: &[ServerRecord]) {
    match format {
        Format::Json => {
            context.output.document(&Document { schema: "cachier/servers/1", routing, servers: rows });
        }
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table =
                Table::new(&["server", "up", "version", "uptime", "protocol", "auth", "tls", "share"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    vec![
                        Cell::text(row.server.as_str()),
                        Cell::text(if row.up { "up" } else { "down" }),
                        row.version.as_deref().map_or(Cell::Missing, Cell::text),
                        Cell::number(row.uptime),
                        Cell::text(row.protocol),
                        Cell::text(row.auth.as_str()),
                        Cell::text(if row.tls { "yes" } else { "no" }),
                        Cell::number(row.share.map(|share| format!("{:.1}%", share * 100.0))),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}
