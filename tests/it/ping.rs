//! `cachier ping`.

use crate::harness::{Cachier, Kind, PASSWORD, Pool, Server, refusing_port};

#[test]
fn every_server_of_a_pool_answers_on_every_kind() {
    for kind in Kind::ALL {
        let pool = Pool::start(kind, 2);
        let document = pool.cachier(["ping", "-o", "json"]).run().success().nowhere(PASSWORD).json();
        assert_eq!(document["schema"], "cachier/ping/1");
        let servers = document["servers"].as_array().unwrap();
        assert_eq!(servers.len(), 2, "{kind:?}");
        for (row, server) in servers.iter().zip(pool.servers()) {
            assert_eq!(row["server"], server.address());
            assert_eq!(row["up"], true);
        }
    }
}

#[test]
fn one_dead_server_of_three_is_six_and_named() {
    let mut pool = Pool::plain(3);
    pool.server_mut(1).kill();
    let outcome = pool.cachier(["ping", "-o", "json"]).run().code(6).stderr_has(&pool.server(1).address());
    let up: Vec<_> =
        outcome.json()["servers"].as_array().unwrap().iter().map(|server| server["up"].clone()).collect();
    assert_eq!(up, [true, false, true]);
}

#[test]
fn nobody_there_is_three() {
    let (_held, address) = refusing_port();
    Cachier::new(["ping", "-s", &address]).run().code(3).stderr_has(&address);
}

#[test]
fn a_wrong_password_is_four() {
    for kind in [Kind::Sasl, Kind::SaslTls, Kind::AuthFile] {
        let server = Server::start(kind);
        server
            .cachier(["ping"])
            .env("MEMCACHIER_PASSWORD", "wrong")
            .run()
            .code(4)
            .stderr_has(&server.address());
    }
}
