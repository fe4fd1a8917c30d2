//! `shell`: the same commands as on a command line, over one set of connections.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Cachier, Kind, Pool, Server};

#[test]
fn piped_lines_run_over_one_connection() {
    let server = Server::start(Kind::Plain);
    let before: u64 = server.stat("total_connections").parse().unwrap();
    let script = "# what a script does\nset 'a b' 1 --protocol binary\nset a 1\nincr a\n\nget a\ncachier get a -o json\n";
    let outcome = server.cachier(["shell"]).stdin(script).run().success();
    let text = outcome.stdout_text();
    assert!(text.contains("2\n2\n{\"schema\":\"cachier/get/1\""), "{text}");
    // One for the shell, one for the line with another protocol, and one for each question of this test.
    let after: u64 = server.stat("total_connections").parse().unwrap();
    assert!(after - before <= 3, "{before} {after}");
}

#[test]
fn the_exit_code_is_that_of_the_last_line() {
    let server = Server::start(Kind::Plain);
    server.store("a", 0, "x");
    server.cachier(["shell"]).stdin("get missing\nget a\n").run().success().stderr_has("missing");
    server.cachier(["shell"]).stdin("get a\nget missing\n").run().code(1);
    server.cachier(["shell", "-e"]).stdin("get missing\ndelete a\n").run().code(1);
    assert_eq!(server.stat("curr_items"), "1");
    server.cachier(["shell"]).stdin("nonsense\n").run().code(2).stderr_has("nonsense");
    server.cachier(["shell"]).stdin("get 'a\n").run().code(2).stderr_has("a quote has no end");
    server.cachier(["shell"]).stdin("shell\n").run().code(2).stderr_has("a shell already");
    server.cachier(["shell", "--read-only"]).stdin("set a 1\n").run().code(8);
    server.cachier(["shell"]).stdin("exit\nget missing\n").run().success().stdout_is("");
}

#[test]
fn a_line_may_name_other_servers_and_use_another_profile() {
    let (one, other) = (Server::start(Kind::Plain), Server::start(Kind::Plain));
    one.store("a", 0, "one");
    other.store("a", 0, "other");
    let profiles = format!(
        "[profiles.one]\nservers = [\"{}\"]\n[profiles.other]\nservers = [\"{}\"]\nread_only = true\n",
        one.address(),
        other.address()
    );
    let script = "get a\nget a -p other\nget a\n\\use other\nget a\nset a 1\n";
    Cachier::new(["shell", "-p", "one"])
        .config(&profiles)
        .stdin(script)
        .run()
        .code(8)
        .stdout_is("oneotheroneother");
}

#[test]
fn a_test_of_another_profile_leaves_the_shell_where_it_is() {
    let (one, other) = (Server::start(Kind::Plain), Server::start(Kind::Plain));
    one.store("a", 0, "one");
    let profiles = format!(
        "[profiles.one]\nservers = [\"{}\"]\n[profiles.other]\nservers = [\"{}\"]\n",
        one.address(),
        other.address()
    );
    let shell = Cachier::new(["shell", "-e", "-p", "one"]).config(&profiles);
    shell.stdin("profile test other\nget a\n").run().success().stdout_has("one");
}

#[test]
fn servers_with_sasl_are_spoken_to_as_well() {
    let pool = Pool::sasl(2);
    pool.cachier(["shell"]).stdin("set a 1\nset b 2\nget a\nget b\n").run().success().stdout_has("2");
}

#[test]
fn a_terminal_has_a_prompt_a_history_and_completion() {
    let server = Server::start(Kind::Plain);
    server.store("session:long-name", 0, "found");
    let profile = format!("[profiles.live]\nservers = [\"{}\"]\nprotected = true\n", server.address());
    let shell = Cachier::new(["shell", "-p", "live"]).config(&profile);
    let history = shell.home().join(".local/state/cachier/history");
    let terminal = shell
        .on_terminal()
        .expect("live, 1 server, protected> ")
        .type_text("pin\t")
        .expect("ping")
        .type_text("\r")
        .expect("live, 1 server, protected> ")
        .type_text("get session:lo\t\r")
        .expect("found")
        .type_text("session show abc\r")
        .expect("is not there")
        .expect("protected> ");
    let text = fs::read_to_string(&history).unwrap();
    assert!(text.contains("ping") && text.contains("get session:long-name"), "{text}");
    assert!(!text.contains("abc"), "{text}");
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.type_text("exit\r").finish().code(0);
}
