//! `cachier stats`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cachier, Fake, Kind, Pool, Script, Server};

#[test]
fn every_server_tells_raw_and_derived_figures() {
    for kind in Kind::ALL {
        let pool = Pool::start(kind, 2);
        pool.server(0).store("k", 0, "v");
        assert!(pool.server(0).stored("k").is_some());
        assert!(pool.server(0).stored("gone").is_none());
        let document = pool.cachier(["stats", "-o", "json"]).run().success().json();
        assert_eq!(document["schema"], "cachier/stats/1");
        let rows = document["servers"].as_array().unwrap();
        for (row, server) in rows.iter().zip(pool.servers()) {
            assert_eq!(
                (&row["server"], &row["up"], &row["error"]),
                (&server.address().into(), &true.into(), &Value::Null)
            );
            assert_eq!(row["raw"]["pid"], server.pid());
            assert_eq!(row["raw"]["version"], server.stat("version").as_str());
        }
        assert_eq!(rows[0]["raw"]["curr_items"], 1, "{kind:?}");
        assert_eq!(rows[0]["derived"]["hit_ratio"], 0.5, "{kind:?}");
        assert_eq!(rows[1]["derived"]["hit_ratio"], Value::Null, "a ratio of nothing");
        assert_eq!((&document["total"]["items"], &document["exit_code"]), (&json!(1), &json!(0)));
    }
}

#[test]
fn a_table_has_a_row_for_each_server_and_a_total() {
    let pool = Pool::sasl(3);
    let shown = pool.cachier(["stats", "-o", "table"]).run().success().stdout_text();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 5, "{shown}");
    for (line, server) in lines[1..].iter().zip(pool.servers()) {
        assert!(line.starts_with(&server.address()), "{shown}");
    }
    assert!(lines[4].to_lowercase().starts_with("total"), "{shown}");
}

#[test]
fn a_check_that_fails_is_seven_and_named() {
    let pool = Pool::plain(2);
    pool.server(1).store("k", 0, "v");
    let run = |flag: &str, expression: &str| pool.cachier(["stats", flag, expression]).run();
    run("--fail-if", "evictions>0").success();
    run("--fail-if", "curr_items>0").code(7).stderr_has("curr_items>0").stderr_has(&pool.server(1).address());
    run("--fail-if", "curr_items>0@all").success();
    run("--fail-if", "curr_items>=1@total").code(7);
    run("--fail-if", "curr_items==1@any").code(7);
    run("--fail-if", "limit_maxbytes<=64M@all").code(7);
    run("--warn-if", "curr_items>0").success().stderr_has("curr_items>0");
    let document = pool.cachier(["stats", "--fail-if", "curr_items>0", "-o", "json"]).run().code(7).json();
    assert_eq!(document["exit_code"], 7);
    assert_eq!(document["checks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_bad_expression_is_two() {
    let pool = Pool::plain(1);
    for expression in
        ["", "evictions", "evictions>", ">5", "evictions>x", "no_such_field>1", "evictions>1@nowhere"]
    {
        pool.cachier(["stats", "--fail-if", expression]).run().code(2);
    }
}

#[test]
fn a_dead_server_is_six_with_a_row_that_says_so_and_no_figures() {
    let mut pool = Pool::plain(3);
    pool.server_mut(1).kill();
    let document = pool.cachier(["stats", "-o", "json"]).run().code(6).json();
    let row = &document["servers"][1];
    assert_eq!(row["up"], false);
    assert!(row["error"].is_string(), "{row}");
    assert_eq!(document["servers"][2]["up"], true);
    assert_eq!(document["exit_code"], 6);
    for index in [0, 2] {
        pool.server_mut(index).kill();
    }
    pool.cachier(["stats"]).run().code(3);
}

/// The limit of the issue; the margin above it is for starting the program on a loaded machine.
#[test]
fn two_silent_servers_of_fifty_cost_one_time_limit() {
    let server = Server::start_with(Kind::Plain, &["-c", "400"]);
    let frozen = Server::start(Kind::Plain);
    let fake = Fake::each(Script::new().silent());
    frozen.freeze();
    let mut list = vec![server.address(); 48];
    list.extend([frozen.address(), fake.address()]);
    let run = Cachier::new(["stats", "-o", "json", "-s", &list.join(",")]).args(["--timeout", "1500ms"]);
    let began = Instant::now();
    let document = run.run().code(6).json();
    let taken = began.elapsed();
    frozen.thaw();
    let up = |row: &Value| row["up"] == true;
    assert_eq!(document["servers"].as_array().unwrap().iter().filter(|row| up(row)).count(), 48);
    assert!(taken < Duration::from_millis(2900), "one limit and not two: {taken:?}");
}

#[test]
fn a_server_that_trickles_is_given_up_though_it_goes_on() {
    let reply = "STAT pid 1\r\n".repeat(10_000);
    let fake = Fake::once(Script::new().expect("stats\r\n").send_slowly(reply, Duration::from_millis(20)));
    let run = Cachier::new(["stats", "-s", &fake.address()]);
    run.args(["--timeout", "400ms", "--connect-timeout", "300ms"])
        .run()
        .code(3)
        .stderr_has("no answer within");
}
