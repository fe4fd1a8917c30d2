//! `cachier latency`: an open loop, honest about what it did not measure.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Cachier, Fake, Kind, Pool, Script, refusing_port, scratch};

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

#[test]
fn a_closed_loop_skips_what_comes_while_it_waits_and_counts_from_the_sending() {
    let pool = Pool::plain(1);
    let document = probe(&pool, &["--count", "50", "--rate", "100", "--closed"]);
    let row = &document["servers"][0];
    assert_eq!(document["config"]["loop"], "closed");
    assert_eq!(row["response_us"], row["service_us"], "{row}");
    assert_eq!(row["n"].as_u64().unwrap() + row["skipped"].as_u64().unwrap(), 50, "{row}");
    let run = pool.cachier(["latency", "-o", "json", "--warmup", "0s", "--rate", "100", "--count", "300"]);
    let run = run.args(["--closed", "--timeout", "30s"]);
    let document = std::thread::scope(|scope| {
        let probe = scope.spawn(|| run.run().success().json());
        std::thread::sleep(Duration::from_secs(1));
        pool.server(0).freeze();
        std::thread::sleep(Duration::from_millis(500));
        pool.server(0).thaw();
        probe.join().unwrap()
    });
    let row = &document["servers"][0];
    // The half second that nothing answered in is one sample and many moments that were never sent.
    assert!(row["skipped"].as_u64().unwrap() >= 20, "{row}");
    assert!(row["response_us"]["max"].as_u64().unwrap() >= 200_000, "{row}");
    assert!(row["response_us"]["percentiles"]["90"].as_u64().unwrap() < 200_000, "{row}");
}

#[test]
fn a_watch_writes_its_intervals_and_at_last_the_document() {
    let pool = Pool::sasl(2);
    let arguments = ["latency", "--watch", "200ms", "--duration", "1s", "--warmup", "0s", "--rate", "100"];
    let outcome = pool.cachier(arguments).args(["-o", "jsonl"]).run().success();
    let text = outcome.stdout_text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (document, intervals) = lines.split_last().unwrap();
    assert!(intervals.len() >= 2, "{outcome}");
    assert_eq!(document["schema"], "cachier/latency/1");
    let sum: u64 = intervals.iter().map(|interval| interval["total"]["n"].as_u64().unwrap()).sum();
    assert_eq!((sum, &document["total"]["n"]), (200, &json!(200)), "every sample is in one interval");
    for interval in intervals {
        assert!(interval["at"].is_string() && interval["interval_us"].is_u64(), "{interval}");
        assert_eq!(interval["servers"][1]["server"], pool.server(1).address());
    }
    let outcome = pool.cachier(arguments).run().success();
    assert!(outcome.stdout_text().lines().all(|line| line.split('\t').count() == 12), "{outcome}");
    assert!(outcome.stderr_text().contains("200 requests, 0 timeouts"), "{outcome}");
    pool.cachier(arguments).args(["-o", "json"]).run().code(2);
}

#[test]
fn ctrl_c_ends_with_what_was_measured_and_takes_the_key_away() {
    let pool = Pool::sasl(1);
    let arguments = ["latency", "--watch", "50ms", "--rate", "200", "-o", "jsonl", "--op", "set"];
    let terminal = pool.cachier(arguments).args(["--warmup", "0s"]).on_terminal().expect("interval_us");
    let outcome = terminal.type_text("\u{3}").expect("cachier/latency/1").finish();
    outcome.code(0);
    assert_eq!(pool.server(0).stat("curr_items"), "0");
    let outcome = pool.cachier(["latency", "--warmup", "1h", "--op", "set"]).on_terminal();
    let outcome = outcome.expect("warming up").type_text("\u{3}").finish();
    outcome.code(130);
    assert_eq!(pool.server(0).stat("curr_items"), "0");
}

