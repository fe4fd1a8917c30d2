//! `sizes`: prefixes of the keys of all servers, as a tree.

use crate::harness::{Kind, refusing_port};
use crate::harness::{Pool, Server};

/// What a Flask application, its sessions and somebody else leave behind, on three servers.
fn filled() -> Pool {
    let pool = Pool::plain(3);
    for (number, server) in pool.servers().iter().enumerate() {
        for item in 0..20 {
            server.store(format!("flask_cache_view//products/{number}-{item}"), 16, "x".repeat(500));
            server.store(format!("session:{number}-{item}"), 0, "x".repeat(100));
        }
        server.store(format!("flask_cache_Dd/7WQ1+IzIzTUHnvDiHV{number}"), 16, "x");
    }
    pool.server(0).store("lonely", 0, "x".repeat(9000));
    pool
}

#[test]
fn it_shows_a_tree_of_all_servers() {
    let pool = filled();
    let document = pool.cachier(["sizes", "-o", "json"]).run().success().json();
    assert_eq!(document["schema"], "cachier/sizes/1");
    let prefixes = document["prefixes"].as_array().unwrap();
    let shown: Vec<(&str, u64, u64)> = prefixes
        .iter()
        .map(|row| {
            (row["prefix"].as_str().unwrap(), row["level"].as_u64().unwrap(), row["items"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("flask_cache_", 0, 63),
            ("flask_cache_view//", 1, 60),
            ("flask_cache_view//products/", 2, 60),
            ("session:", 0, 60),
        ]
    );
    assert_eq!(document["total"]["items"], 124);
    assert_eq!(document["without_prefix"]["items"], 1);
    assert_eq!((&document["forgotten_below"], &document["hidden"]), (&0.into(), &0.into()));
    assert_eq!(prefixes[0]["never_expire"], 63);
    assert!(prefixes[0]["ttl"]["50"].is_null() && prefixes[0]["idle"]["50"].as_u64().unwrap() < 60);
    let sum: f64 = [&prefixes[0], &prefixes[3], &document["without_prefix"]]
        .iter()
        .map(|row| row["share"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9);
    let largest = document["largest"].as_array().unwrap();
    assert_eq!(largest.len(), 10);
    assert_eq!(
        (&largest[0]["key"], &largest[0]["server"]),
        (&"lonely".into(), &pool.server(0).address().into())
    );
}

#[test]
fn filters_depth_and_separators_are_obeyed() {
    let pool = filled();
    let rows = |arguments: &[&str]| pool.cachier(["sizes"]).args(arguments).run().success().stdout_text();
    assert_eq!(rows(&["--depth", "1"]).lines().count(), 2);
    let sessions = rows(&["session:*", "--separator", "-"]);
    let prefixes: Vec<&str> = sessions.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(prefixes.len(), 3, "{sessions}");
    assert!(prefixes.iter().all(|prefix| prefix.starts_with("session:") && prefix.ends_with('-')));
    assert_eq!(rows(&["--limit", "1"]).lines().count(), 1);
    let table = rows(&["-o", "table"]);
    assert!(table.contains("  flask_cache_view//  ") && table.contains("LARGEST"), "{table}");
    pool.cachier(["sizes", "nothing*"]).run().code(1);
}

#[test]
fn a_dead_server_stops_nobody_and_is_named() {
    let pool = filled();
    let (_guard, dead) = refusing_port();
    let list = format!("{},{dead}", pool.list());
    let outcome = pool.cachier(["sizes", "-o", "json", "-s", &list]).run().code(6);
    let document = outcome.json();
    assert_eq!(document["total"]["items"], 124);
    assert_eq!(document["unreached"].as_array().unwrap().len(), 1);
}

#[test]
fn more_prefixes_than_can_be_kept_are_told() {
    let server = Server::start(Kind::Plain);
    let mut requests = Vec::new();
    for number in 0..3000 {
        requests.extend(format!("set {number}:k 0 0 1 noreply\r\nx\r\n").into_bytes());
        requests.extend(format!("set big:{number} 0 100 1 noreply\r\nx\r\n").into_bytes());
    }
    requests.extend(b"mn\r\n");
    server.raw(&requests);
    let outcome = server.cachier(["sizes", "--limit", "8", "-o", "json"]).run().success();
    let document = outcome.stderr_has("too many prefixes to keep all").json();
    let first = &document["prefixes"][0];
    assert_eq!((&first["prefix"], &first["bytes_missed"]), (&"big:".into(), &0.into()));
    assert_eq!(first["items"], 3000);
    assert!(document["forgotten_below"].as_u64().unwrap() > 0);
    let median = first["ttl"]["50"].as_u64().unwrap();
    assert!((80..=107).contains(&median), "{median}");
}
