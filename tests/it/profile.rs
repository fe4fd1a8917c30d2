//! `profile`: what is written is what was said, nobody else can read it, and the rest of the file stays.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Cachier, Kind, PASSWORD, Pool, Server, refusing_port};

/// A file with comments and an order of its own.
const FILE: &str = "# mine\ndefault_profile = \"old\"\n\n[profiles.old] # the first\nservers = [\"a:1\"]\n";

/// Runs one command after the other over the same home; returns what the file holds in the end.
fn after(home: &Cachier, arguments: &[&str], variables: &[(String, String)]) -> crate::harness::Outcome {
    let config = home.config_path();
    Cachier::new(arguments).arg("--config").arg(config).envs(variables.iter().cloned()).run()
}

#[test]
fn the_environment_becomes_a_profile_that_works_without_it() {
    let pool = Pool::sasl(2);
    pool.server(0).store("k", 0, "v");
    let home = Cachier::new([""; 0]).config(FILE);
    let add = ["profile", "add", "live", "--from-env", "--protected"];
    after(&home, &add, &pool.env()).success().nowhere(PASSWORD);
    let text = fs::read_to_string(home.config_path()).unwrap();
    assert!(text.starts_with(FILE), "{text}");
    assert!(text.contains("protected = true") && text.contains(PASSWORD), "{text}");
    assert_eq!(fs::metadata(home.config_path()).unwrap().permissions().mode() & 0o777, 0o600);
    after(&home, &["ping", "-p", "live"], &[]).success();
    after(&home, &["profile", "show", "live"], &[]).success().nowhere(PASSWORD);
    after(&home, &add, &pool.env()).code(2).stderr_has("--force");
    after(&home, &["profile", "add", "live", "--from-env", "--force"], &pool.env()).success();
    assert!(!fs::read_to_string(home.config_path()).unwrap().contains("protected"));
}

#[test]
fn flags_become_a_profile_once_the_servers_answer() {
    let server = Server::start(Kind::Plain);
    let home = Cachier::new([""; 0]).config("");
    let address = server.address();
    let flags = ["-s", &address, "--routing", "pymemcache", "--timeout", "2s", "--flask-caching", "2.3.1"];
    let add = |name: &str, more: &[&str]| {
        let words: Vec<&str> = ["profile", "add", name].iter().chain(more).copied().collect();
        after(&home, &words, &[])
    };
    add("mine", &flags).success();
    let text = fs::read_to_string(home.config_path()).unwrap();
    for line in [
        "[profiles.mine]",
        &format!("servers = [\"{address}\"]"),
        "routing = \"pymemcache\"",
        "timeout = \"2000ms\"",
        "[profiles.mine.flask]",
        "version = \"2.3.1\"",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    let (_held, dead) = refusing_port();
    add("dead", &["-s", &dead]).code(3).stderr_has("nothing was written").stderr_has("--no-test");
    add("dead", &["-s", &dead, "--no-test"]).success();
    add("none", &[]).code(2).stderr_has("--from-env");
    add("none", &["--from-env"]).code(2).stderr_has("MEMCACHIER_SERVERS");
    add("bad", &["-s", &address, "--routing", "nonsense"]).code(2);
    after(&home, &["get", "nothing", "-p", "mine"], &[]).code(1);
}

#[test]
fn a_profile_is_taken_out_after_a_yes_and_is_no_default_any_more() {
    let home = Cachier::new([""; 0]).config(FILE);
    after(&home, &["profile", "rm", "old"], &[]).code(8).stderr_has("--yes");
    after(&home, &["profile", "rm", "other", "--yes"], &[]).code(2).stderr_has("old");
    after(&home, &["profile", "rm", "old", "--yes"], &[]).success();
    let text = fs::read_to_string(home.config_path()).unwrap();
    assert!(text.contains("# mine") && !text.contains("old"), "{text}");
}

#[test]
fn a_link_to_the_file_stays_one() {
    let home = Cachier::new([""; 0]).config(FILE);
    let (link, real) = (home.config_path(), home.home().join("real.toml"));
    fs::rename(&link, &real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    after(&home, &["profile", "rm", "old", "--yes"], &[]).success();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(!fs::read_to_string(&real).unwrap().contains("[profiles.old]"));
}

#[test]
fn a_terminal_is_asked_for_what_is_missing() {
    let server = Server::start(Kind::Plain);
    let run = Cachier::new(["profile", "add", "mine"]);
    let path = run.config_path();
    let terminal = run
        .on_terminal()
        .expect("Servers")
        .type_text(&format!("{}\r", server.address()))
        .expect("User name")
        .type_text("\r")
        .expect("TLS")
        .type_text("n")
        .expect("Client of the application")
        .type_text("\r")
        .expect("Version of Flask-Caching")
        .type_text("\r")
        .expect("production")
        .type_text("y")
        .expect("profile mine is in");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("routing = \"pylibmc:ketama\"") && text.contains("protected = true"), "{text}");
    terminal.finish().code(0);
}
