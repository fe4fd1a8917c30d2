//! The version keys that the servers hold, and their values.

use std::collections::HashSet;

use crate::codec::Client;
use crate::commands::context;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::fetch::Stored;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::memo_args::version_text;
use crate::commands::refusal;
use crate::failure::Failure;
use crate::flask::memo::VERSION_SUFFIX;
use crate::flask::memo::value;
use crate::flask::memo::value::ValueParts;
use crate::flask::memo::value::Version;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How many values are read at once.
const BATCH: usize = 1000;

/// A version key on a server.
#[derive(Clone, Debug)]
pub struct VersionKey {
    /// The key.
    pub key: Key,
    /// The function, with the instance's token behind a dot where it is an instance's.
    pub name: String,
    /// The server that has it, by index.
    pub server: usize,
    /// Seconds until it expires; `None`: never.
    pub ttl: Option<u64>,
    /// Its value; `None` if that is no version, or the key is gone by now.
    pub version: Option<Version>,
}

/// What the servers hold.
pub struct Versions {
    /// All version keys, by name.
    pub keys: Vec<VersionKey>,
    /// The greatest CAS unique that each server told, by index.
    pub newest: Vec<u64>,
    /// What went wrong; with it nobody knows which results can be reached.
    pub failures: Vec<Failure>,
    /// How many servers answered.
    pub answered: usize,
}

impl Versions {
    /// The versions by which results can be reached.
    #[must_use]
    pub fn known(&self) -> HashSet<Version> {
        self.keys.iter().filter_map(|key| key.version).collect()
    }
}

/// The parts of the key of a result; chunks of a spread one count as it does.
#[must_use]
pub fn parts<'a>(prefix: &[u8], key: &'a [u8]) -> Option<ValueParts<'a>> {
    let library_key = key.strip_prefix(prefix)?;
    value::parts(library_key).or_else(|| {
        // `.0` to `.31`.
        let dot = memchr::memrchr(b'.', library_key)?;
        let (before, chunk) = library_key.split_at_checked(dot)?;
        let digits = chunk.get(1..)?;
        ((1..=2).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
            .then(|| value::parts(before))
            .flatten()
    })
}

/// Whether a result can be reached: by all versions in its key.
#[must_use]
pub fn is_reachable(parts: &ValueParts<'_>, known: &HashSet<Version>) -> bool {
    known.contains(&parts.function) && parts.instance.is_none_or(|instance| known.contains(&instance))
}

/// The name in a version key.
fn name<'a>(prefix: &[u8], key: &'a [u8]) -> Option<&'a [u8]> {
    key.strip_prefix(prefix)?.strip_suffix(VERSION_SUFFIX.as_bytes())
}

/// Finds the version keys in a listing and reads their values; what failed is told on stderr.
///
/// # Errors
/// Settings that cannot be used.
pub fn find(
    context: &mut Context,
    cluster: &Cluster,
    interrupt: &Interrupt,
    is_wanted: &(dyn Fn(&[u8]) -> bool + Sync),
) -> Result<Versions, Failure> {
    let prefix = context.settings.facts()?.key_prefix.into_bytes();
    let servers = listed::servers(cluster);
    let now = context::now().as_secs();
    let progress = listed::progress(context, cluster, "version keys");
    let work = |server: usize, listing: &mut Listing| {
        let (mut keys, mut newest, mut listed) = (Vec::new(), 0, 0);
        let result: Result<(), ServerError> = loop {
            let entry = match listing.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            newest = newest.max(entry.cas);
            listed += 1;
            if listed % 1000 == 0 {
                progress.add(1000);
                if interrupt.is_wanted() {
                    break Ok(());
                }
            }
            if let Some(name) = name(&prefix, entry.key).filter(|name| is_wanted(name))
                && let Ok(key) = Key::parse(entry.key, Wire::Text)
            {
                let name = String::from_utf8_lossy(name).into_owned();
                let ttl = entry.expires.map(|expires| expires.saturating_sub(now));
                keys.push(VersionKey { key, name, server, ttl, version: None });
            }
        };
        (keys, newest, result.err())
    };
    let parts = cluster.pool.list(&servers, work);
    drop(progress);
    let mut versions = Versions { keys: Vec::new(), newest: Vec::new(), failures: Vec::new(), answered: 0 };
    let mut unreached = Vec::new();
    for (_, (keys, newest, error)) in parts {
        versions.keys.extend(keys);
        versions.newest.push(newest);
        versions.answered += usize::from(error.is_none());
        unreached.extend(error);
    }
    versions.failures = context.report_unreached(unreached);
    let client = context.settings.client()?;
    let failures = read(context, cluster, client, &mut versions.keys);
    versions.failures.extend(failures);
    versions.keys.sort_by(|one, other| one.name.cmp(&other.name).then(one.server.cmp(&other.server)));
    Ok(versions)
}

