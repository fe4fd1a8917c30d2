//! The table against an exact count.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { depth: 3, shown: 30, least: 0.0, largest: 3 };

fn item(key: &[u8], size: u64) -> Item<'_> {
    Item { key, server: 0, size, ttl: None, idle: 0 }
}

fn separators() -> Vec<Vec<u8>> {
    vec![b":".to_vec(), b"/".to_vec()]
}

fn tree(bounds: Bounds, items: &[(&str, u64)]) -> Tree {
    let mut prefixes = Prefixes::new(bounds);
    let separators = separators();
    for (key, size) in items {
        prefixes.add(&item(key.as_bytes(), *size), ends(key.as_bytes(), 0, &separators));
    }
    prefixes.finish()
}

/// The branches as `level prefix items bytes`.
fn shown(tree: &Tree) -> Vec<String> {
    let line = |branch: &Branch| {
        let Branch { prefix, level, sum, .. } = branch;
        format!("{level} {} {} {}", String::from_utf8_lossy(prefix), sum.items, sum.bytes)
    };
    tree.branches.iter().map(line).collect()
}

#[test]
fn a_prefix_ends_behind_a_run_of_separators() {
    for (key, expected) in [
        ("session:abc", vec!["session:"]),
        ("view//products/42", vec!["view//", "view//products/"]),
        (":1:user", vec![":1:"]),
        ("/search/x", vec!["/search/"]),
        ("a:", vec!["a:"]),
        ("plain", vec![]),
        ("", vec![]),
        ("::", vec![]),
    ] {
        let separators = separators();
        let found: Vec<&str> = ends(key.as_bytes(), 0, &separators).map(|end| &key[..end]).collect();
        assert_eq!(found, expected, "{key}");
    }
    let long = vec![b"--".to_vec()];
    assert_eq!(ends(b"a-b--c--d", 0, &long).collect::<Vec<_>>(), [5, 8]);
    assert_eq!(ends(b"a--b--c", 3, &long).collect::<Vec<_>>(), [6]);
}

#[test]
fn larger_prefixes_come_first_each_before_what_extends_it() {
    let items =
        [("a:x:1", 5), ("b:1", 30), ("a:y:1", 20), ("a:x:2", 6), ("lone", 7), ("b:z:1", 10), ("a:x:w:1", 1)];
    let tree = tree(BOUNDS, &items);
    assert_eq!(
        shown(&tree),
        ["0 b: 2 40", "1 b:z: 1 10", "0 a: 4 32", "1 a:y: 1 20", "1 a:x: 3 12", "2 a:x:w: 1 1"]
    );
    assert_eq!((tree.total.items, tree.total.bytes), (7, 79));
    assert_eq!((tree.bare.items, tree.bare.bytes), (1, 7));
    assert_eq!((tree.hidden, tree.forgotten), (0, 0));
    let largest: Vec<u64> = tree.largest.iter().map(|large| large.size).collect();
    assert_eq!(largest, [30, 20, 10]);
}

#[test]
fn small_and_deep_prefixes_are_hidden() {
    let items = [("a:x:y:1", 98), ("a:z:1", 1), ("b:1", 1)];
    let bounds = Bounds { depth: 2, least: 0.5, ..BOUNDS };
    let tree = tree(bounds, &items);
    assert_eq!(shown(&tree), ["0 a: 2 99", "1 a:x: 1 98", "0 b: 1 1"]);
    assert_eq!(tree.hidden, 1);
}

#[test]
fn only_so_many_are_shown() {
    let items: Vec<(String, u64)> =
        (0..200).map(|number| (format!("{number}:k"), 1000 + number % 10)).collect();
    let items: Vec<(&str, u64)> = items.iter().map(|(key, size)| (key.as_str(), *size)).collect();
    let tree = tree(Bounds { shown: 5, ..BOUNDS }, &items);
    assert_eq!((tree.branches.len(), tree.hidden), (5, 195));
}

/// Exact sums of all prefixes.
fn exact(keys: &[(String, u64)]) -> BTreeMap<Vec<u8>, u64> {
    let mut sums = BTreeMap::new();
    let separators = separators();
    for (key, size) in keys {
        for end in ends(key.as_bytes(), 0, &separators).take(BOUNDS.depth) {
            *sums.entry(key.as_bytes()[..end].to_vec()).or_insert(0) += size;
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Many more prefixes than the table holds, a few of them heavy.
    #[test]
    fn what_is_told_of_a_prefix_bounds_the_truth(
        keys in prop::collection::vec(("[ab]:[0-9]{1,4}:[xy]:k|[c-e]:k", 1u64..1000), 0..4000)
    ) {
        let mut prefixes = Prefixes::new(Bounds { shown: 1, ..BOUNDS });
        let separators = separators();
        for (key, size) in &keys {
            prefixes.add(&item(key.as_bytes(), *size), ends(key.as_bytes(), 0, &separators));
            prop_assert!(prefixes.nodes.len() <= prefixes.capacity + BOUNDS.depth);
        }
        prefixes.bounds.shown = usize::MAX;
        let capacity = prefixes.capacity as u64;
        let tree = prefixes.finish();
        let exact = exact(&keys);
        let weight: u64 = exact.values().sum();
        prop_assert!(tree.forgotten <= weight / (capacity / 2));
        let mut told = BTreeMap::new();
        for branch in &tree.branches {
            let truth = exact[&branch.prefix];
            prop_assert!(branch.sum.bytes <= truth && truth <= branch.sum.bytes + branch.missed);
            prop_assert!(branch.missed <= tree.forgotten);
            told.insert(branch.prefix.clone(), branch.level);
        }
        for (prefix, truth) in &exact {
            prop_assert!(told.contains_key(prefix) || *truth <= tree.forgotten);
        }
        // Each stands behind the one that it extends.
        let mut path: Vec<&[u8]> = Vec::new();
        for branch in &tree.branches {
            path.truncate(branch.level);
            prop_assert_eq!(path.len(), branch.level);
            prop_assert!(path.last().is_none_or(|before| branch.prefix.starts_with(before)));
            path.push(&branch.prefix);
        }
    }
}
