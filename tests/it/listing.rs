//! `keys`: every item of every server, filtered and written as asked.

use std::collections::BTreeSet;

use crate::harness::{Cachier, Fake, Kind, Pool, Script, Server, refusing_port};

/// Three servers with 40 items each, under keys that need decoding.
fn filled() -> Pool {
    let pool = Pool::plain(3);
    for (number, server) in pool.servers().iter().enumerate() {
        for item in 0..40 {
            let kind = if item % 4 == 0 { "session:" } else { "view//caf\u{e9}/" };
            server.store(format!("{kind}{number}-{item}"), 0, "x".repeat(item * 10));
        }
    }
    pool
}

#[test]
fn lists_every_item_of_every_server_and_says_how_many_there_are() {
    let pool = filled();
    let listed = pool.cachier(["keys"]).run().success();
    let keys: BTreeSet<String> = listed.stdout_text().lines().map(str::to_owned).collect();
    assert_eq!(keys.len(), 120);
    assert!(keys.contains("view//café/2-39"));
    listed.stderr_has("120 keys listed on 3 servers; they count 120 items");
}

#[test]
fn globs_cross_slashes_and_filters_add_up() {
    let pool = filled();
    for (arguments, count) in [
        (&["view/*9"][..], 12),
        (&["*:[0-1]-*"], 20),
        (&["--prefix", "session:2"], 10),
        (&["--regex", "-(1|39)$"], 6),
        (&["--no-expiry", "--never-fetched", "session:?-0"], 3),
        (&["--ttl-below", "1h"], 0),
        (&["--min-size", "400", "--max-size", "1k"], 0),
    ] {
        let mut command = vec!["keys", "-o", "jsonl"];
        command.extend(arguments);
        let listed = pool.cachier(command).run();
        if arguments[0] == "--min-size" {
            let sizes: Vec<u64> =
                listed.json_lines().iter().map(|item| item["size"].as_u64().unwrap()).collect();
            assert!(!sizes.is_empty() && sizes.iter().all(|&size| (400..=1024).contains(&size)), "{sizes:?}");
            continue;
        }
        assert_eq!(listed.json_lines().len(), count, "{arguments:?}");
        assert_eq!(listed.code, i32::from(count == 0), "{arguments:?}");
    }
}

#[test]
fn an_item_has_its_facts_in_every_format() {
    let server = Server::start(Kind::Plain);
    server.raw(b"set a%b 7 1000 3\r\nabc\r\nms YSBi 2 b\r\nhi\r\nget a%b\r\n");
    let listed = server.cachier(["keys", "a%*", "-o", "jsonl"]).run().success().json_lines();
    let item = &listed[0];
    assert_eq!(
        (item["key"].as_str(), item["server"].as_str()),
        (Some("a%b"), Some(server.address().as_str()))
    );
    assert!((990..=1000).contains(&item["ttl"].as_i64().unwrap()), "{item}");
    assert_eq!(item["slab"], 1);
    assert!(item["size"].as_u64().unwrap() > 50);
    let document = server.cachier(["keys", "--sort", "key", "-o", "json"]).run().success().json();
    assert_eq!(document["schema"], "cachier/keys/1");
    assert_eq!(document["keys"][0]["key"], "a b");
    assert_eq!(document["keys"][0]["ttl"], -1);
    assert_eq!(document["keys"].as_array().unwrap().len(), 2);
    server.cachier(["keys", "--sort", "key", "-0"]).run().success().stdout_is("a b\0a%b\0");
    let csv = server.cachier(["keys", "a%*", "-o", "csv"]).run().success().stdout_text();
    assert!(csv.starts_with("key,server,size,ttl,last_access,fetched,slab,cas\na%b,"), "{csv}");
    let long = server.cachier(["keys", "a b", "-l"]).run().success().stdout_text();
    assert_eq!(long.split('\t').count(), 8, "{long}");
}

#[test]
fn sorted_and_limited() {
    let pool = filled();
    let listed = pool.cachier(["keys", "--sort", "size", "--limit", "3", "-o", "jsonl"]).run().success();
    let keys: BTreeSet<String> =
        listed.json_lines().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys, (0..3).map(|number| format!("view//café/{number}-39")).collect());
    let some = pool.cachier(["keys", "--limit", "7"]).run().success();
    assert_eq!(some.stdout_text().lines().count(), 7);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let pool = filled();
    let line = format!("{} keys -s {} -o csv | head -n 1", env!("CARGO_BIN_EXE_cachier"), pool.list());
    let outcome = Cachier::of("sh", ["-c", &line]).run().success();
    outcome.stdout_is("key,server,size,ttl,last_access,fetched,slab,cas\n");
}

#[test]
fn a_server_that_is_down_stops_no_other() {
    let server = Server::start(Kind::Plain);
    server.store("a", 0, "b");
    let (_held, closed) = refusing_port();
    let list = format!("{},{closed}", server.address());
    let listed = Cachier::new(["keys", "-s", &list, "-o", "json"]).run().code(6);
    assert_eq!(listed.json()["keys"][0]["key"], "a");
    assert!(listed.json()["unreached"][0]["error"].as_str().unwrap().contains("refused"));
}

#[test]
fn servers_that_cannot_list_say_why_and_what_works() {
    let server = Server::start_with(Kind::Plain, &["-X"]);
    let refused = server.cachier(["keys"]).run().code(5);
    refused.stderr_has("metadump not allowed").stderr_has("memcached -X").stderr_has("--stdin");
    let pool = Pool::sasl(1);
    let refused = pool.cachier(["keys"]).run().code(5);
    refused.stderr_has("needs a listing").stderr_has("SASL").stderr_has("invalidate-memo");
    let server = Server::start(Kind::AuthFile);
    server.cachier(["keys"]).run().code(1);
}

#[test]
fn a_busy_crawler_is_asked_again_and_newer_servers_are_understood() {
    let script = Script::new()
        .expect("lru_crawler mgdump hash\r\n")
        .send("ERROR\r\n")
        .expect("lru_crawler metadump hash\r\n")
        .send("BUSY currently processing crawler request\r\n")
        .expect("lru_crawler metadump hash\r\n")
        .send("OK\r\nkey=a%2Fb exp=-1 la=1 cas=1 fetch=no cls=1 size=70 flags=16\nEND\r\n");
    let statistics = Script::new().expect("stats\r\n").send("STAT curr_items 1\r\nEND\r\n");
    let fake = Fake::connections([script, statistics]);
    Cachier::new(["keys", "-s", &fake.address()]).run().success().stdout_is("a/b\n");
}

#[test]
fn keys_alone_are_asked_for_where_nothing_else_is_wanted() {
    let statistics = Script::new().expect("stats\r\n").send("STAT curr_items 2\r\nEND\r\n");
    let script = Script::new()
        .expect("lru_crawler mgdump hash\r\n")
        .send("BUSY currently processing crawler request\r\n")
        .expect("lru_crawler mgdump hash\r\n")
        .send("mg a/b\r\nmg YSBi b\r\nEN\r\n");
    let fake = Fake::connections([script, statistics.clone()]);
    Cachier::new(["keys", "a?b", "--sort", "key", "-s", &fake.address()])
        .run()
        .success()
        .stdout_is("a b\na/b\n");
    for arguments in [&["-l"][..], &["--sort", "size"], &["--min-size", "1"], &["-o", "jsonl"]] {
        let script = Script::new()
            .expect("lru_crawler metadump hash\r\n")
            .send("key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=70\nEND\r\n");
        let fake = Fake::connections([script, statistics.clone()]);
        Cachier::new(["keys", "-s", &fake.address()]).args(arguments).run().success();
    }
}