#[test]
fn a_histogram_log_has_an_interval_of_all_and_one_of_each_server() {
    let pool = Pool::plain(2);
    let directory = scratch();
    let file = directory.path().join("out.hlog");
    probe(&pool, &["--count", "20", "--rate", "400", "--hdr-out", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(['#', '"'])).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, tag) in lines.iter().zip([None, Some(pool.server(0)), Some(pool.server(1))]) {
        let tag = tag.map_or(String::new(), |server| format!("Tag={},", server.address()));
        // Base64 of the cookie of a compressed V2 histogram.
        assert!(line.starts_with(&tag) && line.contains(",HISTFAAA"), "{line}");
    }
    let nowhere = directory.path().join("no/such/file");
    for flag in ["--hdr-out", "--plot"] {
        let run = Fake::untouched();
        let outcome = Cachier::new(["latency", "-s", &run.address(), flag]).arg(&nowhere).run().code(2);
        assert!(outcome.stderr_text().contains(flag), "{outcome}");
    }
}

#[test]
fn a_plot_is_an_svg_for_light_and_dark() {
    let pool = Pool::plain(2);
    let directory = scratch();
    let file = directory.path().join("out.svg");
    probe(&pool, &["--count", "20", "--rate", "400", "--plot", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && text.ends_with("</svg>\n"),
        "{text}"
    );
    assert!(
        text.contains("prefers-color-scheme: dark") && text.contains(&pool.server(1).address()),
        "{text}"
    );
    assert!(text.contains("40 requests of noop"), "{text}");
}

#[test]
fn an_earlier_probe_is_compared_with_percentile_by_percentile() {
    let pool = Pool::plain(2);
    let directory = scratch();
    let file = directory.path().join("before.json");
    let mut before = probe(&pool, &["--count", "200", "--rate", "1000"]);
    // As if the first server had been a thousand times slower, and the second a thousand times faster.
    for (server, time) in [(0, 50_000_000), (1, 0)] {
        let response = &mut before["servers"][server]["response_us"];
        response["percentiles"]["50"] = json!(time);
        response["ranges"]["50"] = json!([time, time]);
    }
    std::fs::write(&file, before.to_string()).unwrap();
    let compare =
        ["--count", "200", "--rate", "1000", "--op", "version", "--compare", file.to_str().unwrap()];
    let outcome = pool.cachier(["latency", "-o", "json", "--warmup", "0s"]).args(compare).run().success();
    let servers = outcome.json()["comparison"]["servers"].clone();
    let verdict = |server: usize, row: usize| servers[server]["percentiles"][row]["verdict"].clone();
    assert_eq!((verdict(0, 0), verdict(0, 2)), (json!("faster"), json!("unknown")), "{outcome}");
    assert_eq!(verdict(1, 0), "slower", "{outcome}");
    assert!(
        outcome.stderr_text().contains(r#"the earlier probe had op "noop", this one "version""#),
        "{outcome}"
    );
    let outcome = pool.cachier(["latency", "-o", "table", "--warmup", "0s"]).args(compare).run().success();
    assert!(outcome.stdout_text().contains("slower"), "{outcome}");
}

#[test]
fn what_is_no_earlier_probe_is_refused_before_anything_is_measured() {
    let untouched = Fake::untouched();
    let directory = scratch();
    let cases = [
        ("nothing like json", "is not a JSON document"),
        (r#"{"schema": "cachier/stats/1"}"#, "has the schema \"cachier/stats/1\", not \"cachier/latency/1\""),
        (r#"{"schema": "cachier/latency/1"}"#, "is not the document of a latency probe: missing field"),
    ];
    for (text, expected) in cases {
        let file = directory.path().join("before.json");
        std::fs::write(&file, text).unwrap();
        let run = Cachier::new(["latency", "-s", &untouched.address(), "--compare"]).arg(&file);
        let outcome = run.run().code(2);
        assert!(outcome.stderr_text().contains(expected), "{outcome}");
    }
}

#[test]
fn prometheus_has_a_summary_of_every_server_that_answered() {
    let mut pool = Pool::plain(2);
    pool.server_mut(1).kill();
    let arguments = ["latency", "-o", "prometheus", "--warmup", "0s", "--count", "100", "--rate", "1000"];
    let outcome = pool.cachier(arguments).run().code(6);
    let (up, down) = (pool.server(0).address(), pool.server(1).address());
    let text = outcome.stdout_text();
    for expected in [
        format!("cachier_probe_success{{server=\"{up}\"}} 1\n"),
        format!("cachier_probe_success{{server=\"{down}\"}} 0\n"),
        format!("cachier_probe_duration_seconds_count{{server=\"{up}\",op=\"noop\"}} 100\n"),
        format!("cachier_probe_duration_seconds{{server=\"{up}\",op=\"noop\",quantile=\"0.9\"}} 0."),
        format!("cachier_probe_connect_seconds{{server=\"{up}\",phase=\"tcp\"}} 0."),
        "# TYPE cachier_probe_duration_seconds summary\n".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected} in {outcome}");
    }
    assert!(!text.contains("quantile=\"0.99\""), "a hundred samples support no p99: {outcome}");
    assert!(!text.contains(&format!("seconds_count{{server=\"{down}\"")), "{outcome}");
}

#[test]
fn a_server_that_stops_answering_is_timeouts_only_and_unreachable() {
    // What is asked on each connection; the fifth fresh one is the last that answers.
    let answers = || Script::new().expect("mn\r\n").send("MN\r\n");
    let first = answers().expect("mn\r\n").send("MN\r\n").silent();
    let fake = Fake::connections(std::iter::once(first).chain((0..5).map(|_| answers())));
    let arguments = ["latency", "-o", "json", "--warmup", "0s", "--count", "3", "--rate", "100"];
    let run = Cachier::new(arguments).args(["-s", &fake.address(), "--timeout", "300ms"]);
    let outcome = run.run().code(3);
    let row = &outcome.json()["servers"][0];
    assert_eq!((&row["n"], &row["ok"], &row["timeouts"]), (&json!(3), &json!(0), &json!(3)), "{outcome}");
    assert_eq!(
        row["response_us"]["min"], 300_000,
        "a timeout is a sample of the time that was waited: {row}"
    );
    assert_eq!(row["up"], false);
}

#[test]
fn a_connection_that_breaks_is_opened_again_and_what_was_due_has_failed() {
    let answers = || Script::new().expect("mn\r\n").send("MN\r\n");
    let first = answers().expect("mn\r\n").send("MN\r\n").expect("mn\r\n").close();
    let again = answers().silent();
    let scripts = std::iter::once(first).chain((0..5).map(|_| answers())).chain([again]);
    let fake = Fake::connections(scripts);
    let arguments = ["latency", "-o", "json", "--warmup", "0s", "--count", "100", "--rate", "50"];
    let run = Cachier::new(arguments).args(["-s", &fake.address(), "--timeout", "300ms"]);
    let outcome = run.run().code(6);
    let row = &outcome.json()["servers"][0];
    let [ok, timeouts, errors] = ["ok", "timeouts", "errors"].map(|name| row[name].as_u64().unwrap());
    assert!(ok == 1 && timeouts >= 1 && errors >= 1, "{outcome}");
    assert_eq!(ok + timeouts + errors, 100, "{outcome}");
    assert!(row["error"].as_str().unwrap().contains("closed"), "{outcome}");
}

#[test]
fn one_sentence_says_what_the_figures_mean() {
    let pool = Pool::sasl(1);
    let document = probe(&pool, &["--count", "20", "--rate", "200"]);
    let sentence = document["interpretation"].as_str().unwrap();
    assert!(sentence.contains("a fresh connection takes"), "{sentence}");
    assert!(sentence.contains("750ms"), "{sentence}");
    let (_held, address) = refusing_port();
    let run = Cachier::new(["latency", "-o", "json", "-s", &address]).run().code(3);
    assert_eq!(run.json()["interpretation"], Value::Null);
}

#[test]
fn a_terminal_shows_progress_and_a_histogram() {
    let pool = Pool::plain(1);
    let arguments = ["latency", "--duration", "1s", "--warmup", "0s", "--rate", "100"];
    let terminal = pool.cachier(arguments).on_terminal();
    let outcome = terminal
        .expect("requests  p50")
        .expect("CONNECT")
        .expect("█")
        .expect("a fresh connection takes")
        .finish()
        .code(0);
    // The harness's terminal has 100 columns, and no line needs more but the sentence.
    let text = outcome.stdout_text();
    let table = text.lines().skip_while(|line| !line.contains("CONNECT"));
    for line in table.take_while(|line| !line.contains("note:")) {
        // What the line of progress said is erased.
        let shown = line.rsplit("\u{1b}[2K").next().unwrap_or_default().trim_end();
        assert!(shown.chars().count() <= 100, "{shown:?}");
    }
}
