//! The stored results under each version, from a listing.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::versions::Versions;
use super::versions::is_reachable;
use super::versions::parts;
use crate::commands::interrupt::Interrupt;
use crate::commands::selection::Clock;
use crate::flask::memo::value::Version;
use crate::measure::prefixes::Item;
use crate::measure::prefixes::Sum;
use crate::output::progress::Progress;
use crate::pool::Pool;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::protocol::listing::Entry;

/// What some results come to.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) sum: Sum,
    /// How many were read since they were stored.
    pub(super) read: u64,
    /// How many expire after the version key that leads to them.
    pub(super) outlive: u64,
    /// Results of the function that nobody can reach, since the version of their instance is gone.
    pub(super) orphans: u64,
}

/// All results by the versions in their keys.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By the function's version.
    pub(super) functions: HashMap<Version, Results>,
    /// How many, by the instance's version.
    pub(super) instances: HashMap<Version, u64>,
    /// Those that nobody can reach.
    pub(super) orphans: Results,
    /// Stored since the version keys were listed: nobody knows yet.
    pub(super) newer: u64,
}

/// What is known before the results are listed.
pub(super) struct Collecting<'a> {
    pub(super) pool: &'a Pool,
    pub(super) prefix: &'a [u8],
    pub(super) versions: &'a Versions,
    pub(super) clock: Clock,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
}

impl Collecting<'_> {
    /// Lists all results and adds them up.
    pub(super) fn tally(&self, servers: &[usize]) -> (Tally, Vec<ServerError>) {
        let known = self.versions.known();
        let tally = Mutex::new(Tally::default());
        let ttl: BTreeMap<Version, Option<u64>> =
            self.versions.keys.iter().filter_map(|key| Some((key.version?, key.ttl))).collect();
        let errors = self.each(servers, &|server, entry| {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            self.add(&mut tally, server, entry, &known, &ttl);
        });
        (tally.into_inner().unwrap_or_else(PoisonError::into_inner), errors)
    }

    /// Hands over every item whose key is that of a result.
    pub(super) fn each(
        &self,
        servers: &[usize],
        take: &(dyn Fn(usize, &Entry<'_>) + Sync),
    ) -> Vec<ServerError> {
        let work = |server: usize, listing: &mut Listing| -> Result<(), ServerError> {
            let mut listed = 0;
            while let Some(entry) = listing.next_entry()? {
                listed += 1;
                if listed % 1000 == 0 {
                    self.progress.add(1000);
                    if self.interrupt.is_wanted() {
                        break;
                    }
                }
                if parts(self.prefix, entry.key).is_some() {
                    take(server, &entry);
                }
            }
            Ok(())
        };
        self.pool.list(servers, work).into_iter().filter_map(|(_, result)| result.err()).collect()
    }

    fn add(
        &self,
        tally: &mut Tally,
        server: usize,
        entry: &Entry<'_>,
        known: &HashSet<Version>,
        ttl: &BTreeMap<Version, Option<u64>>,
    ) {
        let Some(parts) = parts(self.prefix, entry.key) else { return };
        let is_reachable = is_reachable(&parts, known);
        if !is_reachable && entry.cas > self.versions.newest.get(server).copied().unwrap_or(0) {
            tally.newer += 1;
            return;
        }
        let item = Item {
            key: entry.key,
            server,
            size: entry.size,
            ttl: u64::try_from(self.clock.remaining(entry)).ok(),
            idle: self.clock.idle(entry),
        };
        if known.contains(&parts.function) {
            let results = tally.functions.entry(parts.function).or_default();
            if is_reachable {
                results.add(&item, entry.fetched);
                let limits = [Some(parts.function), parts.instance].into_iter().flatten();
                let limit = limits.filter_map(|version| ttl.get(&version).copied().flatten()).min();
                results.outlive +=
                    u64::from(limit.is_some_and(|limit| item.ttl.is_none_or(|ttl| ttl > limit)));
            } else {
                results.orphans += 1;
            }
        }
        if let Some(instance) = parts.instance.filter(|instance| known.contains(instance)) {
            *tally.instances.entry(instance).or_default() += 1;
        }
        if !is_reachable {
            tally.orphans.add(&item, entry.fetched);
        }
    }
}

impl Results {
    fn add(&mut self, item: &Item<'_>, fetched: bool) {
        self.sum.add(item);
        self.read += u64::from(fetched);
    }
}
