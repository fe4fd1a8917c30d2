//! On how many servers keys are, of any number of keys in bounded memory.
//!
//! A key is in the sample if its hash begins with enough zero bits: with none until the sample is full, then with one more
//! each time. So all copies of a key are in it or none is, and what is true of the sample is true of all keys but for chance.

use std::hash::DefaultHasher;
use std::hash::Hasher as _;

/// How many bits of a hash are kept beside the server.
const HASH_BITS: u32 = 48;

/// A hash of a key; the same in every run.
#[must_use]
pub fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// Whether a hash is in a sample of one in two to the power of `level`.
fn is_sampled(hash: u64, level: u32) -> bool {
    hash.leading_zeros() >= level
}

/// Counts keys that are on several servers, exactly up to a number of copies, by a sample beyond.
///
/// Keys are told apart by 48 bits of their hashes: of a million, two are taken for one with a probability of 0.2 %.
#[derive(Debug)]
pub struct Copies {
    capacity: usize,
    level: u32,
    /// Hash and server of each copy in the sample.
    copies: Vec<u64>,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Keys on more than one server, as far as the sample tells.
    pub keys: u64,
    /// Copies beyond one a key, as far as the sample tells.
    pub extra: u64,
    /// The sample has one in so many keys; 1 where the counts are exact.
    pub one_in: u64,
    /// Keys in the sample that are on more than one server.
    pub sampled: u64,
}

impl Copies {
    /// Room for so many copies.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), level: 0, copies: Vec::new() }
    }

    /// Adds a copy of the key with this hash.
    pub fn add(&mut self, hash: u64, server: u16) {
        if !is_sampled(hash, self.level) {
            return;
        }
        if self.copies.len() >= self.capacity {
            self.thin_out();
            if !is_sampled(hash, self.level) {
                return;
            }
        }
        self.copies.push(hash & !(u64::MAX >> HASH_BITS) | u64::from(server));
    }

    fn thin_out(&mut self) {
        // More levels than bits would keep nothing: what is left then are copies of one key.
        while self.copies.len() >= self.capacity && self.level < HASH_BITS {
            self.level += 1;
            let level = self.level;
            self.copies.retain(|copy| is_sampled(*copy, level));
        }
    }

    /// What came out.
    #[must_use]
    pub fn finish(mut self) -> Duplicates {
        self.copies.sort_unstable();
        // A listing may tell of an item twice.
        self.copies.dedup();
        let one_in = 1 << self.level;
        let (mut keys, mut extra) = (0, 0);
        let is_same = |one: &u64, other: &u64| (one ^ other) >> (u64::BITS - HASH_BITS) == 0;
        for copies in self.copies.chunk_by(is_same) {
            keys += u64::from(copies.len() > 1);
            extra += copies.len() as u64 - 1;
        }
        Duplicates { keys: keys * one_in, extra: extra * one_in, one_in, sampled: keys }
    }
}

/// A sample of keys with all servers that have them.
#[derive(Debug)]
pub struct Sample {
    capacity: usize,
    level: u32,
    copies: Vec<(u64, Box<[u8]>, usize)>,
}

/// A key and the servers that have it, by index, ascending.
pub type Holders = (Box<[u8]>, Vec<usize>);

impl Sample {
    /// Room for so many copies.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), level: 0, copies: Vec::new() }
    }

    /// With how many zero bits the hash of a key must begin to be taken; it never falls.
    #[must_use]
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Adds a copy of a key with its hash.
    pub fn add(&mut self, hash: u64, key: &[u8], server: usize) {
        while self.copies.len() >= self.capacity && self.level < HASH_BITS {
            self.level += 1;
            let level = self.level;
            self.copies.retain(|(hash, ..)| is_sampled(*hash, level));
        }
        if is_sampled(hash, self.level) {
            self.copies.push((hash, key.into(), server));
        }
    }

    /// The keys, each once, with those that have it.
    #[must_use]
    pub fn finish(mut self) -> Vec<Holders> {
        self.copies.sort_unstable();
        self.copies.dedup();
        let mut keys: Vec<Holders> = Vec::new();
        for (_, key, server) in self.copies {
            match keys.last_mut() {
                Some((last, servers)) if *last == key => servers.push(server),
                _ => keys.push((key, vec![server])),
            }
        }
        keys
    }
}

