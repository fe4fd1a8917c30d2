//! `measure`: the cache traffic while a program runs.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Kind, Pool, Server, refusing_port, scratch};

/// A shell program that makes 2 sets, 3 hits, 1 miss and 2 deletes, and prints something.
fn traffic(server: &Server) -> String {
    let program = env!("CARGO_BIN_EXE_cachier");
    let address = server.address();
    format!(
        "for k in a b; do {program} set $k 1 -s {address} >/dev/null; done; \
         {program} get a -s {address} >/dev/null; {program} get a b nothing -s {address} >/dev/null 2>&1; \
         {program} delete a -s {address} -q >/dev/null; {program} delete a -s {address} -q >/dev/null; echo out; exit 3"
    )
}

#[test]
fn traffic_is_counted_and_the_exit_code_passes_through() {
    let server = Server::start(Kind::Plain);
    server.store("before", 0, "x");
    let script = traffic(&server);
    let directory = scratch();
    let report = directory.path().join("report.json");
    server
        .cachier(["measure", "-o", "json", "--report"])
        .arg(&report)
        .args(["--", "sh", "-c", &script])
        .run()
        .code(3)
        .stdout_is("out\n");
    let read = std::fs::read_to_string(&report).unwrap();
    let document: serde_json::Value = serde_json::from_str(&read).unwrap();
    let total = &document["total"];
    for (name, expected) in
        [("gets", 4), ("hits", 3), ("misses", 1), ("sets", 2), ("deletes", 2), ("evictions", 0)]
    {
        assert_eq!(total[name], expected, "{name} in {document}");
    }
    assert_eq!(total["hit_ratio"], 0.75);
    assert_eq!((&document["command_exit_code"], &document["exit_code"]), (&3.into(), &3.into()));
    assert!(document["seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_program_without_traffic_moves_no_byte() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 2);
        let outcome = pool.cachier(["measure", "-o", "tsv", "--", "true"]).run().success().stdout_is("");
        let none = ["0"; 8].join("\t");
        for line in outcome.stderr_text().lines() {
            assert_eq!(line.split_once('\t').unwrap().1.trim_end(), none, "{kind:?} {outcome}");
        }
        assert_eq!(outcome.stderr_text().lines().count(), 3);
    }
}

#[test]
fn conditions_are_about_what_happened_meanwhile() {
    let server = Server::start(Kind::Plain);
    let misses = format!("{} get nothing -s {} || true", env!("CARGO_BIN_EXE_cachier"), server.address());
    let measure = |condition: &str, script: &str| {
        server.cachier(["measure", "--fail-if", condition, "--", "sh", "-c", script]).run()
    };
    measure("misses>0", &misses).code(7).stderr_has("check failed: misses>0 (is 1");
    measure("misses>0", "true").code(0);
    measure("cmd_get>0", "true").code(0);
    measure("misses>0", &format!("{misses}; exit 4")).code(4);
    measure("nonsense>0", "true").code(2);
}

#[test]
fn nothing_runs_where_nothing_can_be_measured() {
    let server = Server::start(Kind::Plain);
    let (_held, dead) = refusing_port();
    server.cachier(["measure", "-s", &dead, "--", "echo", "ran"]).run().code(3).stdout_is("");
    let both = format!("{},{dead}", server.address());
    server.cachier(["measure", "-s", &both, "--", "echo", "ran"]).run().code(6).stdout_is("ran\n");
    server.cachier(["measure", "--", "/no/such/program"]).run().code(2).stderr_has("/no/such/program");
}

#[test]
fn signals_reach_the_program_and_its_end_is_told() {
    let server = Server::start(Kind::Plain);
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 7)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cachier"))
            .args(["measure", "-q", "-s", &server.address(), "--", "sh", "-c"])
            .arg("trap 'exit 7' INT; echo ready; while :; do sleep 0.01; done")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal:?}");
    }
}
