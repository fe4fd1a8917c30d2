//! Servers that refuse, are silent, lie or are not who they should be: exit codes and messages.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Cachier, Fake, Kind, PASSWORD, Pool, Script, Server, full_port, refusing_port, tls};

#[test]
fn a_refused_connection_is_three_and_names_the_server() {
    let (_held, address) = refusing_port();
    for command in [&["get", "k"][..], &["set", "k", "v"], &["delete", "k"], &["incr", "k"], &["version"]] {
        let outcome = Cachier::new(["-s", &address]).args(command).run().code(3);
        outcome.stderr_has(&address).stderr_has("refused");
    }
}

#[test]
fn an_error_is_a_json_document_where_json_is_asked_for() {
    let (_held, address) = refusing_port();
    let document = Cachier::new(["incr", "k", "-s", &address, "-o", "json"]).run().code(3).json();
    assert_eq!(document["schema"], "cachier/error/1");
    let error = &document["error"];
    assert_eq!((&error["exit_code"], &error["server"]), (&Value::from(3), &Value::from(address)));
    assert!(error["message"].as_str().unwrap().contains("refused"), "{error}");
}

#[test]
fn quiet_silences_stderr_and_not_the_exit_code() {
    let (_held, address) = refusing_port();
    Cachier::new(["get", "k", "-q", "-s", &address]).run().code(3).stderr_is("");
}

#[test]
fn a_silent_server_is_three_after_the_time_limit_and_suspected_of_sasl() {
    let fake = Fake::once(Script::new().silent());
    let started = Instant::now();
    let outcome = Cachier::new(["get", "k", "-s", &fake.address(), "--timeout", "200ms"]).run().code(3);
    let waited = started.elapsed();
    assert!((Duration::from_millis(200)..Duration::from_secs(5)).contains(&waited), "{waited:?}");
    outcome.stderr_has(&fake.address()).stderr_has("200 ms").stderr_has("SASL");
}

#[test]
fn text_to_a_server_that_wants_sasl_says_so() {
    let server = Server::start(Kind::Sasl);
    let outcome = Cachier::new(["get", "k", "-s", &server.address(), "--timeout", "200ms"]).run().code(3);
    outcome.stderr_has("SASL").stderr_has("MEMCACHIER_USERNAME");
}

#[test]
fn a_port_that_does_not_answer_is_three_after_the_time_limit() {
    let (_held, address) = full_port();
    let started = Instant::now();
    let outcome = Cachier::new(["get", "k", "-s", &address, "--connect-timeout", "200ms"]).run().code(3);
    assert!(started.elapsed() < Duration::from_secs(5));
    outcome.stderr_has(&address).stderr_has("200 ms").stderr_has("connect");
}

#[test]
fn a_time_limit_bounds_the_wait_and_not_the_whole() {
    let pause = Duration::from_millis(20);
    let reply = "VALUE k 16 5 1\r\nhello\r\nEND\r\n";
    let fake = Fake::once(Script::new().expect("gets k\r\n").send_slowly(reply, pause));
    // The reply takes half a second, with progress all the time.
    let run = Cachier::new(["get", "k", "-s", &fake.address(), "--timeout", "300ms"]);
    run.run().success().stdout_is("hello\n");
}

#[test]
fn a_wrong_password_is_four_and_shown_nowhere() {
    for kind in [Kind::Sasl, Kind::SaslTls, Kind::AuthFile] {
        let server = Server::start(kind);
        for command in [&["get", "k"][..], &["set", "k", "v"], &["delete", "k"], &["meta", "k", "-o", "json"]]
        {
            let run = server.cachier(command).env("MEMCACHIER_PASSWORD", "wrong-3141");
            run.run().code(4).stderr_has(&server.address()).nowhere("wrong-3141");
        }
        assert_eq!(server.stored("k"), None);
    }
}

#[test]
fn an_unknown_user_is_four() {
    for kind in [Kind::Sasl, Kind::AuthFile] {
        let server = Server::start(kind);
        server.cachier(["get", "k", "-vv"]).env("MEMCACHIER_USERNAME", "bob").run().code(4).nowhere(PASSWORD);
    }
}

#[test]
fn no_credentials_for_an_auth_file_is_four() {
    let server = Server::start(Kind::AuthFile);
    Cachier::new(["get", "k", "-s", &server.address()]).run().code(4).stderr_has("authenticat");
}

#[test]
fn a_server_without_sasl_is_used_without_it_and_one_note() {
    let pool = Pool::plain(2);
    let run = pool.cachier(["set", "k", "v"]).env("MEMCACHIER_USERNAME", "alice");
    let outcome = run.env("MEMCACHIER_PASSWORD", PASSWORD).run().success().nowhere(PASSWORD);
    assert_eq!(outcome.stderr_text().matches("note:").count(), 1, "{outcome}");
    assert_eq!(pool.holders("k").len(), 1);
}

