//! Where settings come from: `cachier config`, `profile`, and the precedence of their sources.

use crate::harness::{Cachier, Kind, PASSWORD, Pool, Server, scratch};

const SECRET: &str = "profile-secret-77";

fn profile(name: &str, server: &Server) -> String {
    let address = server.address();
    let login = format!("username = \"alice\"\npassword = \"{PASSWORD}\"\n");
    let login = if server.kind.is_protected() { login.as_str() } else { "" };
    format!("[profiles.{name}]\nservers = [\"{address}\"]\n{login}")
}

#[test]
fn a_flag_beats_a_variable_beats_a_profile_beats_the_add_on_beats_the_default_profile() {
    let servers: Vec<_> = ["flag", "variable", "profile", "addon", "default"]
        .map(|name| {
            let server = Server::start(Kind::Plain);
            server.store("who", 16, name);
            server
        })
        .into();
    let config =
        format!("default_profile = \"d\"\n{}{}", profile("p", &servers[2]), profile("d", &servers[4]));
    let run = |from: usize| {
        let mut run = Cachier::new(["get", "who"]).config(&config);
        if from == 0 {
            run = run.args(["-s", &servers[0].address()]);
        }
        if from <= 1 {
            run = run.env("CACHIER_SERVERS", servers[1].address());
        }
        if from <= 2 {
            run = run.args(["-p", "p"]);
        }
        if from <= 3 {
            run = run.env("MEMCACHIER_SERVERS", servers[3].address());
        }
        run.run().success()
    };
    for (from, name) in ["flag", "variable", "profile", "addon", "default"].iter().enumerate() {
        run(from).stdout_is(format!("{name}\n"));
    }
    assert!(run(2).stderr_text().contains("MEMCACHIER_SERVERS"), "a note says what the profile overrides");
    assert_eq!(run(3).stderr_text(), "");
}

#[test]
fn the_add_ons_come_in_their_order() {
    let servers: Vec<_> = ["MEMCACHIER", "MEMCACHEDCLOUD", "MEMCACHE"]
        .map(|name| {
            let server = Server::start(Kind::Plain);
            server.store("who", 16, name);
            (name, server)
        })
        .into();
    for from in 0..3 {
        let variables =
            servers[from..].iter().map(|(name, server)| (format!("{name}_SERVERS"), server.address()));
        let run = Cachier::new(["get", "who"]).envs(variables).run();
        run.success().stdout_is(format!("{}\n", servers[from].0));
    }
}

#[test]
fn credentials_are_never_sent_to_the_servers_of_another_source() {
    let plain = Server::start(Kind::Plain);
    let config = profile("p", &plain);
    let fake = crate::harness::Fake::proxy(&plain);
    let config = config.replace(&plain.address(), &fake.address());
    let run = Cachier::new(["get", "k", "-p", "p", "--default", "x"]).config(&config);
    let run = run.env("MEMCACHIER_SERVERS", "127.0.0.1:1").env("MEMCACHIER_USERNAME", "alice");
    run.env("MEMCACHIER_PASSWORD", SECRET).run().success().nowhere(SECRET);
    for sent in fake.received() {
        let sent = String::from_utf8_lossy(&sent).into_owned();
        assert!(!sent.contains("alice") && !sent.contains(SECRET), "{sent}");
    }
}

#[test]
fn a_password_comes_from_a_file_from_stdin_from_a_command_or_inline() {
    let server = Server::start(Kind::Sasl);
    server.store("k", 16, "v");
    let directory = scratch();
    let file = directory.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.to_str().unwrap();
    let base = || Cachier::new(["get", "k", "-u", "alice", "-s", &server.address()]);
    base().args(["--password-file", file]).run().success().stdout_is("v\n");
    base().arg("--password-stdin").stdin(format!("{PASSWORD}\n")).run().success().stdout_is("v\n");
    base().env("CACHIER_PASSWORD", PASSWORD).run().success().stdout_is("v\n");
    let start = format!("[profiles.p]\nservers = [\"{}\"]\nusername = \"alice\"\n", server.address());
    for line in [
        format!("password = \"{PASSWORD}\""),
        format!("password_file = \"{file}\""),
        format!("password_command = [\"cat\", \"{file}\"]"),
    ] {
        let run = Cachier::new(["get", "k", "-p", "p"]).config(&format!("{start}{line}\n")).run();
        run.success().stdout_is("v\n");
    }
}

