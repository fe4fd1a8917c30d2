//! `cachier delete`.

use serde_json::json;

use crate::harness::{Cachier, Fake, Kind, Pool, Server};

#[test]
fn an_item_is_gone_from_every_kind_of_server() {
    for server in Server::of_each_kind() {
        server.store("k", 0, "v");
        let shown = format!("k\t{}\tdeleted\n", server.address());
        server.cachier(["delete", "k"]).run().success().stdout_is(shown);
        assert_eq!(server.stored("k"), None);
    }
}

#[test]
fn nothing_deleted_exits_with_one_and_something_with_zero() {
    for server in Server::of_each_kind() {
        server.cachier(["delete", "k"]).run().code(1);
        server.store("k", 0, "v");
        server.cachier(["delete", "gone", "k"]).run().success();
    }
}

#[test]
fn it_has_two_shorter_names() {
    let server = Server::start(Kind::Plain);
    for name in ["del", "rm"] {
        server.store("k", 0, "v");
        server.cachier([name, "k"]).run().success();
        assert_eq!(server.stored("k"), None);
    }
}

#[test]
fn json_counts_and_names_every_key() {
    for server in Server::of_each_kind() {
        server.store("a", 0, "1");
        let document = server.cachier(["delete", "a", "gone", "-o", "json"]).run().success().json();
        let address = server.address();
        let expected = json!({
            "schema": "cachier/delete/1", "dry_run": false, "deleted": 1, "not_found": 1, "failed": 0,
            "keys": [
                {"key": "a", "server": address, "result": "deleted", "error": null},
                {"key": "gone", "server": address, "result": "not_found", "error": null},
            ],
        });
        assert_eq!(document, expected);
    }
}

#[test]
fn a_dry_run_contacts_nobody_and_names_the_servers() {
    let fakes = [Fake::untouched(), Fake::untouched()];
    let list = fakes.iter().map(Fake::address).collect::<Vec<_>>().join(",");
    let document =
        Cachier::new(["delete", "a", "b", "--dry-run", "-o", "json", "-s", &list]).run().success().json();
    assert_eq!((&document["dry_run"], &document["deleted"]), (&json!(true), &json!(0)));
    for row in document["keys"].as_array().unwrap() {
        assert_eq!(row["result"], "planned");
        assert!(list.contains(row["server"].as_str().unwrap()));
    }
}

#[test]
fn everywhere_is_every_server_of_the_pool() {
    let pool = Pool::sasl(3);
    for server in pool.servers() {
        server.store("k", 0, "v");
    }
    pool.cachier(["delete", "k"]).run().success();
    assert_eq!(pool.holders("k").len(), 2);
    pool.cachier(["delete", "k", "--everywhere"]).run().success();
    assert!(pool.holders("k").is_empty());
}

#[test]
fn a_cas_that_does_not_match_leaves_the_item() {
    for server in Server::of_each_kind() {
        server.store("k", 0, "v");
        let cas = server.stored("k").unwrap().cas;
        server.cachier(["delete", "k", "--if-cas", &(cas + 1).to_string()]).run().code(1);
        assert!(server.stored("k").is_some());
        server.cachier(["delete", "k", "--if-cas", &cas.to_string()]).run().success();
        assert_eq!(server.stored("k"), None);
    }
}

#[test]
fn thousands_of_keys_from_stdin_are_counted_exactly() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 3);
        let keys: Vec<_> = (0..5000).map(|number| format!("some-key-{number}")).collect();
        let placed = pool.cachier(["where", "--stdin"]).stdin(keys.join("\n")).run().success().stdout_text();
        let mut wires: Vec<_> = pool.servers().iter().map(Server::connect).collect();
        for line in placed.lines().take(3000) {
            let (key, address) = line.split_once('\t').unwrap();
            let index = pool.servers().iter().position(|server| server.address() == address).unwrap();
            wires[index].store(key.as_bytes(), 0, b"v");
        }
        let run = pool.cachier(["delete", "--stdin", "--yes", "-o", "json"]).stdin(keys.join("\n")).run();
        let document = run.success().json();
        let counts = ["deleted", "not_found", "failed"].map(|name| document[name].as_u64().unwrap());
        assert_eq!(counts, [3000, 2000, 0], "{kind:?}");
        for server in pool.servers() {
            assert_eq!(server.stat("curr_items"), "0", "{kind:?}");
        }
    }
}

#[test]
fn a_read_only_run_deletes_nothing() {
    let fake = Fake::untouched();
    Cachier::new(["delete", "k", "--read-only", "-s", &fake.address()]).run().code(8);
    Cachier::new(["delete", "k", "-s", &fake.address()]).env("CACHIER_READ_ONLY", "1").run().code(8);
}

#[test]
fn a_flask_key_gets_the_prefix() {
    let server = Server::start(Kind::Plain);
    server.store("flask_cache_k", 0, "v");
    server.cachier(["delete", "-F", "k"]).run().success();
    assert_eq!(server.stored("flask_cache_k"), None);
}