#[test]
fn memcachiers_text_login_is_its_own() {
    let login = format!("set alice 0 0 {}\r\n{PASSWORD}\r\n", PASSWORD.len());
    let script = Script::new().expect(login).send("STORED\r\n").expect("gets k\r\n");
    let fake = Fake::once(script.send("VALUE k 16 1 1\r\nv\r\nEND\r\n"));
    let run =
        Cachier::new(["get", "k", "--auth", "memcachier-text"]).env("MEMCACHIER_SERVERS", fake.address());
    let run = run.env("MEMCACHIER_USERNAME", "alice").env("MEMCACHIER_PASSWORD", PASSWORD);
    run.run().success().stdout_is("v\n");
}

#[test]
fn a_certificate_of_a_foreign_authority_is_three_and_no_password_is_sent() {
    let server = Server::start(Kind::SaslTls);
    let proxy = Fake::proxy(&server);
    let run = server.cachier(["get", "k"]).env("MEMCACHIER_SERVERS", proxy.address());
    let outcome = run.env("CACHIER_TLS_CA", &tls().foreign_ca).run().code(3);
    outcome.stderr_has(&proxy.address()).stderr_has("certificate");
    // Without a CA of one's own the system's count, and they did not sign it either.
    Cachier::new(["get", "k", "--tls", "-s", &server.address()]).run().code(3).stderr_has("certificate");
}

#[test]
fn a_certificate_of_another_name_is_three() {
    let server = Server::start(Kind::Tls);
    server.store("k", 16, "v");
    server.cachier(["get", "k", "--tls-server-name", "localhost"]).run().success().stdout_is("v\n");
    let run = server.cachier(["get", "k", "--tls-server-name", "other.example"]);
    run.run().code(3).stderr_has("certificate");
}

#[test]
fn insecure_accepts_any_certificate() {
    let server = Server::start(Kind::Tls);
    server.store("k", 16, "v");
    let run = Cachier::new(["get", "k", "--tls", "--tls-insecure", "-s", &server.address()]);
    run.run().success().stdout_is("v\n");
}

#[test]
fn a_missing_client_certificate_is_three() {
    let server = Server::start(Kind::MutualTls);
    let run = Cachier::new(["get", "k", "-s", &server.address(), "--tls-ca"]).arg(&tls().ca);
    run.arg("--tls").run().code(3).stderr_has(&server.address());
}

#[test]
fn tls_to_a_plain_server_and_plain_to_a_tls_server_are_three() {
    let plain = Server::start(Kind::Plain);
    let run = Cachier::new(["get", "k", "--tls", "--timeout", "300ms", "--connect-timeout", "300ms", "-s"]);
    run.arg(plain.address()).run().code(3).stderr_has("TLS");
    let encrypted = Server::start(Kind::Tls);
    let run = Cachier::new(["get", "k", "--timeout", "300ms", "-s", &encrypted.address()]);
    run.run().code(3).stderr_has("tls");
}

#[test]
fn a_tls_file_that_is_missing_or_no_certificate_is_two() {
    let fake = Fake::untouched();
    let run = |file: &str| Cachier::new(["get", "k", "--tls", "-s", &fake.address(), "--tls-ca", file]).run();
    run("/no/such/file").code(2).stderr_has("/no/such/file");
    run("/dev/null").code(2).stderr_has("/dev/null");
}

/// 60 keys on three servers, and what `where` says of each.
fn placed(pool: &Pool) -> Vec<(String, usize)> {
    let keys: Vec<_> = (0..60).map(|number| format!("key-{number}")).collect();
    let shown = pool.cachier(["where", "--stdin"]).stdin(keys.join("\n")).run().success().stdout_text();
    let place = |line: &str| {
        let (key, address) = line.split_once('\t').unwrap();
        let index = pool.servers().iter().position(|server| server.address() == address).unwrap();
        pool.server(index).store(key, 16, key);
        (key.to_owned(), index)
    };
    shown.lines().map(place).collect()
}

fn input(placed: &[(String, usize)]) -> String {
    placed.iter().map(|(key, _)| format!("{key}\n")).collect()
}

#[test]
fn one_dead_server_of_three_is_six_and_the_others_work_is_done() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::Tls] {
        let mut pool = Pool::start(kind, 3);
        let placed = placed(&pool);
        pool.server_mut(1).kill();
        let dead = pool.server(1).address();
        let reached: Vec<_> = placed.iter().filter(|(_, index)| *index != 1).collect();
        let expected: String = reached.iter().map(|(key, _)| format!("{key}\t{key}\n")).collect();
        let outcome = pool.cachier(["get", "--stdin"]).stdin(input(&placed)).run().code(6);
        outcome.stdout_is(expected).stderr_has(&dead);

        let run =
            pool.cachier(["delete", "--stdin", "--yes", "-o", "json"]).stdin(input(&placed)).run().code(6);
        let document = run.stderr_has(&dead).json();
        assert_eq!(document["deleted"], reached.len(), "{kind:?}");
        assert_eq!(document["failed"], placed.len() - reached.len(), "{kind:?}");
        for row in document["keys"].as_array().unwrap() {
            let failed = row["server"] == dead.as_str();
            assert_eq!(row["result"], if failed { "failed" } else { "deleted" }, "{row}");
            assert_eq!(row["error"].is_string(), failed, "{row}");
        }
        for index in [0, 2] {
            assert_eq!(pool.server(index).stat("curr_items"), "0", "{kind:?}");
        }
    }
}

