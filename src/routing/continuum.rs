//! Rings: points that servers put on a circle, and the point that a key falls to.

use std::cmp::Reverse;

use super::hash::md5_words;

/// A value on a ring.
pub(super) trait Point: Copy + Ord {
    /// Returns the value as a number to measure distances with.
    fn measure(self) -> f64;
}

impl Point for u32 {
    fn measure(self) -> f64 {
        f64::from(self)
    }
}

impl Point for u128 {
    fn measure(self) -> f64 {
        self as f64
    }
}

/// The points of all servers in ascending order, at least one.
#[derive(Debug)]
pub(super) struct Ring<P> {
    values: Box<[P]>,
    owners: Box<[u32]>,
}

impl<P: Point> Ring<P> {
    /// Sorts points by value and, where values are equal, by owner; `None` without any point.
    pub(super) fn new(mut points: Vec<(P, u32)>) -> Option<Self> {
        points.sort_unstable();
        Self::sorted(&points)
    }

    /// Like [`Ring::new`], but of equal values the last owner's counts (a Java `TreeMap` that is put to).
    pub(super) fn last_wins(mut points: Vec<(P, u32)>) -> Option<Self> {
        points.sort_unstable_by_key(|&(value, owner)| (value, Reverse(owner)));
        Self::sorted(&points)
    }

    fn sorted(points: &[(P, u32)]) -> Option<Self> {
        if points.is_empty() {
            return None;
        }
        let (values, owners): (Vec<P>, Vec<u32>) = points.iter().copied().unzip();
        Some(Self { values: values.into(), owners: owners.into() })
    }

    /// Returns the owner of the first point at or after a hash, of the first point of all behind the last.
    pub(super) fn at_or_after(&self, hash: P) -> usize {
        let position = self.values.partition_point(|&value| value < hash);
        self.owner(if position == self.values.len() { 0 } else { position })
    }

    /// Returns the owner of the first point strictly after a hash, of the first point of all behind the last.
    pub(super) fn after(&self, hash: P) -> usize {
        let position = self.values.partition_point(|&value| value <= hash);
        self.owner(if position == self.values.len() { 0 } else { position })
    }

    /// Returns the owner of the last point at or before a hash, of the last point of all before the first.
    pub(super) fn at_or_before(&self, hash: P) -> usize {
        let after = self.values.partition_point(|&value| value <= hash);
        self.owner(if after == 0 { self.values.len() - 1 } else { after - 1 })
    }

    fn owner(&self, position: usize) -> usize {
        self.owners[position] as usize
    }

    /// Returns how much of the hashes below `span` falls to each of `count` owners whose points catch what lies before them.
    pub(super) fn shares_before(&self, count: usize, span: f64) -> Vec<f64> {
        let mut shares = vec![0.0; count];
        let mut from = 0.0;
        for (value, &owner) in self.values.iter().zip(&self.owners) {
            let to = (value.measure() + 1.0).min(span);
            shares[owner as usize] += (to - from) / span;
            from = to;
        }
        shares[self.owner(0)] += (span - from) / span;
        shares
    }

    /// Returns the same for points that catch what lies behind them.
    pub(super) fn shares_behind(&self, count: usize, span: f64) -> Vec<f64> {
        let mut shares = vec![0.0; count];
        let mut to = span;
        for (value, &owner) in self.values.iter().zip(&self.owners).rev() {
            let from = value.measure().min(span);
            shares[owner as usize] += (to - from) / span;
            to = from;
        }
        shares[self.owner(self.values.len() - 1)] += to / span;
        shares
    }
}

/// Returns the four points that ketama makes of the MD5 digest of each label `BASE-0`, `BASE-1`, ….
pub(super) fn ketama_points(base: &str, labels: usize) -> impl Iterator<Item = u32> {
    (0..labels).flat_map(move |label| md5_words(format!("{base}-{label}").as_bytes()))
}

/// Returns how many labels a server of this weight gets on the weighted ring: 40 for each server, shared out by weight.
///
/// Every step is rounded to single precision as libmemcached (`hosts.cc:update_continuum`) and twemproxy
/// (`nc_ketama.c:ketama_update`) do, so that equal weights yield 39 labels, not 40, for 25 servers.
pub(super) fn weighted_labels(weight: u32, total: u64, servers: usize) -> usize {
    let part = weight as f32 / total as f32;
    (part * 160.0 / 4.0 * servers as f32 + 1e-10).floor() as usize
}

