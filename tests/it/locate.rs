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

/// Lets a client fill a pool, and audits it as if pylibmc had with its usual options.
fn audited(client: &str, options: &serde_json::Value, routing: &str) -> serde_json::Value {
    let pool = Pool::plain(3);
    let mut peer = Peer::open(client, &pool, options);
    for number in 0..150 {
        peer.set(&format!("key:{number}:x"), text("v"));
    }
    let run = |routing: &str| pool.cachier(["where", "--audit", "-o", "json", "--routing", routing]).run();
    let right = run(routing).success().json();
    assert_eq!(
        (&right["listed"], &right["misplaced"], &right["routings"][0]["routing"]),
        (&150.into(), &0.into(), &routing.into())
    );
    assert_eq!(right["routings"][0]["explains"], 1.0);
    let wrong =
        run("mc").code(1).stderr_has("the placement best: 100.0%; mc, which is in use, explains").json();
    let routings = wrong["routings"].as_array().unwrap();
    let best: Vec<&str> = routings
        .iter()
        .filter(|row| row["explains"] == 1.0)
        .map(|row| row["routing"].as_str().unwrap())
        .collect();
    // Some clients place keys as others do: python-memcached as pylibmc with hash=crc.
    assert!(best.contains(&routing) && best.len() <= 3, "{client} {options}: {best:?}");
    wrong
}

#[test]
fn an_audit_names_the_routing_that_the_client_has() {
    let wrong = audited("pylibmc", &json!({"behaviors": {"ketama": true}}), "pylibmc:ketama");
    assert_eq!(wrong["schema"], "cachier/where-audit/1");
    let misplaced = wrong["misplaced"].as_u64().unwrap();
    assert!((50..150).contains(&misplaced), "{misplaced}");
    let in_use = wrong["routings"].as_array().unwrap().iter().find(|row| row["in_use"] == true).unwrap();
    let explains = in_use["explains"].as_f64().unwrap();
    // A misplaced key is a copy where none should be and none where one should be.
    let right = (150 - misplaced) as f64;
    assert!((explains - right / (150.0 + misplaced as f64)).abs() < 1e-9, "{wrong}");
    audited("pylibmc", &json!({}), "pylibmc");
    audited("pylibmc", &json!({"behaviors": {"hash": "murmur"}}), "pylibmc:hash=murmur");
    audited("pymemcache", &json!({}), "pymemcache");
    audited("python-memcached", &json!({}), "python-memcached");
}

#[test]
fn an_audit_counts_keys_that_are_on_several_servers() {
    let pool = Pool::plain(3);
    for (number, server) in pool.servers().iter().enumerate() {
        for item in 0..10 {
            server.store(format!("everywhere:{item}"), 0, "x");
            server.store(format!("only:{number}:{item}"), 0, "x");
        }
    }
    let document = pool.cachier(["where", "--audit", "-o", "json"]).run().code(1).json();
    assert_eq!(document["duplicates"], json!({"keys": 10, "extra_copies": 20, "exact": true, "one_in": 1}));
    assert_eq!(document["listed"], 60);
    pool.cachier(["where", "--audit", "-o", "table"])
        .run()
        .code(1)
        .stdout_has("total")
        .stdout_has("MISPLACED");
}

#[test]
fn an_audit_needs_a_listing() {
    let pool = Pool::sasl(2);
    pool.cachier(["where", "--audit"]).run().code(5).stderr_has("needs a listing").stderr_has("SASL");
}

#[test]
fn asking_tells_who_really_has_a_key() {
    for pool in [Pool::plain(3), Pool::sasl(3)] {
        pool.cachier(["set", "placed", "x"]).run().success();
        let belongs = pool.holders("placed")[0];
        let other = (belongs + 1) % 3;
        let row = pool.cachier(["where", "placed", "--ask", "-o", "jsonl"]).run().success().json();
        let address = |index: usize| pool.server(index).address();
        assert_eq!(row["found_on"], json!([address(belongs)]));
        assert_eq!((&row["server"], &row["in_place"]), (&json!(address(belongs)), &json!(true)));
        pool.server(other).store("placed", 0, "old");
        let row = pool.cachier(["where", "placed", "--ask", "-o", "jsonl"]).run().code(1).json();
        assert_eq!(row["found_on"].as_array().unwrap().len(), 2);
        let row = pool.cachier(["where", "absent", "--ask", "-o", "jsonl"]).run().code(1).json();
        assert_eq!((&row["found_on"], &row["in_place"]), (&json!([]), &json!(false)));
    }
}

#[test]
fn each_client_has_a_row_and_nobody_is_contacted() {
    let fakes = [Fake::untouched(), Fake::untouched(), Fake::untouched()];
    let list = fakes.iter().map(Fake::address).collect::<Vec<_>>().join(",");
    let rows = Cachier::new(["where", "--all-clients", "a", "-s", &list, "-o", "jsonl"]).run().success();
    let rows = rows.json_lines();
    assert!(rows.len() > 25, "{}", rows.len());
    assert_eq!((&rows[0]["routing"], &rows[0]["in_use"]), (&json!("pylibmc:ketama"), &json!(true)));
    for row in &rows {
        let alone = Cachier::new([
            "where",
            "a",
            "-s",
            &list,
            "-o",
            "jsonl",
            "--routing",
            row["routing"].as_str().unwrap(),
        ]);
        if row["routing"].as_str().unwrap().starts_with("twemproxy") {
            continue;
        }
        let alone = alone.run().success().json();
        assert_eq!(
            (&row["server"], &row["servers"]),
            (&alone["server"], &alone["servers"]),
            "{}",
            row["routing"]
        );
    }
}
