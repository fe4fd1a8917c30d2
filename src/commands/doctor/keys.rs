//! What the application stores: keys that it can never read back, and version keys that expire before their values.

use std::collections::HashMap;
use std::collections::HashSet;

use super::Finding;
use super::Status;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::flask::explain::Shape;
use crate::flask::explain::explain;
use crate::pool::Outcome;
use crate::pool::ServerError;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

const TOPIC: &str = "keys";

/// How many version keys are read.
const VERSIONS: usize = 10_000;

/// What the listing of one server showed.
#[derive(Default)]
struct Seen {
    listed: u64,
    misplaced: u64,
    example: Option<String>,
    /// Version keys and when they expire.
    versions: Vec<(Vec<u8>, Option<u64>)>,
    /// Values of functions by the version that they were stored under: how many, and when the last expires.
    values: HashMap<String, (u64, Option<u64>)>,
    error: Option<ServerError>,
}

/// Lists the keys where that is possible, up to a number of each server.
pub(super) fn findings(
    context: &mut Context,
    cluster: &Cluster,
    up: &[usize],
    most: u64,
    findings: &mut Vec<Finding>,
) {
    if most == 0 {
        return;
    }
    if cluster.pool.options().wire == Wire::Binary {
        let evidence = "not looked at: the binary protocol cannot list keys";
        findings.push(Finding::new(Status::Note, TOPIC, evidence));
        return;
    }
    let Ok(facts) = context.settings.facts() else { return };
    let parts = cluster.pool.list(up, |index, listing| {
        let mut seen = Seen::default();
        while seen.listed < most {
            let entry = match listing.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    seen.error = Some(error);
                    break;
                }
            };
            seen.listed += 1;
            let text = String::from_utf8_lossy(entry.key);
            if !cluster.router.readers(entry.key).iter().any(|reader| reader == index) {
                seen.misplaced += 1;
                seen.example.get_or_insert_with(|| text.clone().into_owned());
            }
            match explain(&facts, "session:", &text).shape {
                Shape::Version { .. } => seen.versions.push((entry.key.to_vec(), entry.expires)),
                Shape::MemoValue { function_version, .. } => {
                    let (count, last) = seen.values.entry(function_version).or_insert((0, Some(0)));
                    *count += 1;
                    // Nothing is later than what never expires.
                    *last = last.zip(entry.expires).map(|(last, expires)| last.max(expires));
                }
                _ => {}
            }
        }
        seen
    });
    let mut all = Seen::default();
    for (index, seen) in parts {
        if let Some(error) = seen.error {
            findings
                .push(Finding::new(Status::Note, TOPIC, error.to_string()).server(cluster.pool.name(index)));
        }
        all.listed += seen.listed;
        all.misplaced += seen.misplaced;
        all.example = all.example.or(seen.example);
        all.versions.extend(seen.versions);
        for (version, (count, last)) in seen.values {
            let (sum, latest) = all.values.entry(version).or_insert((0, Some(0)));
            *sum += count;
            *latest = latest.zip(last).map(|(latest, last)| latest.max(last));
        }
    }
    placement(&all, findings);
    memoized(cluster, &all, findings);
}

/// Keys where no client with this routing looks for them.
fn placement(all: &Seen, findings: &mut Vec<Finding>) {
    let Seen { listed, misplaced, example, .. } = all;
    findings.push(match example {
        None => Finding::new(Status::Ok, TOPIC, format!("{listed} looked at, each on the server that the routing names")),
        Some(example) => Finding::new(
            Status::Warn,
            TOPIC,
            format!("{misplaced} of {listed} lie where the routing does not look for them, such as \"{example}\": the application never reads them back, or routes otherwise"),
        )
        .fix("cachier where --audit names the routing that fits"),
    });
}

/// Results of functions against the version keys that lead to them.
fn memoized(cluster: &Cluster, all: &Seen, findings: &mut Vec<Finding>) {
    if all.values.is_empty() && all.versions.is_empty() {
        return;
    }
    let keys: Vec<(Key, Option<u64>)> = all
        .versions
        .iter()
        .take(VERSIONS)
        .filter_map(|(key, expires)| Some((Key::parse(key, Wire::Text).ok()?, *expires)))
        .collect();
    let requests: Vec<(usize, Request<'_>)> = keys
        .iter()
        .map(|(key, _)| (cluster.router.readers(key.as_bytes()).first(), Request::Get { key }))
        .collect();
    let answers = cluster.pool.run(&requests, |_, reply| match reply {
        Reply::Value(item) => Some(String::from_utf8_lossy(item.value).into_owned()),
        _ => None,
    });
    let mut known = HashSet::new();
    let mut early = Vec::new();
    for (outcome, (key, expires)) in answers.outcomes.into_iter().zip(&keys) {
        let Outcome::Answered(Some(version)) = outcome else { continue };
        let values = all.values.get(&version);
        // A version that never expires is no trouble, and neither is one that outlives its values.
        if let (Some(expires), Some((count, last))) = (expires, values)
            && last.is_none_or(|last| last > *expires + 1)
        {
            early.push((String::from_utf8_lossy(key.as_bytes()).into_owned(), *count));
        }
        known.insert(version);
    }
    let is_complete = all.versions.len() <= VERSIONS;
    let orphans: u64 =
        all.values.iter().filter(|(version, _)| !known.contains(*version)).map(|(_, (count, _))| count).sum();
    if orphans > 0 && is_complete {
        let evidence =
            format!("{orphans} results of memoized functions can never be read back: their version is gone");
        findings.push(Finding::new(Status::Warn, "memoize", evidence).fix("cachier memo gc"));
    }
    if let Some((key, count)) = early.first() {
        let evidence = format!(
            "{} version keys expire before the results that they lead to, such as \"{key}\" with {count}: these are lost with it",
            early.len()
        );
        let fix = "give the functions one timeout, or upgrade Flask-Caching, which keeps version keys as long as their values";
        findings.push(Finding::new(Status::Warn, "memoize", evidence).fix(fix));
    }
    if orphans == 0 && early.is_empty() {
        let evidence = format!("{} version keys, each outliving its results", all.versions.len());
        findings.push(Finding::new(Status::Ok, "memoize", evidence));
    }
}
