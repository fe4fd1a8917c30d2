//! The names that most operations have, of any number of names in bounded memory.
//!
//! The sketch is Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data
//! streams", 2005): a full table gives the place of its least name to a new one, which takes over that count as its error. No count
//! is too small, none is too large by more than its error, and no error is above all operations over the number of places.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

/// What an operation was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A get that found its item.
    Hit,
    /// A get that found nothing.
    Miss,
    /// A store.
    Store,
}

/// What was seen of a name since it got its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Gets that found their item.
    pub hits: u64,
    /// Gets that found nothing.
    pub misses: u64,
    /// Stores.
    pub sets: u64,
    /// Items pushed out to make room; they are no operations.
    pub evictions: u64,
    /// The values read and stored, in bytes; `None` where a server does not tell their sizes.
    pub bytes: Option<u64>,
}

/// A name and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotName {
    /// The name.
    pub name: Arc<[u8]>,
    /// Its operations, never too few.
    pub operations: u64,
    /// By how many they may be too many.
    pub error: u64,
    /// What was seen since it got its place.
    pub tally: Tally,
}

/// The sketch.
#[derive(Debug)]
pub struct Hot {
    capacity: usize,
    places: HashMap<Arc<[u8]>, usize>,
    names: Vec<HotName>,
    /// Operations and place of every name, the least first.
    order: BTreeSet<(u64, usize)>,
    total: Tally,
}

impl Hot {
    /// An empty one with room for so many names.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            places: HashMap::new(),
            names: Vec::new(),
            order: BTreeSet::new(),
            total: Tally::default(),
        }
    }

    /// Counts an operation; `size` is that of the value in bytes, where the server tells it.
    pub fn add(&mut self, name: &[u8], operation: Operation, size: Option<u64>) {
        self.total.add(operation, size);
        let place = self.place(name);
        let Some(hot) = self.names.get_mut(place) else { return };
        self.order.remove(&(hot.operations, place));
        hot.operations += 1;
        hot.tally.add(operation, size);
        self.order.insert((hot.operations, place));
    }

    /// Counts an item that was pushed out, for a name that has a place.
    pub fn evict(&mut self, name: &[u8]) {
        self.total.evictions += 1;
        if let Some(hot) = self.places.get(name).and_then(|&place| self.names.get_mut(place)) {
            hot.tally.evictions += 1;
        }
    }

    /// All operations together, exact.
    #[must_use]
    pub fn total(&self) -> &Tally {
        &self.total
    }

    /// The names with most operations, most first; among equals in their own order.
    #[must_use]
    pub fn top(&self, count: usize) -> Vec<HotName> {
        let mut names: Vec<&HotName> = self.names.iter().collect();
        names.sort_unstable_by(|a, b| b.operations.cmp(&a.operations).then_with(|| a.name.cmp(&b.name)));
        names.into_iter().take(count).cloned().collect()
    }

    /// The place of a name, given to it if it has none.
    fn place(&mut self, name: &[u8]) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let name: Arc<[u8]> = name.into();
        let mut hot = HotName { name: Arc::clone(&name), operations: 0, error: 0, tally: Tally::default() };
        let mut place = self.names.len();
        let least = if place < self.capacity { None } else { self.order.pop_first() };
        if let Some((least, taken)) = least
            && let Some(old) = self.names.get_mut(taken)
        {
            self.places.remove(&old.name);
            (hot.operations, hot.error) = (least, least);
            *old = hot;
            place = taken;
            self.order.insert((least, place));
        } else {
            self.names.push(hot);
        }
        self.places.insert(name, place);
        place
    }
}

impl Tally {
    /// All gets.
    #[must_use]
    pub fn gets(&self) -> u64 {
        self.hits + self.misses
    }

    fn add(&mut self, operation: Operation, size: Option<u64>) {
        let slot = match operation {
            Operation::Hit => &mut self.hits,
            Operation::Miss => &mut self.misses,
            Operation::Store => &mut self.sets,
        };
        *slot += 1;
        if let Some(size) = size {
            *self.bytes.get_or_insert(0) += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn with_room_for_all_every_number_is_exact() {
        let mut hot = Hot::new(10);
        hot.add(b"a", Operation::Hit, Some(5));
        hot.add(b"b", Operation::Store, Some(7));
        hot.add(b"a", Operation::Miss, None);
        hot.evict(b"a");
        hot.evict(b"unknown");
        let top = hot.top(1);
        assert_eq!((&*top[0].name, top[0].operations, top[0].error), (&b"a"[..], 2, 0));
        assert_eq!(top[0].tally, Tally { hits: 1, misses: 1, sets: 0, evictions: 1, bytes: Some(5) });
        assert_eq!(*hot.total(), Tally { hits: 1, misses: 1, sets: 1, evictions: 2, bytes: Some(12) });
        assert_eq!(hot.top(9).len(), 2);
    }

    proptest! {
        #[test]
        fn counts_are_within_their_error(
            // Squares make small numbers frequent, as keys are.
            stream in prop::collection::vec((0u8..16).prop_map(|root| root.wrapping_mul(root) / 8), 0..600),
            capacity in 1usize..40,
        ) {
            let (mut hot, mut exact) = (Hot::new(capacity), HashMap::<u8, u64>::new());
            for &name in &stream {
                hot.add(&[name], Operation::Hit, None);
                *exact.entry(name).or_default() += 1;
            }
            let top = hot.top(usize::MAX);
            prop_assert!(top.len() <= capacity);
            prop_assert_eq!(top.iter().map(|hot| hot.operations).sum::<u64>(), stream.len() as u64);
            for hot in &top {
                let truth = exact[&hot.name[0]];
                prop_assert!(hot.operations >= truth && hot.operations - hot.error <= truth);
                prop_assert!(hot.error <= stream.len() as u64 / capacity as u64);
                prop_assert_eq!(hot.tally.hits, hot.operations - hot.error);
            }
            // Whoever has more than its part of the places has one of them.
            for (name, count) in exact {
                let has = top.iter().any(|hot| hot.name[0] == name);
                prop_assert!(has || count <= stream.len() as u64 / capacity as u64);
            }
        }
    }
}
