//! Items that wait until all are known, and their order.

use std::cmp::Reverse;

use clap::ValueEnum;

use super::row::Row;

/// By what items are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// Longest unused first
    Idle,
    /// By the bytes of the key
    Key,
    /// Largest first
    Size,
    /// Soonest expired first, what never expires last
    Ttl,
}

/// An item that waits for its turn.
pub(super) struct Kept {
    key: Box<[u8]>,
    pub(super) server: usize,
    size: u64,
    ttl: i64,
    last_access: u64,
    fetched: bool,
    slab: u32,
    cas: u64,
}

/// Sorts, and drops what the limit leaves out.
pub(super) fn cut(kept: &mut Vec<Kept>, order: Option<Order>, limit: u64) {
    match order {
        Some(Order::Idle) => kept.sort_by_key(|item| Reverse(item.last_access)),
        Some(Order::Key) => kept.sort_by(|left, right| left.key.cmp(&right.key)),
        Some(Order::Size) => kept.sort_by_key(|item| Reverse(item.size)),
        // What never expires has -1, the greatest as an unsigned number.
        Some(Order::Ttl) => kept.sort_by_key(|item| item.ttl.cast_unsigned()),
        None => {}
    }
    kept.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
}

impl Kept {
    pub(super) fn of(row: &Row<'_>, server: usize) -> Self {
        let Row { key, size, ttl, last_access, fetched, slab, cas, .. } = *row;
        Self { key: key.into(), server, size, ttl, last_access, fetched, slab, cas }
    }

    pub(super) fn row<'a>(&'a self, server: &'a str) -> Row<'a> {
        let Self { size, ttl, last_access, fetched, slab, cas, .. } = *self;
        Row { key: &self.key, server, size, ttl, last_access, fetched, slab, cas }
    }
}
