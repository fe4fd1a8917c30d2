//! `cachier set`, `add`, `replace`, `append` and `prepend`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::harness::{Fake, Kind, Server};

/// Returns seconds to live as memcached tells them.
fn ttl(server: &Server, key: &str) -> i64 {
    let answer = String::from_utf8(server.raw(format!("mg {key} t\r\n").as_bytes())).unwrap();
    answer.trim_end().strip_prefix("HD t").unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

#[track_caller]
fn assert_stored(server: &Server, key: &str, flags: u32, value: &[u8]) {
    let stored = server.stored(key).unwrap_or_else(|| panic!("{key} is not stored"));
    assert_eq!((stored.flags, stored.value.as_slice()), (flags, value));
}

#[test]
fn a_text_is_stored_as_pylibmc_stores_a_str_on_every_kind_of_server() {
    for server in Server::of_each_kind() {
        server.cachier(["set", "k", "grün"]).run().success();
        assert_stored(&server, "k", 16, "grün".as_bytes());
    }
}

#[test]
fn each_type_has_the_bytes_and_flags_of_the_client() {
    let server = Server::start(Kind::Plain);
    for (arguments, flags, value) in [
        (&["--as", "int", "-7"][..], 4, &b"-7"[..]),
        (&["--as", "bool", "true"], 2, b"1"),
        (&["--as", "bool", "false"], 2, b"0"),
        (&["--as", "bytes", "x"], 0, b"x"),
        (&["--as", "bytes", "--flags", "4294967295", "x"], u32::MAX, b"x"),
        (&["--as", "text", "7", "--client-values", "bmemcached"], 0, b"7"),
        (&["--as", "bytes", "7", "--client-values", "bmemcached"], 16, b"7"),
        (&["--as", "int", "7", "--client-values", "python-memcached"], 2, b"7"),
        (&["--as", "int", "7", "--client-values", "pymemcache"], 2, b"7"),
        (&["--as", "bool", "true", "--client-values", "libmc"], 8, b"1"),
    ] {
        server.cachier(["set", "k"]).args(arguments).run().success();
        assert_stored(&server, "k", flags, value);
    }
}

#[test]
fn what_is_no_such_value_is_a_mistake_and_nothing_is_sent() {
    let fake = Fake::untouched();
    for arguments in [
        &["--as", "int", "seven"][..],
        &["--as", "bool", "maybe"],
        &["--as", "text", "--flags", "1", "x"],
        &["--as", "nonsense", "x"],
        &["x", "--ttl", "soon"],
        &["x", "--if", "perhaps"],
    ] {
        crate::harness::Cachier::new(["set", "k", "-s", &fake.address()])
            .args(arguments)
            .run()
            .code(2)
            .stdout_is("");
    }
}

#[test]
fn the_value_comes_from_stdin_byte_by_byte() {
    for server in Server::of_each_kind() {
        let value: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        server.cachier(["set", "k", "-", "--as", "bytes"]).stdin(&value).run().success();
        assert_stored(&server, "k", 0, &value);
    }
}

#[test]
fn a_time_to_live_counts_from_now_however_long() {
    let server = Server::start(Kind::Plain);
    for (duration, seconds) in
        [("90s", 90), ("15m", 900), ("2h", 7200), ("30d", 2_592_000), ("60d", 5_184_000)]
    {
        server.cachier(["set", "k", "v", "--ttl", duration]).run().success();
        let left = ttl(&server, "k");
        assert!((seconds - 5..=seconds + 1).contains(&left), "{duration}: {left}");
    }
    server.cachier(["set", "k", "v", "--ttl", "0"]).run().success();
    assert_eq!(ttl(&server, "k"), -1);
    server.cachier(["set", "k", "v"]).run().success();
    assert_eq!(ttl(&server, "k"), -1);
}

#[test]
fn a_date_is_when_the_item_expires() {
    let server = Server::start(Kind::Plain);
    server.cachier(["set", "k", "v", "--expire-at", "2037-01-01T00:00:00Z"]).run().success();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expected = 2_114_380_800 - i64::try_from(now).unwrap();
    assert!((ttl(&server, "k") - expected).abs() < 5);
    server.cachier(["set", "k", "v", "--expire-at", "1999-01-01T00:00:00Z"]).run().success();
    assert_eq!(server.stored("k"), None);
    server.cachier(["set", "k", "v", "--expire-at", "tomorrow"]).run().code(2);
}

#[test]
fn a_condition_that_does_not_hold_exits_with_one() {
    for server in Server::of_each_kind() {
        let set = |value: &str, condition: &str| server.cachier(["set", "k", value, "--if", condition]).run();
        set("1", "present").code(1);
        assert_eq!(server.stored("k"), None);
        set("2", "absent").success();
        set("3", "absent").code(1);
        set("4", "present").success();
        let cas = server.stored("k").unwrap().cas;
        set("5", &format!("cas={}", cas + 1)).code(1);
        assert_stored(&server, "k", 16, b"4");
        set("6", &format!("cas={cas}")).success();
        assert_stored(&server, "k", 16, b"6");
    }
}

#[test]
fn add_and_replace_are_memcacheds() {
    for server in Server::of_each_kind() {
        server.cachier(["replace", "k", "1"]).run().code(1);
        server.cachier(["add", "k", "2"]).run().success();
        server.cachier(["add", "k", "3"]).run().code(1);
        assert_stored(&server, "k", 16, b"2");
        server.cachier(["replace", "k", "4"]).run().success();
        assert_stored(&server, "k", 16, b"4");
    }
}

#[test]
fn append_and_prepend_keep_the_flags() {
    for server in Server::of_each_kind() {
        server.cachier(["append", "k", "x"]).run().code(1);
        server.cachier(["prepend", "k", "x"]).run().code(1);
        assert_eq!(server.stored("k"), None);
        server.store("k", 16, "b");
        server.cachier(["append", "k", "c"]).run().success();
        server.cachier(["prepend", "k", "a"]).run().success();
        assert_stored(&server, "k", 16, b"abc");
    }
}

#[test]
fn a_value_that_shrinks_is_compressed_and_comes_back() {
    let server = Server::start(Kind::Plain);
    let text = "abc".repeat(1000);
    server.cachier(["set", "k", &text, "--compress"]).run().success();
    let stored = server.stored("k").unwrap();
    assert_eq!(stored.flags, 24);
    assert!(stored.value.len() < 100);
    server.cachier(["get", "k"]).run().success().stdout_is(text + "\n");
    server.cachier(["set", "k", "ab", "--compress"]).run().success();
    assert_stored(&server, "k", 16, b"ab");
}

#[test]
fn a_value_of_one_mebibyte_and_a_byte_is_too_large() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::Tls, Kind::AuthFile, Kind::Unix] {
        let server = Server::start(kind);
        server.store("k", 0, "old");
        let value = vec![b'x'; (1 << 20) + 1];
        let outcome = server.cachier(["set", "k", "-", "--as", "bytes"]).stdin(&value).run().code(5);
        outcome.stderr_has("larger").stderr_has(&server.address());
        let outcome =
            server.cachier(["set", "k", "-", "--as", "bytes", "-o", "json"]).stdin(&value).run().code(5);
        assert_eq!(outcome.json()["failed"], 1);
    }
}

