//! What servers answer to the commands that ask who they are: an error is no answer.

use crate::harness::{Cachier, Fake, Kind, Script, Server, tls};

/// The commands that ask every server.
const COMMANDS: [&[&str]; 5] =
    [&["ping"], &["version"], &["servers"], &["stats"], &["latency", "--count", "2", "--warmup", "0s"]];

#[test]
fn a_server_that_wants_a_login_is_four_and_never_up() {
    let auth_file = Server::start(Kind::AuthFile);
    for command in COMMANDS {
        let run = Cachier::new(command).args(["-s", &auth_file.address()]).run();
        let run =
            run.code(4).stderr_has("wants a login").stderr_has("hint: check the user name and password");
        assert!(!run.stdout_text().contains("up"), "{command:?}");
    }
    let sasl = Server::start(Kind::Sasl);
    for command in COMMANDS.into_iter().filter(|command| command[0] != "version") {
        Cachier::new(command)
            .args(["-s", &sasl.address(), "--protocol", "binary"])
            .run()
            .code(4)
            .stderr_has("wants a login");
    }
}

#[test]
fn a_server_that_knows_no_command_is_five_and_never_up() {
    for command in COMMANDS {
        let fake = Fake::each(Script::new().take(4).send("ERROR\r\n").send("ERROR\r\n"));
        let run = Cachier::new(command).args(["-s", &fake.address()]).run().code(5).stderr_has("\"ERROR\"");
        assert!(!run.stdout_text().contains("up"), "{command:?}");
    }
}

#[test]
fn statistics_without_an_end_are_cut_off() {
    let fake = Fake::once(Script::new().take(7).send("STAT a b\r\n".repeat(2 << 20)));
    Cachier::new(["stats", "-s", &fake.address()]).run().code(3).stderr_has("statistics do not end");
}

#[test]
fn the_hint_fits_what_the_server_did() {
    let closes = Fake::once(Script::new().take(3).close());
    let run = Cachier::new(["get", "k", "-s", &closes.address()]).run().code(3);
    run.stderr_has("looks like a server that wants TLS (--tls)");
    let text = Fake::once(Script::new().take(24).send("ERROR\r\n"));
    let run = Cachier::new(["get", "k", "-s", &text.address(), "--protocol", "binary"]).run().code(5);
    run.stderr_has("try --protocol text");
}

#[test]
fn a_failed_handshake_says_what_to_name() {
    let encrypted = Server::start(Kind::Tls);
    let run = |arguments: &[&str]| {
        Cachier::new(["get", "k", "-s", &encrypted.address(), "--tls-ca"])
            .arg(&tls().ca)
            .args(arguments)
            .run()
    };
    run(&["--tls-server-name", "elsewhere"])
        .code(3)
        .stderr_has("hint: name the server as its certificate does");
    let run = Cachier::new(["get", "k", "-s", &encrypted.address(), "--tls-ca"]).arg(&tls().foreign_ca).run();
    run.code(3).stderr_has("not trusted").stderr_has("hint: name the file of its authority with --tls-ca");
    let mutual = Server::start(Kind::MutualTls);
    let run = Cachier::new(["get", "k", "-s", &mutual.address(), "--tls-ca"]).arg(&tls().ca).run().code(3);
    run.stderr_has("wants a client certificate").stderr_has("hint: name one with --tls-cert and --tls-key");
}

#[test]
fn a_server_without_a_version_is_up_and_tells_none() {
    // A binary server that knows no `version` (0x0b, answered 0x81) and knows `noop` (0x0a).
    let reply = |opcode: u8, status: u8| [&[0x81, opcode, 0, 0, 0, 0, 0, status][..], &[0; 16]].concat();
    let script = || Script::new().take(24).send(reply(0x0b, 0x81)).take(24).send(reply(0x0a, 0));
    let fake = Fake::once(script());
    Cachier::new(["ping", "-s", &fake.address(), "--protocol", "binary"]).run().success().stdout_has("up");
    let fake = Fake::once(Script::new().take(24).send(reply(0x0b, 0x81)));
    Cachier::new(["version", "-s", &fake.address(), "--protocol", "binary"])
        .run()
        .code(5)
        .stderr_has("no version");
}
