//! `undo` and `journal`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::{Cachier, Fake, Kind, Outcome, Pool, Server, scratch};

/// A place for the journal that several runs share.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(scratch())
    }

    /// The run with its journal here.
    fn run(&self, cachier: Cachier) -> Outcome {
        cachier.env("CACHIER_NO_JOURNAL", "").env("XDG_STATE_HOME", self.0.path()).run()
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("cachier/journal")
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory());
        files.into_iter().flatten().map(|file| file.unwrap().path()).collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_deleted_comes_back_with_flags_and_expiry() {
    let (pool, place) = (Pool::plain(3), Place::new());
    pool.cachier(["set", "a", "\u{e9}", "--ttl", "1h"]).run().success();
    pool.cachier(["set", "b", "7", "--as", "int"]).run().success();
    place.run(pool.cachier(["delete", "a", "b", "gone"])).success();
    let dry = place.run(pool.cachier(["undo", "--dry-run"])).success();
    assert!(dry.stderr_text().contains("2 items would be stored"), "{dry}");
    pool.cachier(["get", "a"]).run().code(1);
    let document = place.run(pool.cachier(["undo", "-o", "json"])).success().json();
    assert_eq!(document["schema"], "cachier/undo/1");
    assert_eq!((&document["items"], &document["stored"]), (&json!(2), &json!(2)));
    pool.cachier(["get", "a"]).run().success().stdout_is("\u{e9}\n");
    pool.cachier(["get", "b"]).run().success().stdout_is("7\n");
    let known = pool.cachier(["meta", "a", "b", "-o", "json"]).run().success().json();
    let ttl = known["items"][0]["ttl"].as_i64().unwrap();
    assert!((3000..=3600).contains(&ttl), "{known}");
    assert!(place.files().is_empty());
    place.run(pool.cachier(["undo"])).code(1).stderr_has("no entry for these servers");
}

#[test]
fn with_sasl_the_time_to_live_has_to_be_said() {
    let (pool, place) = (Pool::sasl(3), Place::new());
    pool.cachier(["set", "a", "1"]).run().success();
    place.run(pool.cachier(["delete", "a"])).success();
    place.run(pool.cachier(["undo"])).code(2).stderr_has("--ttl");
    pool.cachier(["get", "a"]).run().code(1);
    place.run(pool.cachier(["undo", "--ttl", "1h"])).success();
    pool.cachier(["get", "a"]).run().success().stdout_is("1\n");
}

#[test]
fn every_change_by_name_keeps_what_it_takes_away() {
    let (pool, place) = (Pool::plain(1), Place::new());
    let changes: [(&str, &[&str]); 5] = [
        ("k", &["set", "k", "new"]),
        ("k", &["replace", "k", "new"]),
        ("flask_cache_view//a", &["invalidate-view", "/a"]),
        ("flask_cache__template_fragment_cache_f", &["invalidate-fragment", "f"]),
        ("session:one", &["session", "revoke", "one"]),
    ];
    for (key, arguments) in changes {
        pool.server(0).store(key, 0, "old");
        place.run(pool.cachier(arguments)).success();
        pool.server(0).raw(b"flush_all\r\n");
        place.run(pool.cachier(["undo"])).success();
        assert_eq!(pool.server(0).stored(key).unwrap().value, b"old", "{arguments:?}");
    }
}

#[test]
fn a_newer_value_stays_and_so_does_the_entry() {
    let (pool, place) = (Pool::plain(2), Place::new());
    pool.cachier(["set", "a", "old"]).run().success();
    place.run(pool.cachier(["set", "a", "new"])).success();
    let document = place.run(pool.cachier(["undo", "-o", "json"])).code(1).json();
    assert_eq!((&document["stored"], &document["not_stored"]), (&json!(0), &json!(1)));
    pool.cachier(["get", "a"]).run().success().stdout_is("new\n");
    assert_eq!(place.files().len(), 1);
    pool.cachier(["delete", "a"]).run().success();
    place.run(pool.cachier(["undo"])).success();
    pool.cachier(["get", "a"]).run().success().stdout_is("old\n");
}

#[test]
fn only_the_owner_can_read_the_journal_and_no_password_is_in_it() {
    let (pool, place) = (Pool::sasl(1), Place::new());
    pool.cachier(["set", "a", "1"]).run().success();
    place.run(pool.cachier(["delete", "a"])).success();
    let files = place.files();
    assert_eq!(files.len(), 1);
    assert_eq!((mode(&place.directory()), mode(&files[0])), (0o700, 0o600));
    let text = fs::read_to_string(&files[0]).unwrap();
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let mut names: Vec<_> = header.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["at", "bytes", "command", "id", "items", "profile", "servers", "unknown_expiry"]);
}

