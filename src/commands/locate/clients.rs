//! `where --all-clients`: the server that each known client chooses.

use serde::Serialize;

use super::Place;
use super::candidates;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::protocol::Key;

/// Where one client has one key.
#[derive(Debug, Serialize)]
struct Row<'a> {
    routing: &'a str,
    client: &'a str,
    in_use: bool,
    #[serde(flatten)]
    place: Place,
    error: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    routings: &'a [Row<'a>],
}

/// Prints a row for each client and key.
///
/// # Errors
/// Settings that are not understood.
pub(super) fn run(context: &mut Context, keys: &[Key], format: Format) -> Result<Exit, Failure> {
    let candidates = candidates::common(context)?;
    let names: Vec<String> =
        context.settings.server_list()?.servers.iter().map(|server| server.endpoint.to_string()).collect();
    let mut rows = Vec::new();
    for candidate in &candidates {
        let row = |place, error| Row {
            routing: &candidate.routing,
            client: candidate.about,
            in_use: candidate.in_use,
            place,
            error,
        };
        for key in keys {
            rows.push(match &candidate.router {
                Ok(router) => row(Place::of(router, &names, key), None),
                Err(error) => row(Place::unknown(key), Some(error.as_str())),
            });
        }
    }
    match format {
        Format::Json => {
            context.output.document(&Document { schema: "cachier/where-all-clients/1", routings: &rows });
        }
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["key", "server", "routing", "client", "in_use"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    let server = row.error.map_or_else(|| row.place.servers_text(), |_| None);
                    vec![
                        row.place.key.cell(),
                        server.map_or(Cell::Missing, Cell::text),
                        Cell::text(row.routing),
                        Cell::text(row.client),
                        Cell::text(if row.in_use { "yes" } else { "" }),
                    ]
                })
                .collect();
            context.output.table(format, &table);
            for candidate in &candidates {
                if let Err(error) = &candidate.router {
                    context.output.note(&format!("{}: {error}", candidate.routing));
                }
            }
        }
    }
    Ok(Exit::Done)
}
