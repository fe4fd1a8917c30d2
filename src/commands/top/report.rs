//! A frame as a table or a document.

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;
use serde_json::json;

use super::Taken;
use crate::commands::context::Context;
use crate::commands::figures::humane;
use crate::commands::figures::plain;
use crate::commands::outcome::UnreachedRecord;
use crate::dashboard::Frame;
use crate::dashboard::View;
use crate::failure::Exit;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;

/// Prints a frame.
pub(super) fn print(context: &mut Context, taken: &Taken, format: Format, exit: Exit) {
    let frame = &taken.frame;
    if format != Format::Json {
        let mut table = table(frame, format);
        if format == Format::Table {
            context.output.narrow(&mut table, &["evicted", "in/s", "conns", "gets/s"]);
        }
        context.output.table(format, &table);
        return;
    }
    let rows: Vec<Value> = frame
        .rows
        .iter()
        .map(|row| {
            let mut record = name(frame.view, &row.name);
            if frame.view == View::Servers {
                record.insert("up".to_owned(), row.error.is_none().into());
                record.insert("error".to_owned(), row.error.as_deref().into());
            }
            record.extend(numbers(frame, &row.numbers));
            Value::Object(record)
        })
        .collect();
    let plural = match frame.view {
        View::Servers => "servers",
        View::Keys => "keys",
        View::Prefixes => "prefixes",
        View::Clients => "clients",
    };
    let unreached: Vec<UnreachedRecord> = taken.failures.iter().map(UnreachedRecord::from).collect();
    let mut document = Map::new();
    document.insert("schema".to_owned(), "cachier/top/1".into());
    document.insert("by".to_owned(), frame.view.word().into());
    document.insert("seconds".to_owned(), json!(frame.seconds));
    document.insert(plural.to_owned(), rows.into());
    document.insert("total".to_owned(), Value::Object(numbers(frame, &frame.total)));
    if frame.view != View::Servers {
        let lost: Vec<Value> = taken.losses.iter().map(crate::commands::lost::Lost::record).collect();
        document.insert("lost".to_owned(), lost.into());
        document.insert("unreached".to_owned(), json!(unreached));
    }
    document.insert("exit_code".to_owned(), exit.code().into());
    context.output.document(&document);
}

/// What a row is called, under the word for it.
fn name(view: View, name: &[u8]) -> Map<String, Value> {
    if view == View::Keys
        && let Ok(Value::Object(record)) = serde_json::to_value(KeyRecord::from(name))
    {
        return record;
    }
    let word = match (view, std::str::from_utf8(name)) {
        (View::Prefixes, Err(_)) => "prefix_b64",
        _ => view.word(),
    };
    let text = match KeyRecord::from(name) {
        KeyRecord::Key(text) | KeyRecord::KeyB64(text) => text,
    };
    Map::from_iter([(word.to_owned(), Value::String(text))])
}

/// The numbers under their names; whole ones without a fraction.
fn numbers(frame: &Frame, numbers: &[Option<f64>]) -> Map<String, Value> {
    let value = |number: Option<f64>| {
        let number = number?;
        let whole = number.fract() == 0.0 && (0.0..9e15).contains(&number);
        Some(Value::Number(if whole { (number as u64).into() } else { Number::from_f64(number)? }))
    };
    let entry = |(column, number): (&crate::dashboard::Column, &Option<f64>)| {
        (column.name.to_owned(), value(*number).unwrap_or(Value::Null))
    };
    frame.columns.iter().zip(numbers).map(entry).collect()
}

/// One row each, and one for all in a table for people.
fn table(frame: &Frame, format: Format) -> Table {
    let is_humane = format == Format::Table;
    let mut table = Table::new(&[frame.view.word()]);
    table
        .columns
        .extend(frame.columns.iter().map(|column| if is_humane { column.short } else { column.name }));
    let cells = |name: &[u8], numbers: &[Option<f64>]| {
        let shown = frame.columns.iter().zip(numbers).map(|(column, number)| match number {
            Some(number) if is_humane => Cell::Number(humane(*number, column.dimension)),
            number => Cell::number(number.map(plain)),
        });
        std::iter::once(Cell::text(name)).chain(shown).collect::<Vec<_>>()
    };
    for row in &frame.rows {
        let name = if is_humane && row.name.is_empty() { b"(none)" } else { row.name.as_slice() };
        table.rows.push(cells(name, &row.numbers));
    }
    if is_humane && (frame.view != View::Servers || frame.rows.len() > 1) {
        table.rows.push(cells(b"total", &frame.total));
    }
    table
}
