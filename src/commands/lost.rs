//! Events that were not seen, and who lost them.

use serde_json::Value;
use serde_json::json;

use crate::pool::Pool;
use crate::pool::watch::Losses;

/// What one server's log lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The server.
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
    #[must_use]
    pub fn new(server: String, before: Option<Losses>) -> Self {
        Self { server, before, ..Self::default() }
    }

    /// Asks the server what its workers dropped.
    pub fn ask(&mut self, pool: &Pool, index: usize) {
        if let Some(now) = pool.losses(index)
            && let Some(before) = self.before
        {
            self.dropped = now.since(before).worker_dropped;
        }
    }

    /// Whether nothing is known to be lost.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.dropped + self.skipped + self.unread == 0
    }

    /// What a person is told, unless it was told already.
    #[must_use]
    pub fn news(&mut self) -> Option<String> {
        let all = self.dropped + self.skipped + self.unread;
        (std::mem::replace(&mut self.told, all) < all).then(|| self.sentence())
    }

    fn sentence(&self) -> String {
        let parts = [
            (self.dropped, "dropped by the server's workers (log_worker_dropped)"),
            (self.skipped, "skipped by the server (log_watcher_skipped)"),
            (self.unread, "dropped by cachier, which could not get rid of them in time"),
        ];
        let told: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("{}: events are missing: {}", self.server, told.join(", "))
    }

    /// The losses in JSON.
    #[must_use]
    pub fn record(&self) -> Value {
        json!({
            "server": self.server,
            "worker_dropped": self.dropped,
            "watcher_skipped": self.skipped,
            "dropped_here": self.unread,
        })
    }
}
