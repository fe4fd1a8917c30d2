//! `memo show`: the version keys and the stored results of one function.

use std::sync::Mutex;
use std::sync::PoisonError;

use clap::Args;
use serde::Serialize;

use super::collect::Collecting;
use super::results::ResultRow;
use super::results::VersionRow;
use super::results::result_table;
use super::results::version_table;
use super::versions;
use super::versions::VersionKey;
use super::versions::is_reachable;
use super::versions::parts;
use crate::commands::change::FORMATS;
use crate::commands::context;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::outcome::UnreachedRecord;
use crate::commands::outcome::ending;
use crate::commands::selection::Clock;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::memo;
use crate::output::Format;
use crate::pool::ServerError;

/// Show the version keys and the stored results of a function
///
/// Which call a result is of cannot be told, since its key has only a hash of it: memo-key computes the key of a given call.
/// Exit 1 if the function has no version key.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Function as module.function or module.Class.method
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Show this many results at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    function: &'a str,
    version_keys: &'a [VersionRow],
    results: &'a [ResultRow],
    not_shown: u64,
    interrupted: bool,
    unreached: Vec<UnreachedRecord>,
}

/// The names of a function, as the generations of Flask-Caching write them.
struct Names(Vec<String>);

impl Names {
    /// Of a version key's name what stands behind the function: nothing, or the token of an instance.
    fn token<'a>(&self, name: &'a str) -> Option<Option<&'a str>> {
        self.0.iter().find_map(|function| match name.strip_prefix(function.as_str())? {
            "" => Some(None),
            rest => rest.strip_prefix('.').map(Some),
        })
    }
}

/// The results that were found.
#[derive(Default)]
struct Found {
    rows: Vec<ResultRow>,
    not_shown: u64,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub(super) fn run(context: &mut Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let cluster = listed::cluster(context, "memo show")?;
    let facts = context.settings.facts()?;
    let generations = facts.generations().into_iter();
    let names = Names(generations.map(|one| memo::namespace(&facts, one, &args.function)).collect());
    let interrupt = Interrupt::listen();
    let mut versions = versions::find(context, &cluster, &interrupt, &|name| {
        std::str::from_utf8(name).is_ok_and(|name| names.token(name).is_some())
    })?;
    if let Some(failure) = context.nothing_done(Some(format), versions.answered, &versions.failures) {
        return Err(failure);
    }
    let progress = listed::progress(context, &cluster, "results");
    let prefix = facts.key_prefix.into_bytes();
    let clock = Clock::at(context::now());
    let collecting = Collecting {
        pool: &cluster.pool,
        prefix: &prefix,
        versions: &versions,
        clock,
        interrupt: &interrupt,
        progress: &progress,
    };
    let (found, errors) = collect(&collecting, &cluster, &names, args.limit);
    let told =
        |server: &str| versions.failures.iter().any(|failure| failure.server.as_deref() == Some(server));
    let errors: Vec<_> = errors.into_iter().filter(|error| !told(&error.server)).collect();
    let failures = context.report_unreached(errors);
    versions.failures.extend(failures);
    let is_there = versions.keys.iter().any(|key| names.token(&key.name) == Some(None));
    let rows: Vec<VersionRow> = versions
        .keys
        .iter()
        .map(|key| VersionRow {
            key: key.key.as_bytes().into(),
            server: cluster.pool.name(key.server),
            instance: names.token(&key.name).flatten().map(str::to_owned),
            version: key.version.map(|version| String::from_utf8_lossy(&version).into_owned()),
            ttl: key.ttl,
        })
        .collect();
    let document = Document {
        schema: "cachier/memo-show/1",
        function: &args.function,
        version_keys: &rows,
        results: &found.rows,
        not_shown: found.not_shown,
        interrupted: interrupt.is_wanted(),
        unreached: versions.failures.iter().map(UnreachedRecord::from).collect(),
    };
    print(context, format, &document);
    if !is_there && versions.failures.is_empty() {
        let function = &args.function;
        context.output.error(&format!("{function} has no version key, so no result of it can be reached"));
    }
    if interrupt.is_wanted() {
        return Ok(Exit::Interrupted);
    }
    Ok(ending(if is_there { Exit::Done } else { Exit::Negative }, versions.answered, &versions.failures))
}

/// Lists the results under the function's versions, no more than so many.
fn collect(
    collecting: &Collecting<'_>,
    cluster: &Cluster,
    names: &Names,
    limit: usize,
) -> (Found, Vec<ServerError>) {
    let keys = &collecting.versions.keys;
    let known = collecting.versions.known();
    let is_of = |key: &VersionKey, version| key.version == Some(version);
    let is_function = |key: &&VersionKey| names.token(&key.name) == Some(None);
    let functions: Vec<&VersionKey> = keys.iter().filter(is_function).collect();
    let instance = |version| {
        let key = keys.iter().find(|key| is_of(key, version))?;
        names.token(&key.name)?.map(str::to_owned)
    };
    let found = Mutex::new(Found::default());
    let errors = collecting.each(&listed::servers(cluster), &|server, entry| {
        let Some(parts) = parts(collecting.prefix, entry.key) else { return };
        if !functions.iter().any(|key| is_of(key, parts.function)) {
            return;
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.rows.len() >= limit {
            found.not_shown += 1;
            return;
        }
        found.rows.push(ResultRow {
            key: entry.key.into(),
            server: cluster.pool.name(server),
            instance: parts.instance.and_then(instance),
            reachable: is_reachable(&parts, &known),
            size: entry.size,
            ttl: u64::try_from(collecting.clock.remaining(entry)).ok(),
            idle: collecting.clock.idle(entry),
            read: entry.fetched,
        });
    });
    (found.into_inner().unwrap_or_else(PoisonError::into_inner), errors)
}

fn print(context: &mut Context, format: Format, document: &Document<'_>) {
    match format {
        Format::Json => context.output.document(document),
        Format::Jsonl => document.results.iter().for_each(|row| context.output.object(row)),
        _ => {
            if format == Format::Table {
                context.output.table(format, &version_table(document.version_keys));
                context.output.raw(b"\n");
            }
            context.output.table(format, &result_table(document.results, format == Format::Table));
        }
    }
    if document.not_shown > 0 {
        context.output.note(&format!("{} more results are not shown (--limit)", document.not_shown));
    }
}
