//! `cachier wait`, and `ping` where one server is enough.

use crate::harness::{Cachier, Kind, Pool, Server, refusing_port};

#[test]
fn it_waits_for_a_server_that_is_still_starting() {
    let server = Server::start(Kind::Sasl);
    server.freeze();
    let run = server.cachier(["wait", "--timeout", "25s", "-o", "json"]);
    let outcome = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| run.run());
        std::thread::sleep(std::time::Duration::from_millis(400));
        server.thaw();
        waiting.join().unwrap()
    });
    let document = outcome.success().json();
    assert_eq!((&document["schema"], &document["up"]), (&"cachier/wait/1".into(), &1.into()));
}

#[test]
fn it_gives_up_with_the_exit_code_of_ping() {
    let (_held, address) = refusing_port();
    Cachier::new(["wait", "--timeout", "300ms", "-s", &address])
        .run()
        .code(3)
        .stderr_has("0 of 1 servers answer");
    let server = Server::start(Kind::Sasl);
    server.cachier(["wait", "--timeout", "300ms"]).env("MEMCACHIER_PASSWORD", "wrong").run().code(4);
    let mut pool = Pool::plain(2);
    pool.server_mut(0).kill();
    pool.cachier(["wait", "--timeout", "300ms"]).run().code(6);
    pool.cachier(["ping"]).run().code(6);
    pool.cachier(["ping", "--any"]).run().success();
    pool.server_mut(1).kill();
    pool.cachier(["ping", "--any"]).run().code(3);
}
