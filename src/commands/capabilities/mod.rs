//! `capabilities`: what each server allows, found without changing anything.

mod ask;

use clap::Args;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::change::FORMATS;
use super::context::Context;
use super::outcome::ending;
use super::sampler;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// Show what each server allows, found without changing anything
///
/// Which protocols it speaks, which listings and statistics it gives, whether it can be watched or flushed, how large an
/// item may be. What it does not tell is null, or a dash in the table.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier capabilities\n  cachier capabilities -o json | jq '.servers[].capabilities.metadump'"
)]
pub struct CapabilitiesArgs {}

/// One server.
#[derive(Serialize)]
struct ServerRecord {
    server: String,
    up: bool,
    error: Option<String>,
    capabilities: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    servers: &'a [ServerRecord],
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used.
pub fn run(context: &mut Context, _args: &CapabilitiesArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = context.cluster()?;
    let sampled = Sampler::new(context)?.take("", None);
    let failures = sampler::failures(&sampled);
    context.report(&failures);
    let up: Vec<usize> = (0..sampled.len()).filter(|&index| sampled[index].up().is_some()).collect();
    // On connections of their own: an unknown command may cost one.
    let found = cluster.pool.each(&up, |index, _| Ok(ask::found(&cluster.pool, index)));
    let mut rows: Vec<ServerRecord> = sampled
        .iter()
        .map(|server| ServerRecord {
            server: server.name.clone(),
            up: server.up().is_some(),
            error: server.error().map(|failure| failure.message.clone()),
            capabilities: server.up().map(|stats| told(&stats.sample)),
        })
        .collect();
    for (index, found) in found {
        if let (Ok(found), Some(row)) = (found, rows.get_mut(index)) {
            row.capabilities.get_or_insert_default().extend(found);
        }
    }
    match format {
        Format::Json => {
            context.output.document(&Document { schema: "cachier/capabilities/1", servers: &rows });
        }
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table = Table::new(&["server", "capability", "value"]);
            for row in &rows {
                for (name, value) in row.capabilities.iter().flatten() {
                    table.rows.push(vec![
                        Cell::text(row.server.as_str()),
                        Cell::text(name.as_str()),
                        cell(value),
                    ]);
                }
            }
            context.output.table(format, &table);
        }
    }
    Ok(ending(Exit::Done, up.len(), &failures))
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Missing,
        Value::Bool(allowed) => Cell::text(if *allowed { "yes" } else { "no" }),
        Value::String(text) => Cell::text(text.as_str()),
        other => Cell::text(other.to_string()),
    }
}

/// What the statistics tell.
fn told(sample: &crate::measure::Sample) -> Map<String, Value> {
    let setting = |name: &str| sample.settings.as_ref().and_then(|settings| settings.get(name));
    let switch = |name: &str| match setting(name) {
        Some("yes" | "1") => Value::Bool(true),
        Some("no" | "0") => Value::Bool(false),
        _ => Value::Null,
    };
    let number = |name: &str| setting(name).and_then(|text| text.parse::<u64>().ok());
    [
        ("version", json!(sample.version())),
        ("item_size_max", json!(number("item_size_max"))),
        ("max_connections", json!(number("maxconns"))),
        ("flush", switch("flush_enabled")),
        ("cas", switch("cas_enabled")),
        ("stats_items", json!(sample.items.is_some())),
        ("stats_slabs", json!(sample.slabs.is_some())),
        ("stats_settings", json!(sample.settings.is_some())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
