//! `delete --stdin` and `touch --stdin` of more keys than are taken at once.

use std::fmt::Write as _;

use crate::harness::{Cachier, Fake, Kind, Pool, Script, Server, refusing_port};

const KEYS: usize = 3000;

fn names(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, "bulk/{number}").unwrap();
        text
    })
}

/// Stores every second key on every server.
fn store(pool: &Pool) {
    for server in pool.servers() {
        let mut wire = server.connect();
        for number in (0..KEYS).step_by(2) {
            wire.store(format!("bulk/{number}").as_bytes(), 0, b"x");
        }
    }
}

#[test]
fn a_long_list_is_deleted_with_exact_counts_on_every_protocol() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::AuthFile, Kind::Tls] {
        let pool = Pool::start(kind, 2);
        store(&pool);
        let deleted =
            pool.cachier(["delete", "--stdin", "--yes", "--summary", "-o", "json"]).stdin(names(KEYS)).run();
        let deleted = deleted.success().json();
        assert_eq!(deleted["schema"], "cachier/delete/1");
        let half = KEYS as u64 / 2;
        for (field, value) in [("deleted", half), ("not_found", half), ("failed", 0), ("unknown", 0)] {
            assert_eq!(deleted[field], value, "{kind:?} {field}");
        }
        assert!(deleted.get("keys").is_none());
    }
}

#[test]
fn every_key_has_its_row_unless_only_counts_are_wanted() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 2);
        store(&pool);
        let rows = pool
            .cachier(["delete", "--stdin", "--yes", "-o", "json"])
            .stdin(names(KEYS))
            .run()
            .success()
            .json();
        let keys = rows["keys"].as_array().unwrap();
        assert_eq!(keys.len(), KEYS);
        for row in keys {
            let key = row["key"].as_str().unwrap();
            let number: usize = key.strip_prefix("bulk/").unwrap().parse().unwrap();
            let expected = if number.is_multiple_of(2) { "deleted" } else { "not_found" };
            assert_eq!(row["result"], expected, "{kind:?} {key}");
        }
        assert_eq!(rows["deleted"], KEYS as u64 / 2);
        store(&pool);
        let lines =
            pool.cachier(["delete", "--stdin", "--yes"]).stdin(names(KEYS)).run().success().stdout_text();
        assert_eq!(lines.lines().filter(|line| line.ends_with("\tdeleted")).count(), KEYS / 2);
        assert_eq!(lines.lines().count(), KEYS);
    }
}

#[test]
fn connections_share_the_work() {
    let pool = Pool::plain(1);
    store(&pool);
    let arguments = ["delete", "--stdin", "--yes", "--summary", "--connections", "3", "-o", "json"];
    let deleted = pool.cachier(arguments).stdin(names(KEYS)).run().success().json();
    assert_eq!(
        (&deleted["deleted"], &deleted["servers"].as_array().unwrap().len()),
        (&(KEYS / 2).into(), &1)
    );
    assert_eq!(pool.server(0).stat("curr_items"), "0");
}

#[test]
fn a_long_list_is_touched() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 1);
        store(&pool);
        let arguments = ["touch", "--ttl", "1h", "--stdin", "--yes", "--summary", "-o", "json"];
        let touched = pool.cachier(arguments).stdin(names(KEYS)).run().success().json();
        assert_eq!(
            (&touched["touched"], &touched["not_found"]),
            (&(KEYS / 2).into(), &(KEYS / 2).into()),
            "{kind:?}"
        );
    }
}

#[test]
fn a_server_that_is_down_and_a_key_that_cannot_be_sent_are_counted() {
    let server = Server::start(Kind::Plain);
    let (_held, closed) = refusing_port();
    let list = format!("{},{closed}", server.address());
    let input = names(KEYS) + "a b\n";
    let arguments = ["delete", "--stdin", "--yes", "--summary", "-o", "json", "-s", &list];
    let deleted = Cachier::new(arguments).stdin(input).run().code(6);
    assert!(deleted.stderr_text().contains("\"a b\""), "{}", deleted.stderr_text());
    let deleted = deleted.json();
    let sum: u64 = ["deleted", "not_found", "failed", "unknown"]
        .iter()
        .map(|field| deleted[*field].as_u64().unwrap())
        .sum();
    assert_eq!(sum, KEYS as u64 + 1);
    assert!(deleted["failed"].as_u64().unwrap() > 1000);
}

