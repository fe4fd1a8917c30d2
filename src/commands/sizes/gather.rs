//! The items of all servers on their way to one measure.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::split::Split;
use crate::commands::interrupt::Interrupt;
use crate::commands::selection::Selection;
use crate::measure::prefixes::Item;
use crate::measure::prefixes::Prefixes;
use crate::output::progress::Progress;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::protocol::listing::Entry;

/// How many items a server's thread collects before it waits for the others.
const BLOCK: usize = 500;

/// What the threads of all servers share.
pub(super) struct Gathering<'a> {
    pub(super) selection: &'a Selection,
    pub(super) split: &'a Split,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
    pub(super) prefixes: Mutex<Prefixes>,
}

/// What came of one server.
#[derive(Default)]
pub(super) struct Part {
    pub(super) listed: u64,
    pub(super) error: Option<ServerError>,
}

/// Items of one server that wait to be measured; their keys one behind the other.
#[derive(Default)]
struct Block {
    keys: Vec<u8>,
    items: Vec<(usize, u64, Option<u64>, u64)>,
}

impl Gathering<'_> {
    /// Measures one server's items.
    pub(super) fn work(&self, server: usize, listing: &mut Listing) -> Part {
        let mut part = Part::default();
        let mut block = Block::default();
        while !self.interrupt.is_wanted() {
            let entry = match listing.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    part.error = Some(error);
                    break;
                }
            };
            part.listed += 1;
            if part.listed.is_multiple_of(1000) {
                self.progress.add(1000);
            }
            if self.selection.matches(&entry) {
                block.push(&entry, self.selection);
                if block.items.len() >= BLOCK {
                    self.measure(server, &mut block);
                }
            }
        }
        self.measure(server, &mut block);
        part
    }

    fn measure(&self, server: usize, block: &mut Block) {
        let mut prefixes = self.prefixes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = block.keys.as_slice();
        for &(length, size, ttl, idle) in &block.items {
            let (key, behind) = rest.split_at_checked(length).unwrap_or((rest, b""));
            rest = behind;
            prefixes.add(&Item { key, server, size, ttl, idle }, self.split.ends(key));
        }
        drop(prefixes);
        block.keys.clear();
        block.items.clear();
    }
}

impl Block {
    fn push(&mut self, entry: &Entry<'_>, selection: &Selection) {
        self.keys.extend_from_slice(entry.key);
        let ttl = u64::try_from(selection.remaining(entry)).ok();
        self.items.push((entry.key.len(), entry.size, ttl, selection.idle(entry)));
    }
}
