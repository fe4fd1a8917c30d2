//! The memo of a pickle: numbers to nodes, small in whatever order they come.

use std::collections::HashMap;

use super::graph::Id;

/// How far beyond the end a number still goes into the dense part.
const GAP: usize = 8;

#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Option<Id>>,
    sparse: HashMap<u64, Id>,
    length: u64,
}

impl Memo {
    /// The number of entries, which is the number that MEMOIZE gives next.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn put(&mut self, number: u64, id: Id) {
        let known = match usize::try_from(number) {
            Ok(index) if index < self.dense.len() + GAP && !self.sparse.contains_key(&number) => {
                if index >= self.dense.len() {
                    self.dense.resize(index + 1, None);
                }
                self.dense.get_mut(index).and_then(|slot| slot.replace(id)).is_some()
            }
            _ => self.sparse.insert(number, id).is_some(),
        };
        self.length += u64::from(!known);
    }

    pub(super) fn get(&self, number: u64) -> Option<Id> {
        let dense = usize::try_from(number).ok().and_then(|index| self.dense.get(index).copied().flatten());
        dense.or_else(|| self.sparse.get(&number).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_whatever_order_they_came() {
        let mut memo = Memo::default();
        for (number, id) in [(20, 1), (u64::MAX, 2), (1, 3), (9, 4), (15, 5), (20, 6), (0, 7)] {
            memo.put(number, Id(id));
        }
        let got = [20, u64::MAX, 1, 9, 15, 0, 2].map(|number| memo.get(number).map(|Id(id)| id));
        assert_eq!(got, [Some(6), Some(2), Some(3), Some(4), Some(5), Some(7), None]);
        assert_eq!(memo.length(), 6);
    }
}
