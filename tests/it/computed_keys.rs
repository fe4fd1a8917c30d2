//! `cachier view-key`, `fragment-key`, `memo-key` and `session-key`: keys as the application makes them, without a server.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Cachier, Peer, Pool, golden, text};

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// Recorded command lines that do not carry what their keys were made of: the instance's `repr` was `x`, its caching id
/// `cart-7`; Flask-Caching 1.7.2 knows no caching ids and used the `repr`, and the command line has the caching id.
const WITHOUT_THE_REPR: [&str; 2] = ["s-caching-1.7.2-memoize-03", "s-caching-1.7.2-memoize-03-version"];

#[test]
fn every_recorded_command_line_prints_its_keys() {
    let document = golden("flask_commands");
    let mut wrong = Vec::new();
    let mut count = 0;
    for vector in document["vectors"].as_array().unwrap() {
        let mut arguments = words(&vector["argv"]);
        if WITHOUT_THE_REPR.contains(&vector["id"].as_str().unwrap()) {
            let given = arguments.iter_mut().find(|argument| **argument == "cart-7").unwrap();
            *given = "x";
        }
        count += 1;
        let run = Cachier::new(&arguments);
        for (name, content) in vector["files"].as_object().unwrap() {
            fs::write(run.home().join(name), content.as_str().unwrap()).unwrap();
        }
        let expected: String = words(&vector["stdout"]).iter().map(|line| format!("{line}\n")).collect();
        let outcome = run.run();
        if outcome.code != 0 || outcome.stdout_text() != expected {
            wrong.push(format!("{}: expected {expected}{outcome}", vector["id"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 200, "{count}");
}

#[test]
fn all_generations_are_printed_newest_first_when_none_is_named() {
    let all = Cachier::new(["view-key", "/x?a=1", "-o", "json"]).run().success().json();
    assert_eq!(all["schema"], "cachier/view-key/1");
    let keys = all["keys"].as_array().unwrap();
    assert!(keys.len() > 1, "{all}");
    let newest =
        Cachier::new(["view-key", "/x?a=1", "--flask-caching", "2.5.1"]).run().success().stdout_text();
    assert_eq!(format!("{}\n", keys[0]["key"].as_str().unwrap()), newest);
    let plain = Cachier::new(["view-key", "/x"]).run().success();
    plain.stdout_is("flask_cache_view//x\n");
}

#[test]
fn ids_and_numbers_that_begin_with_a_dash_need_no_other_dashes() {
    let id = "-oWop74kX9_qLZ0bT2vN5yRdE8cHs1mUgAfIxJ3Pk6Y";
    Cachier::new(["session-key", "-abc123"]).run().success().stdout_is("session:-abc123\n");
    let signed = format!("{id}.o_WjCZZRI82xGnfs2BtZJ6b8MF4");
    let shown = Cachier::new(["session-key", &signed, "--prefix", "s-"]).run().success();
    shown.stdout_is(format!("s-{id}\n"));
    let document = Cachier::new(["session-key", &signed, "-o", "json"]).run().success().json();
    assert_eq!(document["keys"][0]["key"], format!("session:{id}"));
    let memo = |number: &str| {
        let line = ["memo-key", "m.f", number, "--signature", "(a)", "--version-value", "abcdef"];
        Cachier::new(line).args(["--flask-caching", "2.3.1"]).run().success().stdout_text()
    };
    assert_eq!(memo("-0x1F"), memo("-31"));
    assert_eq!(memo("-1_0.5"), memo("-10.5"));
    assert_ne!(memo("-1j"), memo("-1"));
    Cachier::new(["session-key", "--frobnicate", "x"]).run().code(2);
}

#[test]
fn invalidating_deletes_exactly_those_keys_where_they_belong() {
    let pool = Pool::sasl(3);
    let options = json!({"CACHE_KEY_PREFIX": "", "CACHE_OPTIONS": {"behaviors": {"ketama": true}}});
    let mut cache = Peer::open("flask-caching", &pool, &options);
    for (show, invalidate) in [
        (&["view-key", "/shop"][..], &["invalidate-view", "/shop"][..]),
        (&["view-key", "/shop?a=1&b=2"], &["invalidate-view", "/shop?a=1&b=2"]),
        (&["fragment-key", "item", "42"], &["invalidate-fragment", "item", "42"]),
    ] {
        let keys = pool.cachier(show).run().success().stdout_text();
        let others = ["flask_cache_view//other", "flask_cache_view//shop2"];
        for key in keys.lines().chain(others) {
            cache.set(key, text("page"));
        }
        let dry = pool.cachier(invalidate).args(["--dry-run", "-o", "json"]).run().success().json();
        assert_eq!(dry["keys"].as_array().unwrap().len(), keys.lines().count());
        for key in keys.lines() {
            assert_eq!(cache.get(key), text("page"), "{key} after --dry-run");
        }
        let document = pool.cachier(invalidate).args(["-o", "json"]).run().success().json();
        assert_eq!(document["deleted"], keys.lines().count(), "{document}");
        for key in keys.lines() {
            assert_eq!(cache.get(key)["type"], "NoneType", "{key}");
        }
        for key in others {
            assert_eq!(cache.get(key), text("page"));
        }
        pool.cachier(invalidate).run().code(1);
    }
}

#[test]
fn a_memoized_function_is_forgotten_by_its_version_key() {
    let pool = Pool::sasl(3);
    let options = json!({"CACHE_KEY_PREFIX": "", "CACHE_OPTIONS": {"behaviors": {"ketama": true}}});
    let mut cache = Peer::open("flask-caching", &pool, &options);
    cache.set("flask_cache_shop.price_memver", text("abcdef"));
    cache.set("flask_cache_shop.prices_memver", text("uvwxyz"));
    pool.cachier(["invalidate-memo", "shop.price"]).run().success();
    assert_eq!(cache.get("flask_cache_shop.price_memver")["type"], "NoneType");
    assert_eq!(cache.get("flask_cache_shop.prices_memver"), text("uvwxyz"));
}
