//! `dev`: an embedded pool, alone or around a program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Cachier, Kind, Server, scratch};

/// The program under test, for a shell within `dev`.
const PROGRAM: &str = env!("CARGO_BIN_EXE_cachier");

#[test]
fn the_exit_code_of_the_program_passes_through() {
    for (script, code) in [("exit 7", 7), ("exit 0", 0), ("kill -TERM $$", 143)] {
        Cachier::new(["dev", "--", "sh", "-c", script]).run().code(code);
    }
    Cachier::new(["dev", "--", "/nonexistent/program"]).run().code(2);
}

#[test]
fn the_program_finds_the_pool_with_the_protocol_and_login_of_production() {
    let script = format!(
        "set -e; {PROGRAM} set k v --ttl 1m >/dev/null; {PROGRAM} get k; {PROGRAM} servers -o json; \
         echo \"$MEMCACHE_SERVERS\" | tr , '\\n' | wc -l"
    );
    let outcome = Cachier::new(["dev", "--nodes", "3", "--sasl", "--", "sh", "-c", &script]).run().success();
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "v");
    let servers: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(servers["servers"].as_array().unwrap().len(), 3);
    assert!(servers["servers"].as_array().unwrap().iter().all(|server| {
        server["up"] == true && server["auth"] == "sasl" && server["protocol"] == "binary"
    }));
    assert_eq!(lines[2].trim(), "3");
}

#[test]
fn the_seed_is_what_a_flask_application_leaves_behind() {
    let script = format!(
        "{PROGRAM} get -F view//products/42; {PROGRAM} get -F view//orders --raw | head -c 2 | od -An -tx1"
    );
    let outcome = Cachier::new(["dev", "--nodes", "2", "--seed", "--", "sh", "-c", &script]).run().success();
    assert_eq!(String::from_utf8(outcome.stdout.clone()).unwrap(), "<p>Hello</p>\n 80 05\n");
}

#[test]
fn an_address_that_others_can_reach_needs_a_login() {
    let outcome = Cachier::new(["dev", "--listen", "0.0.0.0", "--", "true"]).run().code(2);
    outcome.stderr_has("needs credentials");
}

#[test]
fn libmemcached_finds_it_capable() {
    let server = Server::embedded(Kind::Plain);
    let address = server.address();
    let (host, port) = address.split_once(':').unwrap();
    // `-t`: how many seconds it waits for an answer.
    let output = Command::new("memccapable").args(["-h", host, "-p", port, "-t", "30"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.ends_with("All tests passed\n"), "{shown}");
}

#[test]
fn a_signal_reaches_the_program_and_the_servers_stay_until_it_ends() {
    for (name, signal) in
        [("TERM", Signal::TERM), ("INT", Signal::INT), ("HUP", Signal::HUP), ("USR1", Signal::USR1)]
    {
        let script = format!(
            "trap '{PROGRAM} ping >/dev/null && exit 9' {name}; echo ready; while :; do sleep 0.02; done"
        );
        let mut dev = Command::new(PROGRAM)
            .args(["dev", "--", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(dev.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        kill_process(Pid::from_child(&dev), signal).unwrap();
        assert_eq!(dev.wait().unwrap().code(), Some(9), "{name}");
    }
}

#[test]
fn a_terminal_shows_what_arrives() {
    let directory = scratch();
    let socket = directory.path().join("socket");
    let path = socket.to_str().unwrap();
    let terminal = Cachier::new(["dev", "--listen", path]).on_terminal().expect("run until Ctrl-C");
    let mut client = UnixStream::connect(&socket).unwrap();
    let missing = b"get missing\r\n".repeat(50);
    client
        .write_all(&[b"set k\x1b[2J 0 0 1\r\nx\r\nget k\x1b[2J\r\n".as_slice(), &missing].concat())
        .unwrap();
    let terminal = terminal.expect("set       stored     k\\x1b[2J\r\n").expect("get       hit ");
    let terminal = terminal.expect("miss       missing  × 50").expect("51 gets (1 hits), 1 sets, 1 items");
    let many: String = (0..1000).map(|number| format!("delete key{number}\r\n")).collect();
    client.write_all(many.as_bytes()).unwrap();
    // One look may come in the middle of them.
    let outcome =
        terminal.expect("delete    miss       key0").expect(" more").type_text("\x03").finish().success();
    assert!(outcome.stdout_text().lines().count() < 40, "{outcome}");
    assert!(!socket.exists());
}
