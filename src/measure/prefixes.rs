//! What lies under which prefix of the keys, of any number of items in bounded memory.
//!
//! The prefixes of all depths share one table of heavy hitters (Misra and Gries, "Finding repeated elements", 1982, with
//! weights): when it is full, the weight of its middle is taken from all, and what has none left is forgotten. What is shown
//! of a prefix is exact from the moment when it entered the table; [`Branch::missed`] bounds what came before. A prefix has
//! every weight that its extensions have, so a table never holds one without those before it.

mod spread;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;

pub use spread::Spread;

/// An item as far as it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The server that has it, by index.
    pub server: usize,
    /// Its size in bytes.
    pub size: u64,
    /// Seconds until it expires; `None`: never.
    pub ttl: Option<u64>,
    /// Seconds since its last use.
    pub idle: u64,
}

/// What some items come to.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// How many there are.
    pub items: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
    /// The seconds until they expire.
    pub ttl: Spread,
    /// The seconds since they were used.
    pub idle: Spread,
}

impl Sum {
    /// Adds an item.
    pub fn add(&mut self, item: &Item<'_>) {
        self.items += 1;
        self.bytes += item.size;
        self.ttl.add(item.ttl);
        self.idle.add(Some(item.idle));
    }
}

/// A prefix in the table.
#[derive(Debug, Default)]
struct Node {
    sum: Sum,
    /// What is left of its bytes after all that was taken.
    weight: u64,
    /// At most so many bytes came before it entered the table.
    missed: u64,
    depth: usize,
}

/// One of the largest items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Large {
    /// Its size in bytes.
    pub size: u64,
    /// The key.
    pub key: Vec<u8>,
    /// The server that has it, by index.
    pub server: usize,
    /// Seconds until it expires; `None`: never.
    pub ttl: Option<u64>,
    /// Seconds since its last use.
    pub idle: u64,
}

/// A prefix with what lies under it.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The prefix, up to and with a separator.
    pub prefix: Vec<u8>,
    /// How many shown prefixes it extends.
    pub level: usize,
    /// What was seen of it.
    pub sum: Sum,
    /// At most so many bytes more are there.
    pub missed: u64,
}

/// How much is kept and shown.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many prefixes of a key are told apart at most, one within the other.
    pub depth: usize,
    /// How many prefixes are shown at most.
    pub shown: usize,
    /// The part of all bytes that a prefix within another must have to be shown, from 0 to 1.
    pub least: f64,
    /// How many of the largest items are shown.
    pub largest: usize,
}

/// How many prefixes are kept for one that is shown.
const KEPT: usize = 64;

/// Everything that was measured so far.
#[derive(Debug)]
pub struct Prefixes {
    bounds: Bounds,
    capacity: usize,
    nodes: HashMap<Box<[u8]>, Node>,
    total: Sum,
    /// Items without a prefix.
    bare: Sum,
    /// The weight taken from every prefix so far, in bytes.
    forgotten: u64,
    largest: BinaryHeap<Reverse<Large>>,
}

/// What came out.
#[derive(Debug)]
pub struct Tree {
    /// Prefixes, each before those that extend it, larger ones first.
    pub branches: Vec<Branch>,
    /// How many prefixes are known and not shown.
    pub hidden: usize,
    /// All items.
    pub total: Sum,
    /// Those without a prefix.
    pub bare: Sum,
    /// No prefix with more bytes than this was forgotten; zero if none was.
    pub forgotten: u64,
    /// The largest items, largest first.
    pub largest: Vec<Large>,
}

