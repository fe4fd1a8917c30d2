//! The items themselves: a hash table with a list of each class from the latest to the oldest use.

use std::hash::BuildHasher as _;
use std::hash::RandomState;

use super::slabs::CLASSES;
use super::slabs::Slabs;

/// No item.
const NONE: u32 = u32::MAX;

/// Marks of an item (`it_flags`).
pub(super) mod mark {
    /// It was read since it was stored.
    pub(in super::super) const FETCHED: u8 = 1;
    /// Its key is binary and shown in base64.
    pub(in super::super) const BINARY_KEY: u8 = 2;
    /// `md I` said that it is out of date.
    pub(in super::super) const STALE: u8 = 4;
    /// A client was told to store it anew.
    pub(in super::super) const WON: u8 = 8;
}

/// One item.
#[derive(Debug)]
pub(super) struct Item {
    /// Key, value, CR LF; empty for a place without item.
    data: Box<[u8]>,
    pub(super) cas: u64,
    /// When it was stored or last used, on the server's clock.
    pub(super) time: u32,
    /// When it expires, on the server's clock; 0 for never.
    pub(super) expiry: u32,
    pub(super) flags: u32,
    newer: u32,
    older: u32,
    next: u32,
    hash: u32,
    key_length: u8,
    pub(super) class: u8,
    pub(super) marks: u8,
}

impl Item {
    pub(super) fn key(&self) -> &[u8] {
        &self.data[..usize::from(self.key_length)]
    }

    /// The value with its line end.
    pub(super) fn line(&self) -> &[u8] {
        &self.data[usize::from(self.key_length)..]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.data[usize::from(self.key_length)..self.data.len() - 2]
    }

    /// The bytes of the value, to be overwritten in place.
    pub(super) fn value_mut(&mut self) -> &mut [u8] {
        let end = self.data.len() - 2;
        &mut self.data[usize::from(self.key_length)..end]
    }

    /// The whole size with memcached's overhead.
    pub(super) fn size(&self) -> usize {
        Slabs::item_size(self.key().len(), self.flags, self.value().len())
    }
}

/// What is to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh<'a> {
    pub(super) key: &'a [u8],
    pub(super) flags: u32,
    pub(super) expiry: u32,
    /// The value in one or two parts.
    pub(super) parts: [&'a [u8]; 2],
    pub(super) marks: u8,
}

/// The list of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    newest: u32,
    oldest: u32,
    pub(super) count: usize,
    /// The sizes of its items.
    pub(super) bytes: usize,
}

/// All items.
#[derive(Debug)]
pub(super) struct Table {
    items: Vec<Item>,
    /// The first free place; they are chained by `next`.
    free: u32,
    buckets: Vec<u32>,
    pub(super) lists: [List; CLASSES],
    pub(super) count: usize,
    hasher: RandomState,
}

