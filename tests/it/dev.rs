//! `dev`: an embedded pool, alone or around a program.

use crate::harness::Cachier;

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
