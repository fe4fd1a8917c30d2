//! Keys that cannot be carried: refused before anything is sent, by every command.

use crate::harness::{Cachier, Fake, Kind, Server};

/// Every command that takes a key, and what else it needs.
const COMMANDS: [&[&str]; 12] = [
    &["get"],
    &["set"],
    &["add"],
    &["replace"],
    &["append"],
    &["prepend"],
    &["delete"],
    &["touch", "--ttl", "1h"],
    &["incr"],
    &["decr"],
    &["exists"],
    &["meta"],
];

fn run(fake: &Fake, command: &[&str], key: &str, protocol: &str) -> crate::harness::Outcome {
    let run = Cachier::new(["-s", &fake.address(), "--protocol", protocol]).args(command).arg("--").arg(key);
    let stores = ["set", "add", "replace", "append", "prepend"].contains(&command[0]);
    if stores { run.arg("value") } else { run }.run()
}

#[test]
fn a_key_of_251_bytes_is_refused_and_nothing_is_sent() {
    let fake = Fake::untouched();
    let long = "k".repeat(251);
    for command in COMMANDS {
        for protocol in ["auto", "text", "binary"] {
            run(&fake, command, &long, protocol).code(2).stdout_is("").stderr_has("251");
        }
    }
}

#[test]
fn a_byte_that_text_cannot_carry_is_named_and_nothing_is_sent() {
    let fake = Fake::untouched();
    for (key, byte) in [("a b", "0x20"), ("a\nb", "0x0a"), ("a\rb", "0x0d")] {
        for command in COMMANDS {
            run(&fake, command, key, "text").code(2).stdout_is("").stderr_has(byte);
        }
    }
}

#[test]
fn an_empty_key_is_refused_and_nothing_is_sent() {
    let fake = Fake::untouched();
    for command in COMMANDS {
        run(&fake, command, "", "auto").code(2).stdout_is("");
    }
}

#[test]
fn one_bad_key_of_many_stops_all() {
    let fake = Fake::untouched();
    let address = fake.address();
    Cachier::new(["delete", "good", "b ad", "-s", &address]).run().code(2).stderr_has("b ad");
    let input = "good\n".to_owned() + &"x".repeat(251) + "\n";
    Cachier::new(["delete", "--stdin", "-s", &address]).stdin(input).run().code(2);
    Cachier::new(["get", "-0", "--stdin", "-s", &address]).stdin("good\0b\nad\0").run().code(2);
}

#[test]
fn a_key_of_250_bytes_and_any_high_byte_is_carried() {
    for kind in [Kind::Plain, Kind::Sasl] {
        let server = Server::start(kind);
        for key in [&[b'k'; 250][..], "grün".as_bytes(), b"\x80\xff"] {
            server.store(key, 16, "v");
            let input = [key, b"\n"].concat();
            server.cachier(["delete", "--stdin"]).stdin(input).run().success();
            assert_eq!(server.stored(key), None);
        }
    }
}

#[test]
fn the_binary_protocol_carries_a_blank() {
    let server = Server::start(Kind::Sasl);
    server.cachier(["set", "a b", "v"]).run().success();
    assert_eq!(server.stored("a b").unwrap().text(), "v");
    server.cachier(["get", "a b"]).run().success().stdout_is("v\n");
}

#[test]
fn a_command_injected_by_a_key_is_not_sent() {
    let server = Server::start(Kind::Plain);
    server.store("victim", 0, "v");
    server.cachier(["get", "k\r\ndelete victim"]).run().code(2);
    server.cachier(["get", "k\r\ndelete victim\r\nget k"]).run().code(2);
    assert!(server.stored("victim").is_some());
}

#[test]
fn the_error_is_a_json_document_too_where_json_is_asked_for() {
    let fake = Fake::untouched();
    let outcome = Cachier::new(["get", "a b", "-o", "json", "-s", &fake.address()]).run().code(2);
    let document = outcome.json();
    assert_eq!(
        (&document["schema"], &document["error"]["exit_code"]),
        (&"cachier/error/1".into(), &2.into())
    );
    assert!(document["error"]["message"].as_str().unwrap().contains("a b"));
}
