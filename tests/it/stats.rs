//! `cachier stats`.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cachier, Fake, Kind, Pool, Script, Server, Wire};

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

/// Sends commands on one connection and reads each answer.
fn say(wire: &mut Wire, commands: &[&str]) {
    for command in commands {
        wire.raw(format!("{command}\r\n").as_bytes());
    }
}

/// What `stats -i` told: before a load, during it, and after the server was another one.
/// With the number of items that the load left, which is the server's affair: a flush unlinks at once only what is of the same second.
fn lines_of_a_known_load() -> (Vec<Value>, f64) {
    let options = ["-m", "4", "-o", "no_lru_maintainer,no_lru_crawler,no_slab_reassign"];
    let mut server = Server::start_with(Kind::Unix, &options);
    let mut wire = server.connect();
    let value = "x".repeat(90_000);
    let mut stored = 0;
    let mut store = |wire: &mut Wire| {
        stored += 1;
        wire.store(format!("fill:{stored}").as_bytes(), 0, value.as_bytes());
    };
    while wire.stat("evictions") == "0" {
        store(&mut wire);
    }
    say(&mut wire, &["get fill:2", "get nobody"]);
    let terminal = server
        .cachier(["stats", "-i", "3s", "-n", "3", "-o", "jsonl"])
        .on_terminal()
        .expect("\"exit_code\":0");
    // The load: 5 evictions, 40 hits, 24 misses of which 1 is expired and 1 flushed, 1 store too large, 3 connections.
    for _ in 0..5 {
        store(&mut wire);
    }
    say(
        &mut wire,
        &["set short 0 -1 1\r\nx", "get short", "set flushed 0 0 1\r\nx", "flush_all", "get flushed"],
    );
    wire.store(b"there", 0, b"value");
    for _ in 0..40 {
        say(&mut wire, &["get there"]);
    }
    for _ in 0..22 {
        say(&mut wire, &["get nobody"]);
    }
    say(&mut wire, &["touch there 60", &format!("set large 0 0 2000000\r\n{}", "x".repeat(2_000_000))]);
    let more: Vec<Wire> = (0..3).map(|_| server.connect()).collect();
    let items = wire.stat("curr_items").parse().unwrap();
    let terminal = terminal.expect("\"exit_code\":0");
    drop((wire, more));
    let path = server.address();
    server.kill();
    fs::remove_file(&path).unwrap();
    let next = Server::start(Kind::Unix);
    symlink(next.address(), &path).unwrap();
    (terminal.finish().code(0).json_lines(), items)
}

/// Compares the interval of the load with what the load was.
fn check_interval(interval: &Value, items: f64) {
    let seconds = interval["seconds"].as_f64().unwrap();
    assert_eq!(interval["withheld"], Value::Null);
    let expected = [
        ("hit_ratio", 40.0 / 64.0),
        ("misses", 24.0),
        ("misses_expired", 1.0),
        ("misses_flushed", 1.0),
        ("misses_other", 22.0),
        ("sets_per_get", 8.0 / 64.0),
        ("evictions_per_store", 5.0 / 8.0),
        // The second item had been fetched before.
        ("evicted_unfetched_share", 4.0 / 5.0),
        ("items", items),
        ("starving_classes", 0.0),
        ("out_of_memory", 0.0),
        ("too_large", 1.0),
        ("connections_limit", 1024.0),
        ("connection_churn", 3.0 / (64.0 + 8.0 + 1.0)),
        ("rejected", 0.0),
        ("listen_disabled", 0.0),
        ("yields", 0.0),
        ("gets_per_second", 64.0 / seconds),
        ("sets_per_second", 8.0 / seconds),
        ("evictions_per_second", 5.0 / seconds),
        ("connections_per_second", 3.0 / seconds),
        ("yields_per_second", 0.0),
    ];
    for (name, expected) in expected {
        let found = interval[name].as_f64().unwrap_or_else(|| panic!("no {name}: {interval}"));
        assert!((found - expected).abs() < 1e-9, "{name} is {found}, not {expected}");
    }
    assert!(interval["evicted_age"].as_f64().unwrap() <= 60.0, "{interval}");
    let bytes = interval["bytes"].as_f64().unwrap();
    assert_eq!(interval["bytes_per_item"].as_f64(), Some(bytes / items));
    assert_eq!(interval["memory_use"].as_f64(), Some(bytes / f64::from(4 << 20)));
    let waste = interval["slab_waste"].as_f64().unwrap();
    assert!(waste > 0.0 && waste < 1.0, "{waste}");
}

