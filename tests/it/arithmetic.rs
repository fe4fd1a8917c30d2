//! `cachier incr` and `decr`.

use crate::harness::{Cachier, Fake, Server};

#[test]
fn the_new_number_is_printed_on_every_kind_of_server() {
    for server in Server::of_each_kind() {
        server.store("n", 4, "5");
        server.cachier(["incr", "n"]).run().success().stdout_is("6\n");
        server.cachier(["incr", "n", "10"]).run().success().stdout_is("16\n");
        server.cachier(["decr", "n", "3"]).run().success().stdout_is("13\n");
        server.cachier(["decr", "n", "100"]).run().success().stdout_is("0\n");
        assert_eq!(server.stored("n").unwrap().flags, 4, "{:?}", server.kind);
    }
}

#[test]
fn the_count_wraps_at_64_bits() {
    for server in Server::of_each_kind() {
        server.store("n", 4, u64::MAX.to_string());
        server.cachier(["incr", "n", "3"]).run().success().stdout_is("2\n");
        server.store("n", 4, "0");
        server
            .cachier(["incr", "n", &u64::MAX.to_string()])
            .run()
            .success()
            .stdout_is(format!("{}\n", u64::MAX));
    }
}

#[test]
fn a_key_that_is_not_there_exits_with_one_unless_there_is_an_initial_value() {
    for server in Server::of_each_kind() {
        server.cachier(["incr", "n"]).run().code(1).stdout_is("").stderr_has("\"n\"");
        server.cachier(["incr", "n", "2", "--initial", "10"]).run().success().stdout_is("10\n");
        server.cachier(["incr", "n", "2", "--initial", "10"]).run().success().stdout_is("12\n");
        server.cachier(["decr", "m", "--initial", "7", "--ttl", "1h"]).run().success().stdout_is("7\n");
        if !server.kind.is_sasl() {
            let answer = String::from_utf8(server.raw(b"mg m t\r\n")).unwrap();
            assert!(["HD t3600\r\n", "HD t3599\r\n"].contains(&answer.as_str()), "{answer}");
        }
    }
}

#[test]
fn a_created_number_is_read_as_a_number() {
    for server in Server::of_each_kind() {
        server.cachier(["incr", "n", "--initial", "10"]).run().success();
        let document = server.cachier(["get", "n", "-o", "json"]).run().success().json();
        assert_eq!(document["items"][0]["value"], 10, "{:?}: {document}", server.kind);
    }
}

#[test]
fn what_is_no_number_is_the_servers_error() {
    for server in Server::of_each_kind() {
        server.store("k", 16, "abc");
        server.cachier(["incr", "k"]).run().code(5).stdout_is("").stderr_has("\"k\"");
    }
}

#[test]
fn json_has_key_server_and_value() {
    let pool = crate::harness::Pool::sasl(2);
    pool.cachier(["set", "n", "1", "--as", "int"]).run().success();
    let document = pool.cachier(["incr", "n", "-o", "json"]).run().success().json();
    assert_eq!((&document["schema"], &document["key"]), (&"cachier/incr/1".into(), &"n".into()));
    assert_eq!(document["value"], 2);
    assert_eq!(document["server"], pool.server(pool.holders("n")[0]).address());
}

#[test]
fn a_number_that_is_none_is_a_mistake_and_nothing_is_sent() {
    let fake = Fake::untouched();
    for arguments in [
        &["incr", "n", "x"][..],
        &["incr", "n", "-1"],
        &["incr", "n", "18446744073709551616"],
        &["incr", "n", "--initial", "x"],
    ] {
        Cachier::new(["-s", &fake.address()]).args(arguments).run().code(2);
    }
    Cachier::new(["incr", "n", "--read-only", "-s", &fake.address()]).run().code(8);
}
