//! `memo` and `invalidate-memo --pattern|--purge`: what a listing tells of memoized functions.

use serde_json::{Value, json};

use crate::harness::{Cachier, Peer, Pool, refusing_port};

/// A pool that a real application has filled, on the plain backend.
struct Filled {
    pool: Pool,
    application: Peer,
}

const CALLS: [&str; 6] = [
    "price&number=1",
    "price-rebate&number=1",
    "stock&number=1",
    "total&number=7",
    "total&number=8",
    "weight&number=7",
];

impl Filled {
    fn new(libraries: &str) -> Self {
        let pool = Pool::plain(3);
        let application = Peer::application(libraries, "MemcachedCache", &pool);
        let mut filled = Self { pool, application };
        filled.call_all();
        filled
    }

    fn call_all(&mut self) -> Vec<String> {
        CALLS.iter().map(|call| self.application.request(&format!("/memo?call={call}"), None).0).collect()
    }

    fn cachier(&self, arguments: &[&str]) -> Cachier {
        self.pool.cachier(["--routing", "pylibmc", "--backend", "memcached"]).args(arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.cachier(arguments).args(["-o", "json"]).run().success().json()
    }

    /// Each function with the number of its results, then the number of orphans.
    fn listed(&self) -> (Vec<(String, u64)>, u64) {
        let document = self.json(&["memo", "ls"]);
        let rows = document["functions"].as_array().unwrap().iter();
        let rows =
            rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row["results"].as_u64().unwrap()));
        (rows.collect(), document["orphans"]["results"].as_u64().unwrap())
    }
}

fn functions(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(name, results)| ((*name).to_owned(), *results)).collect()
}

const ALL: [(&str, u64); 4] =
    [("shop.Cart.total", 2), ("shop.Cart.weight", 1), ("shop.price", 2), ("shop.stock", 1)];

#[test]
fn functions_and_their_results_are_found_in_every_generation() {
    for libraries in ["fc1101", "fc231", "fc251"] {
        let filled = Filled::new(libraries);
        assert_eq!(filled.listed(), (functions(&ALL), 0), "{libraries}");
        let document = filled.json(&["memo", "ls", "shop.Cart.t*"]);
        let row = &document["functions"][0];
        assert_eq!((&document["functions"].as_array().unwrap().len(), &row["instances"]), (&1, &json!(2)));
        assert_eq!((&row["kind"], &row["orphans"]), (&json!("function"), &json!(0)));
        let shown = filled.json(&["memo", "show", "shop.Cart.total"]);
        assert_eq!(shown["version_keys"].as_array().unwrap().len(), 3, "{shown}");
        let mut instances: Vec<&str> = shown["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["instance"].as_str().unwrap())
            .collect();
        instances.sort_unstable();
        let expected = if libraries == "fc251" { ["Cart7", "Cart8"] } else { ["Cart:7", "Cart:8"] };
        assert_eq!(instances, expected, "{libraries}");
        filled.cachier(&["memo", "show", "shop.nothing"]).run().code(1);
    }
}

#[test]
fn results_whose_version_is_gone_are_orphans_and_are_collected() {
    let mut filled = Filled::new("fc231");
    let before = filled.call_all();
    filled.cachier(&["invalidate-memo", "shop.price"]).run().success();
    filled.cachier(&["invalidate-memo", "shop.Cart.total", "--self", "Cart:7"]).run().success();
    let without_price = [("shop.Cart.total", 1), ("shop.Cart.weight", 1), ("shop.stock", 1)];
    assert_eq!(filled.listed(), (functions(&without_price), 3));
    let document = filled.json(&["memo", "gc", "--dry-run"]);
    assert_eq!((&document["matched"], &document["deleted"]), (&json!(3), &json!(0)));
    filled.cachier(&["memo", "gc"]).run().code(8);
    let document = filled.json(&["memo", "gc", "--yes"]);
    assert_eq!((&document["schema"], &document["deleted"]), (&json!("cachier/memo-gc/1"), &json!(3)));
    assert_eq!(filled.listed(), (functions(&without_price), 0));
    filled.cachier(&["memo", "gc", "--yes"]).run().code(1);
    let after = filled.call_all();
    let is_same: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before == after).collect();
    assert_eq!(is_same, [false, false, true, false, true, true], "what could be reached is a hit as before");
}

#[test]
fn nothing_is_collected_while_a_server_is_silent() {
    let filled = Filled::new("fc231");
    filled.cachier(&["invalidate-memo", "shop.price"]).run().success();
    let (_guard, dead) = refusing_port();
    let list = format!("{},{dead}", filled.pool.list());
    let outcome = filled.cachier(&["memo", "gc", "--yes", "-s", &list]).run().code(3);
    outcome.stderr_has("nothing was deleted, since not every version key is known").stderr_has(&dead);
    let document = filled.cachier(&["memo", "ls", "-o", "json", "-s", &list]).run().code(6).json();
    assert!(document["orphans"].is_null(), "{document}");
    assert_eq!(filled.listed().1, 2);
}

#[test]
fn a_pattern_invalidates_what_the_listing_shows_and_purge_deletes_the_results() {
    let mut filled = Filled::new("fc251");
    let before = filled.call_all();
    let planned = filled.json(&["invalidate-memo", "--pattern", "shop.Cart.*", "--purge", "--dry-run"]);
    assert_eq!((planned["keys"].as_array().unwrap().len(), &planned["results"]["matched"]), (5, &json!(3)));
    assert_eq!(filled.listed(), (functions(&ALL), 0));
    let done = filled.json(&["invalidate-memo", "--pattern", "shop.Cart.*", "--purge"]);
    assert_eq!((&done["deleted"], &done["results"]["deleted"]), (&json!(5), &json!(3)));
    assert_eq!(filled.listed(), (functions(&[("shop.price", 2), ("shop.stock", 1)]), 0));
    let done = filled.json(&["invalidate-memo", "shop.stock", "--purge"]);
    assert_eq!((&done["deleted"], &done["results"]["deleted"]), (&json!(1), &json!(1)));
    let after = filled.call_all();
    let is_same: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before == after).collect();
    assert_eq!(is_same, [true, true, false, false, false, false]);
    filled.json(&["invalidate-memo", "--pattern", "shop.price"]);
    assert_eq!(filled.listed().1, 2);
    filled.cachier(&["invalidate-memo", "--pattern", "nothing.*"]).run().code(1);
}

#[test]
fn without_a_listing_each_says_what_works_instead() {
    let pool = Pool::sasl(1);
    for arguments in [
        &["memo", "ls"][..],
        &["memo", "show", "shop.price"],
        &["memo", "gc", "--yes"],
        &["invalidate-memo", "--pattern", "shop.*"],
        &["invalidate-memo", "shop.price", "--purge"],
        &["session", "ls"],
        &["session", "revoke", "--where", "user=7", "--yes"],
        &["sizes"],
    ] {
        pool.cachier(arguments).run().code(5).stderr_has("needs a listing").stderr_has("hint: ");
    }
}
