//! `cachier capabilities`.

use serde_json::{Value, json};

use crate::harness::{Kind, Pool};

fn of(pool: &Pool) -> Value {
    let document = pool.cachier(["capabilities", "-o", "json"]).run().success().json();
    assert_eq!(document["schema"], "cachier/capabilities/1");
    document["servers"][0]["capabilities"].clone()
}

#[test]
fn each_kind_of_server_tells_what_it_allows_and_nothing_changes() {
    let pool = Pool::plain(1);
    pool.server(0).store("k", 0, "v");
    let counted = |name: &str| pool.server(0).stat(name);
    let before = (counted("cmd_get"), counted("cmd_set"), counted("curr_items"), counted("cmd_flush"));
    let plain = of(&pool);
    assert_eq!(before, (counted("cmd_get"), counted("cmd_set"), counted("curr_items"), counted("cmd_flush")));
    for (name, value) in [
        ("version", json!(pool.server(0).stat("version"))),
        ("item_size_max", json!(1 << 20)),
        ("max_connections", json!(pool.server(0).stat("max_connections").parse::<u64>().unwrap())),
        ("flush", json!(true)),
        ("text", json!(true)),
        ("binary", json!(true)),
        ("meta", json!(true)),
        ("metadump", json!(true)),
        ("watch", json!(true)),
        ("ttl", json!(true)),
        ("sasl", Value::Null),
        ("tls", json!(false)),
        ("stats_items", json!(true)),
    ] {
        assert_eq!(plain[name], value, "{name}");
    }
    let sasl = of(&Pool::start(Kind::SaslTls, 1));
    for (name, value) in [
        ("text", json!(false)),
        ("binary", json!(true)),
        ("meta", json!(false)),
        ("metadump", json!(false)),
        ("watch", json!(false)),
        ("login", json!("sasl")),
        ("tls", json!(true)),
    ] {
        assert_eq!(sasl[name], value, "{name}");
    }
    assert!(sasl["sasl"].as_str().unwrap().contains("PLAIN"), "{sasl}");
}

#[test]
fn a_dead_server_has_a_row_and_no_capabilities() {
    let mut pool = Pool::plain(2);
    pool.server_mut(0).kill();
    let document = pool.cachier(["capabilities", "-o", "json"]).run().code(6).json();
    let row = &document["servers"][0];
    assert_eq!((&row["up"], &row["capabilities"]), (&false.into(), &Value::Null));
    assert_eq!(document["servers"][1]["capabilities"]["text"], true);
}
