//! `cachier wait`.

use std::thread;

use crate::harness::{Cachier, Fake, Kind, PASSWORD, Pool, Script, Server, refusing_port};

#[test]
fn a_pool_that_is_there_is_not_waited_for_on_every_kind() {
    for kind in Kind::ALL {
        let pool = Pool::start(kind, 2);
        let document = pool.cachier(["wait", "-o", "json"]).run().success().nowhere(PASSWORD).json();
        assert_eq!(document["schema"], "cachier/wait/1");
        for (field, value) in [("up", 2), ("servers", 2), ("attempts", 1), ("exit_code", 0)] {
            assert_eq!(document[field], value, "{kind:?} {field}");
        }
    }
}

#[test]
fn a_server_that_hangs_up_at_first_is_asked_again() {
    let answers = Script::new().expect("version\r\n").send("VERSION 1.6.18\r\n");
    let hangs_up = Script::new().close();
    let fake = Fake::connections([hangs_up.clone(), hangs_up, answers]);
    // A connection that breaks may be opened once more within an attempt, so the attempts are not counted here.
    Cachier::new(["wait", "-s", &fake.address()]).run().success().stderr_has("1 of 1 servers answer");
    assert_eq!(fake.connection_count(), 3);
}

#[test]
fn a_frozen_server_is_waited_for_until_it_goes_on() {
    let server = Server::start(Kind::Sasl);
    let proxy = Fake::proxy(&server);
    server.freeze();
    let waiting = server.cachier(["wait"]).env("MEMCACHIER_SERVERS", proxy.address());
    let outcome = thread::scope(|scope| {
        let waiting = scope.spawn(|| waiting.run());
        // A second connection is a second attempt.
        crate::harness::wait_for("a second attempt", || (proxy.connection_count() > 1).then_some(()));
        server.thaw();
        waiting.join().unwrap()
    });
    outcome.success().stdout_is("").stderr_has("1 of 1 servers answer");
}

#[test]
fn one_dead_server_is_three_after_the_limit_and_named() {
    for kind in [Kind::Plain, Kind::SaslTls] {
        let mut pool = Pool::start(kind, 2);
        pool.server_mut(1).kill();
        let arguments = ["wait", "--timeout", "1500ms", "-o", "json"];
        let outcome = pool.cachier(arguments).run().code(3).stderr_has(&pool.server(1).address());
        let document = outcome.json();
        assert_eq!((&document["up"], &document["exit_code"]), (&1.into(), &3.into()), "{document}");
        assert!(document["attempts"].as_u64() > Some(1), "{document}");
    }
}

#[test]
fn nobody_there_is_three() {
    let (_held, address) = refusing_port();
    Cachier::new(["wait", "--timeout", "100ms", "-s", &address]).run().code(3).stderr_has(&address);
}

#[test]
fn a_wrong_password_is_four_after_the_limit() {
    for kind in [Kind::Sasl, Kind::AuthFile] {
        let server = Server::start(kind);
        let wrong =
            server.cachier(["wait", "--timeout", "500ms"]).env("MEMCACHIER_PASSWORD", "wrong password");
        wrong.run().code(4).nowhere("wrong password").stderr_has(&server.address());
    }
}
