//! `cachier doctor`.

use serde_json::Value;

use crate::harness::{Cachier, Kind, PASSWORD, Pool, Server, refusing_port};

/// Whether there is a finding of this status and topic whose evidence has these words.
fn has(document: &Value, status: &str, topic: &str, words: &str) -> bool {
    let rows = document["findings"].as_array().unwrap();
    rows.iter().any(|row| {
        row["status"] == status && row["topic"] == topic && row["evidence"].as_str().unwrap().contains(words)
    })
}

#[track_caller]
fn assert_has(document: &Value, status: &str, topic: &str, words: &str) {
    assert!(has(document, status, topic, words), "no {status} {topic} {words:?} in {document:#}");
}

#[test]
fn a_healthy_pool_has_nothing_broken_on_every_kind() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::Tls, Kind::AuthFile] {
        let pool = Pool::start(kind, 2);
        let outcome = pool.cachier(["doctor", "-o", "json"]).run().success().nowhere(PASSWORD);
        let document = outcome.json();
        assert_eq!(document["schema"], "cachier/doctor/1");
        assert_has(&document, "ok", "connection", "connect ");
        assert_has(&document, "ok", "routing", "pylibmc:ketama");
        let rows = document["findings"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["status"] != "fail"), "{kind:?} {document:#}");
    }
}

#[test]
fn what_is_broken_is_named_with_the_number_of_libmemcached_and_a_fix() {
    let (_held, address) = refusing_port();
    let document = Cachier::new(["doctor", "-s", &address, "-o", "json"]).run().code(7).json();
    assert_has(&document, "fail", "connection", "ConnectionError (3)");
    let row = document["findings"].as_array().unwrap().iter().find(|row| row["status"] == "fail").unwrap();
    assert!(row["fix"].is_string(), "{row}");

    let sasl = Server::start(Kind::Sasl);
    let run = sasl.cachier(["doctor", "-o", "json"]).env("MEMCACHIER_PASSWORD", "wrong").run().code(7);
    assert_has(&run.nowhere("wrong").json(), "fail", "login", "40");

    let tls = Server::start(Kind::Tls);
    let arguments = ["doctor", "-s", &tls.address(), "--tls", "-o", "json"];
    let document = Cachier::new(arguments).run().code(7).json();
    assert_has(&document, "fail", "TLS", "not trusted");

    let plain = Server::start(Kind::Plain);
    let run = plain.cachier(["doctor", "-o", "json"]);
    let document = run.env("MEMCACHIER_USERNAME", "u").env("MEMCACHIER_PASSWORD", "p").run().success().json();
    assert_has(&document, "warn", "login", "UnknownReadFailure (7)");
}

#[test]
fn the_environment_is_read_as_the_application_might() {
    let pool = Pool::plain(1);
    let run = |pairs: &[(&str, &str)]| {
        Cachier::new(["doctor", "-o", "json", "--keys", "0"]).envs(pairs.iter().copied()).run().json()
    };
    let list = pool.list();
    let document = run(&[("MEMCACHIER_SERVERS", &list)]);
    assert_has(&document, "note", "environment", "MEMCACHE_* is not");
    assert_has(&document, "warn", "environment", "without MEMCACHIER_USERNAME");
    let document = run(&[("MEMCACHIER_SERVERS", &list), ("MEMCACHE_SERVERS", "127.0.0.1:1")]);
    assert_has(&document, "warn", "environment", "cachier reads MEMCACHIER_*");
    let twice = format!("{list}, {list}");
    let document = run(&[("MEMCACHE_SERVERS", &twice)]);
    assert!(
        document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["topic"] == "servers" && row["status"] == "warn")
    );
    let document = run(&[("MEMCACHE_SERVERS", &format!("{list},,{list}"))]);
    assert_has(&document, "fail", "servers", "entry 2 of the server list is empty");
    let document = run(&[("MEMCACHE_SERVERS", &list), ("MEMCACHE_USERNAME", "u")]);
    assert_has(&document, "fail", "environment", "MEMCACHE_PASSWORD is not");
}

#[test]
fn keys_that_the_application_never_reads_back_are_counted() {
    let pool = Pool::plain(2);
    for number in 0..20 {
        let key = format!("key:{number}");
        let shown = pool.cachier(["where", &key]).run().success().stdout_text();
        let right = usize::from(shown.contains(&pool.server(1).address()));
        pool.server(if number == 0 { 1 - right } else { right }).store(&key, 0, "v");
    }
    let document = pool.cachier(["doctor", "-o", "json"]).run().success().json();
    assert_has(&document, "warn", "keys", "1 of 20 lie where the routing does not look for them");

    let server = Server::start(Kind::Plain);
    let set = |key: &str, seconds: u32, value: &str| {
        let command = format!("set {key} 16 {seconds} {}\r\n{value}\r\n", value.len());
        assert_eq!(server.raw(command.as_bytes()), b"STORED\r\n");
    };
    set("flask_cache_app.f_memver", 60, "AbCdEf");
    set("flask_cache_0123456789abcdefAbCdEf", 600, "1");
    set("flask_cache_0123456789abcdefGhIjKl", 600, "1");
    let document = server.cachier(["doctor", "-o", "json"]).run().success().json();
    assert_has(&document, "warn", "memoize", "1 results of memoized functions can never be read back");
    assert_has(&document, "warn", "memoize", "1 version keys expire before");
}

#[test]
fn a_person_reads_one_line_a_finding() {
    let mut pool = Pool::plain(2);
    pool.server_mut(1).kill();
    let shown = pool.cachier(["doctor", "-o", "table"]).run().code(7).stdout_text();
    let failed: Vec<&str> = shown.lines().filter(|line| line.starts_with("fail")).collect();
    assert_eq!(failed.len(), 1, "{shown}");
    assert!(failed[0].contains(&pool.server(1).address()) && failed[0].contains(" → "), "{shown}");
}
