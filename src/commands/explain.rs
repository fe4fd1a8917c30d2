//! `explain`: what a key is, where it belongs, and what is stored there.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::change::FORMATS;
use super::context::Context;
use super::look::look;
use super::outcome::ending;
use super::wanted::KeyArgs;
use crate::codec;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::explain;
use crate::flask::explain::Explanation;
use crate::flask::explain::Shape;
use crate::flask::session;
use crate::flask::view::ViewOptions;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;
use crate::protocol::Key;

/// Tell what keys are: view, fragment, memoized function, session and so on, where they belong, and what is stored
///
/// Looks without using the items where the servers have the meta commands. Exit 1 if a key is not there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier explain flask_cache_view//products\n  \
    cachier explain flask_cache_/search73a67da4… --candidates access.log")]
pub struct ExplainArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Access log or list of URLs: says which of them a hashed key belongs to
    #[arg(long, value_name = "FILE")]
    candidates: Option<PathBuf>,
    /// SESSION_KEY_PREFIX of the application
    #[arg(long, value_name = "PREFIX", default_value = session::PREFIX)]
    session_prefix: String,
}

/// What is known of one key.
#[derive(Debug, Serialize)]
struct KeyRow {
    #[serde(flatten)]
    key: KeyRecord,
    kind: &'static str,
    name: Option<String>,
    prefix: Option<String>,
    chunk: Option<u8>,
    server: String,
    found: Option<bool>,
    size: Option<u64>,
    flags: Option<u32>,
    ttl: Option<i64>,
    #[serde(rename = "type")]
    stored: Option<&'static str>,
    candidates: Vec<String>,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    keys: &'a [KeyRow],
}

/// Runs the command.
///
/// # Errors
/// Keys, a file or settings that cannot be used.
pub fn run(context: &mut Context, args: &ExplainArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let keys = args.keys.read(context)?;
    let facts = context.settings.facts()?;
    let client = context.settings.client()?;
    let log = read_candidates(args)?;
    let cluster = context.cluster()?;
    let targets: Vec<(usize, &Key)> =
        keys.iter().map(|key| (cluster.router.readers(key.as_bytes()).first(), key)).collect();
    let (answers, failures) = look(context, &targets, false)?;
    let mut rows = Vec::new();
    for ((server, key), answer) in targets.into_iter().zip(answers) {
        let text = String::from_utf8_lossy(key.as_bytes()).into_owned();
        let explained = explain::explain(&facts, &args.session_prefix, &text);
        let whole = explained
            .chunk
            .map_or(text.as_str(), |chunk| text.strip_suffix(&format!(".{chunk}")).unwrap_or(&text));
        let options = ViewOptions::default();
        let is_of = |target: &&String| explain::is_candidate(&facts, &options, whole, target);
        let candidates: Vec<String> = log.iter().filter(is_of).cloned().collect();
        let (found, error) = match answer {
            Ok(known) => (Some(known), None),
            Err(reason) => (None, Some(reason)),
        };
        let known = found.flatten().unwrap_or_default();
        let (kind, name) = words(&explained);
        rows.push(KeyRow {
            key: key.as_bytes().into(),
            kind,
            name,
            prefix: explained.prefix,
            chunk: explained.chunk,
            server: cluster.pool.name(server),
            found: found.map(|found| found.is_some()),
            size: known.size,
            flags: known.flags,
            ttl: known.ttl,
            stored: known.flags.and_then(|flags| codec::kind(client, flags)),
            candidates,
            error,
        });
    }
    print(context, format, &rows);
    let usual = if rows.iter().any(|row| row.found == Some(false)) { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, rows.iter().filter(|row| row.found.is_some()).count(), &failures))
}

/// The request targets of the log, each once.
fn read_candidates(args: &ExplainArgs) -> Result<Vec<String>, Failure> {
    let Some(path) = &args.candidates else { return Ok(Vec::new()) };
    let text =
        fs::read(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    let text = String::from_utf8_lossy(&text);
    let mut targets: Vec<String> =
        text.lines().filter_map(explain::target_of_line).map(str::to_owned).collect();
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}

/// The kind of a key and the name that it carries.
fn words(explained: &Explanation) -> (&'static str, Option<String>) {
    match &explained.shape {
        Shape::View { path } => ("view", Some(path.clone())),
        Shape::HashedView { start, .. } => ("hashed_view", Some(start.clone())),
        Shape::Fragment { text } => ("fragment", Some(text.clone())),
        Shape::Version { name } => ("version_key", Some(name.clone())),
        Shape::MemoValue { hash, .. } => ("memoized_value", Some(hash.clone())),
        Shape::Session { id } => ("session", Some(id.clone())),
        Shape::Django { rest, .. } => ("django", Some(rest.clone())),
        Shape::DjangoFragment { name } => ("django_fragment", Some(name.clone())),
        Shape::DjangoPage { method } => ("django_page", Some(method.clone())),
        Shape::DjangoHeaders => ("django_headers", None),
        Shape::Rails => ("rails", None),
        Shape::Dalli { digest } => ("dalli", Some(digest.clone())),
        Shape::Unknown => ("unknown", None),
    }
}

fn print(context: &mut Context, format: Format, rows: &[KeyRow]) {
    match format {
        Format::Json => context.output.document(&Document { schema: "cachier/explain/1", keys: rows }),
        Format::Jsonl => rows.iter().for_each(|row| context.output.object(row)),
        _ => {
            let mut table =
                Table::new(&["key", "kind", "name", "server", "found", "type", "size", "ttl", "candidates"]);
            table.rows = rows
                .iter()
                .map(|row| {
                    let found = match row.found {
                        Some(true) => "yes",
                        Some(false) => "no",
                        None => "failed",
                    };
                    vec![
                        row.key.cell(),
                        Cell::text(row.kind),
                        row.name.as_deref().map_or(Cell::Missing, Cell::text),
                        Cell::text(row.server.as_str()),
                        Cell::text(found),
                        row.stored.map_or(Cell::Missing, Cell::text),
                        Cell::number(row.size),
                        Cell::number(row.ttl),
                        Cell::text(row.candidates.join(" ")),
                    ]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
}