impl Prefixes {
    /// Nothing yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            capacity: bounds.shown.max(8).saturating_mul(KEPT),
            nodes: HashMap::new(),
            total: Sum::default(),
            bare: Sum::default(),
            forgotten: 0,
            largest: BinaryHeap::new(),
        }
    }

    /// Adds an item; `ends` are the lengths of its prefixes, ascending.
    pub fn add(&mut self, item: &Item<'_>, ends: impl Iterator<Item = usize>) {
        self.total.add(item);
        self.keep_if_large(item);
        let mut is_bare = true;
        for (depth, end) in ends.take(self.bounds.depth).enumerate() {
            let Some(prefix) = item.key.get(..end) else { break };
            is_bare = false;
            let node = match self.nodes.get_mut(prefix) {
                Some(node) => node,
                None => {
                    let node = Node { missed: self.forgotten, depth, ..Node::default() };
                    self.nodes.entry(prefix.into()).or_insert(node)
                }
            };
            node.sum.add(item);
            node.weight += item.size;
        }
        if is_bare {
            self.bare.add(item);
        }
        if self.nodes.len() > self.capacity {
            self.forget();
        }
    }

    /// Takes the weight of the middle from all prefixes.
    fn forget(&mut self) {
        let mut weights: Vec<u64> = self.nodes.values().map(|node| node.weight).collect();
        let middle = weights.len() / 2;
        let (_, &mut taken, _) = weights.select_nth_unstable(middle);
        self.nodes.retain(|_, node| {
            node.weight = node.weight.saturating_sub(taken);
            node.weight > 0
        });
        self.forgotten += taken;
    }

    fn keep_if_large(&mut self, item: &Item<'_>) {
        let smallest = self.largest.peek().map_or(0, |Reverse(large)| large.size);
        let is_full = self.largest.len() >= self.bounds.largest;
        if self.bounds.largest == 0 || (is_full && item.size <= smallest) {
            return;
        }
        if is_full {
            self.largest.pop();
        }
        let Item { key, server, size, ttl, idle } = *item;
        self.largest.push(Reverse(Large { size, key: key.to_vec(), server, ttl, idle }));
    }

    /// What came out, as much of it as is to be shown.
    #[must_use]
    pub fn finish(self) -> Tree {
        let known = self.nodes.len();
        let least = self.bounds.least * self.total.bytes as f64;
        let mut chosen: Vec<(Box<[u8]>, Node)> = self
            .nodes
            .into_iter()
            .filter(|(_, node)| node.depth == 0 || node.sum.bytes as f64 >= least)
            .collect();
        // A prefix is at least as large as what extends it, so it is never cut off alone.
        chosen.sort_by(|(left, one), (right, other)| {
            (Reverse(one.sum.bytes), left.len(), left).cmp(&(Reverse(other.sum.bytes), right.len(), right))
        });
        chosen.truncate(self.bounds.shown);
        let mut largest: Vec<Large> = self.largest.into_iter().map(|Reverse(large)| large).collect();
        largest.sort_by(|one, other| (Reverse(one.size), &one.key).cmp(&(Reverse(other.size), &other.key)));
        Tree {
            hidden: known - chosen.len(),
            branches: in_order(chosen),
            total: self.total,
            bare: self.bare,
            forgotten: self.forgotten,
            largest,
        }
    }
}

/// Puts each prefix behind the one that it extends; those that extend the same one stay in the given order.
fn in_order(chosen: Vec<(Box<[u8]>, Node)>) -> Vec<Branch> {
    let places: HashMap<&[u8], usize> =
        chosen.iter().enumerate().map(|(place, (prefix, _))| (&**prefix, place)).collect();
    // The places of a prefix and of all those before it, from the first on: equal beginnings are equal ancestors.
    let mut paths: Vec<Vec<usize>> = chosen
        .iter()
        .map(|(prefix, _)| {
            (1..=prefix.len()).filter_map(|end| places.get(prefix.get(..end)?).copied()).collect()
        })
        .collect();
    drop(places);
    paths.sort();
    let mut chosen: Vec<Option<(Box<[u8]>, Node)>> = chosen.into_iter().map(Some).collect();
    paths
        .iter()
        .filter_map(|path| {
            let (prefix, node) = chosen.get_mut(*path.last()?)?.take()?;
            let level = path.len() - 1;
            Some(Branch { prefix: prefix.into(), level, sum: node.sum, missed: node.missed })
        })
        .collect()
}

/// The ends of the prefixes of a key, each behind a run of separators, from a place on.
///
/// What a key begins with is no separator: `:1:user` has the one prefix `:1:`.
pub fn ends<'a>(key: &'a [u8], from: usize, separators: &'a [Vec<u8>]) -> impl Iterator<Item = usize> + 'a {
    let mut place = from;
    let behind = move |place: usize| {
        let rest = key.get(place..)?;
        separators
            .iter()
            .find(|separator| !separator.is_empty() && rest.starts_with(separator))
            .map(|separator| place + separator.len())
    };
    std::iter::from_fn(move || {
        while let Some(next) = behind(place) {
            place = next;
        }
        let mut end = (place..key.len()).find_map(behind)?;
        while let Some(next) = behind(end) {
            end = next;
        }
        place = end;
        Some(end)
    })
}

#[cfg(test)]
mod tests;