#[test]
fn a_file_with_a_password_that_others_can_read_is_refused() {
    let server = Server::start(Kind::Sasl);
    for mode in [0o644, 0o640, 0o604] {
        let run = Cachier::new(["get", "k", "-p", "p"]).config_with_mode(&profile("p", &server), mode).run();
        run.code(2).stderr_has("chmod 600").nowhere(PASSWORD);
    }
    // Without a password in it anybody may read it.
    let plain = Server::start(Kind::Plain);
    plain.store("k", 16, "v");
    Cachier::new(["get", "k", "-p", "p"]).config_with_mode(&profile("p", &plain), 0o644).run().success();
}

#[test]
fn no_flag_takes_a_password() {
    Cachier::new(["get", "k", "--password", "x"]).run().code(2);
    assert!(!Cachier::new(["--help"]).run().success().stdout_text().contains("--password "));
}

#[test]
fn explain_tells_every_source_and_no_secret() {
    let pool = Pool::sasl(2);
    let run = pool.cachier(["config", "explain"]).run().success().nowhere(PASSWORD);
    let shown = run.stdout_has("MEMCACHIER_SERVERS").stdout_has("(set)").stdout_text();
    let line = |name: &str| {
        shown.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {shown}"))
    };
    assert!(line("servers").contains(&pool.list()));
    assert!(line("routing").contains("pylibmc:ketama") && line("routing").contains("default"));
    let outcome = pool.cachier(["config", "explain", "--timeout", "3s"]).run().success();
    let shown = outcome.stdout_text();
    let line = shown.lines().find(|line| line.starts_with("timeout")).unwrap();
    assert!(line.contains("3s") && line.contains("--timeout"), "{line}");
}

#[test]
fn an_unreadable_or_wrong_file_is_two_and_named() {
    for (toml, said) in [
        ("[profiles.p\n", "config.toml"),
        ("[profiles.p]\nserver = [\"a\"]\n", "server"),
        ("[profiles.p]\nservers = 5\n", "line 2, column 11"),
        ("[profiles.p]\nrouting = \"nonsense\"\nservers = [\"a:1\"]\n", "nonsense"),
    ] {
        Cachier::new(["config", "check"]).config(toml).run().code(2);
        Cachier::new(["get", "k", "-p", "p"]).config(toml).run().code(2).stderr_has(said);
    }
    Cachier::new(["get", "k", "-p", "gone"])
        .config("[profiles.p]\nservers = [\"a:1\"]\n")
        .run()
        .code(2)
        .stderr_has("gone");
}

#[test]
fn profiles_are_listed_shown_used_and_tested() {
    let (plain, sasl) = (Server::start(Kind::Plain), Server::start(Kind::Sasl));
    let config = format!("# mine\n{}\n# the other\n{}", profile("one", &plain), profile("two", &sasl));
    let run = |arguments: &[&str]| Cachier::new(["profile"]).args(arguments).config(&config).run();
    let listed = run(&["ls"]).success().nowhere(PASSWORD).stdout_text();
    assert!(listed.contains("one") && listed.contains("two"), "{listed}");
    run(&["show", "two"]).success().stdout_has("(set)").stdout_has(&sasl.address()).nowhere(PASSWORD);
    run(&["test", "two"]).success().stdout_has(&sasl.address());
    run(&["show", "three"]).code(2).stderr_has("three");
    let binary = env!("CARGO_BIN_EXE_cachier");
    let script = format!("'{binary}' profile use two && cat \"$XDG_CONFIG_HOME/cachier/config.toml\"");
    let shown = Cachier::of("/bin/sh", ["-c", &script]);
    let shown = shown.config(&config).run().success().stdout_text();
    assert!(shown.contains("default_profile = \"two\""), "{shown}");
    assert!(shown.contains("# mine") && shown.contains("# the other"), "comments stay: {shown}");
}

#[test]
fn the_path_follows_xdg() {
    let run = Cachier::new(["config", "path"]);
    let path = run.config_path();
    run.run().success().stdout_is(format!("{}\n", path.display()));
    let directory = scratch();
    let file = directory.path().join("y.toml");
    std::fs::write(&file, "").unwrap();
    let run = Cachier::new(["config", "path", "--config"]).arg(&file);
    run.run().success().stdout_is(format!("{}\n", file.display()));
}
