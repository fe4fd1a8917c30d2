//! `cachier where`: contacts nobody, and agrees with where the clients put things.

use crate::harness::{Cachier, Fake, Peer, Pool, text};

use serde_json::json;

#[test]
fn it_contacts_nobody() {
    let fakes = [Fake::untouched(), Fake::untouched()];
    let list = fakes.iter().map(Fake::address).collect::<Vec<_>>().join(",");
    let shown = Cachier::new(["where", "a", "b", "-s", &list]).run().success().stdout_text();
    let keys: Vec<_> = shown.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(keys, ["a", "b"]);
}

#[test]
fn it_writes_json_lines_csv_and_one_document() {
    let run = |format: &str| Cachier::new(["where", "a", "-s", "one:1", "-o", format]).run().success();
    assert_eq!(run("jsonl").json(), json!({"key": "a", "server": "one:1"}));
    assert_eq!(run("json").json()["schema"], "cachier/where/1");
    run("csv").stdout_is("key,server\na,one:1\n");
    run("tsv").stdout_is("a\tone:1\n");
}

/// Lets a client store 200 keys on three servers and compares each with `where`.
fn agree(client: &str, sasl: bool, options: &serde_json::Value, routing: &str) {
    let pool = if sasl { Pool::sasl(3) } else { Pool::plain(3) };
    let mut peer = Peer::open(client, &pool, options);
    let keys: Vec<_> = (0..200).map(|number| format!("key:{number}:x")).collect();
    for key in &keys {
        peer.set(key, text("v"));
    }
    let outcome =
        pool.cachier(["where", "--stdin", "--routing", routing, "-o", "jsonl"]).stdin(keys.join("\n")).run();
    let rows = outcome.success().json_lines();
    assert_eq!(rows.len(), keys.len());
    for (row, key) in rows.iter().zip(&keys) {
        let holders: Vec<_> = pool.holders(key).iter().map(|&index| pool.server(index).address()).collect();
        let told = row.get("servers").cloned().unwrap_or_else(|| json!([row["server"]]));
        assert_eq!(told, json!(holders), "{client} {options} {key}");
    }
}

#[test]
fn it_agrees_with_pylibmc() {
    agree("pylibmc", true, &json!({"behaviors": {"ketama": true}}), "pylibmc:ketama");
    agree("pylibmc", false, &json!({}), "pylibmc");
    agree(
        "pylibmc",
        false,
        &json!({"behaviors": {"ketama_weighted": true, "hash": "fnv1a_32"}}),
        "pylibmc:ketama_weighted,hash=fnv1a_32",
    );
    let options = json!({"CACHE_KEY_PREFIX": "", "CACHE_OPTIONS": {"behaviors": {"ketama": true}}});
    agree("flask-caching", true, &options, "pylibmc:ketama");
}

#[test]
fn it_agrees_with_the_other_python_clients() {
    agree("pymemcache", false, &json!({}), "pymemcache");
    agree("python-memcached", false, &json!({}), "python-memcached");
    agree("bmemcached", true, &json!({}), "bmemcached");
    agree("bmemcached-distributed", true, &json!({}), "bmemcached-distributed");
}
