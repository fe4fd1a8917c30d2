//! Values of Flask-Caching's spread backend: one value, several items.

use crate::harness::{Kind, Server};

#[test]
fn a_spread_value_is_one_value_to_every_command() {
    let server = Server::start(Kind::Plain);
    let spread = |arguments: &[&str]| server.cachier(arguments).env("CACHIER_BACKEND", "spread");
    spread(&["exists", "-F", "k"]).run().code(1).stdout_has("flask_cache_k.0");
    spread(&["meta", "-F", "k"]).run().code(1);
    spread(&["set", "-F", "k", "-"]).stdin(vec![b'x'; 1_100_000]).run().success();
    let run = spread(&["exists", "-F", "k"]).run().success();
    assert_eq!(run.stdout_text().lines().count(), 1);
    let run = spread(&["meta", "-F", "k"]).run().success();
    assert_eq!(run.stderr_is("").stdout_text().lines().count(), 2);
    for command in ["append", "prepend"] {
        spread(&[command, "-F", "k", "y"]).run().code(2).stderr_has("spread");
    }
    spread(&["delete", "-F", "k"]).run().success();
    assert_eq!(server.stat("curr_items"), "0");
}
