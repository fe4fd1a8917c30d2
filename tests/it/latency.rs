//! `cachier latency`: an open loop, honest about what it did not measure.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Kind, Pool};

fn probe(pool: &Pool, arguments: &[&str]) -> Value {
    pool.cachier(["latency", "-o", "json", "--warmup", "0s"]).args(arguments).run().success().json()
}

#[test]
fn every_kind_of_server_is_measured_and_the_counts_add_up() {
    for kind in Kind::ALL {
        let pool = Pool::start(kind, 2);
        let document = probe(&pool, &["--count", "60", "--rate", "300"]);
        assert_eq!(document["schema"], "cachier/latency/1");
        let config = &document["config"];
        assert_eq!((&config["op"], &config["loop"]), (&"noop".into(), &"open".into()));
        assert_eq!(config["tls"], kind.is_tls());
        for (row, server) in document["servers"].as_array().unwrap().iter().zip(pool.servers()) {
            assert_eq!(row["server"], server.address());
            assert_eq!(
                (&row["n"], &row["ok"], &row["timeouts"], &row["errors"]),
                (&60.into(), &60.into(), &0.into(), &0.into())
            );
            let (response, service) = (&row["response_us"], &row["service_us"]);
            assert!(response["mean"].as_u64() >= service["mean"].as_u64(), "{row}");
            assert!(service["min"].as_u64() <= service["max"].as_u64(), "{row}");
            assert_eq!(row["connect_us"]["tls"].is_object(), kind.is_tls(), "{kind:?}");
            assert_eq!(row["connect_us"]["auth"].is_object(), kind.is_protected(), "{kind:?}");
            assert_eq!(row["connect_us"]["dns"], Value::Null, "an address needs no lookup");
        }
        assert_eq!(document["total"]["n"], 120);
    }
}

#[test]
fn a_percentile_needs_a_sample_that_supports_it() {
    let pool = Pool::plain(1);
    let percentiles = |document: Value| document["servers"][0]["response_us"]["percentiles"].clone();
    let few = percentiles(probe(&pool, &["--count", "999", "--rate", "2000"]));
    assert!(few["50"].is_u64() && few["90"].is_u64(), "{few}");
    assert_eq!((&few["99"], &few["99.9"]), (&Value::Null, &Value::Null));
    let enough = percentiles(probe(&pool, &["--count", "1000", "--rate", "2000"]));
    assert!(enough["99"].is_u64(), "{enough}");
    assert_eq!(enough["99.9"], Value::Null);
}

#[test]
fn a_pause_of_the_server_is_in_the_response_times_of_all_it_delayed() {
    let pool = Pool::plain(1);
    let arguments = ["latency", "-o", "json", "--warmup", "0s", "--rate", "500", "--duration", "5s"];
    let run = pool.cachier(arguments).arg("--timeout").arg("5s");
    let document = std::thread::scope(|scope| {
        let probe = scope.spawn(|| run.run().success().json());
        std::thread::sleep(Duration::from_secs(2));
        pool.server(0).freeze();
        std::thread::sleep(Duration::from_secs(1));
        pool.server(0).thaw();
        probe.join().unwrap()
    });
    let response = &document["servers"][0]["response_us"];
    // A fifth of the requests was due while nothing answered: a closed loop would have counted one.
    assert!(response["percentiles"]["99"].as_u64().unwrap() > 500_000, "{response}");
    assert!(response["percentiles"]["90"].as_u64().unwrap() > 100_000, "{response}");
    assert!(response["percentiles"]["50"].as_u64().unwrap() < 100_000, "{response}");
}

#[test]
fn timeouts_are_samples_at_the_limit() {
    let pool = Pool::plain(1);
    let run = pool.cachier(["latency", "-o", "json", "--warmup", "0s", "--rate", "100", "--duration", "2s"]);
    let run = run.args(["--timeout", "200ms"]);
    let outcome = std::thread::scope(|scope| {
        let probe = scope.spawn(|| run.run());
        std::thread::sleep(Duration::from_secs(1));
        pool.server(0).freeze();
        let outcome = probe.join().unwrap();
        pool.server(0).thaw();
        outcome
    });
    let document = outcome.json();
    let row = &document["servers"][0];
    assert!(row["timeouts"].as_u64().unwrap() > 0, "{outcome}");
    assert!(row["response_us"]["max"].as_u64().unwrap() >= 199_000, "{row}");
    assert_eq!(
        row["n"].as_u64().unwrap(),
        row["ok"].as_u64().unwrap() + row["timeouts"].as_u64().unwrap(),
        "{row}"
    );
}

#[test]
fn one_dead_server_is_six_and_all_dead_is_three() {
    let mut pool = Pool::sasl(2);
    pool.server_mut(1).kill();
    let run = |pool: &Pool| {
        pool.cachier(["latency", "--count", "20", "--rate", "200", "--warmup", "0s", "-o", "json"]).run()
    };
    let document = run(&pool).code(6).json();
    let rows = document["servers"].as_array().unwrap();
    assert_eq!((&rows[0]["up"], &rows[1]["up"]), (&true.into(), &false.into()));
    assert_eq!(rows[1]["response_us"]["mean"], Value::Null, "never a number");
    assert_eq!(document["exit_code"], 6);
    pool.server_mut(0).kill();
    run(&pool).code(3);
}

#[test]
fn noop_moves_no_counter_and_the_reserved_key_is_deleted() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 1);
        let server = pool.server(0);
        probe(&pool, &["--count", "20", "--rate", "400"]);
        assert_eq!([server.stat("cmd_get"), server.stat("cmd_set")], ["0", "0"], "{kind:?}");
        for operation in ["get", "set", "version"] {
            probe(&pool, &["--count", "20", "--rate", "400", "--op", operation]);
            assert_eq!(server.stat("curr_items"), "0", "{operation}");
        }
        assert!(server.stat("cmd_set").parse::<u64>().unwrap() >= 20);
    }
}

#[test]
fn a_check_that_fails_is_seven() {
    let pool = Pool::plain(1);
    let run = |expression: &str| {
        let run = pool.cachier([
            "latency",
            "--count",
            "20",
            "--rate",
            "400",
            "--warmup",
            "0s",
            "--fail-if",
            expression,
        ]);
        run.run()
    };
    run("timeouts>0").success();
    run("max>10s").success();
    run("max>0us").code(7);
    run("nonsense>0").code(2);
}
