//! The harness itself: a test that stands on sand proves nothing.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Cachier, Fake, Kind, PASSWORD, Peer, Pool, Script, Server, Terminal, boolean, bytes, full_port, golden,
    int, none, refusing_port, scratch, text, tls,
};

#[test]
fn a_server_of_each_kind_stores_and_returns_bytes() {
    for kind in Kind::ALL {
        let server = Server::start(kind);
        assert_eq!(server.stored("k"), None, "{kind:?}");
        server.store("k", 7, b"\0value\r\n");
        let stored = server.stored("k").unwrap();
        assert_eq!((stored.text(), stored.flags), ("\0value\r\n", 7), "{kind:?}");
        assert_eq!(server.raw(b""), b"", "{kind:?}");
        assert_eq!(server.stat("pid"), server.pid().to_string(), "{kind:?}");
    }
}

#[test]
fn a_pool_tells_where_a_key_is_and_how_to_reach_it() {
    let mut pool = Pool::sasl(3);
    pool.server(1).store("k", 0, "v");
    assert_eq!(pool.holders("k"), [1]);
    let env = pool.env();
    assert_eq!(env[0], ("MEMCACHIER_SERVERS".to_owned(), pool.list()));
    assert!(env.iter().any(|(name, _)| name == "MEMCACHIER_PASSWORD"));
    pool.server_mut(1).kill();
    assert!(TcpStream::connect(pool.server(1).address()).is_err());
}

#[test]
fn a_frozen_server_is_silent_until_it_thaws() {
    let server = Server::start(Kind::Plain);
    let mut connection = TcpStream::connect(server.address()).unwrap();
    server.freeze();
    connection.write_all(b"version\r\n").unwrap();
    connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = connection.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    server.thaw();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(connection.read(&mut [0]).unwrap(), 1);
}

#[test]
fn arguments_reach_memcached() {
    let server = Server::start_with(Kind::Plain, &["-I", "2m", "-X"]);
    let settings = String::from_utf8(server.raw(b"stats settings\r\n")).unwrap();
    assert!(settings.contains("item_size_max 2097152"), "{settings}");
    assert!(settings.contains("dump_enabled no"), "{settings}");
}

#[test]
fn a_script_is_followed_and_what_came_is_recorded() {
    let pause = Duration::from_millis(1);
    let fake = Fake::connections([
        Script::new().expect("a\r\n").send("1").send_slowly("23", pause).close(),
        Script::new().take(1).silent(),
    ]);
    let mut first = TcpStream::connect(fake.address()).unwrap();
    first.write_all(b"a\r\n").unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "123");
    let mut second = TcpStream::connect(fake.address()).unwrap();
    second.write_all(b"xyz").unwrap();
    drop(second);
    assert_eq!(fake.received(), [b"a\r\n".to_vec(), b"xyz".to_vec()]);
    assert_eq!(fake.connection_count(), 2);
}

