//! A real Flask application, warmed through requests: every item is shown and invalidated by the program alone, and the
//! application itself says what is a miss after that.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Cachier, Outcome, Peer, Pool};

/// How the three backends are called by the application and by the program.
const PLAIN: (&str, &str) = ("MemcachedCache", "memcached");
const SASL: (&str, &str) = ("SASLMemcachedCache", "sasl");
const SPREAD: (&str, &str) = ("SpreadSASLMemcachedCache", "spread");

/// Every page of the application that stores something, and whose session it needs.
const PAGES: [(&str, Option<&str>); 18] = [
    ("/about", None),
    ("/products/caf%C3%A9", None),
    ("/products/42", None),
    ("/response", None),
    ("/search?page=2&q=shoes", None),
    ("/search?q=hats", None),
    ("/search", None),
    ("/fragments/en", None),
    ("/fragments/de", None),
    ("/memo?call=price&number=1", None),
    ("/memo?call=price-rebate&number=1", None),
    ("/memo?call=stock&number=1", None),
    ("/memo?call=stock&number=2", None),
    ("/memo?call=total&number=7", None),
    ("/memo?call=total&number=8", None),
    ("/memo?call=weight&number=7", None),
    ("/whoami/alice", Some("alice")),
    ("/whoami/bob", Some("bob")),
];

const PRICE: &str = "(product, currency='EUR', rebate=2)";
const TOTAL: &str = "(self, tax, shipping=5)";

/// What the program is asked to invalidate, and the bodies that run again for that.
const INVALIDATIONS: [(&[&str], &[&str]); 15] = [
    (&["invalidate-view", "/about"], &["about"]),
    (&["invalidate-view", "/products/caf%C3%A9"], &["product café"]),
    (&["invalidate-view", "/response"], &["response"]),
    (&["invalidate-view", "/search?q=shoes&page=2"], &["search for [('page', '2'), ('q', 'shoes')]"]),
    (&["invalidate-view", "--query-string", "/search"], &["search for []"]),
    (&["invalidate-fragment", "footer"], &["footer"]),
    (&["invalidate-fragment", "sidebar", "en", "wide"], &["sidebar in en"]),
    (&["invalidate-memo", "shop.stock"], &["stock of café 1", "stock of café 2"]),
    (
        &["invalidate-memo", "shop.stock", "--call", "\"café 2\"", "--signature", "(product)"],
        &["stock of café 2"],
    ),
    (&["invalidate-memo", "shop.price", "--call", "1", "--signature", PRICE], &["price of 1 less 2"]),
    (
        &["invalidate-memo", "shop.price", "--call", "1, rebate=0", "--signature", PRICE],
        &["price of 1 less 0"],
    ),
    (&["invalidate-memo", "shop.price"], &["price of 1 less 0", "price of 1 less 2"]),
    (&["invalidate-memo", "shop.Cart.total", "--self", "Cart:7"], &["total of 7"]),
    (
        &["invalidate-memo", "shop.Cart.total", "--self", "Cart:8", "--call", "19", "--signature", TOTAL],
        &["total of 8"],
    ),
    (&["invalidate-memo", "shop.Cart.total"], &["total of 7", "total of 8"]),
];

/// How the program names an item, what it takes it for, and whose text is stored there.
const KEYS: [(&[&str], &str, &str); 9] = [
    (&["view-key", "/about"], "view", "about, run "),
    (&["view-key", "/products/caf%C3%A9"], "view", "product café, run "),
    (&["view-key", "/response"], "view", "response, run "),
    (&["view-key", "/search?q=hats"], "hashed_view", "search for [('q', 'hats')], run "),
    (&["fragment-key", "sidebar", "de", "wide"], "fragment", "sidebar in de, run "),
    (
        &["memo-key", "shop.stock", "'café 2'", "--signature", "(product)"],
        "memoized_value",
        "stock of café 2, ",
    ),
    (
        &["memo-key", "shop.price", "1", "--kwarg", "rebate=0", "--signature", PRICE],
        "memoized_value",
        "price of 1 less 0, run ",
    ),
    (
        &["memo-key", "shop.Cart.total", "19", "--self", "Cart:7", "--signature", TOTAL],
        "memoized_value",
        "total of 7, run ",
    ),
    (&["memo-key", "--version-key", "shop.stock"], "version_key", ""),
];

