//! `help`, `man` and `completions`: all made from the one definition of the command line.

use std::path::Path;
use std::process::Command;

use crate::harness::{Cachier, scratch};

const TOPICS: [&str; 6] = ["environment", "exit-codes", "keys", "output", "routing", "security"];

/// The shells and the committed scripts.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "cachier.bash"),
    ("elvish", "cachier.elv"),
    ("fish", "cachier.fish"),
    ("powershell", "cachier.ps1"),
    ("zsh", "_cachier"),
];

fn script(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file)
}

/// The names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = Cachier::new(["--help"]).run().success().stdout_text();
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    list.lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn every_topic_has_a_text_that_fits_a_screen_in_width() {
    let list = Cachier::new(["help"]).run().success().stdout_text();
    for topic in TOPICS {
        assert!(list.contains(topic), "{topic} is not listed");
        let text = Cachier::new(["help", topic]).run().success().stdout_text();
        assert!(text.lines().count() > 5, "{topic}");
        assert!(text.lines().all(|line| line.chars().count() <= 132), "{topic}");
    }
    Cachier::new(["help", "nothing"]).run().code(2).stderr_has("topics are environment");
}

#[test]
fn help_of_a_command_is_its_own_help() {
    let own = Cachier::new(["profile", "use", "--help"]).run().success().stdout_text();
    assert_eq!(Cachier::new(["help", "profile", "use"]).run().success().stdout_text(), own);
}

#[test]
fn help_is_there_when_the_settings_are_broken() {
    Cachier::new(["help", "routing"]).config("nonsense = [").run().success();
    Cachier::new(["completions", "bash"]).config("nonsense = [").run().success();
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = scratch();
    Cachier::new(["man", "--dir"]).arg(directory.path()).run().success();
    for command in commands() {
        let page = std::fs::read_to_string(directory.path().join(format!("cachier-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    let page = std::fs::read(directory.path().join("cachier-profile-use.1")).unwrap();
    let printed = Cachier::new(["man", "profile", "use"]).run().success();
    assert_eq!(printed.stdout, page);
    Cachier::new(["man", "nothing"]).run().code(2).stderr_has("\"nothing\" is no command");
}

#[test]
fn the_committed_completion_scripts_are_fresh() {
    for (shell, file) in SCRIPTS {
        let printed = Cachier::new(["completions", shell]).run().success().stdout_text();
        let committed = std::fs::read_to_string(script(file)).unwrap_or_default();
        assert_eq!(printed, committed, "cachier completions {shell} > completions/{file}");
    }
}

/// What bash offers behind `line` with the committed script.
fn offered(line: &[&str]) -> Vec<String> {
    let run = Cachier::new([""; 0]).config(
        "[profiles.production]\nservers = [\"127.0.0.1:1\"]\n[profiles.staging]\nservers = [\"127.0.0.1:2\"]\n",
    );
    let program = Path::new(env!("CARGO_BIN_EXE_cachier"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let words = line.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let bash = format!(
        "source '{}'; COMP_WORDS=({words}); COMP_CWORD={}; COMP_TYPE=9; _clap_complete_cachier cachier '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script("cachier.bash").display(),
        line.len() - 1,
        line.last().unwrap(),
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &bash])
        .env_clear()
        .env("PATH", path)
        .env("HOME", run.home())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_profiles_and_topics() {
    assert_eq!(
        offered(&["cachier", "invalidate-"]),
        ["invalidate-view", "invalidate-fragment", "invalidate-memo"]
    );
    assert_eq!(offered(&["cachier", "get", "--profile", ""]), ["production", "staging"]);
    assert_eq!(offered(&["cachier", "--servers", "127.0.0.1:2"]), ["127.0.0.1:2"]);
    assert_eq!(offered(&["cachier", "help", "r"]), ["routing"]);
    assert!(offered(&["cachier", "--routing", "pyl"]).contains(&"pylibmc:ketama".to_owned()));
    assert!(offered(&["cachier", "delete", "--if-"]).contains(&"--if-cas".to_owned()));
}

#[test]
fn the_short_help_of_every_command_fits_a_screen_and_begins_with_examples() {
    for command in commands() {
        let help = Cachier::new([command.as_str(), "-h"]).run().success().stdout_text();
        assert!(help.lines().count() <= 40, "{command}: {} lines\n{help}", help.lines().count());
        if let Some(examples) = help.find("Examples:") {
            assert!(examples < help.find("Usage:").unwrap(), "{command}: {help}");
        }
        let long = Cachier::new([command.as_str(), "--help"]).run().success().stdout_text();
        assert!(long.contains("--tls-ca"), "{command} --help tells all");
    }
}