/// How well servers agree with those that a rule names: what both have in common, of all that one of them names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreement {
    common: u64,
    all: u64,
}

impl Agreement {
    /// Adds a key: the servers that have it, and those that should.
    pub fn add(&mut self, holders: &[usize], rule: &[usize]) {
        let common = holders.iter().filter(|holder| rule.contains(holder)).count();
        self.common += common as u64;
        self.all += (holders.len() + rule.len() - common) as u64;
    }

    /// From 0 to 1; `None` without any key.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.all > 0).then(|| self.common as f64 / self.all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Vec<u8> {
        format!("key:{number}").into_bytes()
    }

    /// Keys on server 0, each tenth on server 1 too, each hundredth on server 2 as well, and all of server 0 told twice.
    fn each_copy(count: u32, mut take: impl FnMut(&[u8], u16)) {
        for number in 0..count {
            take(&key(number), 0);
            take(&key(number), 0);
            (number % 10 == 0).then(|| take(&key(number), 1));
            (number % 100 == 0).then(|| take(&key(number), 2));
        }
    }

    #[test]
    fn few_copies_are_counted_exactly() {
        let mut copies = Copies::new(10_000);
        each_copy(1000, |key, server| copies.add(hash(key), server));
        assert_eq!(copies.finish(), Duplicates { keys: 100, extra: 110, one_in: 1, sampled: 100 });
        assert_eq!(Copies::new(0).finish(), Duplicates { keys: 0, extra: 0, one_in: 1, sampled: 0 });
    }

    #[test]
    fn many_copies_are_sampled_within_the_bound() {
        let mut copies = Copies::new(5000);
        each_copy(50_000, |key, server| {
            copies.add(hash(key), server);
            assert!(copies.copies.len() <= 5000);
        });
        let found = copies.finish();
        assert!(found.one_in > 1 && found.sampled > 0);
        // 5,000 keys have several copies; five standard deviations of the sample on either side.
        let margin = 5.0 * found.keys as f64 / (found.sampled as f64).sqrt();
        assert!((found.keys as f64 - 5000.0).abs() < margin, "{found:?}");
    }

    #[test]
    fn a_sample_has_all_copies_of_its_keys() {
        let mut sample = Sample::new(1000);
        each_copy(20_000, |key, server| sample.add(hash(key), key, server.into()));
        let keys = sample.finish();
        assert!((100..=1000).contains(&keys.len()), "{}", keys.len());
        for (key, servers) in &keys {
            let number: u32 = std::str::from_utf8(&key[4..]).unwrap().parse().unwrap();
            let expected =
                if number.is_multiple_of(100) { 3 } else { 1 + usize::from(number.is_multiple_of(10)) };
            assert_eq!(servers.len(), expected, "{number}");
        }
    }

    #[test]
    fn one_key_over_and_over_fits() {
        let mut sample = Sample::new(3);
        let mut copies = Copies::new(3);
        for server in 0..10u16 {
            sample.add(hash(b"k"), b"k", server.into());
            copies.add(hash(b"k"), server);
        }
        assert!(sample.finish().len() <= 1 && copies.finish().keys <= 1 << HASH_BITS);
    }

    #[test]
    fn agreement_is_what_both_have_of_what_one_has() {
        let share = |keys: &[(&[usize], &[usize])]| {
            let mut agreement = Agreement::default();
            keys.iter().for_each(|(holders, rule)| agreement.add(holders, rule));
            agreement.share()
        };
        assert_eq!(share(&[]), None);
        assert_eq!(share(&[(&[0], &[0]), (&[1], &[1])]), Some(1.0));
        assert_eq!(share(&[(&[0], &[0, 1, 2])]), Some(1.0 / 3.0));
        assert_eq!(share(&[(&[0, 1], &[1])]), Some(0.5));
        assert_eq!(share(&[(&[0], &[1])]), Some(0.0));
    }
}
