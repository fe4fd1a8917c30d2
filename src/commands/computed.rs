//! Computed keys: printed by every `…-key`, deleted by every `invalidate-…`.

use serde::Serialize;

use super::change;
use super::change::Deletion;
use super::change::Safety;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::ComputedKey;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// One computed key in JSON.
#[derive(Debug, Serialize)]
struct KeyLine {
    key: String,
    generations: Vec<String>,
    unreadable: Option<String>,
}

/// All computed keys in JSON.
#[derive(Debug, Serialize)]
struct Document {
    schema: String,
    keys: Vec<KeyLine>,
}

/// Prints keys, one a line, and says on stderr which of them the application could never read back.
///
/// # Errors
/// A format that the command does not have, or facts that are not understood.
pub fn print(context: &mut Context, command: &str, keys: &[ComputedKey]) -> Result<Exit, Failure> {
    let format = context.chosen_format(&[Format::Table, Format::Tsv, Format::Json, Format::Jsonl])?;
    let backend = context.settings.facts()?.backend;
    warn(context, keys);
    let lines = keys.iter().map(|key| KeyLine {
        key: key.first_wire_key(backend),
        generations: key.generation_labels(),
        unreadable: key.unreadable.as_ref().map(ToString::to_string),
    });
    match format {
        Some(Format::Json) => {
            let document = Document { schema: format!("cachier/{command}/1"), keys: lines.collect() };
            context.output.document(&document);
        }
        Some(Format::Jsonl) => lines.for_each(|line| context.output.object(&line)),
        Some(Format::Table) => {
            let mut table = Table::new(&["key", "generations"]);
            table.rows = lines
                .map(|line| vec![Cell::text(line.key), Cell::text(line.generations.join(", "))])
                .collect();
            context.output.table(Format::Table, &table);
        }
        _ => lines.for_each(|line| context.output.line(line.key.as_bytes())),
    }
    Ok(Exit::Done)
}

/// Deletes keys, with all their chunks where the backend cuts values.
///
/// # Errors
/// Keys of which none can be carried, or settings that do not allow it.
pub fn delete(
    context: &mut Context,
    command: &str,
    keys: &[ComputedKey],
    safety: Safety,
) -> Result<Exit, Failure> {
    let backend = context.settings.facts()?.backend;
    warn(context, keys);
    let mut wire = Vec::new();
    let mut refused = None;
    for text in keys.iter().flat_map(|key| key.wire_keys(backend)) {
        match context.key(text.as_bytes()) {
            Ok(key) => wire.push(key),
            // What cannot be carried cannot have been stored either.
            Err(failure) if refused.is_none() => refused = Some(failure),
            Err(_) => {}
        }
    }
    match refused {
        Some(failure) if wire.is_empty() => return Err(failure),
        Some(failure) => context.output.note(&format!("left out: {}", failure.message)),
        None => {}
    }
    change::delete(context, command, &wire, Deletion { dry_run: safety.dry_run, ..Deletion::default() })
}

/// Says which keys the application could never read back.
fn warn(context: &mut Context, keys: &[ComputedKey]) {
    for key in keys {
        if let Some(reason) = &key.unreadable {
            context.output.note(&format!("the application can never read \"{}\": {reason}", key.key));
        }
    }
}