#[test]
fn every_figure_of_an_interval_of_a_known_load_is_right_and_a_restart_withholds_them() {
    let (lines, items) = lines_of_a_known_load();
    assert_eq!(lines.len(), 3);
    let interval = &lines[1]["servers"][0]["derived"]["interval"];
    check_interval(interval, items);
    // Beside it the lifetime, which knows what was before.
    let derived = &lines[1]["servers"][0]["derived"];
    assert_eq!(derived["hit_ratio"].as_f64(), Some(41.0 / 66.0));
    assert_eq!(lines[1]["total"]["interval"]["hit_ratio"], interval["hit_ratio"]);
    assert_eq!(lines[0]["servers"][0]["derived"]["interval"]["hit_ratio"], Value::Null, "nothing was asked");

    let restarted = &lines[2]["servers"][0]["derived"]["interval"];
    assert_eq!(restarted["withheld"], "restart");
    for name in ["gets_per_second", "hit_ratio", "misses", "evictions_per_second", "connection_churn"] {
        assert_eq!(restarted[name], Value::Null, "{name}");
    }
    assert_eq!(restarted["items"], 0);
}

#[test]
fn an_interval_is_counted_off_and_shown_beside_the_lifetime() {
    let pool = Pool::sasl(2);
    pool.server(0).store("k", 0, "v");
    assert!(pool.server(0).stored("k").is_some());
    let run = |arguments: &[&str]| pool.cachier(["stats", "-i", "100ms"]).args(arguments).run();
    let table = run(&["-n", "2", "-o", "table"]).success().stdout_text();
    assert_eq!(table.matches("SERVER").count(), 2, "{table}");
    assert!(table.contains("– [100.0%]"), "nothing in the interval, one hit before it: {table}");
    let csv = run(&["-n", "2", "-o", "csv"]).success().stdout_text();
    assert_eq!((csv.lines().count(), csv.matches("at,server").count()), (7, 1), "{csv}");
    let tsv = run(&["-n", "2"]).success().stdout_text();
    assert_eq!(tsv.lines().count(), 6, "{tsv}");
    let document = run(&["-o", "json"]).success().json();
    assert!(document["total"]["interval"].is_object(), "{document}");
    run(&["-n", "2", "-o", "json"]).code(2);
    pool.cachier(["stats", "-n", "2"]).run().code(2);
    pool.cachier(["stats", "-i", "0s"]).run().code(2);
}

#[test]
fn a_group_is_shown_as_the_server_gives_it() {
    let server = Server::start(Kind::Plain);
    for group in ["general", "items", "slabs", "settings", "sizes", "conns"] {
        let shown = server.cachier(["stats", group]).run().success().stdout_text();
        assert_eq!(shown.is_empty(), group == "items", "an empty server has no items: {group}: {shown}");
    }
    let sasl = Server::start(Kind::Sasl);
    let document = sasl.cachier(["stats", "conns", "-o", "json"]).run().code(5).json();
    let row = &document["servers"][0];
    assert_eq!((&row["up"], &row["raw"]), (&true.into(), &Value::Null), "{row}");
    assert!(row["error"].is_string(), "{row}");
}

#[test]
fn what_is_unusual_is_said_and_what_is_healthy_is_not() {
    let server = Server::start_with(Kind::Plain, &["-m", "4", "-o", "no_lru_maintainer,no_lru_crawler"]);
    let mut wire = server.connect();
    for number in 0..60 {
        wire.store(format!("k{number}").as_bytes(), 0, "x".repeat(90_000).as_bytes());
    }
    let shown = server.cachier(["stats", "-o", "table"]).run().success().stderr_text();
    assert!(shown.contains("items were evicted 0s after their last use (cachier stats items)"), "{shown}");
    assert!(!shown.contains("memory"), "a full memory is healthy: {shown}");
    assert_eq!(server.cachier(["stats", "-o", "json"]).run().success().stderr_text(), "");
}
