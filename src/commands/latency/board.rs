//! Samples on their way from the threads that measure to the one that shows them.

use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::measure::Probe;

/// What was measured on each server since it was last taken.
pub(super) struct Board {
    servers: Vec<Mutex<Probe>>,
    is_enough: AtomicBool,
    /// When the first sample was to count.
    began: OnceLock<Instant>,
}

impl Board {
    /// A board for so many servers.
    #[must_use]
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers: (0..servers).map(|_| Mutex::default()).collect(),
            is_enough: AtomicBool::new(false),
            began: OnceLock::new(),
        }
    }

    /// Adds to what was measured on a server.
    pub(super) fn add(&self, server: usize, note: impl FnOnce(&mut Probe)) {
        if let Some(probe) = self.servers.get(server) {
            note(&mut probe.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Takes what was measured on each server since the last time.
    #[must_use]
    pub(super) fn take(&self) -> Vec<Probe> {
        let take =
            |probe: &Mutex<Probe>| std::mem::take(&mut *probe.lock().unwrap_or_else(PoisonError::into_inner));
        self.servers.iter().map(take).collect()
    }

    /// Says from when on samples count on a server; the first to say so begins the first interval.
    pub(super) fn begin(&self, moment: Instant) {
        // Where it is set already another server was earlier.
        let _ = self.began.set(moment);
    }

    /// From when on samples count; `None` while every server is still to be connected to.
    #[must_use]
    pub(super) fn began(&self) -> Option<Instant> {
        self.began.get().copied()
    }

    /// Says that nobody wants to know more.
    pub(super) fn stop(&self) {
        self.is_enough.store(true, Ordering::Relaxed);
    }

    /// Whether nobody wants to know more.
    #[must_use]
    pub(super) fn is_stopped(&self) -> bool {
        self.is_enough.load(Ordering::Relaxed)
    }
}
