//! What the server counts; `stats reset` sets all of it to zero.

use super::slabs::CLASSES;

/// Counters of the whole server, named as in `stats`.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    pub(super) auth_cmds: u64,
    pub(super) auth_errors: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_written: u64,
    pub(super) cas_misses: u64,
    pub(super) cmd_flush: u64,
    pub(super) cmd_get: u64,
    pub(super) cmd_meta: u64,
    pub(super) cmd_touch: u64,
    pub(super) conn_yields: u64,
    pub(super) decr_misses: u64,
    pub(super) delete_misses: u64,
    pub(super) get_expired: u64,
    pub(super) get_flushed: u64,
    pub(super) get_misses: u64,
    pub(super) incr_misses: u64,
    pub(super) lru_crawler_starts: u64,
    pub(super) rejected_connections: u64,
    pub(super) store_no_memory: u64,
    pub(super) store_too_large: u64,
    pub(super) total_connections: u64,
    pub(super) total_items: u64,
    pub(super) touch_misses: u64,
    pub(super) classes: [ClassCounters; CLASSES],
}

/// Counters of one slab class, named as in `stats slabs` and `stats items`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClassCounters {
    pub(super) cas_badval: u64,
    pub(super) cas_hits: u64,
    pub(super) cmd_set: u64,
    pub(super) crawler_items_checked: u64,
    pub(super) crawler_reclaimed: u64,
    pub(super) decr_hits: u64,
    pub(super) delete_hits: u64,
    pub(super) direct_reclaims: u64,
    pub(super) evicted: u64,
    pub(super) evicted_nonzero: u64,
    pub(super) evicted_time: u32,
    pub(super) evicted_unfetched: u64,
    pub(super) expired_unfetched: u64,
    pub(super) get_hits: u64,
    pub(super) incr_hits: u64,
    pub(super) moves_to_cold: u64,
    pub(super) outofmemory: u64,
    pub(super) reclaimed: u64,
    pub(super) touch_hits: u64,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            auth_cmds: 0,
            auth_errors: 0,
            bytes_read: 0,
            bytes_written: 0,
            cas_misses: 0,
            cmd_flush: 0,
            cmd_get: 0,
            cmd_meta: 0,
            cmd_touch: 0,
            conn_yields: 0,
            decr_misses: 0,
            delete_misses: 0,
            get_expired: 0,
            get_flushed: 0,
            get_misses: 0,
            incr_misses: 0,
            lru_crawler_starts: 0,
            rejected_connections: 0,
            store_no_memory: 0,
            store_too_large: 0,
            total_connections: 0,
            total_items: 0,
            touch_misses: 0,
            classes: [ClassCounters::default(); CLASSES],
        }
    }

    pub(super) fn class(&mut self, class: u8) -> &mut ClassCounters {
        &mut self.classes[usize::from(class)]
    }

    /// Adds one counter up over the classes.
    pub(super) fn sum(&self, counter: impl Fn(&ClassCounters) -> u64) -> u64 {
        self.classes.iter().map(counter).sum()
    }
}
