//! `purge`: what matches is deleted, counted exactly, and never without a yes.

use crate::harness::{Kind, Pool, Server, scratch};

fn filled() -> Pool {
    let pool = Pool::plain(3);
    for server in pool.servers() {
        for item in 0..50 {
            server.store(format!("view/{item}"), 0, "x");
            server.store(format!("session:{item}"), 0, "x");
        }
    }
    pool
}

fn left(pool: &Pool) -> u64 {
    pool.servers().iter().map(|server| server.stat("curr_items").parse::<u64>().unwrap()).sum()
}

#[test]
fn deletes_what_matches_and_counts_it() {
    let pool = filled();
    let purged = pool.cachier(["purge", "view/*", "--yes", "-o", "json"]).run().success().json();
    assert_eq!(purged["schema"], "cachier/purge/1");
    for (field, value) in
        [("matched", 150), ("deleted", 150), ("not_found", 0), ("failed", 0), ("unknown", 0)]
    {
        assert_eq!(purged[field], value, "{field}");
    }
    assert_eq!(purged["dry_run"], false);
    assert!(purged["bytes"].as_u64().unwrap() > 150 * 50);
    assert_eq!(purged["servers"].as_array().unwrap().len(), 3);
    assert_eq!(purged["servers"][0]["deleted"], 50);
    assert_eq!(left(&pool), 150);
}

#[test]
fn keys_that_a_line_cannot_carry_are_deleted_too() {
    let server = Server::start(Kind::Plain);
    server.raw(b"ms YSBi 2 b\r\nhi\r\n");
    server.cachier(["purge", "a*", "--yes"]).run().success();
    assert_eq!(server.stat("curr_items"), "0");
}

#[test]
fn a_dry_run_counts_and_deletes_nothing() {
    let pool = filled();
    pool.server(0).raw(b"get view/1\r\n");
    let planned = pool.cachier(["purge", "--prefix", "view/", "-n", "-o", "json"]).run().success().json();
    assert_eq!((&planned["matched"], &planned["deleted"]), (&150.into(), &0.into()));
    assert_eq!(planned["read_since_stored"], 1);
    assert!(!planned["sample"].as_array().unwrap().is_empty());
    assert_eq!(left(&pool), 300);
}

#[test]
fn nothing_is_deleted_without_a_yes() {
    let pool = filled();
    let safe = |arguments: &[&str]| pool.cachier(arguments);
    safe(&["purge", "*"]).run().code(8).stderr_has("no terminal").stderr_has("--yes");
    safe(&["purge", "*", "--yes", "--read-only"]).run().code(8);
    let protected = format!(
        "[profiles.live]\nservers = [\"{}\"]\nprotected = true\n",
        pool.list().replace(',', "\", \"")
    );
    let on_profile = |arguments: &[&str]| {
        crate::harness::Cachier::new(arguments).args(["-p", "live"]).config(&protected).run()
    };
    on_profile(&["purge", "*", "--yes"]).code(8).stderr_has("--confirm live");
    on_profile(&["purge", "*", "--yes", "--confirm", "other"]).code(8).stderr_has("live");
    safe(&["purge"]).run().code(2).stderr_has("nothing says what");
    assert_eq!(left(&pool), 300);
    on_profile(&["purge", "*", "--yes", "--confirm", "live"]).success();
    assert_eq!(left(&pool), 0);
}

#[test]
fn nothing_that_matches_is_exit_one() {
    filled().cachier(["purge", "nothing*", "--yes"]).run().code(1);
}

#[test]
fn a_user_at_a_terminal_is_asked() {
    let pool = filled();
    let ask = || pool.cachier(["purge", "view/*"]).on_terminal().expect("Delete 150 items");
    ask().type_text("n").finish().code(8);
    assert_eq!(left(&pool), 300);
    ask().type_text("y").finish().code(0);
    assert_eq!(left(&pool), 150);
}

#[test]
fn servers_that_cannot_list_say_so() {
    Pool::sasl(1).cachier(["purge", "*", "--yes"]).run().code(5).stderr_has("purge needs a listing");
}

#[test]
fn what_is_deleted_can_be_saved_before_and_restored() {
    let pool = filled();
    let directory = scratch();
    for name in ["gone.jsonl", "gone.jsonl.zst"] {
        let file = directory.path().join(name);
        let purge = || pool.cachier(["purge", "view/*", "--yes", "-o", "json", "--save"]).arg(&file);
        let purged = purge().run().success().json();
        assert_eq!((&purged["deleted"], &purged["failed"]), (&150.into(), &0.into()));
        assert_eq!(left(&pool), 150);
        let twice = purge().run();
        twice.code(2).stderr_has(name);
        let server = Server::start(Kind::Plain);
        let restored = server.cachier(["restore", "-o", "json"]).arg(&file).run().success().json();
        // The three servers have the same keys.
        assert_eq!((&restored["items"], &restored["stored"]), (&150.into(), &50.into()));
        assert_eq!(server.stored("view/7").unwrap().value, b"x");
        pool.servers()
            .iter()
            .for_each(|server| (0..50).for_each(|item| server.store(format!("view/{item}"), 0, "x")));
    }
}

#[test]
fn what_cannot_be_saved_is_not_deleted() {
    let pool = filled();
    pool.cachier(["purge", "view/*", "--yes", "--save", "/no/such/place.jsonl"])
        .run()
        .code(2)
        .stderr_has("/no/such/place.jsonl");
    pool.cachier(["purge", "view/*", "--yes", "--save", "/dev/full"]).run().code(2);
    assert_eq!(left(&pool), 300);
}
