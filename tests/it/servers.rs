//! `cachier servers` and `version`.

use crate::harness::{Kind, Pool};

#[test]
fn each_server_tells_how_it_is_spoken_to() {
    for (kind, protocol, auth, tls) in [
        (Kind::Plain, "text", "none", false),
        (Kind::Unix, "text", "none", false),
        (Kind::Tls, "text", "none", true),
        (Kind::AuthFile, "text", "text", false),
        (Kind::Sasl, "binary", "sasl", false),
        (Kind::SaslTls, "binary", "sasl", true),
    ] {
        let pool = Pool::start(kind, 2);
        let version = pool.server(0).stat("version");
        let document = pool.cachier(["servers", "-o", "json"]).run().success().json();
        assert_eq!(document["schema"], "cachier/servers/1");
        let rows = document["servers"].as_array().unwrap();
        for (row, server) in rows.iter().zip(pool.servers()) {
            assert_eq!(row["server"], server.address());
            assert_eq!((&row["up"], &row["version"]), (&true.into(), &version.as_str().into()));
            assert_eq!((&row["protocol"], &row["auth"]), (&protocol.into(), &auth.into()), "{kind:?}");
            assert_eq!(row["tls"], tls);
            assert!(row["uptime"].as_u64().unwrap() < 600);
        }
        let shares: f64 = rows.iter().map(|row| row["share"].as_f64().unwrap()).sum();
        assert!((shares - 1.0).abs() < 0.001, "{shares}");
    }
}

#[test]
fn the_share_is_the_part_of_the_keys_that_a_server_has() {
    let pool = Pool::plain(3);
    let keys: Vec<_> = (0..30_000).map(|number| format!("key:{number}")).collect();
    let placed = pool.cachier(["where", "--stdin"]).stdin(keys.join("\n")).run().success().stdout_text();
    let document = pool.cachier(["servers", "-o", "json"]).run().success().json();
    for (row, server) in document["servers"].as_array().unwrap().iter().zip(pool.servers()) {
        let suffix = format!("\t{}", server.address());
        let count = placed.lines().filter(|line| line.ends_with(&suffix)).count();
        let counted = f64::from(u32::try_from(count).unwrap()) / 30_000.0;
        assert!((row["share"].as_f64().unwrap() - counted).abs() < 0.02, "{row}: counted {counted}");
    }
}

#[test]
fn a_dead_server_has_a_row_that_says_so() {
    let mut pool = Pool::sasl(3);
    pool.server_mut(2).kill();
    let outcome = pool.cachier(["servers", "-o", "json"]).run().code(6);
    let row = &outcome.json()["servers"][2];
    assert_eq!((&row["up"], &row["version"]), (&false.into(), &serde_json::Value::Null));
    assert!(row["error"].is_string(), "{row}");
}

#[test]
fn the_version_is_the_servers_own() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let pool = Pool::start(kind, 2);
        let version = pool.server(0).stat("version");
        let shown: String =
            pool.servers().iter().map(|server| format!("{}\t{version}\n", server.address())).collect();
        pool.cachier(["version"]).run().success().stdout_is(shown);
    }
}
