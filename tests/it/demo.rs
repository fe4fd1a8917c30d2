//! `demo`: the guided tour, and the README that shows it.

use std::path::Path;

use crate::harness::Cachier;

/// A line without what differs from run to run: every word with a digit, a dash for an unknown figure and every unit of size is `N`,
/// and of a note, which tells what the figures mean, only that there is one.
fn gist(line: &str) -> String {
    if line.starts_with("note: ") {
        return "note".to_owned();
    }
    let word = |word: &str| {
        if word.bytes().any(|byte| byte.is_ascii_digit()) || matches!(word, "–" | "B" | "KiB" | "MiB") {
            "N".to_owned()
        } else {
            word.to_owned()
        }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_tour_ends_well_and_the_readme_shows_it() {
    let outcome = Cachier::new(["demo"]).run().success();
    let shown = String::from_utf8(outcome.stdout.clone()).unwrap();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, block) = readme.split_once("```text\n# Three servers").unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    let block = format!("# Three servers{block}");
    let expected: Vec<String> = block.lines().map(gist).collect();
    let found: Vec<String> = shown.trim_end().lines().map(gist).collect();
    assert_eq!(found, expected);
}
