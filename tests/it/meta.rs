//! `cachier meta`.

use serde_json::{Value, json};

use crate::harness::{Kind, Server};

#[test]
fn a_text_server_tells_everything_and_it_is_no_use_of_the_item() {
    for kind in [Kind::Plain, Kind::Tls, Kind::MutualTls, Kind::AuthFile, Kind::Unix] {
        let server = Server::start(kind);
        server.store("k", 16, "hello");
        let cas = server.stored("k").unwrap().cas;
        let touched = server.cachier(["touch", "k", "--ttl", "1h"]).run();
        touched.success();
        let document = server.cachier(["meta", "k", "-o", "json"]).run().success().json();
        assert_eq!(document["schema"], "cachier/meta/1");
        let item = &document["items"][0];
        let expected = json!({"key": "k", "server": server.address(), "found": true, "size": 5, "flags": 16,
            "cas": cas, "type": "text", "slab": 1});
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&item[field], value, "{field} of {item}");
        }
        assert!((3590..=3600).contains(&item["ttl"].as_i64().unwrap()), "{item}");
        assert!(item["last_access"].as_i64().unwrap() < 10, "{item}");
    }
}

#[test]
fn looking_does_not_count_as_fetching() {
    let server = Server::start(Kind::Plain);
    server.store("k", 16, "hello");
    for _ in 0..2 {
        let document = server.cachier(["meta", "k", "-o", "json"]).run().success().json();
        assert_eq!(document["items"][0]["fetched"], false);
    }
    drop(server.stored("k"));
    let document = server.cachier(["meta", "k", "-o", "json"]).run().success().json();
    assert_eq!(document["items"][0]["fetched"], true);
}

#[test]
fn what_the_binary_protocol_cannot_tell_is_null() {
    let server = Server::start(Kind::Sasl);
    server.store("k", 16, "hello");
    let document = server.cachier(["meta", "k", "-o", "json"]).run().success().json();
    let item = &document["items"][0];
    assert_eq!(json!([item["size"], item["flags"], item["type"]]), json!([5, 16, "text"]));
    for field in ["ttl", "last_access", "fetched", "slab"] {
        assert_eq!(item.get(field), Some(&Value::Null), "{field}");
    }
}

#[test]
fn a_key_that_is_not_there_exits_with_one() {
    for server in Server::of_each_kind() {
        let outcome = server.cachier(["meta", "gone", "-o", "json"]).run().code(1);
        assert_eq!(outcome.json()["items"][0]["found"], false);
    }
}

#[test]
fn an_item_that_never_expires_has_another_answer_than_one_that_does() {
    let server = Server::start(Kind::Plain);
    server.store("never", 0, "v");
    let document = server.cachier(["ttl", "never", "-o", "json"]).run().success().json();
    assert_eq!(document["items"][0]["ttl"], -1);
}
