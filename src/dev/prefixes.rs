//! Counts by prefix of the key, which `stats detail` switches on.

use std::collections::BTreeMap;

/// Prefixes beyond this number are not counted, so that clients cannot fill the memory with them.
const LIMIT: usize = 100_000;

/// What a command did to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Delete,
    Hit,
    Miss,
    Set,
}

/// The counts of each prefix: gets, hits, sets, deletes.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    pub(super) is_on: bool,
    counts: BTreeMap<Vec<u8>, [u64; 4]>,
}

impl Prefixes {
    /// Counts an event of a key with a prefix, that is with a colon (`stats_prefix.c`).
    pub(super) fn record(&mut self, key: &[u8], event: Event) {
        if !self.is_on {
            return;
        }
        let end = key.iter().position(|&byte| byte == b':' || byte == 0);
        let Some(prefix) = end.filter(|&end| key[end] == b':').map(|end| &key[..end]) else { return };
        if !self.counts.contains_key(prefix) && self.counts.len() >= LIMIT {
            return;
        }
        let [gets, hits, sets, deletes] = self.counts.entry(prefix.to_vec()).or_default();
        match event {
            Event::Delete => *deletes += 1,
            Event::Hit => (*gets, *hits) = (*gets + 1, *hits + 1),
            Event::Miss => *gets += 1,
            Event::Set => *sets += 1,
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// `stats detail dump`.
    pub(super) fn dump(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (prefix, [gets, hits, sets, deletes]) in &self.counts {
            out.extend_from_slice(b"PREFIX ");
            out.extend_from_slice(prefix);
            let counts = format!(" get {gets} hit {hits} set {sets} del {deletes}\r\n");
            out.extend_from_slice(counts.as_bytes());
        }
        out.extend_from_slice(b"END\r\n");
        out
    }
}
