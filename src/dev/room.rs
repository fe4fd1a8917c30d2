//! Room for items: what is expired goes first, then what was not used for longest.

use super::slabs::Chunks;
use super::store::Store;
use super::table::mark;

impl Store {
    /// Removes what is expired or flushed in the given classes (`lru_crawler crawl`).
    pub(super) fn reclaim(&mut self, classes: u64) {
        let mut place = 0;
        while let Some((at, item)) = self.table.at_or_after(place) {
            let (class, is_fetched) = (item.class, item.marks & mark::FETCHED != 0);
            if classes >> class & 1 == 1 {
                self.counters.class(class).crawler_items_checked += 1;
                let is_flushed = self.is_flushed(at);
                if is_flushed || self.is_over(at, 1) {
                    let counters = self.counters.class(class);
                    counters.crawler_reclaimed += 1;
                    counters.reclaimed += 1;
                    counters.expired_unfetched += u64::from(!is_fetched && !is_flushed);
                    self.unlink(at);
                }
            }
            place = at + 1;
        }
    }

    /// Finds room for the chunks of an item, if need be by eviction.
    pub(super) fn reserve(&mut self, chunks: Chunks) -> bool {
        for (taken, class) in self.slabs.each(chunks).enumerate() {
            if !self.take_or_evict(class) {
                self.slabs.each(chunks).take(taken).for_each(|class| self.slabs.give(class));
                self.counters.class(chunks.class).outofmemory += 1;
                return false;
            }
        }
        true
    }

    fn take_or_evict(&mut self, class: u8) -> bool {
        for tries in 0..10 {
            if self.slabs.take(class) {
                self.counters.class(class).direct_reclaims += tries;
                return true;
            }
            if !self.evict(class) {
                return false;
            }
        }
        false
    }

    /// Takes the item out whose last use is longest ago, and what is expired on the way (`items.c:lru_pull_tail`).
    fn evict(&mut self, class: u8) -> bool {
        let mut freed = false;
        for _ in 0..5 {
            let Some(place) = self.table.oldest(class) else { return freed };
            freed = true;
            let item = self.table.item(place);
            let is_fetched = item.marks & mark::FETCHED != 0;
            let is_invalid = self.is_over(place, 1) || self.is_flushed(place);
            let counters = self.counters.class(class);
            if is_invalid {
                counters.reclaimed += 1;
                counters.expired_unfetched += u64::from(!is_fetched);
            } else {
                counters.evicted += 1;
                counters.evicted_time = self.now.saturating_sub(item.time);
                counters.evicted_nonzero += u64::from(item.expiry != 0);
                counters.evicted_unfetched += u64::from(!is_fetched);
                self.log.eviction(item, self.now);
            }
            self.unlink(place);
            if !is_invalid {
                return true;
            }
        }
        freed
    }

    pub(super) fn give(&mut self, chunks: Chunks) {
        self.slabs.each(chunks).for_each(|class| self.slabs.give(class));
    }

    pub(super) fn give_of(&mut self, place: u32) {
        if let Some(chunks) = self.slabs.chunks(self.table.item(place).size()) {
            self.give(chunks);
        }
    }
}