/// What is stored by hand: the type, the text, and the name of the same value in the application.
const SAMPLES: [(&str, &str, &str); 7] = [
    ("text", "Grüße 'all'", "text"),
    ("text", "", "empty"),
    ("text", "42", "digits"),
    ("int", "-42", "int"),
    ("bool", "true", "bool"),
    ("bool", "false", "no"),
    ("json", r#"{"a": [1, 2.5, null, "é"], "b": true}"#, "json"),
];

/// The application, and how the program is told about it.
struct Live {
    pool: Pool,
    application: Peer,
    flags: Vec<String>,
    ran: BTreeMap<String, u64>,
    cookies: BTreeMap<&'static str, String>,
}

impl Live {
    fn start(libraries: &str, (class, backend): (&str, &str)) -> Self {
        let pool = if class == PLAIN.0 { Pool::plain(3) } else { Pool::sasl(3) };
        let application = Peer::application(libraries, class, &pool);
        let flags = vec!["--backend".to_owned(), backend.to_owned()];
        Self { pool, application, flags, ran: BTreeMap::new(), cookies: BTreeMap::new() }
    }

    fn cachier(&self, arguments: &[&str]) -> Cachier {
        self.pool.cachier(&self.flags).args(arguments)
    }

    fn page(&mut self, target: &str) -> Value {
        serde_json::from_str(&self.application.request(target, None).0).unwrap()
    }

    /// Asks for every page and returns the names of the bodies that ran, which are the misses.
    fn misses(&mut self) -> Vec<String> {
        for (target, user) in PAGES {
            let (_, cookie) = self.application.request(target, user);
            if let (Some(user), Some(cookie)) = (user, cookie) {
                self.cookies.insert(user, cookie);
            }
        }
        let ran: BTreeMap<String, u64> = serde_json::from_value(self.page("/ran")).unwrap();
        let before = std::mem::replace(&mut self.ran, ran);
        self.ran
            .iter()
            .filter(|(name, count)| before.get(*name) != Some(count))
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn invalidates(&mut self, command: &[&str], expected: &[&str]) {
        let outcome = self.cachier(command).run().success();
        let misses = self.misses();
        assert_eq!(misses, expected, "misses after {outcome}");
        assert!(self.misses().is_empty(), "every item is a hit again after {outcome}");
    }

    /// The key of an item, of all that it may have the one that the servers hold, and what the program takes it for.
    fn explained(&self, command: &[&str]) -> (String, Value) {
        let listed = self.cachier(command).run().success().stdout_text();
        let keys: Vec<&str> = listed.lines().collect();
        let explained = self.cachier(&["explain", "-o", "json"]).args(&keys).run();
        let document = explained.json();
        let rows = document["keys"].as_array().unwrap();
        let found: Vec<&Value> = rows.iter().filter(|row| row["found"] == true).collect();
        let [row] = found[..] else { panic!("not one of {listed} is there: {explained}") };
        (row["key"].as_str().unwrap().to_owned(), row.clone())
    }

    fn shows(&mut self) {
        for (command, kind, text) in KEYS {
            let (key, row) = self.explained(command);
            assert_eq!(row["kind"], kind, "{command:?}: {row}");
            let shown = self.cachier(&["get", &key]).run().success();
            assert!(self.shows_run(&shown, text), "{text:?} is not in {shown}");
            let library_key = key.strip_prefix("flask_cache_").unwrap();
            let is_spread = row["chunk"].is_number();
            assert_eq!(is_spread, self.flags[1] == SPREAD.1 && kind != "version_key", "{row}");
            if is_spread {
                let shown =
                    self.cachier(&["get", "-F", library_key.strip_suffix(".0").unwrap()]).run().success();
                assert!(self.shows_run(&shown, text), "{text:?} is not in {shown}");
            }
        }
        for (user, cookie) in &self.cookies {
            let shown = self.cachier(&["session", "show", cookie, "-o", "json"]).run().success();
            let value = &shown.json()["items"][0]["value"];
            assert_eq!(value["user"], *user, "{shown}");
            assert_eq!(value["_permanent"], true, "{shown}");
            let (_, row) = self.explained(&["session-key", cookie]);
            assert_eq!(row["kind"], "session");
        }
    }

    /// Whether an output has the text of the last run of a body; of a version key, six characters.
    fn shows_run(&self, shown: &Outcome, text: &str) -> bool {
        let Some((name, _)) = text.rsplit_once(", ") else {
            return shown.stdout_text().trim_end().len() == 6;
        };
        shown.stdout_text().contains(&format!("{name}, run {}", self.ran[name]))
    }

    fn reads_what_is_set(&mut self) {
        for (number, (way, value, name)) in SAMPLES.iter().enumerate() {
            let key = format!("by-hand-{number}");
            let set = self.cachier(&["set", "-F", &key, "--as", way, "--", value]).run().success();
            let own = self.page(&format!("/sample?name={name}"));
            let read = self.page(&format!("/stored?key={key}"));
            assert_eq!(read, own, "cache.get after {set}");
        }
    }

    /// What takes several chunks is shown, deleted with all of them, and written as the application reads it.
    fn spreads(&mut self) {
        let (big, _) = self.application.request("/big", None);
        assert_eq!(self.application.request("/big", None).0, big, "a hit");
        self.cachier(&["get", "-F", "view//big"]).run().success().stdout_has(&big);
        let document = self.cachier(&["invalidate-view", "/big", "-o", "json"]).run().success().json();
        assert_eq!(document["deleted"], 3, "{document}");
        assert_ne!(self.application.request("/big", None).0, big, "a miss");
        let set = self.cachier(&["set", "-F", "by-hand", "-"]).stdin("é".repeat(1_500_000)).run().success();
        let own = self.page("/sample?name=big");
        assert!(self.page("/stored?key=by-hand") == own, "cache.get after {set}");
    }
}

#[track_caller]
fn proves(libraries: &str, version: &str, backend: (&str, &str)) {
    let mut live = Live::start(libraries, backend);
    let first = live.misses();
    assert_eq!(first.len(), 19, "everything runs once: {first:?}");
    assert!(live.misses().is_empty(), "the application reads back what it has stored");
    for server in live.pool.servers() {
        assert_ne!(server.stat("curr_items"), "0", "every server has a part in the proof");
    }
    let flags = live.flags.clone();
    for stated in [&["--flask-caching", version][..], &[]] {
        live.flags.clone_from(&flags);
        live.flags.extend(stated.iter().map(|flag| (*flag).to_owned()));
        live.shows();
        for (command, expected) in INVALIDATIONS {
            live.invalidates(command, expected);
        }
        let signed = live.cookies["alice"].clone();
        live.invalidates(&["session", "revoke", &signed], &["session of alice"]);
        let id = live.cookies["bob"].rsplit_once('.').unwrap().0.to_owned();
        live.invalidates(&["session", "revoke", &id], &["session of bob"]);
        live.reads_what_is_set();
    }
    if backend == SPREAD {
        live.spreads();
    }
}

#[test]
fn an_application_on_1_10_with_the_plain_backend_agrees() {
    proves("fc1101", "1.10.1", PLAIN);
}

#[test]
fn an_application_on_1_10_with_the_sasl_backend_agrees() {
    proves("fc1101", "1.10.1", SASL);
}

#[test]
fn an_application_on_1_10_with_the_spread_backend_agrees() {
    proves("fc1101", "1.10.1", SPREAD);
}

#[test]
fn an_application_on_2_3_with_the_plain_backend_agrees() {
    proves("fc231", "2.3.1", PLAIN);
}

#[test]
fn an_application_on_2_3_with_the_sasl_backend_agrees() {
    proves("fc231", "2.3.1", SASL);
}

#[test]
fn an_application_on_2_3_with_the_spread_backend_agrees() {
    proves("fc231", "2.3.1", SPREAD);
}

#[test]
fn an_application_on_2_5_with_the_plain_backend_agrees() {
    proves("fc251", "2.5.1", PLAIN);
}

#[test]
fn an_application_on_2_5_with_the_sasl_backend_agrees() {
    proves("fc251", "2.5.1", SASL);
}

#[test]
fn an_application_on_2_5_with_the_spread_backend_agrees() {
    proves("fc251", "2.5.1", SPREAD);
}