/// Where each hash modulo the total weight falls, for clients that repeat a server as often as its weight says.
#[derive(Debug)]
pub(super) struct Buckets {
    /// The bucket behind the last one of each server, ascending.
    ends: Box<[u64]>,
    owners: Box<[u32]>,
}

impl Buckets {
    /// Takes servers with their weights in order; `None` if no bucket comes of it.
    pub(super) fn new(weights: impl IntoIterator<Item = (usize, u32)>) -> Option<Self> {
        let mut total = 0_u64;
        let mut ends = Vec::new();
        let mut owners = Vec::new();
        for (owner, weight) in weights {
            total += u64::from(weight);
            ends.push(total);
            owners.push(owner as u32);
        }
        (total > 0).then(|| Self { ends: ends.into(), owners: owners.into() })
    }

    fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or(1)
    }

    /// Returns the server of a hash.
    pub(super) fn owner(&self, hash: u32) -> usize {
        let bucket = u64::from(hash) % self.total();
        self.owners[self.ends.partition_point(|&end| end <= bucket)] as usize
    }

    /// Returns the share of the buckets that each of `count` servers has.
    pub(super) fn shares(&self, count: usize) -> Vec<f64> {
        let mut shares = vec![0.0; count];
        let mut from = 0;
        for (&end, &owner) in self.ends.iter().zip(&self.owners) {
            shares[owner as usize] += (end - from) as f64 / self.total() as f64;
            from = end;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;
    use super::Ring;
    use super::ketama_points;
    use super::weighted_labels;

    #[test]
    fn a_hash_falls_to_the_next_point_and_wraps() {
        let ring = Ring::new(vec![(30_u32, 2), (10, 0), (20, 1)]).unwrap();
        for (hash, at_or_after, after, at_or_before) in
            [(0, 0, 0, 2), (10, 0, 1, 0), (11, 1, 1, 0), (30, 2, 0, 2), (31, 0, 0, 2), (u32::MAX, 0, 0, 2)]
        {
            assert_eq!(ring.at_or_after(hash), at_or_after, "{hash}");
            assert_eq!(ring.after(hash), after, "{hash}");
            assert_eq!(ring.at_or_before(hash), at_or_before, "{hash}");
        }
        assert!(Ring::<u32>::new(Vec::new()).is_none());
    }

    #[test]
    fn equal_points_go_to_the_lower_index_or_to_the_last_put() {
        let points = vec![(10_u32, 1), (10, 0), (10, 2)];
        assert_eq!(Ring::new(points.clone()).unwrap().at_or_after(5), 0);
        assert_eq!(Ring::last_wins(points).unwrap().at_or_after(5), 2);
    }

    #[test]
    fn shares_are_the_distances_between_points() {
        let ring = Ring::new(vec![(7_u32, 0), (31, 1), (47, 0)]).unwrap();
        assert_eq!(ring.shares_before(2, 64.0), [0.625, 0.375]);
        assert_eq!(ring.shares_behind(2, 64.0), [(24.0 + 17.0 + 7.0) / 64.0, 0.25]);
        assert_eq!(ring.shares_before(2, 16.0), [0.5, 0.5]);
    }

    #[test]
    fn ketama_takes_four_words_of_each_digest() {
        let points: Vec<u32> = ketama_points("10.0.0.1", 1).collect();
        assert_eq!(points, [0x2194_783c, 0x36d6_a85b, 0xf1ed_f592, 0x40a9_b8cf]);
    }

    #[test]
    fn rounding_to_single_precision_takes_a_label_from_some_pool_sizes() {
        let short: Vec<usize> =
            (1..=100).filter(|&servers| weighted_labels(1, servers as u64, servers) != 40).collect();
        assert_eq!(short, [25, 47, 50, 55, 61, 71, 94, 100]);
        assert_eq!(weighted_labels(1, 25, 25), 39);
        assert_eq!((weighted_labels(1, 4, 2), weighted_labels(3, 4, 2)), (20, 60));
        assert_eq!(weighted_labels(1, 403, 4), 0);
    }

    #[test]
    fn buckets_repeat_a_server_as_often_as_its_weight() {
        let buckets = Buckets::new([(4, 2), (0, 0), (1, 1)]).unwrap();
        assert_eq!((0..6).map(|hash| buckets.owner(hash)).collect::<Vec<_>>(), [4, 4, 1, 4, 4, 1]);
        assert_eq!(buckets.shares(5), [0.0, 1.0 / 3.0, 0.0, 0.0, 2.0 / 3.0]);
        assert!(Buckets::new([(0, 0)]).is_none());
    }
}