#[test]
fn one_frozen_server_of_three_is_six_after_the_time_limit() {
    let pool = Pool::sasl(3);
    let placed = placed(&pool);
    pool.server(2).freeze();
    let started = Instant::now();
    let run = pool.cachier(["get", "--stdin", "--timeout", "300ms"]).stdin(input(&placed)).run().code(6);
    assert!(started.elapsed() < Duration::from_secs(5));
    let shown = placed.iter().filter(|(_, index)| *index != 2).map(|(key, _)| format!("{key}\t{key}\n"));
    run.stdout_is(shown.collect::<String>()).stderr_has(&pool.server(2).address());
    pool.server(2).thaw();
}

#[test]
fn a_dead_server_is_no_matter_to_keys_of_another() {
    let mut pool = Pool::plain(3);
    let placed = placed(&pool);
    pool.server_mut(0).kill();
    let (alive, _) = placed.iter().find(|(_, index)| *index != 0).unwrap();
    let (dead, _) = placed.iter().find(|(_, index)| *index == 0).unwrap();
    pool.cachier(["get", alive]).run().success().stderr_is("");
    pool.cachier(["get", dead]).run().code(3);
}

#[test]
fn a_connection_that_breaks_is_three_wherever_it_breaks() {
    let reply = "VALUE k 16 5 1\r\nhello\r\nEND\r\n";
    for cut in 0..reply.len() {
        let fake = Fake::once(Script::new().expect("gets k\r\n").send(&reply[..cut]).close());
        let outcome = Cachier::new(["get", "k", "-s", &fake.address()]).run().code(3);
        outcome.stdout_is("").stderr_has(&fake.address());
    }
    let fake = Fake::once(Script::new().take(1).reset());
    Cachier::new(["get", "k", "-s", &fake.address()]).run().code(3).stderr_has(&fake.address());
}

#[test]
fn nonsense_is_an_error_and_never_a_panic() {
    for reply in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"VALUE k 16 99999999999999999999 1\r\n",
        b"VALUE k 16 -1 1\r\n",
        b"VALUE other 16 1 1\r\nv\r\nEND\r\n",
        b"VALUE k 99999999999 1 1\r\nv\r\nEND\r\n",
        b"VALUE k 16 1 1\r\nvvvv\r\nEND\r\n",
        b"STORED\r\n",
        b"\0\xff\r\n",
        b"END\r\nEND\r\n\xff",
        b"\r\n",
    ] {
        let fake = Fake::once(Script::new().expect("gets k\r\n").send(reply).close());
        let outcome = Cachier::new(["get", "k", "-s", &fake.address()]).run();
        assert!([1, 3, 5].contains(&outcome.code), "{:?}: {outcome}", reply.escape_ascii().to_string());
        outcome.nowhere("panicked");
    }
}

#[test]
fn a_length_that_a_server_claims_is_not_believed() {
    let fake = Fake::once(Script::new().expect("gets k\r\n").send("VALUE k 16 4000000000 1\r\nx").close());
    Cachier::new(["get", "k", "-s", &fake.address()]).run().nowhere("panicked").stdout_is("");
    // A binary reply whose body is shorter than its key and extras.
    let header = [0x81, 0, 0, 9, 4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2];
    let fake = Fake::once(Script::new().take(25).send(header).close());
    let outcome = Cachier::new(["get", "k", "-s", &fake.address(), "--protocol", "binary"]).run();
    assert!([3, 5].contains(&outcome.code), "{outcome}");
    outcome.nowhere("panicked");
}

#[test]
fn an_endless_line_is_cut_off() {
    let fake = Fake::once(Script::new().expect("gets k\r\n").send(vec![b'x'; 8 << 20]).close());
    let outcome = Cachier::new(["get", "k", "-s", &fake.address()]).run();
    assert!([3, 5].contains(&outcome.code), "{}", outcome.code);
    assert!(outcome.stderr.len() < 2000, "{} bytes", outcome.stderr.len());
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let fake = Fake::once(Script::new().expect("gets k\r\n").send("SERVER_ERROR \u{1b}[2J\u{202e}boo\r\n"));
    let shown = Cachier::new(["get", "k", "-s", &fake.address()]).on_terminal().finish().code(5);
    assert!(!shown.stdout_text().contains("\u{1b}[2J"), "{shown}");
}