#[test]
fn nothing_is_changed_by_a_dry_run_or_a_read_only_profile() {
    let pool = Pool::plain(1);
    store(&pool);
    let planned = pool.cachier(["delete", "--stdin", "--dry-run"]).stdin(names(KEYS)).run().success();
    assert_eq!(planned.stdout_text().lines().count(), KEYS);
    pool.cachier(["delete", "--stdin", "--read-only"]).stdin(names(KEYS)).run().code(8);
    assert_eq!(pool.server(0).stat("curr_items"), (KEYS / 2).to_string());
}

/// What a text server is asked first, to see how it may be asked.
const PROBE: &[u8] = b"md cachier:probe:0b6f8d5c-nobody-has-this-key q O1\r\nmn\r\n";

/// Deletes `a`, `b` and `c` on a server that follows a script behind the probe.
fn deleted_by(script: Script) -> serde_json::Value {
    let fake = Fake::once(script);
    let arguments = ["delete", "--stdin", "--yes", "--summary", "-o", "json", "-s", &fake.address()];
    Cachier::new(arguments).stdin("a\nb\nc\n").run().success().json()
}

#[test]
fn a_server_without_meta_commands_is_asked_in_classic_text() {
    let script = Script::new()
        .expect(PROBE)
        .send("ERROR\r\nERROR\r\n")
        .expect("delete a\r\ndelete b\r\ndelete c\r\n")
        .send("DELETED\r\nNOT_FOUND\r\nDELETED\r\n");
    let deleted = deleted_by(script);
    assert_eq!((&deleted["deleted"], &deleted["not_found"]), (&2.into(), &1.into()));
}

#[test]
fn a_server_that_is_silent_about_misses_is_asked_loudly() {
    let script = Script::new()
        .expect(PROBE)
        .send("MN\r\n")
        .expect("md a\r\nmd b\r\nmd c\r\n")
        .send("HD\r\nNF\r\nHD\r\n");
    let deleted = deleted_by(script);
    assert_eq!((&deleted["deleted"], &deleted["not_found"]), (&2.into(), &1.into()));
}

#[test]
fn a_server_that_tells_misses_says_nothing_else() {
    let script = Script::new()
        .expect(PROBE)
        .send("NF O1\r\nMN\r\n")
        .expect("md a q\r\nmd b q\r\nmd c q\r\nmn\r\n")
        .send("NF\r\nMN\r\n");
    let deleted = deleted_by(script);
    assert_eq!((&deleted["deleted"], &deleted["not_found"]), (&2.into(), &1.into()));
}

#[test]
fn what_was_sent_and_not_answered_is_unknown() {
    let script = Script::new()
        .expect(PROBE)
        .send("NF O1\r\nMN\r\n")
        .expect("md a q\r\nmd b q\r\nmd c q\r\nmn\r\n")
        .send("NF\r\n")
        .close();
    let fake = Fake::once(script);
    let arguments = ["delete", "--stdin", "--yes", "--summary", "-o", "json", "-s", &fake.address()];
    let deleted = Cachier::new(arguments).stdin("a\nb\nc\n").run();
    assert!(deleted.stderr_text().contains("closed the connection"));
    let deleted = deleted.json();
    assert_eq!(
        (&deleted["unknown"], &deleted["not_found"], &deleted["deleted"]),
        (&2.into(), &1.into(), &0.into())
    );
}

#[test]
fn the_values_of_many_keys_come_as_they_are_read() {
    for pool in [Pool::plain(3), Pool::sasl(2)] {
        let keys: String = (0..2500).map(|number| format!("key-{number}\n")).collect();
        let script: String =
            (0..2500).step_by(2).map(|number| format!("set key-{number} v{number}\n")).collect();
        pool.cachier(["shell", "-q"]).stdin(script).run().success();
        let get = |flags: &[&str]| pool.cachier(["get", "--stdin"]).args(flags).stdin(&keys).run();
        let text = get(&[]).code(1).stderr_has("1250 of 2500 keys are not there").stdout_text();
        let mut rows: Vec<&str> = text.lines().collect();
        rows.sort_unstable();
        let mut expected: Vec<String> =
            (0..2500).step_by(2).map(|number| format!("key-{number}\tv{number}")).collect();
        expected.sort_unstable();
        assert_eq!(rows, expected);
        let document = get(&["-o", "json"]).code(1).json();
        assert_eq!(document["schema"], "cachier/get/1");
        let items = document["items"].as_array().unwrap();
        assert_eq!(items.len(), 2500);
        assert_eq!(items.iter().filter(|item| item["found"] == true).count(), 1250);
        assert_eq!(get(&["-o", "jsonl", "--default", "none"]).success().json_lines().len(), 2500);
        assert!(get(&["-o", "csv"]).code(1).stdout_text().starts_with("key,value\n"));
    }
}
