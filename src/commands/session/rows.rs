//! A session as a line of output.

use serde::Serialize;
use serde_json::Value;

use super::conditions::field;
use super::conditions::text;
use super::reader::Session;
use crate::commands::figures::span;
use crate::output::Cell;
use crate::output::record::KeyRecord;

/// A session in JSON.
#[derive(Debug, Serialize)]
pub(super) struct SessionRecord {
    #[serde(flatten)]
    key: KeyRecord,
    id: String,
    server: String,
    size: u64,
    ttl: Option<u64>,
    idle: u64,
    format: &'static str,
    value: Value,
    error: Option<String>,
}

impl SessionRecord {
    /// The session on the server of this name.
    pub(super) fn of(session: Session, prefix: &str, server: &str) -> Self {
        let id = String::from_utf8_lossy(session.id(prefix)).into_owned();
        let (value, error) = match session.content {
            Ok(value) => (value, None),
            Err(error) => (Value::Null, Some(error)),
        };
        Self {
            key: session.key.as_bytes().into(),
            id,
            server: server.to_owned(),
            size: session.size,
            ttl: session.ttl,
            idle: session.idle,
            format: session.form,
            value,
            error,
        }
    }
}

/// The cells of a session: the chosen fields, together for people and a cell each for programs, or the names of all.
pub(super) fn cells(session: &Session, prefix: &str, fields: &[String], is_for_people: bool) -> Vec<Cell> {
    let time = |time: Option<u64>| if is_for_people { Cell::Number(span(time)) } else { Cell::number(time) };
    let mut cells = vec![Cell::text(session.id(prefix))];
    cells.extend([Cell::number(Some(session.size)), time(session.ttl), time(Some(session.idle))]);
    match &session.content {
        Err(error) => cells.push(Cell::text(format!("({error})"))),
        Ok(content) if fields.is_empty() => cells.push(Cell::text(names(content))),
        Ok(content) if is_for_people => {
            let chosen =
                fields.iter().filter_map(|name| Some(format!("{name}={}", text(field(content, name)?))));
            cells.push(Cell::text(chosen.collect::<Vec<_>>().join("  ")));
        }
        Ok(content) => cells.extend(
            fields
                .iter()
                .map(|name| field(content, name).map_or(Cell::Missing, |value| Cell::text(text(value)))),
        ),
    }
    cells
}

/// The names of what a session holds, but for the library's own mark.
fn names(content: &Value) -> String {
    let Value::Object(fields) = content else { return text(content) };
    fields.keys().filter(|name| *name != "_permanent").map(String::as_str).collect::<Vec<_>>().join(",")
}
