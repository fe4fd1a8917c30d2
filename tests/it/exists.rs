//! `cachier exists`.

use crate::harness::{Kind, Server};

#[test]
fn zero_only_if_all_are_there() {
    for server in Server::of_each_kind() {
        server.store("a", 0, "1");
        server.store("b", 0, "2");
        server.cachier(["exists", "a", "b"]).run().success();
        server.cachier(["exists", "a", "gone"]).run().code(1);
        server.cachier(["exists", "gone"]).run().code(1);
    }
}

#[test]
fn it_is_no_use_of_the_item() {
    for kind in [Kind::Plain, Kind::Tls, Kind::AuthFile, Kind::Unix] {
        let server = Server::start(kind);
        server.store("k", 0, "v");
        server.cachier(["exists", "k"]).run().success();
        // h: hit before.
        assert_eq!(server.raw(b"mg k h\r\n"), b"HD h0\r\n", "{kind:?}");
    }
}

#[test]
fn json_names_every_key() {
    let server = Server::start(Kind::Sasl);
    server.store("a", 0, "1");
    let document = server.cachier(["exists", "a", "gone", "-o", "json"]).run().code(1).json();
    assert_eq!(document["schema"], "cachier/exists/1");
    let found: Vec<_> = document["keys"].as_array().unwrap().iter().map(|row| row["found"].clone()).collect();
    assert_eq!(found, [true, false]);
}