#[test]
fn a_flag_a_variable_and_a_profile_turn_it_off() {
    let (pool, place) = (Pool::plain(1), Place::new());
    pool.server(0).store("k", 0, "v");
    place.run(pool.cachier(["set", "k", "v", "--no-journal"])).success();
    pool.cachier(["set", "k", "v"]).env("XDG_STATE_HOME", place.0.path()).run().success();
    let config = format!("[profiles.off]\nservers = [\"{}\"]\njournal = false\n", pool.list());
    place.run(Cachier::new(["set", "k", "v", "-p", "off"]).config(&config)).success();
    place.run(pool.cachier(["delete", "k", "--dry-run"])).success();
    assert!(place.files().is_empty());
    place.run(pool.cachier(["set", "k", "v"])).success();
    assert_eq!(place.files().len(), 1);
}

#[test]
fn a_journal_that_cannot_be_written_stops_nothing() {
    let (pool, place) = (Pool::plain(1), Place::new());
    pool.server(0).store("k", 0, "v");
    fs::write(place.0.path().join("cachier"), "a file in the way").unwrap();
    place.run(pool.cachier(["delete", "k"])).success().stderr_has("the journal cannot be written");
    assert_eq!(pool.server(0).stored("k"), None);
}

#[test]
fn an_entry_and_the_whole_journal_are_bounded() {
    let (pool, place) = (Pool::plain(1), Place::new());
    let value = "v".repeat(1_000_000);
    let keys: Vec<_> = (0..17).map(|number| format!("k{number}")).collect();
    keys.iter().for_each(|key| pool.server(0).store(key, 0, &value));
    place.run(pool.cachier(["delete"]).args(&keys)).success().stderr_has("more than 16 MiB");
    assert!(place.files().is_empty());
    // The oldest goes when all together are too much, and so does what is too old.
    fs::create_dir_all(place.directory()).unwrap();
    for (name, size) in [("20200101T000000.000-a.jsonl", 60 << 20), ("20200102T000000.000-b.jsonl", 8 << 20)]
    {
        fs::File::create(place.directory().join(name)).unwrap().set_len(size).unwrap();
    }
    let old = place.directory().join("20200103T000000.000-c.part");
    let date = std::time::SystemTime::UNIX_EPOCH;
    fs::File::create(&old).unwrap().set_modified(date).unwrap();
    pool.server(0).store("k", 0, "v");
    place.run(pool.cachier(["delete", "k"])).success();
    let names: Vec<_> = place.files().iter().map(|path| path.display().to_string()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with("-b.jsonl")), "{names:?}");
}

#[test]
fn entries_are_listed_shown_and_cleared() {
    let (pool, place) = (Pool::plain(1), Place::new());
    for key in ["a", "b"] {
        pool.server(0).store(key, 5, "v");
        place.run(pool.cachier(["delete", key])).success();
    }
    let list = |arguments: &[&str]| place.run(Cachier::new(arguments).args(["-o", "json"])).success().json();
    let document = list(&["journal", "ls"]);
    assert_eq!(document["schema"], "cachier/journal-ls/1");
    let id = document["entries"][0]["id"].as_str().unwrap();
    let shown = list(&["journal", "show", id]);
    let item = json!([{"key": "a", "flags": 5, "expires": null, "expiry_known": true, "size": 1}]);
    assert_eq!((&shown["schema"], &shown["keys"]), (&json!("cachier/journal-show/1"), &item));
    list(&["journal", "clear", "--dry-run"]);
    assert_eq!(place.files().len(), 2);
    list(&["journal", "clear", id]);
    assert_eq!(place.files().len(), 1);
    place.run(Cachier::new(["journal", "show", id])).code(2).stderr_has("journal ls");
    list(&["journal", "clear"]);
    assert!(place.files().is_empty());
}

#[test]
fn an_entry_is_not_stored_on_other_servers_or_where_nothing_may_change() {
    let (server, other, place) = (Server::start(Kind::Plain), Fake::untouched(), Place::new());
    server.store("k", 0, "v");
    place.run(server.cachier(["delete", "k"])).success();
    let id = place.files()[0].file_stem().unwrap().to_str().unwrap().to_owned();
    place
        .run(Cachier::new(["undo", &id, "-s", &other.address()]))
        .code(8)
        .stderr_has(server.address().as_ref());
    place.run(Cachier::new(["undo", "-s", &other.address()])).code(1);
    place.run(server.cachier(["undo", "--read-only"])).code(8);
    assert_eq!(server.stored("k"), None);
}
