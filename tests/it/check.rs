//! `cachier check`.

use serde_json::Value;

use crate::harness::{Fake, Kind, Pool, Script, Server};

fn statuses(document: &Value) -> Vec<(&str, &str)> {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().map(|check| (check["expr"].as_str().unwrap(), check["status"].as_str().unwrap())).collect()
}

#[test]
fn a_healthy_pool_passes_on_every_kind_and_a_young_server_is_a_warning() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::SaslTls] {
        let pool = Pool::start(kind, 2);
        let document = pool.cachier(["check", "--interval", "50ms", "-o", "json"]).run().success().json();
        assert_eq!((&document["schema"], &document["failed"]), (&"cachier/check/1".into(), &0.into()));
        let statuses = statuses(&document);
        for (expr, status) in [
            ("up<1", "ok"),
            ("interval.auth_errors>0", "ok"),
            ("connections_use>95%", "ok"),
            ("listen_disabled>0", "ok"),
            ("rejected>0", "ok"),
            ("out_of_memory>0", "ok"),
            ("evicted_age<10m", "ok"),
            ("connections_use>80%", "ok"),
            ("interval.hit_ratio<80%", "unknown"),
            ("lifetime.evicted_age<1h", "ok"),
            ("uptime<5m", "warn"),
            ("mixed_versions>0@total", "ok"),
            ("skew_items>1.5@total", "unknown"),
        ] {
            assert!(statuses.contains(&(expr, status)), "{kind:?} {expr} {statuses:?}");
        }
    }
}

#[test]
fn a_dead_server_fails_and_is_named_and_none_alive_is_three() {
    let mut pool = Pool::plain(2);
    pool.server_mut(1).kill();
    let outcome = pool.cachier(["check", "--interval", "0s"]).run().code(7);
    let row = format!("fail\tup<1\t0\t{}\n", pool.server(1).address());
    outcome.stdout_has(&row).stderr_has("1 failed");
    pool.server_mut(0).kill();
    pool.cachier(["check"]).run().code(3);
}

#[test]
fn what_is_asked_for_comes_first_and_replaces_the_default() {
    let pool = Pool::plain(1);
    pool.server(0).store("k", 0, "v");
    let run = |arguments: &[&str]| pool.cachier(["check", "--interval", "0s"]).args(arguments).run();
    run(&["--fail-if", "curr_items>0"]).code(7).stdout_has("fail\tcurr_items>0\t1\t");
    run(&["--fail-if", "curr_items>0", "--no-defaults", "-q"])
        .code(7)
        .stdout_is(format!("fail\tcurr_items>0\t1\t{}\n", pool.server(0).address()));
    run(&["--warn-if", "curr_items>0"]).success().stdout_has("warn\tcurr_items>0");
    let document = run(&["--warn-if", "uptime<0s", "-o", "json"]).success().json();
    let uptime: Vec<_> =
        statuses(&document).into_iter().filter(|(expr, _)| expr.contains("uptime")).collect();
    assert_eq!(uptime, [("uptime<0s", "ok")]);
    run(&["--no-defaults"]).code(2);
    run(&["--fail-if", "hit_ratio<80ms"]).code(2);
}

#[test]
fn a_number_that_nobody_offers_fails_only_who_asks_for_it() {
    let reply = "STAT curr_items 1\r\nSTAT bytes 10\r\nEND\r\n";
    let hosted = || {
        let mut script = Script::new().expect("stats\r\n").send(reply);
        for group in ["items", "slabs", "settings"] {
            script = script.expect(format!("stats {group}\r\n")).send("ERROR\r\n");
        }
        Fake::once(script)
    };
    let fake = hosted();
    let document =
        crate::harness::Cachier::new(["check", "-s", &fake.address(), "--interval", "0s", "-o", "json"])
            .run()
            .success()
            .json();
    assert!(statuses(&document).contains(&("uptime<5m", "unknown")), "{document}");
    let fake = hosted();
    let arguments = ["check", "-s", &fake.address(), "--interval", "0s", "--fail-if", "uptime<5m"];
    crate::harness::Cachier::new(arguments).run().code(7).stdout_has("fail\tuptime<5m\t\t");
}

#[test]
fn a_profile_has_its_own_checks_and_a_mistake_in_them_is_named() {
    let server = Server::start(Kind::Plain);
    server.store("k", 0, "v");
    let run = |checks: &str, arguments: &[&str]| {
        let profile =
            format!("[profiles.x]\nservers = [\"{}\"]\n[profiles.x.checks]\n{checks}\n", server.address());
        crate::harness::Cachier::new(["-p", "x"]).config(&profile).args(arguments).run()
    };
    let check = ["check", "--interval", "0s", "-o", "json"];
    run("fail_if = [\"curr_items>0\"]", &check).code(7);
    let document = run("off = [\"uptime\"]\nwarn_if = [\"curr_items>0\"]", &check).success().json();
    assert_eq!(document["warned"], 1, "{document}");
    run("fail_if = [\"curr_items>0\"]", &["check", "--interval", "0s", "--fail-if", "curr_items>5"])
        .success();
    run("fail_if = [\"evictions>\"]", &check).code(2).stderr_has("checks.fail_if of profile x");
    run("fail_if = [\"evictions>\"]", &["config", "check"]).code(2).stderr_has("evictions>");
    run("off = [\"nonsense\"]", &check).code(2).stderr_has("nonsense");
    run("fial_if = []", &check).code(2).stderr_has("unknown field `fial_if`");
    let explained = run("off = [\"uptime\"]", &["config", "explain"]).success().stdout_text();
    assert!(explained.contains("checks.off\tuptime\tprofile x"), "{explained}");
}

#[test]
fn a_monitoring_plugin_has_one_line_figures_and_its_own_exit_codes() {
    let mut pool = Pool::plain(2);
    let run = |pool: &Pool, arguments: &[&str]| {
        pool.cachier(["check", "--nagios", "--interval", "0s"]).args(arguments).run()
    };
    let only = ["--no-defaults", "--fail-if", "curr_items>5"];
    let line = run(&pool, &only).code(0).stdout_text();
    assert!(line.starts_with("CACHIER OK - 1 checks of 2 servers passed | servers_up=2;;;0;2 "), "{line}");
    assert_eq!(line.lines().count(), 1);
    let outcome = run(&pool, &["--no-defaults", "--warn-if", "uptime<1h"]).code(1);
    outcome.stdout_has("CACHIER WARNING - uptime<1h (is ").stderr_is("");
    pool.server_mut(0).kill();
    run(&pool, &[]).code(2).stdout_has("CACHIER CRITICAL - 127.0.0.1:").stdout_has("servers_up=1;;;0;2");
    run(&pool, &["--fail-if", "nonsense>1"]).code(3).stdout_has("CACHIER UNKNOWN - ");
    run(&pool, &["-p", "nobody"]).code(3).stdout_has("CACHIER UNKNOWN - ");
}
