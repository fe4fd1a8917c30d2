//! Memoized functions as rows: each version key with what it leads to.

use std::collections::HashMap;

use serde::Serialize;

use super::collect::Results;
use super::collect::Tally;
use super::versions::VersionKey;
use super::versions::Versions;
use crate::commands::figures::span;
use crate::flask::memo::Owner;
use crate::output::Cell;
use crate::output::Table;

/// One version key with what it leads to.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    /// `function`, or `instance` where the version key of its function is gone.
    kind: &'static str,
    server: String,
    /// Seconds until the version key expires; `null`: never.
    version_ttl: Option<u64>,
    /// Whether the value of the version key could be read.
    pub(super) version_known: bool,
    /// Version keys of single instances of the method.
    instances: u64,
    results: u64,
    bytes: u64,
    /// Results that were read since they were stored.
    read: u64,
    /// Quartiles of the seconds until results expire; `null`: never.
    results_ttl: [Option<u64>; 3],
    /// Quartiles of the seconds since results were used.
    results_idle: [Option<u64>; 3],
    /// Results that expire after their version key.
    outlive: u64,
    /// Results of the function whose instance has another version by now.
    orphans: u64,
}

/// A row a function; an instance has one of its own only if that of its function is gone.
pub(super) fn rows(versions: &Versions, tally: &Tally, name: impl Fn(usize) -> String) -> Vec<Row> {
    let none = Results::default();
    let mut instances: HashMap<&str, u64> = HashMap::new();
    let mut functions = Vec::new();
    for key in &versions.keys {
        match owner(versions, tally, key) {
            (Owner::Instance, Some(function)) => *instances.entry(function).or_default() += 1,
            (owner, _) => functions.push((key, owner)),
        }
    }
    functions
        .into_iter()
        .map(|(key, owner)| {
            let results = key.version.and_then(|version| tally.functions.get(&version)).unwrap_or(&none);
            Row {
                name: key.name.clone(),
                kind: if owner == Owner::Function { "function" } else { "instance" },
                server: name(key.server),
                version_ttl: key.ttl,
                version_known: key.version.is_some(),
                instances: instances.get(key.name.as_str()).copied().unwrap_or(0),
                results: results.sum.items,
                bytes: results.sum.bytes,
                read: results.read,
                results_ttl: results.sum.ttl.quartiles(),
                results_idle: results.sum.idle.quartiles(),
                outlive: results.outlive,
                orphans: results.orphans,
            }
        })
        .collect()
}

/// Whose a version key is, and of an instance's the function: by the results under it, else by the names around it.
fn owner<'a>(versions: &'a Versions, tally: &Tally, key: &VersionKey) -> (Owner, Option<&'a str>) {
    let ends = key.name.match_indices('.').map(|(end, _)| end).collect::<Vec<_>>();
    let function = ends.into_iter().rev().find_map(|end| {
        let before = key.name.get(..end)?;
        let place = versions.keys.binary_search_by(|other| other.name.as_str().cmp(before)).ok()?;
        versions.keys.get(place).map(|other| other.name.as_str())
    });
    let is_of = |of_function: bool| match key.version {
        Some(version) if of_function => {
            tally.functions.get(&version).is_some_and(|results| results.sum.items > 0)
        }
        Some(version) => tally.instances.contains_key(&version),
        None => false,
    };
    if is_of(true) {
        (Owner::Function, None)
    } else if is_of(false) || function.is_some() {
        (Owner::Instance, function)
    } else {
        (Owner::Function, None)
    }
}

/// A line a row, with units for people.
pub(super) fn table(rows: &[Row], is_for_people: bool) -> Table {
    let columns = [
        "function",
        "kind",
        "instances",
        "results",
        "bytes",
        "read",
        "outlive",
        "orphans",
        "version_ttl",
        "ttl_25",
        "ttl_50",
        "ttl_75",
        "idle_50",
        "server",
    ];
    let mut table = Table::new(&columns);
    let seconds = |seconds: Option<u64>, is_any: bool| match seconds {
        _ if !is_any => Cell::Missing,
        seconds if is_for_people => Cell::Number(span(seconds)),
        seconds => Cell::number(seconds),
    };
    table.rows = rows
        .iter()
        .map(|row| {
            let counts = [row.instances, row.results, row.bytes, row.read, row.outlive, row.orphans];
            let [first, second, third] = row.results_ttl;
            let is_any = row.results > 0;
            let mut cells = vec![Cell::text(row.name.as_str()), Cell::text(row.kind)];
            cells.extend(counts.map(|count| Cell::number(Some(count))));
            cells.push(seconds(row.version_ttl, true));
            cells.extend([first, second, third, row.results_idle[1]].map(|time| seconds(time, is_any)));
            cells.push(Cell::text(row.server.as_str()));
            cells
        })
        .collect();
    table
}
