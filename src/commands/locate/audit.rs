//! `where --audit`: whether the routing in use is the one that the pool was filled by.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::audit_report::Audited;
use super::audit_report::ServerPart;
use super::candidates;
use super::routings;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::measure::copies;
use crate::measure::copies::Copies;
use crate::measure::copies::Sample;
use crate::output::Format;
use crate::output::progress::Progress;
use crate::pool::listing::Listing;
use crate::pool::listing::Wanted;
use crate::routing::Router;

/// How many copies of keys are counted exactly: 8 MiB of hashes.
const COUNTED: usize = 1 << 20;

/// How many copies of keys every routing is tried on; chance makes less than a percent of difference.
const TRIED: usize = 20_000;

/// How many copies a server's thread collects before it waits for the others.
const BLOCK: usize = 1000;

/// How many misplaced keys of a server are shown.
const SHOWN: usize = 5;

/// What the threads of all servers share.
struct Gathering<'a> {
    router: &'a Router,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    copies: Mutex<Copies>,
    sample: Mutex<Sample>,
}

/// Lists everything and prints what came out.
///
/// # Errors
/// Settings that cannot be used, or servers that cannot list.
pub(super) fn run(context: &mut Context, format: Format) -> Result<Exit, Failure> {
    let cluster = listed::cluster(context, "where --audit")?;
    let candidates = candidates::many(context)?;
    let servers = listed::servers(&cluster);
    let interrupt = Interrupt::listen();
    let progress = listed::progress(context, &cluster, "listing");
    let gathering = Gathering {
        router: &cluster.router,
        interrupt: &interrupt,
        progress: &progress,
        copies: Mutex::new(Copies::new(COUNTED)),
        sample: Mutex::new(Sample::new(TRIED)),
    };
    let parts =
        cluster.pool.list_what(&servers, Wanted::Keys, |index, listing| gathering.work(index, listing));
    let mut parts: Vec<ServerPart> = parts.into_iter().map(|(_, part)| part).collect();
    let duplicates = gathering.copies.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    let sample = gathering.sample.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    drop(progress);
    parts.iter_mut().zip(&servers).for_each(|(part, &index)| part.server = cluster.pool.name(index));
    let unreached: Vec<_> = parts.iter_mut().filter_map(|part| part.error.take()).collect();
    parts.iter_mut().for_each(|part| part.failed = unreached.iter().any(|error| error.server == part.server));
    let reached: Vec<bool> = parts.iter().map(|part| !part.failed).collect();
    let failures = context.report_unreached(unreached);
    let answered = parts.len() - failures.len();
    if let Some(failure) = context.nothing_done(Some(format), answered, &failures) {
        return Err(failure);
    }
    let interrupted = interrupt.is_wanted();
    let explained = routings::explain(&candidates, &sample, &reached);
    let audited =
        Audited { parts, duplicates, tried: sample.len(), explained, interrupted, failures: &failures };
    audited.print(context, format);
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    let usual = if audited.misplaced() > 0 { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, answered, &failures))
}

impl Gathering<'_> {
    /// Looks at every key of one server.
    fn work(&self, server: usize, listing: &mut Listing) -> ServerPart {
        let mut part = ServerPart::default();
        let mut hashes = Vec::with_capacity(BLOCK);
        let mut sampled: Vec<(u64, Vec<u8>)> = Vec::new();
        while !self.interrupt.is_wanted() {
            let key = match listing.next_entry() {
                Ok(Some(entry)) => entry.key,
                Ok(None) => break,
                Err(error) => {
                    part.error = Some(error);
                    break;
                }
            };
            part.listed += 1;
            if self.router.writers(key).iter().all(|place| place != server) {
                part.misplaced += 1;
                if part.sample.len() < SHOWN {
                    part.sample.push(key.into());
                }
            }
            let hash = copies::hash(key);
            hashes.push(hash);
            if hash.leading_zeros() >= part.level {
                sampled.push((hash, key.to_vec()));
            }
            if hashes.len() >= BLOCK {
                self.progress.add(BLOCK as u64);
                self.share(server, &mut part, &mut hashes, &mut sampled);
            }
        }
        self.share(server, &mut part, &mut hashes, &mut sampled);
        part
    }

    /// Gives what was collected to the common counts.
    fn share(
        &self,
        server: usize,
        part: &mut ServerPart,
        hashes: &mut Vec<u64>,
        sampled: &mut Vec<(u64, Vec<u8>)>,
    ) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let number = u16::try_from(server).unwrap_or(u16::MAX);
        hashes.drain(..).for_each(|hash| copies.add(hash, number));
        drop(copies);
        let mut sample = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        sampled.drain(..).for_each(|(hash, key)| sample.add(hash, &key, server));
        part.level = sample.level();
    }
}
