//! What is said when nothing could be done: once, as JSON where that was asked for, with a hint.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::json;

use crate::harness::{Cachier, Fake, Kind, PASSWORD, Pool, Script, Server, refusing_port};

#[test]
fn a_read_that_could_do_nothing_is_an_error_document() {
    let (_held, address) = refusing_port();
    for command in [&["get", "k"][..], &["get", "a", "b"], &["meta", "k"], &["exists", "k"]] {
        let run = Cachier::new(command).args(["-s", &address, "-o", "json"]).run().code(3);
        assert_eq!(run.stderr_text().matches("cachier: ").count(), 1, "{command:?}");
        let document = run.json();
        assert_eq!(document["schema"], "cachier/error/1", "{command:?}");
        assert_eq!(document["error"]["kind"], "unreachable");
        assert_eq!(document["error"]["server"], json!(address));
    }
}

#[test]
fn a_read_that_could_do_something_is_its_own_document() {
    let pool = Pool::plain(1);
    pool.server(0).store("k", 16, "v");
    let (_held, dead) = refusing_port();
    let list = format!("{},{dead}", pool.list());
    let keys: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    let run = Cachier::new(["get", "-o", "json", "-s", &list]).args(&keys).run().code(6);
    let document = run.json();
    assert_eq!(document["schema"], "cachier/get/1");
    let known = |item: &&serde_json::Value| item["found"] == json!(false) && item["error"].is_null();
    let items = document["items"].as_array().unwrap();
    assert!(items.iter().any(|item| known(&item)) && !items.iter().all(|item| known(&item)));
}

#[test]
fn an_item_that_has_changed_is_not_deleted_and_counts_as_failed() {
    let server = Server::start(Kind::Plain);
    server.store("k", 0, "v");
    let run = server.cachier(["delete", "k", "--if-cas", "999999", "-o", "json"]).run().code(1);
    let document = run.stderr_has("another CAS unique").json();
    assert_eq!((&document["deleted"], &document["failed"]), (&json!(0), &json!(1)));
    assert_eq!(document["keys"][0]["result"], "failed");
    assert!(document["keys"][0]["error"].as_str().unwrap().contains("another CAS unique"));
}

#[test]
fn every_way_of_not_being_stored_is_counted() {
    let server = Server::start(Kind::Plain);
    server.store("k", 0, "v");
    for (key, condition) in [("k", "absent"), ("k", "cas=999999"), ("gone", "present"), ("gone", "cas=1")] {
        let run = server.cachier(["set", key, "v", "--if", condition, "-o", "json"]).run().code(1);
        assert_eq!(run.json()["not_stored"], 1, "{key} {condition}");
    }
}

#[test]
fn refused_credentials_come_with_a_hint() {
    let server = Server::start(Kind::Sasl);
    let run = server.cachier(["get", "k"]).env("MEMCACHIER_PASSWORD", "wrong").run().code(4);
    run.stderr_has("refused the credentials").stderr_has("hint: check the user name and password");
}

#[test]
fn a_key_that_is_no_text_is_named_readably() {
    let server = Server::start(Kind::Plain);
    let run = server.cachier(["get"]).arg(OsStr::from_bytes(b"a\xff")).run().code(1);
    run.stderr_has("cachier: \"a\\xff\" is not there");
}

#[test]
fn bytes_that_are_no_text_are_told_how_to_be_stored() {
    let fake = Fake::untouched();
    let run = Cachier::new(["set", "k", "-", "-s", &fake.address()]).stdin(b"\xff").run().code(2);
    run.stderr_has("the value is not UTF-8 from byte 0 on")
        .stderr_has("hint: store bytes as they are with --as bytes");
}

#[test]
fn a_piped_password_comes_before_piped_keys_and_values() {
    let pool = Pool::sasl(2);
    let piped = |arguments: &[&str]| {
        Cachier::new(arguments).args(["-s", &pool.list(), "-u", "alice", "--password-stdin"])
    };
    let run = piped(&["set", "k", "-"]).stdin(format!("{PASSWORD}\nv\n")).run();
    run.success();
    let run = piped(&["get", "--stdin"]).stdin(format!("{PASSWORD}\nk\n")).run();
    run.success().stdout_is("k\tv\n\n");
}

#[test]
fn a_reply_cut_off_in_the_middle_is_no_value() {
    let fake = Fake::once(Script::new().take(8).send("VALUE k 0 10 1\r\nabc").close());
    Cachier::new(["get", "k", "-s", &fake.address()]).run().code(3).stdout_is("");
}

#[test]
fn a_curious_user_is_told_who_is_spoken_to_and_no_secret() {
    let pool = Pool::sasl(1);
    let run = pool.cachier(["get", "k", "-v"]).run().code(1);
    run.stderr_has(&format!("servers {} (environment MEMCACHIER_SERVERS)", pool.list()))
        .stderr_has("protocol binary, authentication sasl, TLS off")
        .nowhere(PASSWORD);
    let fake = Fake::once(Script::new().close());
    let list = format!("memcached://u:hunter2@{}", fake.address());
    Cachier::new(["get", "k", "-v", "-s", &list]).run().code(3).nowhere("hunter2");
}
