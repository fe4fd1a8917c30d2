//! Command lines that are not understood, and what a terminal is shown.

use crate::harness::{Cachier, Kind, Server};

#[test]
fn a_usage_error_in_json_keeps_what_is_missing() {
    let document = Cachier::new(["touch", "k", "-o", "json"]).run().code(2).json();
    let message = document["error"]["message"].as_str().unwrap();
    assert_eq!(message, "the following required arguments were not provided: --ttl <DURATION>");
    let document = Cachier::new(["get", "-Kx", "-o", "json"]).run().code(2).json();
    assert_eq!(document["error"]["hint"], "to pass '-K' as a value, use '-- -K'");
    let document = Cachier::new(["touch", "k"]).env("CACHIER_OUTPUT", "json").run().code(2).json();
    assert_eq!(document["schema"], "cachier/error/1");
}

#[test]
fn quiet_silences_a_usage_error_too() {
    Cachier::new(["touch", "k", "-q"]).run().code(2).stderr_is("");
    assert!(!Cachier::new(["touch", "--", "-q"]).run().code(2).stderr_text().is_empty());
}

#[test]
fn the_short_help_of_every_command_fits_a_screen() {
    let help = Cachier::new(["-h"]).run().success().stdout_text();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    let mut count = 0;
    for name in names {
        let help = Cachier::new([name, "-h"]).run().success().stdout_text();
        assert!(help.lines().count() <= 50, "{name}: {} lines", help.lines().count());
        count += 1;
    }
    assert!(count > 20, "{help}");
}

#[test]
fn nothing_that_a_terminal_would_obey_reaches_it_in_any_format() {
    let server = Server::start(Kind::Plain);
    server.store("k", 16, "a\u{1b}[31m\u{202e}b");
    for format in ["table", "tsv", "csv", "json", "jsonl"] {
        let outcome = server.cachier(["get", "k", "-o", format]).on_terminal().finish().success();
        let shown = outcome.stdout_text();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{format}: {shown:?}");
        assert!(shown.contains("\\u202e"), "{format}: {shown:?}");
    }
    let help = Cachier::new(["get", "-h"]).env("NO_COLOR", "1").on_terminal().finish().stdout_text();
    assert!(!help.contains('\u{1b}'));
}

#[test]
fn a_command_without_its_command_shows_the_help() {
    for arguments in [&[][..], &["profile"], &["config"]] {
        let shown = Cachier::new(arguments).run().code(2).stdout_is("").stderr_text();
        assert!(!shown.starts_with("cachier: ") && shown.contains("Usage: cachier"), "{shown}");
    }
}

#[test]
fn no_home_is_never_the_present_directory() {
    for home in ["", "relative"] {
        let run = Cachier::new(["config", "path"]).env("HOME", home).env("XDG_CONFIG_HOME", "relative").run();
        run.success().stdout_is("/.config/cachier/config.toml\n");
    }
}
