//! What is about to be deleted or overwritten is read and kept.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::entry;
use super::entry::Header;
use crate::archive::Form;
use crate::archive::Saved;
use crate::commands::context;
use crate::commands::context::Context;
use crate::failure::Failure;
use crate::pool::Outcome;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::protocol::Wire;

/// The most items of one entry.
const ITEMS: usize = 10_000;

/// The most bytes of the values of one entry.
const BYTES: usize = 16 << 20;

/// What a server said of an item.
enum Part {
    Value {
        flags: u32,
        value: Vec<u8>,
    },
    /// Remaining seconds; -1 if it never expires.
    Ttl(i64),
    Nothing,
}

/// Keeps the items that these requests delete or overwrite; what cannot be kept is a note and stops nothing.
///
/// # Errors
/// Settings that cannot be used.
pub fn keep(context: &mut Context, command: &str, requests: &[(usize, Request<'_>)]) -> Result<(), Failure> {
    let doomed: Vec<(usize, &Key)> =
        requests.iter().filter_map(|(server, request)| Some((*server, lost(request)?))).collect();
    if context.settings.no_journal.value || doomed.is_empty() {
        return Ok(());
    }
    if doomed.len() > ITEMS {
        context.output.note(&format!("more than {ITEMS} items are not kept for undo"));
        return Ok(());
    }
    let cluster = context.cluster()?;
    let is_text = context.wire()? == Wire::Text;
    // Value and remaining time of all items in one batch; only the meta commands of text tell the time.
    let questions: Vec<(usize, Request<'_>)> = doomed
        .iter()
        .flat_map(|&(server, key)| {
            let look = is_text.then_some((server, Request::Inspect { key }));
            std::iter::once((server, Request::Get { key })).chain(look)
        })
        .collect();
    let taken = AtomicUsize::new(0);
    let answers = cluster.pool.run(&questions, |_, reply| match reply {
        Reply::Value(item) => {
            let before = taken.fetch_add(item.value.len(), Ordering::Relaxed);
            // Beyond the bound nothing is kept, so nothing needs to be copied.
            let fits = before.saturating_add(item.value.len()) <= BYTES;
            Part::Value { flags: item.flags, value: if fits { item.value.to_vec() } else { Vec::new() } }
        }
        Reply::Metadata(known) => known.ttl.map_or(Part::Nothing, Part::Ttl),
        _ => Part::Nothing,
    });
    if taken.into_inner() > BYTES {
        context.output.note(&format!("items of more than {} MiB are not kept for undo", BYTES >> 20));
        return Ok(());
    }
    for (_, error) in &answers.unreached {
        context.output.note(&format!("not kept for undo: {error}"));
    }
    let now = context::now();
    let records = records(&doomed, &answers.outcomes, if is_text { 2 } else { 1 }, now);
    if records.items == 0 {
        return Ok(());
    }
    let endpoints = 0..cluster.pool.endpoints().len();
    let header = Header {
        id: String::new(),
        at: String::new(),
        command: command.to_owned(),
        profile: context.settings.profile.as_ref().map(|profile| profile.value.clone()),
        servers: endpoints.map(|index| cluster.pool.name(index)).collect(),
        items: records.items,
        unknown_expiry: records.unknown_expiry,
        bytes: records.bytes,
    };
    let written = entry::directory(context)
        .map_err(|failure| io::Error::other(failure.message))
        .and_then(|directory| entry::write(&directory, header, &records.encoded));
    if let Err(error) = written {
        context.output.note(&format!("the journal cannot be written, so undo will not help: {error}"));
    }
    Ok(())
}

/// The key whose item a request deletes or overwrites.
fn lost<'a>(request: &Request<'a>) -> Option<&'a Key> {
    match request {
        Request::Delete { key, .. }
        | Request::Store { key, mode: StoreMode::Set | StoreMode::Replace, .. } => Some(key),
        _ => None,
    }
}

/// The records of an entry, those without a known expiry first.
#[derive(Default)]
struct Records {
    encoded: Vec<u8>,
    items: u64,
    unknown_expiry: u64,
    bytes: u64,
}

/// Writes the items that are there as records, each key once: copies on other servers follow from the routing.
fn records(doomed: &[(usize, &Key)], parts: &[Outcome<Part>], each: usize, now: Duration) -> Records {
    let mut records = Records::default();
    let mut later = Vec::new();
    let mut seen = BTreeSet::new();
    for ((_, key), parts) in doomed.iter().zip(parts.chunks(each)) {
        let Some(Outcome::Answered(Part::Value { flags, value })) = parts.first() else { continue };
        if !seen.insert(key.as_bytes()) {
            continue;
        }
        let expiry = match parts.get(1) {
            Some(Outcome::Answered(Part::Ttl(seconds))) => {
                Some(u64::try_from(*seconds).ok().map(|seconds| now.as_secs() + seconds))
            }
            _ => None,
        };
        let saved = Saved { key: key.as_bytes(), flags: *flags, expires: expiry.flatten(), value };
        Form::Json.encode(&saved, if expiry.is_some() { &mut later } else { &mut records.encoded });
        records.items += 1;
        records.unknown_expiry += u64::from(expiry.is_none());
        records.bytes += (saved.key.len() + value.len()) as u64;
    }
    records.encoded.append(&mut later);
    records
}
