//! The table of printable characters against the crate that it was made from.

use std::fmt::Write as _;

use regex_syntax::Parser;
use regex_syntax::hir::{Class, HirKind};

/// Unicode versions of the Pythons from 3.3 on, oldest first, as `regex-syntax` and as the table write them.
const VERSIONS: [(&str, u8); 11] = [
    ("6.1", 61),
    ("6.3", 63),
    ("8.0", 80),
    ("9.0", 90),
    ("11.0", 110),
    ("12.1", 121),
    ("13.0", 130),
    ("14.0", 140),
    ("15.0", 150),
    ("15.1", 151),
    ("16.0", 160),
];

/// Code points whose general category is printable and whose age is at most `version`.
fn printable(version: &str) -> Vec<(u32, u32)> {
    let pattern = format!(r"[\p{{Age={version}}}--\p{{C}}--\p{{Z}}]");
    let hir = Parser::new().parse(&pattern).unwrap();
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("{pattern} is no class") };
    class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
}

/// The table as Rust source.
fn table() -> String {
    let mut since = vec![0_u8; 0x11_0000];
    for (version, number) in VERSIONS.into_iter().rev() {
        for (first, last) in printable(version) {
            since[first as usize..=last as usize].fill(number);
        }
    }
    let mut source = String::from(
        "//! Printable characters from U+0080 on: first, last, Unicode version (major × 10 + minor) that has them.\n\
         //!\n\
         //! Made by `tests/it/python_printable.rs` from the general categories and ages in the crate `regex-syntax`,\n\
         //! whose tables `ucd-generate` takes from the Unicode Character Database 16.0.\n\n\
         #[rustfmt::skip]\n\
         pub(super) const RANGES: &[(u32, u32, u8)] = &[\n",
    );
    let mut ranges = Vec::new();
    let mut first = 0x80;
    while first < since.len() {
        let run = since[first..].iter().take_while(|number| **number == since[first]).count();
        if since[first] != 0 {
            ranges.push(format!("(0x{first:04X}, 0x{:04X}, {})", first + run - 1, since[first]));
        }
        first += run;
    }
    for line in ranges.chunks(4) {
        writeln!(source, "    {},", line.join(", ")).unwrap();
    }
    source + "];\n"
}

#[test]
fn the_table_of_printable_characters_is_what_the_crate_says() {
    let expected = table();
    if expected != include_str!("../../src/python/printable/table.rs") {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/printable_table.rs");
        std::fs::write(path, expected).unwrap();
        panic!("src/python/printable/table.rs differs from {path}, which is the right one");
    }
}