#[test]
fn a_reset_is_a_reset() {
    let fake = Fake::once(Script::new().take(1).reset());
    let mut connection = TcpStream::connect(fake.address()).unwrap();
    connection.write_all(b"x").unwrap();
    let error = connection.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_fake_server_fails_the_test_when_its_script_is_not_followed() {
    let says = |panic: Box<dyn std::any::Any + Send>| {
        panic.downcast::<String>().map_or_else(|_| String::new(), |s| *s)
    };
    let unasked = catch_unwind(|| drop(Fake::once(Script::new().expect("a")))).map_err(says);
    assert!(unasked.unwrap_err().contains("asked 0 times instead of 1"));
    let half = catch_unwind(|| {
        let fake = Fake::each(Script::new().expect("abc"));
        TcpStream::connect(fake.address()).unwrap().write_all(b"ab").unwrap();
        drop(fake.received());
    });
    assert!(half.map_err(says).unwrap_err().contains("step 1: the client hung up after \"ab\""));
    let other = catch_unwind(|| {
        let fake = Fake::once(Script::new().expect("abc"));
        TcpStream::connect(fake.address()).unwrap().write_all(b"abd").unwrap();
    });
    assert!(other.map_err(says).unwrap_err().contains("expected \"abc\", read \"abd\""));
    let touched = catch_unwind(|| {
        let fake = Fake::untouched();
        drop(TcpStream::connect(fake.address()).unwrap());
        drop(fake.received());
    });
    assert!(touched.map_err(says).unwrap_err().contains("nobody should have connected"));
    let twice = catch_unwind(|| {
        let fake = Fake::once(Script::new());
        drop(TcpStream::connect(fake.address()).unwrap());
        let mut second = TcpStream::connect(fake.address()).unwrap();
        assert_eq!(second.read(&mut [0]).unwrap(), 0);
    });
    assert!(twice.map_err(says).unwrap_err().contains("one connection too many"));
}

#[test]
fn a_proxy_shows_what_a_real_server_is_sent() {
    let server = Server::start(Kind::Plain);
    let proxy = Fake::proxy(&server);
    let mut connection = TcpStream::connect(proxy.address()).unwrap();
    connection.write_all(b"mn\r\n").unwrap();
    let mut answer = [0; 4];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"MN\r\n");
    drop(connection);
    assert_eq!(proxy.received(), [b"mn\r\n"]);
}

