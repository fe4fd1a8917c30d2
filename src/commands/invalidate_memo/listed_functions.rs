//! Functions that a listing shows, and their results.

use std::collections::HashSet;

use serde_json::json;

use super::InvalidateMemoArgs;
use crate::commands::change;
use crate::commands::change::Aftermath;
use crate::commands::change::Change;
use crate::commands::change::FORMATS;
use crate::commands::change::Target;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::memo::versions;
use crate::commands::memo::versions::VersionKey;
use crate::commands::outcome::UnreachedRecord;
use crate::commands::purge::Sweep;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::ComputedKey;
use crate::flask::memo::VERSION_SUFFIX;
use crate::flask::memo::value::Version;
use crate::pool::pipeline::Counts;
use crate::protocol::Request;
use crate::protocol::listing::Entry;

/// Deletes the version keys that a listing shows of the patterns, and those that were computed, where they are.
///
/// # Errors
/// Servers that cannot list, or settings that do not allow it.
pub(super) fn invalidate(
    context: &mut Context,
    args: &InvalidateMemoArgs,
    computed: &[ComputedKey],
) -> Result<Exit, Failure> {
    context.format(&FORMATS)?;
    let dry_run = args.safety.dry_run;
    if !dry_run {
        context.allow_change("invalidate-memo")?;
    }
    let flag = if args.pattern.is_empty() { "--purge" } else { "--pattern" };
    let cluster = listed::cluster(context, &format!("invalidate-memo {flag}"))?;
    let interrupt = Interrupt::listen();
    let prefix = context.settings.facts()?.key_prefix;
    let is_wanted = |name: &[u8]| {
        args.pattern.iter().any(|glob| glob.matches(name))
            || computed.iter().any(|computed| {
                let key = computed.key.strip_prefix(&prefix).and_then(|key| key.strip_suffix(VERSION_SUFFIX));
                key.is_some_and(|key| key.as_bytes() == name)
            })
    };
    let found = versions::find(context, &cluster, &interrupt, &is_wanted)?;
    if interrupt.is_wanted() {
        return Ok(Exit::Interrupted);
    }
    if let Some(failure) = found.failures.first().filter(|_| found.answered == 0) {
        return Err(Failure { told: true, ..failure.clone() });
    }
    let plan: Vec<Target<'_>> = found.keys.iter().map(|key| (key.server, &key.key)).collect();
    if plan.is_empty() {
        context.output.note("no such version key is there, so there is no result that could be reached");
    }
    let change = Change { command: "invalidate-memo", done: "deleted", dry_run };
    let request = |key| Request::Delete { key, cas: None };
    change::apply_and(context, change, &plan, request, |context| {
        let failures = found.failures.clone();
        if !args.purge {
            let unreached: Vec<UnreachedRecord> = failures.iter().map(UnreachedRecord::from).collect();
            return Ok(Some(("unreached", json!(unreached), failures)));
        }
        purge(context, &cluster, &interrupt, &found.keys, dry_run, failures)
    })
}

/// Deletes, or counts, the results of versions that are gone by now.
fn purge(
    context: &mut Context,
    cluster: &Cluster,
    interrupt: &Interrupt,
    keys: &[VersionKey],
    dry_run: bool,
    mut failures: Vec<Failure>,
) -> Result<Aftermath, Failure> {
    let prefix = context.settings.facts()?.key_prefix.into_bytes();
    let gone: HashSet<Version> = keys.iter().filter_map(|key| key.version).collect();
    let doomed = |_: usize, entry: &Entry<'_>| {
        versions::parts(&prefix, entry.key).is_some_and(|parts| {
            gone.contains(&parts.function) || parts.instance.is_some_and(|instance| gone.contains(&instance))
        })
    };
    let servers = listed::servers(cluster);
    let progress = listed::progress(context, cluster, "results");
    let sweep = Sweep { pool: &cluster.pool, doomed: &doomed, interrupt, progress: &progress };
    let swept = match (gone.is_empty(), dry_run) {
        (true, _) => Vec::new(),
        (false, true) => sweep.count(&servers),
        (false, false) => sweep.delete(&servers),
    };
    drop(progress);
    let (mut matched, mut counts, mut errors) = (0, Counts::default(), Vec::new());
    for (_, swept) in swept {
        matched += swept.matched;
        counts.add(&swept.counts);
        errors.extend(swept.errors);
    }
    // Who did not list before says the same again.
    errors.retain(|error| failures.iter().all(|failure| failure.server.as_deref() != Some(&error.server)));
    let failed = context.report_unreached(errors);
    failures.extend(failed);
    context.output.note(&if dry_run {
        format!("{matched} stored results would be deleted")
    } else {
        format!("{} stored results deleted", counts.done)
    });
    let unknown = keys.iter().filter(|key| key.version.is_none()).count();
    if unknown > 0 {
        context.output.note(&format!(
            "the values of {unknown} version keys could not be read, so their results stay (cachier memo gc finds them)"
        ));
    }
    let results = json!({
        "matched": matched,
        "deleted": counts.done,
        "not_found": counts.not_found,
        "failed": counts.failed,
        "unknown": counts.unknown,
    });
    Ok(Some(("results", results, failures)))
}
