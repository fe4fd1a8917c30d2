//! Storing items on the servers where they belong, each server on a connection of its own.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::Problem;
use crate::archive::Batch;
use crate::archive::Saved;
use crate::commands::context::Cluster;
use crate::pool::ServerError;
use crate::pool::pipeline::Counts;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::protocol::Wire;

/// How many bytes go to a server's thread at once, but for a single larger item.
const BLOCK: usize = 128 << 10;

/// How many items go to a server's thread at once.
const ITEMS: usize = 1000;

/// How many blocks wait for a server's thread.
const WAITING: usize = 2;

/// How many items that could not be stored are named.
const NAMED: usize = 10;

/// What became of the items of one server.
#[derive(Debug, Default)]
pub struct Stored {
    /// How many; `not_found` are those that were there already.
    pub counts: Counts,
    /// Why not everything was sent.
    pub error: Option<ServerError>,
}

/// The way to the threads of all servers, for one producer of items.
pub struct Lanes<'a> {
    cluster: &'a Cluster,
    senders: Vec<SyncSender<Batch>>,
    open: Vec<Batch>,
    /// Keys that the target cannot carry.
    refused: &'a Mutex<Refused>,
}

/// What could not be stored.
#[derive(Debug, Default)]
pub struct Refused {
    /// Items whose keys the protocol of the target cannot carry.
    pub keys: u64,
    /// Some of all items that could not be stored.
    pub problems: Vec<Problem>,
}

impl Refused {
    fn name(&mut self, key: &[u8], server: &str, error: &str) {
        if self.problems.len() < NAMED {
            let (server, error) = (server.to_owned(), error.to_owned());
            self.problems.push(Problem { key: key.into(), server, error });
        }
    }
}

impl Lanes<'_> {
    /// Sends an item to where it belongs.
    pub fn push(&mut self, saved: &Saved<'_>) {
        for server in self.cluster.router.writers(saved.key).iter() {
            let (Some(batch), Some(sender)) = (self.open.get_mut(server), self.senders.get(server)) else {
                continue;
            };
            // In text the meta commands carry even blanks; a server without them refuses such a key by itself.
            if let Err(error) = Key::parse(saved.key, Wire::Binary) {
                let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                refused.keys += 1;
                refused.name(saved.key, &self.cluster.pool.name(server), &error.to_string());
                continue;
            }
            batch.push(saved);
            if batch.bytes() >= BLOCK || batch.len() >= ITEMS {
                // A thread that has ended panicked, which its join tells.
                drop(sender.send(std::mem::take(batch)));
            }
        }
    }

    /// Sends what is left.
    pub fn finish(self) {
        for (batch, sender) in self.open.into_iter().zip(&self.senders) {
            if !batch.is_empty() {
                drop(sender.send(batch));
            }
        }
    }
}

/// Stores what `produce` sends; it gets a maker of lanes, one for each of its threads.
pub fn store<T>(
    cluster: &Cluster,
    mode: StoreMode,
    produce: impl for<'l> FnOnce(&(dyn Fn() -> Lanes<'l> + Sync)) -> T,
) -> (T, Vec<Stored>, Refused) {
    let refused = Mutex::default();
    let (produced, stored) = thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for index in 0..cluster.pool.endpoints().len() {
            let (sender, receiver) = mpsc::sync_channel(WAITING);
            senders.push(sender);
            let refused = &refused;
            threads.push(scope.spawn(move || serve(cluster, index, mode, &receiver, refused)));
        }
        let lanes = || Lanes {
            cluster,
            senders: senders.clone(),
            open: senders.iter().map(|_| Batch::default()).collect(),
            refused: &refused,
        };
        let produced = produce(&lanes);
        drop(senders);
        let stored: Vec<Stored> = threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(stored) => stored,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect();
        (produced, stored)
    });
    (produced, stored, refused.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Stores the items of one server; after an error the rest fails without a try.
fn serve(
    cluster: &Cluster,
    index: usize,
    mode: StoreMode,
    receiver: &Receiver<Batch>,
    refused: &Mutex<Refused>,
) -> Stored {
    // Nobody is contacted before there is an item.
    let Ok(first) = receiver.recv() else { return Stored::default() };
    let name = cluster.pool.name(index);
    let mut tell = |key: Key, reply: Option<Reply<'_>>| {
        if let Some(Reply::Refused(refusal)) = reply {
            let words = String::from_utf8_lossy(refusal.message);
            refused.lock().unwrap_or_else(PoisonError::into_inner).name(key.as_bytes(), &name, &words);
        }
    };
    let mut unsent = 0;
    let result = cluster.pool.open(index).and_then(|(mut server, _)| {
        let mut pipeline = Pipeline::watched(&mut server, &mut tell)?;
        let mut broken = None;
        for batch in std::iter::once(&first).cloned().chain(receiver.iter()) {
            for saved in batch.iter() {
                let Ok(key) = Key::parse(saved.key, Wire::Binary) else { continue };
                if broken.is_some() {
                    unsent += 1;
                    continue;
                }
                let expiry = saved.expires.map_or(Expiry::NEVER, Expiry::at);
                let request = Request::Store {
                    mode,
                    key: &key,
                    flags: saved.flags,
                    expiry,
                    value: saved.value,
                    cas: None,
                };
                broken = pipeline.push(&request, key.clone()).err();
            }
        }
        let (counts, finished) = pipeline.finish();
        Ok((counts, broken.or(finished.err())))
    });
    match result {
        Ok((mut counts, error)) => {
            counts.failed += unsent;
            Stored { counts, error }
        }
        Err(error) => {
            let failed = std::iter::once(first).chain(receiver.iter()).map(|batch| batch.len() as u64).sum();
            Stored { counts: Counts { failed, ..Counts::default() }, error: Some(error) }
        }
    }
}
