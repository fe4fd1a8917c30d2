//! Deleting what a listing shows while it goes on, until a pass finds nothing.

use crate::commands::interrupt::Interrupt;
use crate::output::progress::Progress;
use crate::pool::Pool;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::pool::pipeline::Counts;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::protocol::Wire;
use crate::protocol::listing::Entry;

/// How many passes are made at most; each finds only what moved during the one before.
const PASSES: usize = 20;

/// How many keys of a server are shown as a sample.
const SAMPLE: usize = 3;

/// What came of one server.
#[derive(Debug, Default)]
pub struct Swept {
    /// Items that matched, all passes together.
    pub matched: u64,
    /// Their bytes, memcached's overhead included.
    pub bytes: u64,
    /// How many of them were read since they were stored.
    pub fetched: u64,
    /// Some of the keys.
    pub sample: Vec<Vec<u8>>,
    /// What became of the deletions.
    pub counts: Counts,
    /// Why not everything was done.
    pub errors: Vec<ServerError>,
}

/// Whether an item of a server, by index, is to go.
pub type Doomed<'a> = &'a (dyn Fn(usize, &Entry<'_>) -> bool + Sync);

/// What the threads of all servers share.
pub struct Sweep<'a> {
    /// The servers.
    pub pool: &'a Pool,
    /// Which items are meant.
    pub doomed: Doomed<'a>,
    /// Whether the user wants an end.
    pub interrupt: &'a Interrupt,
    /// How far it is.
    pub progress: &'a Progress,
}

/// One pass over one server, given the greatest CAS unique that is meant; with the greatest that was seen.
pub(super) type Pass<'a> = &'a (dyn Fn(usize, &mut Listing, u64) -> (Swept, u64) + Sync);

impl Swept {
    pub(super) fn take(&mut self, entry: &Entry<'_>) {
        self.matched += 1;
        self.bytes += entry.size;
        self.fetched += u64::from(entry.fetched);
        self.keep_in_sample(entry.key);
    }

    /// Keeps a key as one of the sample, if there are not enough yet.
    pub fn keep_in_sample(&mut self, key: &[u8]) {
        if self.sample.len() < SAMPLE {
            self.sample.push(key.to_vec());
        }
    }

    /// Adds what a later pass did.
    fn add(&mut self, pass: Self) {
        self.matched += pass.matched;
        self.bytes += pass.bytes;
        self.fetched += pass.fetched;
        self.sample.extend(pass.sample.into_iter().take(SAMPLE.saturating_sub(self.sample.len())));
        self.counts.add(&pass.counts);
        self.errors.extend(pass.errors);
    }
}

impl Sweep<'_> {
    /// Only counts what matches, on each of these servers.
    #[must_use]
    pub fn count(&self, servers: &[usize]) -> Vec<(usize, Swept)> {
        self.pool.list(servers, |index, listing| {
            let mut swept = Swept::default();
            let result = self.each(listing, &mut |entry| {
                if (self.doomed)(index, entry) {
                    swept.take(entry);
                }
                Ok(())
            });
            swept.errors.extend(result.err());
            swept
        })
    }

    /// Deletes what matches on each of these servers, until a pass finds nothing more.
    ///
    /// Later passes are for what the first listing missed, not for what was stored since: an item whose CAS unique is greater
    /// than any of the first pass stays.
    #[must_use]
    pub fn delete(&self, servers: &[usize]) -> Vec<(usize, Swept)> {
        self.passes(servers, &|index, listing, newest| self.pass(index, listing, newest))
    }

    /// Goes over these servers until a pass finds nothing more.
    pub(super) fn passes(&self, servers: &[usize], pass: Pass<'_>) -> Vec<(usize, Swept)> {
        let mut total: Vec<(usize, Swept)> = servers.iter().map(|&index| (index, Swept::default())).collect();
        let mut newest: Vec<u64> = vec![u64::MAX; self.pool.endpoints().len()];
        let mut open: Vec<usize> = servers.to_vec();
        for _ in 0..PASSES {
            if open.is_empty() || self.interrupt.is_wanted() {
                break;
            }
            let passes = self.pool.list(&open, |index, listing| {
                pass(index, listing, newest.get(index).copied().unwrap_or(u64::MAX))
            });
            open.clear();
            for (index, (swept, seen)) in passes {
                if swept.matched > 0 && swept.errors.is_empty() {
                    open.push(index);
                }
                if let Some(newest) = newest.get_mut(index).filter(|newest| **newest == u64::MAX) {
                    *newest = seen;
                }
                if let Some((_, total)) = total.iter_mut().find(|(server, _)| *server == index) {
                    total.add(swept);
                }
            }
        }
        total
    }

    /// One pass over one server; with the greatest CAS unique that was seen.
    fn pass(&self, index: usize, listing: &mut Listing, newest: u64) -> (Swept, u64) {
        let mut swept = Swept::default();
        let mut seen = 0;
        let opened = self.pool.open(index);
        let mut server = match opened {
            Ok((server, _)) => server,
            Err(error) => {
                swept.errors.push(error);
                return (swept, seen);
            }
        };
        let mut pipeline = match Pipeline::counting(&mut server) {
            Ok(pipeline) => pipeline,
            Err(error) => {
                swept.errors.push(error);
                return (swept, seen);
            }
        };
        let mut broken = None;
        let result = self.each(listing, &mut |entry| {
            seen = seen.max(entry.cas);
            if entry.cas > newest || !(self.doomed)(index, entry) {
                return Ok(());
            }
            swept.take(entry);
            // A listed key is one that the server has; in text the meta commands carry even its blanks.
            match Key::parse(entry.key, Wire::Binary) {
                Ok(key) => pipeline
                    .push(&Request::Delete { key: &key, cas: None }, ())
                    .map_err(|error| broken = Some(error)),
                Err(_) => Ok(()),
            }
        });
        let (counts, finished) = pipeline.finish();
        swept.counts = counts;
        swept.errors.extend(broken.into_iter().chain(result.err()).chain(finished.err()).take(1));
        (swept, seen)
    }

    /// Goes over a listing until its end, an interrupt, or until `take` has had enough.
    pub(super) fn each(
        &self,
        listing: &mut Listing,
        take: &mut dyn FnMut(&Entry<'_>) -> Result<(), ()>,
    ) -> Result<(), ServerError> {
        let mut listed = 0;
        while let Some(entry) = listing.next_entry()? {
            if take(&entry).is_err() {
                break;
            }
            listed += 1;
            if listed % 1000 == 0 {
                self.progress.add(1000);
                if self.interrupt.is_wanted() {
                    break;
                }
            }
        }
        Ok(())
    }
}
