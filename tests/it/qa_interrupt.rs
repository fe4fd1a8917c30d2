//! Ctrl-C during a long measurement.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Cachier, Fake, Pool};

#[test]
fn an_interrupt_prints_what_was_measured_also_between_rare_requests() {
    let pool = Pool::plain(3);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cachier"))
        .env_clear()
        .args([
            "latency",
            "--op",
            "set",
            "--rate",
            "0.05",
            "--duration",
            "10m",
            "--warmup",
            "0s",
            "-s",
            &pool.list(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Two sets to begin with and one on each of five fresh connections: then the schedule has begun.
    let begun = Instant::now();
    while pool.servers().iter().any(|server| server.stat("cmd_set").parse::<u64>().unwrap() < 7) {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert_eq!(shown.lines().count(), 4, "{shown}");
}

#[test]
fn nothing_to_measure_is_a_usage_error() {
    for what in [["--count", "0"], ["--duration", "0s"]] {
        let fake = Fake::untouched();
        Cachier::new(["latency", "-s", &fake.address()])
            .args(what)
            .run()
            .code(2)
            .stderr_has("nothing to measure");
    }
}