#[test]
fn ports_that_refuse_and_ports_that_are_full() {
    let (_held, address) = refusing_port();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    let (_held, address) = full_port();
    let error =
        TcpStream::connect_timeout(&address.parse().unwrap(), Duration::from_millis(200)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn golden_data_is_read_and_a_missing_file_named() {
    let panic = catch_unwind(|| golden("no-such")).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("tests/golden/no-such.json"));
}

#[test]
fn a_run_has_its_own_environment_streams_and_exit_code() {
    let script =
        "printf '%s|%s|%s|' \"$A\" \"$HOME\" \"${CARGO_MANIFEST_DIR-unset}\"; cat; echo oops >&2; exit 3";
    let run = Cachier::of("/bin/sh", ["-c", script]).env("A", "1").stdin("typed");
    let home = run.home().to_str().unwrap().to_owned();
    let outcome = run.run().code(3).stdout_is(format!("1|{home}|unset|typed")).stderr_is("oops\n");
    assert_eq!(outcome.hide(&home, "HOME").snapshot(), "1|HOME|unset|typed\n--- stderr ---\noops\n[exit 3]");
}

#[test]
fn a_run_that_hangs_is_killed_and_told() {
    let hung = catch_unwind(|| {
        Cachier::of("/bin/sh", ["-c", "echo so far; exec sleep 60"]).limit(Duration::from_millis(100)).run()
    });
    let told = *hung.unwrap_err().downcast::<String>().unwrap();
    assert!(told.contains("hung") && told.contains("so far"), "{told}");
}

#[test]
fn json_and_parts_of_the_streams_are_checked() {
    let outcome = Cachier::of("/bin/sh", ["-c"]).arg("echo '{\"a\": 1}'; echo 'one two' >&2").run();
    let outcome = outcome.success().stdout_has("\"a\"").stderr_has("two").nowhere("three");
    assert_eq!(outcome.json(), json!({"a": 1}));
    assert_eq!(outcome.json_lines(), [json!({"a": 1})]);
    let shown = catch_unwind(|| outcome.nowhere("one")).unwrap_err();
    assert!(shown.downcast::<String>().unwrap().contains("\"one\" shows in"));
}

#[test]
fn the_program_runs_with_a_pool_in_its_environment() {
    let pool = Pool::start(Kind::SaslTls, 2);
    pool.cachier(["--version"]).run().success().nowhere(PASSWORD);
    pool.server(0).cachier(["--version"]).run().success();
    Cachier::new(["--version"]).run().success();
}

#[test]
fn the_foreign_authority_signed_nothing() {
    let verify = |ca: &Path| Cachier::of("openssl", ["verify", "-CAfile"]).arg(ca).arg(&tls().server).run();
    verify(&tls().ca).success();
    assert_ne!(verify(&tls().foreign_ca).code, 0);
}

#[test]
fn a_profile_file_is_where_the_program_looks() {
    let run = Cachier::of("/bin/sh", ["-c", "cat $XDG_CONFIG_HOME/cachier/config.toml"]).config("a = 1\n");
    run.run().success().stdout_is("a = 1\n");
}

#[test]
fn a_run_on_a_terminal_has_a_terminal() {
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size </dev/tty; read x; echo got $x; exit 4";
    let terminal: Terminal = Cachier::of("/bin/sh", ["-c", script]).on_terminal();
    let outcome = terminal.expect("30 100").type_text("hello\r").expect("got hello").finish();
    outcome.code(4).stdout_is("30 100\r\nhello\r\ngot hello\r\n");
}

#[test]
fn scratch_directories_are_gone_with_their_value() {
    let directory = scratch();
    let path = directory.path().to_owned();
    fs::write(path.join("x"), "y").unwrap();
    drop(directory);
    assert!(!path.exists());
}

/// Opens a client of each library on servers that it can use and hands it to `check` with a name for messages.
fn for_each_peer(check: impl Fn(&mut Peer, &str)) {
    let plain = Pool::plain(2);
    let ketama = json!({"behaviors": {"ketama": true}});
    check(&mut Peer::open("pylibmc", &plain, &ketama), "pylibmc");
    for client in ["pymemcache", "python-memcached", "bmemcached", "bmemcached-distributed"] {
        check(&mut Peer::open(client, &plain, &json!({})), client);
    }
    let sasl = Pool::sasl(2);
    for client in ["pylibmc", "bmemcached", "bmemcached-distributed", "flask-caching"] {
        check(&mut Peer::open(client, &sasl, &json!({})), &format!("{client} with SASL"));
    }
    for backend in ["MemcachedCache", "SpreadSASLMemcachedCache"] {
        let options = json!({"CACHE_TYPE": backend, "CACHE_KEY_PREFIX": "p:"});
        let pool = if backend == "MemcachedCache" { &plain } else { &sasl };
        check(&mut Peer::open("flask-caching", pool, &options), backend);
    }
    let tls = Pool::start(Kind::Tls, 1);
    check(&mut Peer::open("pymemcache", &tls, &json!({})), "pymemcache with TLS");
    let unix = Pool::start(Kind::Unix, 1);
    check(&mut Peer::open("pymemcache", &unix, &json!({})), "pymemcache on a UNIX socket");
}

#[test]
fn python_clients_return_what_they_stored_with_its_type() {
    for_each_peer(|peer, name| {
        for value in [text("grün"), bytes(b"\0\xff"), int(-7), int(1 << 70)] {
            peer.set("k", value.clone());
            assert_eq!(peer.get("k"), value, "{name}");
        }
        peer.set("k", boolean(true));
        // pylibmc reads its own True back as the number.
        assert!([boolean(true), int(1)].contains(&peer.get("k")), "{name}");
        peer.call("delete", [text("k")]);
        assert_eq!(peer.get("k"), none(), "{name}");
    });
}

#[test]
fn a_python_exception_is_an_error_and_not_the_end() {
    let pool = Pool::plain(1);
    let mut peer = Peer::open("pymemcache", &pool, &json!({}));
    let error = peer.try_call("get", [text("a b")], &json!({})).unwrap_err();
    assert!(error.starts_with("MemcacheIllegalInputError"), "{error}");
    assert_eq!(peer.get("k"), none());
}

#[test]
fn options_reach_a_python_client() {
    let pool = Pool::plain(3);
    let prefix = json!({"CACHE_TYPE": "MemcachedCache", "CACHE_KEY_PREFIX": "mine_"});
    Peer::open("flask-caching", &pool, &prefix).set("k", text("v"));
    assert_eq!(pool.holders("mine_k").len(), 1);
}
