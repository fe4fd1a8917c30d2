//! `doctor` and `capabilities`: what is wrong, and what is possible.

use crate::harness::{Cachier, Kind, Pool, Server, refusing_port};

#[test]
fn a_sound_pool_has_no_failure_and_each_finding_has_evidence() {
    let pool = Pool::plain(2);
    let report = pool.cachier(["doctor", "-o", "json"]).run().success().json();
    assert_eq!(report["schema"], "cachier/doctor/1");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 3, "{report}");
    assert!(findings.iter().all(|finding| !finding["evidence"].as_str().unwrap().is_empty()), "{report}");
    assert!(findings.iter().all(|finding| finding["status"] != "fail"), "{report}");
}

#[test]
fn a_dead_server_and_a_wrong_password_are_failures_with_a_fix() {
    let (_held, dead) = refusing_port();
    Cachier::new(["doctor", "-s", &dead]).run().code(7).stdout_has(&dead);
    let pool = Pool::sasl(1);
    let wrong = pool.cachier(["doctor"]).env("MEMCACHIER_PASSWORD", "wrong-secret").run();
    wrong.code(7).nowhere("wrong-secret");
}

#[test]
fn capabilities_are_found_without_changing_anything() {
    let server = Server::start(Kind::Plain);
    server.store("a", 0, "x");
    let found = server.cachier(["capabilities", "-o", "json"]).run().success().json();
    assert_eq!(found["schema"], "cachier/capabilities/1");
    assert_eq!(found["servers"].as_array().unwrap().len(), 1);
    assert_eq!(server.stat("curr_items"), "1");
    Pool::sasl(2).cachier(["capabilities"]).run().success();
}
