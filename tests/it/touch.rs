//! `cachier touch`.

use crate::harness::{Cachier, Fake, Kind, Server};

#[test]
fn an_item_gets_a_new_expiry_on_every_kind_of_server() {
    for server in Server::of_each_kind() {
        server.store("k", 16, "v");
        server.cachier(["touch", "k", "--ttl", "1h"]).run().success();
        if !server.kind.is_sasl() {
            let answer = String::from_utf8(server.raw(b"mg k t\r\n")).unwrap();
            assert!(["HD t3600\r\n", "HD t3599\r\n"].contains(&answer.as_str()), "{answer}");
        }
        let stored = server.stored("k").unwrap();
        assert_eq!((stored.flags, stored.text()), (16, "v"));
    }
}

#[test]
fn a_year_is_sent_as_a_date_and_zero_as_never() {
    for server in Server::of_each_kind() {
        server.store("k", 16, "v");
        // More than 30 days from now would be a date long ago to memcached, and the item gone.
        server.cachier(["touch", "k", "--ttl", "365d"]).run().success();
        assert!(server.stored("k").is_some(), "{:?}", server.kind);
    }
    let server = Server::start(Kind::Plain);
    server.store("k", 16, "v");
    server.cachier(["touch", "k", "--ttl", "1h"]).run().success();
    server.cachier(["touch", "k", "--ttl", "0"]).run().success();
    assert_eq!(server.raw(b"mg k t\r\n"), b"HD t-1\r\n");
}

#[test]
fn nothing_touched_exits_with_one() {
    for server in Server::of_each_kind() {
        server.cachier(["touch", "k", "--ttl", "1h"]).run().code(1);
        server.store("k", 16, "v");
        let document =
            server.cachier(["touch", "k", "gone", "--ttl", "1h", "-o", "json"]).run().success().json();
        assert_eq!(document["schema"], "cachier/touch/1");
        let results: Vec<_> =
            document["keys"].as_array().unwrap().iter().map(|row| row["result"].clone()).collect();
        assert_eq!(results, ["touched", "not_found"]);
    }
}

#[test]
fn it_needs_a_time_and_permission() {
    let fake = Fake::untouched();
    Cachier::new(["touch", "k", "-s", &fake.address()]).run().code(2);
    Cachier::new(["touch", "k", "--ttl", "1h", "--read-only", "-s", &fake.address()]).run().code(8);
    Cachier::new(["touch", "k", "--ttl", "1h", "-n", "-s", &fake.address()])
        .run()
        .success()
        .stdout_has("planned");
}
