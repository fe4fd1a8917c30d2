//! `session ls` and `session revoke --where`: sessions of every generation, by what they hold.

use serde_json::{Value, json};

use crate::harness::{Kind, Peer, Pool, Server};

/// A session of user 7 or 8 in each form that Flask-Session stores, and what is none.
fn filled() -> Server {
    let server = Server::start(Kind::Plain);
    let pickled =
        |user: u8| [b"(dp0\nVuser_id\np1\nI".as_slice(), user.to_string().as_bytes(), b"\ns."].concat();
    server.store("session:pickle-7", 0, pickled(7));
    server.store("session:pickle-8", 0, pickled(8));
    server.store("session:msgpack-7", 0, b"\x82\xa7user_id\x07\xa4name\xa3Zo\x00");
    server.store("session:json-7", 0, br#"{"_permanent": true, "user_id": 7, "cart": [{"sku": "x"}]}"#);
    server.store("session:json-8", 0, br#"{"user_id": "8"}"#);
    server.store("session:broken", 0, b"what is this");
    server.store("other", 0, br#"{"user_id": 7}"#);
    server
}

fn ids(server: &Server, arguments: &[&str]) -> Vec<String> {
    let rows = server.cachier(["session", "ls", "-o", "jsonl"]).args(arguments).run().json_lines();
    let mut ids: Vec<String> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn sessions_are_found_by_what_they_hold_whatever_serialised_them() {
    let server = filled();
    let all = ["broken", "json-7", "json-8", "msgpack-7", "pickle-7", "pickle-8"];
    assert_eq!(ids(&server, &[]), all);
    assert_eq!(ids(&server, &["--where", "user_id=7"]), ["json-7", "msgpack-7", "pickle-7"]);
    assert_eq!(ids(&server, &["--where", "user_id=8"]), ["json-8", "pickle-8"]);
    assert_eq!(ids(&server, &["--where", "user_id!=7"]), ["json-8", "pickle-8"]);
    assert_eq!(ids(&server, &["--where", "user_id=7", "--where", "cart.0.sku=x"]), ["json-7"]);
    assert_eq!(ids(&server, &["--prefix", "oth"]), ["er"]);
    assert_eq!(ids(&server, &["--limit", "2"]).len(), 2);
    server.cachier(["session", "ls", "--where", "user_id=9"]).run().code(1);
    server.cachier(["session", "ls", "--where", "=9"]).run().code(2);
    let document = server.cachier(["session", "ls", "-o", "json"]).run().success();
    let document = document.stderr_has("1 items with that prefix are in no form of Flask-Session's").json();
    assert_eq!(document["schema"], "cachier/session-ls/1");
    let row = document["sessions"].as_array().unwrap().iter().find(|row| row["id"] == "json-7").unwrap();
    assert_eq!(
        (&row["value"], &row["format"], &row["ttl"]),
        (&json!({"_permanent": true, "user_id": 7, "cart": [{"sku": "x"}]}), &json!("json"), &Value::Null)
    );
    let chosen = ["session", "ls", "--field", "user_id", "--field", "name", "--where", "cart"];
    let row = server.cachier(chosen).run().success().stdout_text();
    assert_eq!(row.trim_end().split('\t').nth(4), Some("7"), "{row}");
}

#[test]
fn sessions_are_revoked_by_what_they_hold() {
    let server = filled();
    let revoke = |arguments: &[&str]| {
        server.cachier(["session", "revoke", "--where", "user_id=7", "-o", "json"]).args(arguments).run()
    };
    let document = revoke(&["--dry-run"]).success().json();
    assert_eq!((&document["matched"], &document["deleted"]), (&json!(3), &json!(0)));
    revoke(&[]).code(8);
    let document = revoke(&["--yes"]).success().json();
    assert_eq!((&document["schema"], &document["deleted"]), (&json!("cachier/session-revoke/1"), &json!(3)));
    assert_eq!(ids(&server, &[]), ["broken", "json-8", "pickle-8"]);
    assert!(server.stored("other").is_some());
    revoke(&["--yes"]).code(1);
    server.cachier(["session", "revoke"]).run().code(2);
    server.cachier(["session", "revoke", "json-8", "--where", "a"]).run().code(2);
    server.cachier(["session", "revoke", "json-8"]).run().success();
}

#[test]
fn the_sessions_of_a_real_application_are_listed_and_revoked() {
    let pool = Pool::plain(3);
    let mut application = Peer::application("fc231", "MemcachedCache", &pool);
    for user in ["alice", "bob"] {
        application.request(&format!("/whoami/{user}"), Some(user));
    }
    let run = |arguments: &[&str]| pool.cachier(["session"]).args(arguments).run();
    let rows = run(&["ls", "-o", "jsonl"]).success().json_lines();
    let mut users: Vec<&str> = rows.iter().map(|row| row["value"]["user"].as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["alice", "bob"]);
    run(&["revoke", "--where", "user=alice", "--yes"]).success();
    let (greeting, _) = application.request("/whoami/alice", Some("alice"));
    assert_eq!(greeting, "session of alice, run 2");
    let (greeting, _) = application.request("/whoami/bob", Some("bob"));
    assert_eq!(greeting, "session of bob, run 1");
}
