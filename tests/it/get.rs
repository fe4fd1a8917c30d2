//! `cachier get`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use crate::harness::{Fake, Kind, PASSWORD, Pool, Server};

#[test]
fn one_key_prints_its_text_alone_from_every_kind_of_server() {
    for server in Server::of_each_kind() {
        server.store("k", 16, "grün");
        server.cachier(["get", "k"]).run().success().stdout_is("grün\n").nowhere(PASSWORD);
    }
}

#[test]
fn a_miss_is_named_on_stderr_and_exits_with_one() {
    for server in Server::of_each_kind() {
        let outcome = server.cachier(["get", "gone"]).run().code(1).stdout_is("").stderr_has("\"gone\"");
        outcome.stderr_has(&server.address());
    }
}

#[test]
fn a_default_stands_in_for_a_miss() {
    let server = Server::start(Kind::Plain);
    server.cachier(["get", "gone", "--default", "none"]).run().success().stdout_is("none\n");
    server.store("k", 16, "v");
    server.cachier(["get", "k", "--default", "none"]).run().success().stdout_is("v\n");
}

#[test]
fn raw_prints_the_stored_bytes_and_nothing_else() {
    for server in Server::of_each_kind() {
        for (flags, value) in [(0, &b"\0\r\n\xff"[..]), (1, b"\x80\x05K\x05."), (24, b"not zlib"), (16, b"")]
        {
            server.store("k", flags, value);
            server.cachier(["get", "k", "--raw"]).run().success().stdout_is(value);
        }
    }
}