#[test]
fn a_flask_key_gets_the_prefix() {
    let server = Server::start(Kind::Plain);
    server.cachier(["set", "-F", "k", "v"]).run().success();
    assert_stored(&server, "flask_cache_k", 16, b"v");
}

#[test]
fn json_tells_what_became_of_the_key() {
    let server = Server::start(Kind::Sasl);
    let document = server.cachier(["set", "k", "v", "-o", "json"]).run().success().json();
    assert_eq!(document["schema"], "cachier/set/1");
    let row = &document["keys"][0];
    let expected = json!(["k", server.address(), "stored", null]);
    assert_eq!(json!([row["key"], row["server"], row["result"], row["error"]]), expected);
    let document = server.cachier(["add", "k", "v", "-o", "json"]).run().code(1).json();
    assert_eq!(
        (&document["schema"], &document["keys"][0]["result"]),
        (&json!("cachier/add/1"), &json!("not_stored"))
    );
}

#[test]
fn a_dry_run_and_a_read_only_run_store_nothing() {
    let fake = Fake::untouched();
    let run =
        |arguments: &[&str]| crate::harness::Cachier::new(["-s", &fake.address()]).args(arguments).run();
    run(&["set", "k", "v", "--dry-run"]).success().stdout_has("planned");
    run(&["set", "k", "v", "--read-only"]).code(8);
    for command in ["add", "replace", "append", "prepend"] {
        run(&[command, "k", "v", "--read-only"]).code(8);
    }
}
