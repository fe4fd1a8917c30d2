//! Events that were not seen, and who lost them.

use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;
use serde_json::json;

use super::writer::Writer;
use crate::pool::Pool;
use crate::pool::watch::Losses;

/// What one server's log lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    pub server: String,
    /// Dropped by the server's workers, whose buffers were full: in nobody's log.
    pub dropped: u64,
    /// Left out of this log, since it was not read in time.
    pub skipped: u64,
    /// Read, and dropped here, since what comes after cachier did not take them in time.
    pub unread: u64,
    before: Option<Losses>,
    /// How many of them the user was told of.
    told: u64,
}

impl Lost {
    /// Nothing is lost yet on this server.
    pub(super) fn new(server: String, before: Option<Losses>) -> Self {
        Self { server, before, ..Self::default() }
    }

    /// Asks the server what its workers dropped.
    pub(super) fn ask(&mut self, pool: &Pool, index: usize) {
        if let Some(now) = pool.losses(index)
            && let Some(before) = self.before
        {
            self.dropped = now.since(before).worker_dropped;
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.dropped + self.skipped + self.unread == 0
    }

    /// What a person is told, unless it was told already.
    pub(super) fn news(&mut self) -> Option<String> {
        let all = self.dropped + self.skipped + self.unread;
        (std::mem::replace(&mut self.told, all) < all).then(|| self.sentence())
    }

    fn sentence(&self) -> String {
        let parts = [
            (self.dropped, "dropped by the server's workers (log_worker_dropped)"),
            (self.skipped, "skipped by the server (log_watcher_skipped)"),
            (self.unread, "dropped by cachier, whose output was not read in time"),
        ];
        let told: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("{}: events are missing: {}", self.server, told.join(", "))
    }

    pub(super) fn record(&self) -> Value {
        json!({
            "server": self.server,
            "worker_dropped": self.dropped,
            "watcher_skipped": self.skipped,
            "dropped_here": self.unread,
        })
    }
}

/// Asks what the servers dropped; the first loss of each is told at once, all of it at the end.
pub(super) fn ask_all(servers: &[(usize, Mutex<Lost>)], pool: &Pool, writer: &Writer<'_>) {
    for (index, lost) in servers {
        let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
        let had_nothing = lost.dropped == 0;
        lost.ask(pool, *index);
        if had_nothing
            && lost.dropped > 0
            && let Some(news) = lost.news()
        {
            writer.note(&news);
        }
    }
}

/// Counts what was lost; the first of each kind is told at once, all of it at the end.
pub(super) fn add(lost: &Mutex<Lost>, of: impl Fn(&mut Lost) -> &mut u64, count: u64, writer: &Writer<'_>) {
    let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = of(&mut lost);
    let is_first = *slot == 0;
    *slot += count;
    if is_first && let Some(news) = lost.news() {
        writer.note(&news);
    }
}
