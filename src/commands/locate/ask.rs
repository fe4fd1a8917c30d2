//! `where --ask`: who really has a key.

use serde::Serialize;

use super::Place;
use crate::commands::context::Context;
use crate::commands::look::look;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::protocol::Key;

/// Where one key belongs and where it is.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    place: Place,
    found_on: Vec<String>,
    /// Whether it is where it belongs, and nowhere else; unknown where a server did not answer.
    in_place: Option<bool>,
    /// Servers that did not answer.
    unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    keys: &'a [Row],
}

/// Asks every server for every key.
///
/// # Errors
/// Settings that cannot be used.
pub(super) fn run(context: &mut Context, keys: &[Key], format: Format) -> Result<Exit, Failure> {
    let cluster = context.cluster()?;
    let names: Vec<String> =
        (0..cluster.pool.endpoints().len()).map(|index| cluster.pool.name(index)).collect();
    let targets: Vec<(usize, &Key)> =
        keys.iter().flat_map(|key| (0..names.len()).map(move |server| (server, key))).collect();
    let (answers, failures) = look(context, &targets, false)?;
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    if let Some(failure) = context.nothing_done(Some(format), answered, &failures) {
        return Err(failure);
    }
    let rows: Vec<Row> = keys
        .iter()
        .zip(answers.chunks(names.len().max(1)))
        .map(|(key, answers)| {
            let place = Place::of(&cluster.router, &names, key);
            let which = |wanted: fn(&Result<_, String>) -> bool| {
                answers
                    .iter()
                    .zip(&names)
                    .filter(|(answer, _)| wanted(answer))
                    .map(|(_, name)| name.clone())
                    .collect()
            };
            let found_on: Vec<String> = which(|answer| matches!(answer, Ok(Some(_))));
            let unknown: Vec<String> = which(Result::is_err);
            let belongs = place.names();
            let is_all_there = belongs.iter().all(|name| found_on.contains(name));
            let is_elsewhere = found_on.iter().any(|name| !belongs.contains(&name));
            let in_place =
                if is_elsewhere { Some(false) } else { unknown.is_empty().then_some(is_all_there) };
            Row { in_place, place, found_on, unknown }
        })
        .collect();
    print(context, format, &rows);
    let is_out_of_place = rows.iter().any(|row| row.in_place == Some(false));
    Ok(ending(if is_out_of_place { Exit::Negative } else { Exit::Done }, answered, &failures))
}

fn print(context: &mut Context, format: Format, rows: &[Row]) {
    match format {
        Format::Json => context.output.document(&Document { schema: "cachier/where-ask/1", keys: rows }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["key", "server", "found_on", "in_place"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    let found = (!row.found_on.is_empty()).then(|| row.found_on.join(","));
                    let word = row.in_place.map(|in_place| if in_place { "yes" } else { "no" });
                    vec![
                        row.place.key.cell(),
                        row.place.servers_text().map_or(Cell::Missing, Cell::text),
                        found.map_or(Cell::Missing, Cell::text),
                        word.map_or(Cell::Missing, Cell::text),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}