#[test]
fn values_are_decoded_by_the_flags_of_pylibmc() {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all("packed text".as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let server = Server::start(Kind::Plain);
    for (flags, stored, shown) in [
        (0, &b"bytes \xff"[..], &b"bytes \xff"[..]),
        (16, b"text", b"text\n"),
        (4, b"-17", b"-17\n"),
        (2, b"1", b"1\n"),
        (24, packed.as_slice(), b"packed text\n"),
    ] {
        server.store("k", flags, stored);
        server.cachier(["get", "k"]).run().success().stdout_is(shown);
    }
}

#[test]
fn several_keys_print_a_line_each() {
    for server in Server::of_each_kind() {
        server.store("a", 16, "1");
        server.store("b", 16, "2");
        let outcome = server.cachier(["get", "a", "gone", "b"]).run().code(1);
        outcome.stdout_is("a\t1\nb\t2\n").stderr_has("\"gone\"");
    }
}

#[test]
fn keys_come_from_stdin_by_line_or_by_nul() {
    let server = Server::start(Kind::Plain);
    server.store("a", 16, "1");
    server.store("b", 16, "2");
    let run = |arguments: &[&str], input: &str| server.cachier(["get"]).args(arguments).stdin(input).run();
    run(&["--stdin"], "a\nb\n").success().stdout_is("a\t1\nb\t2\n");
    run(&["-"], "b\na").success().stdout_is("b\t2\na\t1\n");
    run(&["-0", "--stdin"], "a\0b\0").success().stdout_is("a\t1\nb\t2\n");
    run(&["--stdin"], "").success().stdout_is("");
}

#[test]
fn json_has_every_field_of_every_item() {
    for server in Server::of_each_kind() {
        server.store("k", 16, "text");
        let cas = server.stored("k").unwrap().cas;
        let document = server.cachier(["get", "k", "gone", "-o", "json"]).run().code(1).json();
        assert_eq!(document["schema"], "cachier/get/1");
        let [found, gone] = document["items"].as_array().unwrap().as_slice() else { panic!("{document}") };
        let expected = json!({"key": "k", "server": server.address(), "found": true, "flags": 16, "size": 4,
            "cas": cas, "type": "text", "value": "text"});
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&found[field], value, "{field} of {found}");
        }
        assert_eq!((&gone["key"], &gone["found"]), (&json!("gone"), &json!(false)));
        assert_eq!((&gone["flags"], &gone["value"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn a_key_that_is_not_text_is_named_in_base64() {
    let server = Server::start(Kind::Sasl);
    server.store(b"\xff\xfe", 16, "v");
    let outcome = server.cachier(["get", "-0", "--stdin", "-o", "json"]).stdin(b"\xff\xfe\0").run();
    let document = outcome.success().json();
    assert_eq!(document["items"][0]["key_b64"], "//4=");
    assert_eq!(document["items"][0]["value"], "v");
}

#[test]
fn a_flask_key_gets_the_prefix() {
    let server = Server::start(Kind::Plain);
    server.store("flask_cache_view//x", 16, "page");
    server.store("mine:view//x", 16, "other");
    server.cachier(["get", "-F", "view//x"]).run().success().stdout_is("page\n");
    server.cachier(["get", "-F", "view//x", "--key-prefix", "mine:"]).run().success().stdout_is("other\n");
    server.cachier(["get", "-F", "mine:view//x", "--no-key-prefix"]).run().success().stdout_is("other\n");
}

#[test]
fn a_get_is_one_connection_and_one_request_to_the_one_server() {
    let servers: Vec<_> = (0..3).map(|_| Server::start(Kind::Plain)).collect();
    let proxies: Vec<_> = servers.iter().map(Fake::proxy_or_idle).collect();
    let list = proxies.iter().map(Fake::address).collect::<Vec<_>>().join(",");
    let run = crate::harness::Cachier::new(["get", "k", "--default", "x", "-s", &list]);
    run.run().success().stdout_is("x\n");
    let received: Vec<_> = proxies.iter().flat_map(Fake::received).collect();
    let [request] = received.as_slice() else { panic!("{} connections", received.len()) };
    let request = String::from_utf8_lossy(request);
    assert_eq!(
        request.strip_suffix("quit\r\n").unwrap_or(&request).matches("\r\n").count(),
        1,
        "{request:?}"
    );
}

#[test]
fn a_get_with_sasl_is_a_login_and_one_request() {
    let server = Server::start(Kind::Sasl);
    server.store("k", 16, "v");
    let proxy = Fake::proxy(&server);
    let run = server.cachier(["get", "k"]).env("MEMCACHIER_SERVERS", proxy.address());
    run.run().success().stdout_is("v\n");
    let received = proxy.received();
    assert_eq!(received.len(), 1);
    let mut opcodes = Vec::new();
    let mut rest = received[0].as_slice();
    while let [0x80, opcode, _, _, _, _, _, _, a, b, c, d, ..] = *rest {
        opcodes.push(opcode);
        rest = &rest[24 + u32::from_be_bytes([a, b, c, d]) as usize..];
    }
    assert!(rest.is_empty());
    // 0x20 lists mechanisms and 0x07 is a farewell; neither is needed.
    opcodes.retain(|opcode| ![0x20, 0x07].contains(opcode));
    assert_eq!(opcodes, [0x21, 0x00]);
}

#[test]
fn each_key_is_fetched_from_its_server_in_one_round() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 3);
        let keys: Vec<_> = (0..200).map(|number| format!("key-{number}")).collect();
        let placed = pool.cachier(["where", "--stdin"]).stdin(keys.join("\n")).run().success().stdout_text();
        for line in placed.lines() {
            let (key, address) = line.split_once('\t').unwrap();
            let server = pool.servers().iter().find(|server| server.address() == address).unwrap();
            server.store(key, 16, key);
        }
        let shown: String = keys.iter().map(|key| format!("{key}\t{key}\n")).collect();
        let before: Vec<_> = pool.servers().iter().map(|server| server.stat("total_connections")).collect();
        pool.cachier(["get", "--stdin"]).stdin(keys.join("\n")).run().success().stdout_is(shown);
        for (server, before) in pool.servers().iter().zip(before) {
            let made =
                server.stat("total_connections").parse::<u64>().unwrap() - before.parse::<u64>().unwrap();
            // One is the harness's own, for the second figure.
            assert_eq!(made - 1, 1, "{kind:?}");
        }
    }
}

#[test]
fn a_pickle_is_never_executed() {
    let server = Server::start(Kind::Plain);
    let marker = crate::harness::scratch();
    let path = marker.path().join("executed");
    let pickle = format!("cos\nsystem\n(S'touch {}'\ntR.", path.display());
    server.store("k", 1, &pickle);
    server.cachier(["get", "k"]).run().success();
    server.cachier(["get", "k", "-o", "json"]).run().success();
    server.cachier(["get", "k", "--raw"]).run().success().stdout_is(pickle);
    assert!(!path.exists());
}

#[test]
fn a_terminal_is_not_told_to_do_anything_by_a_value() {
    let server = Server::start(Kind::Plain);
    server.store("k", 16, "red \u{1b}[31m, left \u{202e}, zero \u{200b}");
    server.cachier(["get", "k"]).run().success().stdout_is("red \u{1b}[31m, left \u{202e}, zero \u{200b}\n");
    let shown = server.cachier(["get", "k"]).on_terminal().finish().success().stdout_text();
    for dangerous in ["\u{1b}[31m", "\u{202e}", "\u{200b}"] {
        assert!(!shown.contains(dangerous), "{shown:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let server = Server::start_with(Kind::Plain, &["-I", "8m"]);
    server.store("k", 0, vec![b'x'; 4 << 20]);
    let binary = env!("CARGO_BIN_EXE_cachier");
    let line = format!("({binary} -s {} get k --raw; echo $? >&2) | head -c 1", server.address());
    crate::harness::Cachier::of("/bin/sh", ["-c", &line]).run().success().stdout_is("x").stderr_is("0\n");
}
