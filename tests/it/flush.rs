//! `flush`: servers are emptied, never without a yes.

use crate::harness::{Cachier, Pool};

#[test]
fn empties_every_server_or_the_one_that_is_named() {
    for pool in [Pool::plain(2), Pool::sasl(2)] {
        for server in pool.servers() {
            server.store("a", 0, "b");
        }
        let first = pool.server(0).address();
        let flushed =
            pool.cachier(["flush", "--server", &first, "--yes", "-o", "json"]).run().success().json();
        assert_eq!((&flushed["schema"], &flushed["flushed"]), (&"cachier/flush/1".into(), &1.into()));
        assert_eq!(pool.holders("a"), [1]);
        pool.cachier(["flush", "-y"]).run().success();
        assert!(pool.holders("a").is_empty());
    }
}

#[test]
fn nothing_is_emptied_without_a_yes() {
    let pool = Pool::plain(1);
    pool.server(0).store("a", 0, "b");
    pool.cachier(["flush"]).run().code(8).stderr_has("--yes");
    pool.cachier(["flush", "--yes", "--read-only"]).run().code(8);
    let planned = pool.cachier(["flush", "--dry-run", "-o", "json"]).run().success().json();
    assert_eq!(
        (&planned["servers"][0]["items"], &planned["servers"][0]["result"]),
        (&1.into(), &"planned".into())
    );
    let profile = format!("[profiles.live]\nservers = [\"{}\"]\nprotected = true\n", pool.list());
    let on_profile = |arguments: &[&str]| Cachier::new(arguments).args(["-p", "live"]).config(&profile).run();
    on_profile(&["flush", "--yes"]).code(8).stderr_has("--confirm live");
    assert_eq!(pool.holders("a"), [0]);
    on_profile(&["flush", "--confirm", "live"]).success();
    assert!(pool.holders("a").is_empty());
}

#[test]
fn a_delay_is_passed_on() {
    let pool = Pool::plain(1);
    pool.server(0).store("a", 0, "b");
    pool.cachier(["flush", "--yes", "--delay", "1h"]).run().success();
    assert_eq!(pool.holders("a"), [0]);
}

#[test]
fn a_server_of_no_pool_is_a_mistake() {
    let pool = Pool::plain(1);
    pool.cachier(["flush", "--yes", "--server", "nowhere:1"]).run().code(2).stderr_has("none of the servers");
}