impl Table {
    pub(super) fn new() -> Self {
        let list = List { newest: NONE, oldest: NONE, count: 0, bytes: 0 };
        Self {
            items: Vec::new(),
            free: NONE,
            // memcached starts with the same number (hash power 16).
            buckets: vec![NONE; 1 << 16],
            lists: [list; CLASSES],
            count: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    pub(super) fn item(&self, place: u32) -> &Item {
        &self.items[place as usize]
    }

    pub(super) fn item_mut(&mut self, place: u32) -> &mut Item {
        &mut self.items[place as usize]
    }

    /// The place of an item.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hash(key);
        let mut place = self.buckets[self.bucket(hash)];
        while place != NONE {
            let item = &self.items[place as usize];
            if item.hash == hash && item.key() == key {
                return Some(place);
            }
            place = item.next;
        }
        None
    }

    /// The item at a place or at the first one behind it; `None` after the last.
    pub(super) fn at_or_after(&self, place: u32) -> Option<(u32, &Item)> {
        let rest = self.items.get(place as usize..)?;
        let skipped = rest.iter().position(|item| !item.data.is_empty())?;
        let place = place + u32::try_from(skipped).ok()?;
        Some((place, self.item(place)))
    }

    /// The item of a class whose last use is longest ago.
    pub(super) fn oldest(&self, class: u8) -> Option<u32> {
        Some(self.lists[usize::from(class)].oldest).filter(|&place| place != NONE)
    }

    /// The items of a class from the latest to the oldest use.
    pub(super) fn newest_first(&self, class: u8) -> impl Iterator<Item = &Item> {
        let first = self.lists.get(usize::from(class)).map_or(NONE, |list| list.newest);
        let item = |place: u32| self.items.get(place as usize);
        std::iter::successors(item(first), move |current| item(current.older))
    }

    /// Puts an item in, in the place of the one of this name if there is one.
    pub(super) fn put(&mut self, old: Option<u32>, fresh: &Fresh<'_>, class: u8, cas: u64, now: u32) -> u32 {
        let data = [fresh.key, fresh.parts[0], fresh.parts[1], b"\r\n"].concat().into_boxed_slice();
        let mut item = Item {
            data,
            cas,
            time: now,
            expiry: fresh.expiry,
            flags: fresh.flags,
            newer: NONE,
            older: NONE,
            next: NONE,
            hash: 0,
            // A key has 250 bytes at most.
            key_length: u8::try_from(fresh.key.len()).unwrap_or(u8::MAX),
            class,
            marks: fresh.marks,
        };
        let place = match old {
            Some(place) => {
                self.unlist(place);
                let old = &mut self.items[place as usize];
                (item.hash, item.next) = (old.hash, old.next);
                *old = item;
                place
            }
            None => {
                if self.count >= self.buckets.len() / 2 * 3 {
                    self.grow();
                }
                item.hash = self.hash(fresh.key);
                let bucket = self.bucket(item.hash);
                item.next = self.buckets[bucket];
                let place = self.settle(item);
                self.buckets[bucket] = place;
                self.count += 1;
                place
            }
        };
        self.list(place);
        place
    }

    /// Takes an item out.
    pub(super) fn remove(&mut self, place: u32) {
        self.unlist(place);
        let (hash, next) = (self.items[place as usize].hash, self.items[place as usize].next);
        let bucket = self.bucket(hash);
        if self.buckets[bucket] == place {
            self.buckets[bucket] = next;
        } else {
            let mut before = self.buckets[bucket];
            while self.items[before as usize].next != place {
                before = self.items[before as usize].next;
            }
            self.items[before as usize].next = next;
        }
        let item = &mut self.items[place as usize];
        item.data = Box::default();
        item.next = self.free;
        self.free = place;
        self.count -= 1;
    }

    /// Makes an item the latest used of its class.
    pub(super) fn bump(&mut self, place: u32) {
        if self.items[place as usize].newer != NONE {
            self.unlist(place);
            self.list(place);
        }
    }

    /// Keys of hostile clients must not pile up in one bucket, hence a seeded hash.
    #[expect(clippy::cast_possible_truncation, reason = "32 bits are enough for a table of 2^32 places")]
    fn hash(&self, key: &[u8]) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    fn bucket(&self, hash: u32) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    /// Gives an item a place.
    fn settle(&mut self, item: Item) -> u32 {
        if self.free != NONE {
            let place = self.free;
            self.free = self.items[place as usize].next;
            self.items[place as usize] = item;
            return place;
        }
        self.items.push(item);
        // The memory of 2^32 items is out of reach.
        u32::try_from(self.items.len() - 1).unwrap_or(NONE)
    }

    fn grow(&mut self) {
        self.buckets = vec![NONE; self.buckets.len() * 2];
        for place in 0..self.items.len() {
            if self.items[place].data.is_empty() {
                continue;
            }
            let bucket = self.bucket(self.items[place].hash);
            self.items[place].next = self.buckets[bucket];
            self.buckets[bucket] = u32::try_from(place).unwrap_or(NONE);
        }
    }

    fn list(&mut self, place: u32) {
        let item = &mut self.items[place as usize];
        let list = &mut self.lists[usize::from(item.class)];
        list.count += 1;
        list.bytes += item.size();
        let second = list.newest;
        (item.newer, item.older) = (NONE, second);
        list.newest = place;
        match self.items.get_mut(second as usize) {
            Some(second) => second.newer = place,
            None => list.oldest = place,
        }
    }

    fn unlist(&mut self, place: u32) {
        let item = &self.items[place as usize];
        let (newer, older, class) = (item.newer, item.older, usize::from(item.class));
        let size = item.size();
        match self.items.get_mut(newer as usize) {
            Some(item) => item.older = older,
            None => self.lists[class].newest = older,
        }
        match self.items.get_mut(older as usize) {
            Some(item) => item.newer = newer,
            None => self.lists[class].oldest = newer,
        }
        self.lists[class].count -= 1;
        self.lists[class].bytes -= size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(table: &mut Table, key: &str, value: &[u8]) -> u32 {
        let fresh = Fresh { key: key.as_bytes(), flags: 0, expiry: 0, parts: [value, b""], marks: 0 };
        let old = table.find(key.as_bytes());
        table.put(old, &fresh, 1, 7, 62)
    }

    fn order(table: &Table) -> Vec<String> {
        table.newest_first(1).map(|item| String::from_utf8_lossy(item.key()).into_owned()).collect()
    }

    #[test]
    fn items_are_found_replaced_and_removed_in_any_order() {
        let mut table = Table::new();
        let keys: Vec<String> = (0..200_000).map(|number| format!("key{number}")).collect();
        for key in &keys {
            put(&mut table, key, key.as_bytes());
        }
        assert!(table.buckets() > 1 << 16);
        for key in keys.iter().step_by(2) {
            let place = table.find(key.as_bytes()).unwrap();
            table.remove(place);
        }
        for (index, key) in keys.iter().enumerate() {
            let found = table.find(key.as_bytes()).map(|place| table.item(place).value().to_vec());
            assert_eq!(found, (index % 2 == 1).then(|| key.clone().into_bytes()));
        }
        let fresh = put(&mut table, "key0", b"again");
        assert_eq!(table.item(fresh).line(), b"again\r\n");
        assert_eq!((table.count, table.lists[1].count), (100_001, 100_001));
    }

    #[test]
    fn the_list_goes_by_last_use() {
        let mut table = Table::new();
        let [a, _, _] = ["a", "b", "c"].map(|key| put(&mut table, key, b"x"));
        table.bump(a);
        assert_eq!(order(&table), ["a", "c", "b"]);
        put(&mut table, "b", b"longer");
        assert_eq!(order(&table), ["b", "a", "c"]);
        let oldest = table.oldest(1).unwrap();
        table.remove(oldest);
        assert_eq!(order(&table), ["b", "a"]);
        assert_eq!(table.lists[1].bytes, 2 * (57 + 1 + 2) + 6 + 1);
        for key in ["a", "b"] {
            let place = table.find(key.as_bytes()).unwrap();
            table.remove(place);
        }
        assert_eq!((table.oldest(1), table.lists[1].bytes), (None, 0));
    }
}
