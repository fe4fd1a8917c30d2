//! `top`: rates by server, and the busiest keys, prefixes and clients.

use crate::harness::{Kind, Pool, Server, wait_for};

/// Makes traffic until the run in the other thread has ended.
fn with_traffic<T: Send>(server: &Server, run: impl FnOnce() -> T + Send) -> T {
    let traffic = "set user:1 0 0 3\r\nabc\r\nget user:1\r\nget user:1\r\nget user:2\r\nget bare\r\n";
    std::thread::scope(|scope| {
        let running = scope.spawn(run);
        wait_for("the run to end", || {
            server.raw(traffic.as_bytes());
            running.is_finished().then_some(())
        });
        running.join().unwrap()
    })
}

fn top(server: &Server, by: &str) -> serde_json::Value {
    let run = || server.cachier(["top", "--once", "--by", by, "-i", "500ms", "-o", "json"]).run();
    let document = with_traffic(server, run).success().json();
    assert_eq!((&document["schema"], &document["by"]), (&"cachier/top/1".into(), &by.into()));
    document
}

#[test]
fn keys_are_counted_with_hits_sets_and_bytes() {
    let server = Server::start(Kind::Plain);
    let document = top(&server, "key");
    let hot = &document["keys"][0];
    assert_eq!((&hot["key"], &hot["error"], &hot["hit_ratio"]), (&"user:1".into(), &0.into(), &1.into()));
    let (gets, sets) = (hot["gets_per_second"].as_f64().unwrap(), hot["sets_per_second"].as_f64().unwrap());
    // Two gets a store, and the ends of the interval may cut one round each.
    let seconds = document["seconds"].as_f64().unwrap();
    assert!((gets - 2.0 * sets).abs() * seconds <= 4.5, "{document}");
    let operations = hot["operations"].as_f64().unwrap();
    assert!((operations - (gets + sets) * seconds).abs() < 0.5, "{document}");
    assert!(
        (hot["bytes_per_second"].as_f64().unwrap() * seconds - 3.0 * operations).abs() < 0.5,
        "{document}"
    );
    let missed = document["keys"].as_array().unwrap().iter().find(|row| row["key"] == "user:2").unwrap();
    assert_eq!(missed["hit_ratio"], 0);
    assert_eq!(document["lost"], serde_json::json!([]));
}

#[test]
fn prefixes_and_clients_take_their_keys_together() {
    let server = Server::start(Kind::Plain);
    let document = top(&server, "prefix");
    let names: Vec<_> = document["prefixes"].as_array().unwrap().iter().map(|row| &row["prefix"]).collect();
    assert_eq!(names, ["user:", ""]);
    let document = top(&server, "client");
    assert_eq!(document["clients"].as_array().unwrap().len(), 1, "{document}");
    assert_eq!(document["clients"][0]["client"], "127.0.0.1");
    assert_eq!(document["clients"][0]["operations"], document["total"]["operations"]);
}

#[test]
fn rates_by_server_work_over_sasl_and_hot_keys_say_that_they_do_not() {
    let pool = Pool::sasl(2);
    let document = pool.cachier(["top", "--once", "-i", "100ms", "-o", "json"]).run().success().json();
    assert_eq!(document["servers"].as_array().unwrap().len(), 2);
    assert_eq!(document["servers"][0]["gets_per_second"], 0);
    pool.cachier(["top", "--once", "--by", "key"]).run().code(5).stderr_has("SASL").stderr_has("cachier top");
}

#[test]
fn one_dead_server_stops_nobody() {
    let mut pool = Pool::plain(2);
    pool.server_mut(1).kill();
    let dead = pool.server(1).address();
    for by in ["server", "key"] {
        let run = pool.cachier(["top", "--once", "-i", "100ms", "--by", by, "-o", "json"]).run();
        run.code(6).stderr_has(&dead);
    }
}