/// Reads the values where the listing found the keys, whatever the routing says.
fn read(context: &mut Context, cluster: &Cluster, client: Client, keys: &mut [VersionKey]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for batch in keys.chunks_mut(BATCH) {
        let requests: Vec<_> = batch.iter().map(|key| (key.server, Request::Get { key: &key.key })).collect();
        let answers = cluster.pool.run(&requests, |position, reply| match reply {
            Reply::Value(item) => {
                Ok(Some(Stored { flags: item.flags, cas: item.cas, value: item.value.to_vec() }))
            }
            Reply::Miss | Reply::NotFound => Ok(None),
            other => {
                let name = batch.get(position).map(|key| cluster.pool.name(key.server)).unwrap_or_default();
                Err(match batch.get(position) {
                    Some(key) => refusal::failure(&name, &key.key, &other),
                    None => Failure::usage(name),
                })
            }
        });
        let (results, failed) = context.settle(answers);
        failures.extend(failed);
        for (key, result) in batch.iter_mut().zip(results) {
            let stored = result.ok().flatten();
            let text = stored.and_then(|stored| version_text(client, &stored));
            key.version = text.and_then(|text| value::version(text.as_bytes()));
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_count_as_their_result() {
        let prefix = b"flask_cache_";
        for (key, is_result) in [
            ("flask_cache_SZ7CWdKM4GEpwXvWvDiHV4", true),
            ("flask_cache_SZ7CWdKM4GEpwXvWvDiHV4.0", true),
            ("flask_cache_SZ7CWdKM4GEpwXvWvDiHV4.31", true),
            ("flask_cache_SZ7CWdKM4GEpwXvWvDiHV4.", false),
            ("flask_cache_SZ7CWdKM4GEpwXvWvDiHV4.x", false),
            ("flask_cache_view//products", false),
            ("SZ7CWdKM4GEpwXvWvDiHV4", false),
        ] {
            assert_eq!(parts(prefix, key.as_bytes()).is_some(), is_result, "{key}");
        }
    }

    #[test]
    fn a_method_needs_both_versions() {
        let known = HashSet::from([*b"aaaaaa", *b"iiiiii"]);
        let reachable = |key: &str| is_reachable(&value::parts(key.as_bytes()).unwrap(), &known);
        assert!(reachable("0123456789abcdefaaaaaa"));
        assert!(reachable("0123456789abcdefaaaaaaiiiiii"));
        assert!(!reachable("0123456789abcdefaaaaaajjjjjj"));
        assert!(!reachable("0123456789abcdefbbbbbbiiiiii"));
    }

    #[test]
    fn names_stand_between_prefix_and_suffix() {
        assert_eq!(name(b"p_", b"p_shop.price_memver"), Some(&b"shop.price"[..]));
        assert_eq!(name(b"p_", b"shop.price_memver"), None);
        assert_eq!(name(b"p_", b"p_shop.price"), None);
    }
}
