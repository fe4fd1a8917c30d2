//! Holds the code to its architecture: who may name whom, who may touch the world, how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PROTOCOL: &[&str] = &["protocol"];
const LOWER: &[&str] = &[
    "archive",
    "codec",
    "dashboard",
    "dev",
    "flask",
    "http",
    "measure",
    "output",
    "pool",
    "protocol",
    "python",
    "routing",
    "settings",
];
const TOP: &[&str] = &["commands", "failure", "output", "settings"];

/// Every room and the rooms it may name. ARCHITECTURE.md tells why.
const ROOMS: &[(&str, &[&str])] = &[
    ("archive", PROTOCOL),
    ("cli", TOP),
    ("codec", &["protocol", "python"]),
    (
        "commands",
        &[
            "archive",
            "codec",
            "dashboard",
            "dev",
            "failure",
            "flask",
            "http",
            "measure",
            "output",
            "pool",
            "protocol",
            "python",
            "routing",
            "settings",
        ],
    ),
    ("dashboard", &["measure", "output", "pool", "protocol", "settings"]),
    ("dev", PROTOCOL),
    ("failure", LOWER),
    ("flask", &["codec", "protocol", "python"]),
    ("http", &[]),
    ("lib", &[]),
    ("main", &["cli", "commands", "failure", "output", "settings"]),
    ("measure", PROTOCOL),
    ("output", &["protocol", "python"]),
    ("pool", &["protocol", "routing"]),
    ("protocol", &[]),
    ("python", &[]),
    ("routing", PROTOCOL),
    ("settings", &["codec", "flask", "measure", "output", "pool", "protocol", "python", "routing"]),
];

/// Rooms without I/O, clock or environment.
const PURE: &[&str] = &["archive", "codec", "flask", "measure", "protocol", "python", "routing"];

/// Words that only the named rooms may use, outside tests.
const BANS: &[(&str, &[&str])] = &[
    ("println!", &["output"]),
    ("eprintln!", &["output"]),
    ("print!", &["output"]),
    ("eprint!", &["output"]),
    ("std::env", &["settings"]),
    ("std::net", &["dev", "http", "pool"]),
    ("std::os::unix::net", &["dev", "pool"]),
];

/// Words of the world outside, which pure rooms may not use, outside tests.
const WORLD: &[&str] =
    &["::now()", "std::fs", "std::process", "std::thread", "io::stdin", "io::stdout", "io::stderr"];

const FILE_LINES: usize = 400;
const COMMAND_LINES: usize = 200;
const MAIN_LINES: usize = 20;

/// Returns what is wrong with a file; `path` is relative to `src`.
fn violations(path: &str, source: &str) -> Vec<String> {
    let room = room_of(path);
    let Some((_, may_name)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{path}: the table knows no room `{room}`")];
    };
    let mut found = Vec::new();
    if !source.starts_with("//! ") {
        found.push(format!("{path}: does not open with a `//!` line"));
    }
    let is_test_file = path.ends_with("tests.rs") || path.contains("/tests/");
    let body = if is_test_file { 0 } else { lines_before_tests(source) };
    let limit = match path {
        "main.rs" => MAIN_LINES,
        _ if room == "commands" && path != "commands/mod.rs" => COMMAND_LINES,
        _ => FILE_LINES,
    };
    if body > limit {
        found.push(format!("{path}: {body} lines before its tests, more than {limit}"));
    }
    for (index, line) in source.lines().enumerate() {
        let is_test = is_test_file || index >= body;
        let code = without_comment(line);
        let mut complain = |what: String| found.push(format!("{path}:{}: {what}", index + 1));
        for named in named_rooms(code) {
            if named == "{" || named == "*" {
                complain("name one `crate::room::item` a line".to_owned());
            } else if named != room && !may_name.contains(&named) {
                complain(format!("`{room}` may not name `{named}`"));
            }
        }
        if leaves_the_room(path, code, is_test) {
            complain("leaves the room by `super::`; name it as `crate::`".to_owned());
        }
        if is_test {
            continue;
        }
        for (word, rooms) in BANS {
            if contains_word(code, word) && !rooms.contains(&room) {
                complain(format!("`{word}` belongs to {}", rooms.join(", ")));
            }
        }
        if PURE.contains(&room) {
            let world = WORLD.iter().filter(|word| contains_word(code, word));
            world.for_each(|word| complain(format!("`{word}` in the pure room `{room}`")));
        }
    }
    found
}

fn room_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn lines_before_tests(source: &str) -> usize {
    let total = source.lines().count();
    source.lines().position(|line| line.starts_with("#[cfg(test)]")).unwrap_or(total)
}

/// Cuts a line at `//`, unless that stands in a string such as a URL.
fn without_comment(line: &str) -> &str {
    let mut starts = line.match_indices("//").map(|(at, _)| at);
    let cut = starts.find(|&at| line[..at].matches('"').count().is_multiple_of(2));
    cut.map_or(line, |at| &line[..at])
}

/// Returns what follows each `crate::` (or `cachier::`, as the program calls its library).
fn named_rooms(code: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for start in ["crate::", "cachier::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(is_word) {
                continue;
            }
            let rest = &code[at + start.len()..];
            let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            named.push(&rest[..end.max(1).min(rest.len())]);
        }
    }
    named
}

/// Whether a chain of `super::` climbs above the room's own module.
fn leaves_the_room(path: &str, code: &str, is_test: bool) -> bool {
    let mut depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    // A module of tests at the end of a file lies one deeper.
    depth += usize::from(is_test && !path.ends_with("/tests.rs"));
    code.split(|character| !is_word(character) && character != ':')
        .any(|chain| chain.matches("super::").count() >= depth && chain.contains("super::"))
}

fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let touches = |character: Option<char>| character.is_some_and(is_word);
        let before = word.starts_with(is_word) && touches(code[..at].chars().next_back());
        let after = word.ends_with(is_word) && touches(code[at + word.len()..].chars().next());
        !before && !after
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn source_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_keeps_to_its_room() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = source_files(&source);
    assert!(!files.is_empty());
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(&source).unwrap().to_str().unwrap();
        found.extend(violations(path, &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    let mut left: BTreeMap<_, BTreeSet<_>> =
        ROOMS.iter().map(|(room, names)| (*room, names.iter().copied().collect())).collect();
    while let Some(leaf) = left.iter().find(|(_, names)| names.is_empty()).map(|(room, _)| *room) {
        left.remove(leaf);
        for names in left.values_mut() {
            names.remove(leaf);
        }
    }
    assert!(left.is_empty(), "rooms that name each other: {left:?}");
}

#[test]
fn an_integration_test_file_is_never_forgotten() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in fs::read_dir(here).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(name == "main" || main.contains(&format!("mod {name};")), "main.rs does not name `{name}`");
    }
}

#[track_caller]
fn check(path: &str, source: &str, expected: &[&str]) {
    assert_eq!(violations(path, &format!("//! A room.\n{source}")), expected);
}

#[test]
fn a_forbidden_import_is_found() {
    check("pool/mod.rs", "use crate::protocol::Key;\n", &[]);
    check(
        "protocol/key.rs",
        "use crate::pool::Pool;\n",
        &["protocol/key.rs:2: `protocol` may not name `pool`"],
    );
    check(
        "protocol/key.rs",
        "    crate::pool::run()",
        &["protocol/key.rs:2: `protocol` may not name `pool`"],
    );
    check("pool/mod.rs", "pub(in crate::cli) fn f() {}", &["pool/mod.rs:2: `pool` may not name `cli`"]);
    check("commands/get.rs", "use crate::cli::Cli;", &["commands/get.rs:2: `commands` may not name `cli`"]);
    check("main.rs", "cachier::pool::run()", &["main.rs:2: `main` may not name `pool`"]);
    check("protocol/key.rs", "// like crate::pool::Pool\n/// [`crate::pool`]\n", &[]);
    check("routing/mod.rs", "use crate::routing::hash::crc;\nuse othercrate::pool;", &[]);
}

#[test]
fn a_grouped_or_wild_import_is_found() {
    let complaint = "pool/mod.rs:2: name one `crate::room::item` a line";
    check("pool/mod.rs", "use crate::{protocol, routing};", &[complaint]);
    check("pool/mod.rs", "use crate::*;", &[complaint]);
}

#[test]
fn a_way_out_by_super_is_found() {
    let complaint = |line: usize, path: &str| {
        format!("{path}:{line}: leaves the room by `super::`; name it as `crate::`")
    };
    check("protocol/mod.rs", "use super::pool;", &[&complaint(2, "protocol/mod.rs")]);
    check("protocol/key.rs", "use super::Dialect;", &[]);
    check("protocol/key.rs", "use super::super::pool;", &[&complaint(2, "protocol/key.rs")]);
    check("python/pickle/read.rs", "use super::super::value;", &[]);
    check("failure.rs", "use super::pool;", &[&complaint(2, "failure.rs")]);
    check("protocol/mod.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}", &[]);
    check("protocol/tests.rs", "use super::*;", &[]);
}

#[test]
fn a_room_that_the_table_does_not_know_is_found() {
    check("utils/mod.rs", "", &["utils/mod.rs: the table knows no room `utils`"]);
}

#[test]
fn a_touch_of_the_world_is_found() {
    check("pool/mod.rs", "    println!(\"x\");", &["pool/mod.rs:2: `println!` belongs to output"]);
    check("pool/mod.rs", "    eprint!(\"x\");", &["pool/mod.rs:2: `eprint!` belongs to output"]);
    check("output/mod.rs", "    println!(\"x\");", &[]);
    check("pool/mod.rs", "use std::env;", &["pool/mod.rs:2: `std::env` belongs to settings"]);
    check("settings/mod.rs", "let home = std::env::var(\"HOME\");", &[]);
    check(
        "settings/mod.rs",
        "use std::net::TcpStream;",
        &["settings/mod.rs:2: `std::net` belongs to dev, http, pool"],
    );
    check(
        "codec/zlib.rs",
        "let t = Instant::now();",
        &["codec/zlib.rs:2: `::now()` in the pure room `codec`"],
    );
    check("pool/mod.rs", "let t = Instant::now();", &[]);
    check("codec/zlib.rs", "use std::fs;", &["codec/zlib.rs:2: `std::fs` in the pure room `codec`"]);
    check("codec/zlib.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}", &[]);
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let lines = |count: usize| "\n".repeat(count - 1);
    check("pool/mod.rs", &lines(400), &[]);
    check("pool/mod.rs", &lines(401), &["pool/mod.rs: 401 lines before its tests, more than 400"]);
    check("commands/get.rs", &lines(201), &["commands/get.rs: 201 lines before its tests, more than 200"]);
    check("main.rs", &lines(21), &["main.rs: 21 lines before its tests, more than 20"]);
    check("pool/mod.rs", &(lines(400) + "#[cfg(test)]\n" + &lines(200)), &[]);
}

#[test]
fn a_file_without_a_first_line_is_found() {
    assert_eq!(violations("pool/mod.rs", "use std::io;\n"), ["pool/mod.rs: does not open with a `//!` line"]);
}
