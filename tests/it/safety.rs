//! What can lose much: every way to it, on every kind of profile, with and without a terminal.

use crate::harness::{Cachier, Fake, Kind, Outcome, Pool, Server, Terminal, scratch};

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is done.
    Done,
    /// It is shown and not done.
    Planned,
    /// Exit 8, and nothing is done.
    Refused,
}

/// A command that can lose much.
struct Path {
    /// `PROFILE` stands for the profile, which else comes as `-p`, and `FILE` for saved items.
    arguments: &'static [&'static str],
    /// How many keys are piped in.
    piped: usize,
    /// What it asks at a terminal.
    question: &'static str,
}

/// Every destructive path: a new command gets a line here.
const PATHS: &[Path] = &[
    Path { arguments: &["flush"], piped: 0, question: "Make every item" },
    Path { arguments: &["purge", "*"], piped: 0, question: "Delete 5 items" },
    Path { arguments: &["delete", "--stdin"], piped: 101, question: "Delete 101 keys of standard input" },
    Path { arguments: &["delete", "--stdin", "--summary"], piped: 101, question: "Delete 101 keys" },
    Path { arguments: &["delete", "--stdin"], piped: 1001, question: "Delete more than 1000 keys" },
    Path { arguments: &["delete", "typed", "-"], piped: 101, question: "Delete 102 keys" },
    Path { arguments: &["touch", "--ttl", "1s", "--stdin"], piped: 101, question: "Change 101 keys" },
    Path { arguments: &["restore", "FILE", "--mode", "set"], piped: 0, question: "Overwrite what" },
    Path { arguments: &["copy", "--from", "source", "--to", "PROFILE"], piped: 0, question: "Copy 1 items" },
    Path { arguments: &["memo", "gc"], piped: 0, question: "Delete 1 unreachable items" },
    Path {
        arguments: &["session", "revoke", "--where", "user_id=7"],
        piped: 0,
        question: "Revoke 1 sessions",
    },
];

const PROFILES: [&str; 3] = ["plain", "live", "fixed"];

/// What flags say, and what becomes of it where nobody can be asked, by profile: plain, protected, read-only.
const FLAGS: &[(&[&str], [Fate; 3])] = &[
    (&[], [Fate::Refused, Fate::Refused, Fate::Refused]),
    (&["--yes"], [Fate::Done, Fate::Refused, Fate::Refused]),
    (&["--confirm", "live"], [Fate::Refused, Fate::Done, Fate::Refused]),
    (&["--yes", "--confirm", "live"], [Fate::Done, Fate::Done, Fate::Refused]),
    (&["--yes", "--confirm", "other"], [Fate::Done, Fate::Refused, Fate::Refused]),
    (&["--dry-run"], [Fate::Planned, Fate::Planned, Fate::Planned]),
    (&["--dry-run", "--yes"], [Fate::Planned, Fate::Planned, Fate::Planned]),
];

/// How a user at the terminal answers, and what becomes of it, by profile.
const ANSWERS: &[(&str, [Fate; 3])] = &[
    ("n", [Fate::Refused, Fate::Refused, Fate::Refused]),
    ("y", [Fate::Done, Fate::Refused, Fate::Refused]),
    ("live\r", [Fate::Refused, Fate::Done, Fate::Refused]),
    ("other\r", [Fate::Refused, Fate::Refused, Fate::Refused]),
];

/// What the server has: three items, a result without a version, and a session.
const ITEMS: [(&str, &str); 5] = [
    ("key-0", "v"),
    ("key-1", "v"),
    ("key-2", "v"),
    ("flask_cache_ABCDEFGHIJKLMNOPabcdef", "v"),
    ("session:one", "{\"user_id\": 7}"),
];

/// A server with the items under a profile of each kind, and another one to copy from.
struct Site {
    pool: Pool,
    _source: Server,
    config: String,
    directory: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let (pool, source) = (Pool::plain(1), Server::start(Kind::Plain));
        source.store("new", 0, "v");
        let config = format!(
            "[profiles.plain]\nservers = [\"{0}\"]\n[profiles.live]\nservers = [\"{0}\"]\nprotected = true\n\
             [profiles.fixed]\nservers = [\"{0}\"]\nread_only = true\n[profiles.source]\nservers = [\"{1}\"]\n",
            pool.list(),
            source.address()
        );
        let directory = scratch();
        let record = "{\"key\":\"key-0\",\"flags\":0,\"expires\":null,\"value\":\"w\"}\n";
        std::fs::write(directory.path().join("items.jsonl"), record).unwrap();
        Self { pool, _source: source, config, directory }
    }

    /// Puts the items there, living for ever.
    fn fill(&self) {
        self.pool.server(0).raw(b"flush_all\r\n");
        for (key, value) in ITEMS {
            self.pool.server(0).store(key, 0, value);
        }
    }

    /// Whether every item is there as it was, and nothing else.
    fn is_untouched(&self) -> bool {
        let look = ITEMS.map(|(key, _)| format!("mg {key} t v\r\n")).concat();
        let whole = ITEMS.map(|(_, value)| format!("VA {} t-1\r\n{value}\r\n", value.len())).concat();
        self.pool.server(0).raw(format!("{look}mg new v\r\n").as_bytes())
            == format!("{whole}EN\r\n").as_bytes()
    }

    /// The words of a path on a profile.
    fn words(&self, path: &Path, profile: &str) -> Vec<String> {
        let file = self.directory.path().join("items.jsonl").to_str().unwrap().to_owned();
        let word = |word: &&str| word.replace("PROFILE", profile).replace("FILE", &file);
        let mut words: Vec<String> = path.arguments.iter().map(word).collect();
        if !path.arguments.contains(&"PROFILE") {
            words.extend(["-p".to_owned(), profile.to_owned()]);
        }
        words
    }

    /// The command on a terminal; where keys are piped in, standard input alone is none.
    fn at_terminal(&self, path: &Path, profile: &str) -> Terminal {
        let words = self.words(path, profile);
        if path.piped == 0 {
            return Cachier::new(words).config(&self.config).on_terminal();
        }
        let (last, program) = (path.piped - 1, env!("CARGO_BIN_EXE_cachier"));
        let script = format!("seq -f 'key-%g' 0 {last} | '{program}' {}", words.join(" "));
        Cachier::of("/bin/sh", ["-c", &script]).config(&self.config).on_terminal()
    }

    #[track_caller]
    fn check(&self, run: &Outcome, fate: Fate) {
        let code = if fate == Fate::Refused { 8 } else { 0 };
        assert_eq!(run.code, code, "{fate:?}: {run}");
        assert_eq!(self.is_untouched(), fate != Fate::Done, "{fate:?}: {run}");
    }
}

fn keys(count: usize) -> String {
    (0..count).map(|number| format!("key-{number}\n")).collect()
}

#[test]
fn nothing_much_is_lost_without_a_yes_where_nobody_can_be_asked() {
    let site = Site::new();
    for path in PATHS {
        for (flags, fates) in FLAGS {
            for (profile, fate) in PROFILES.iter().zip(fates) {
                site.fill();
                let run = Cachier::new(site.words(path, profile)).args(*flags);
                site.check(&run.config(&site.config).stdin(keys(path.piped)).run(), *fate);
            }
        }
    }
}

#[test]
fn nothing_much_is_lost_without_a_yes_at_a_terminal() {
    let site = Site::new();
    for path in PATHS {
        for (answer, fates) in ANSWERS {
            for (profile, fate) in PROFILES.iter().zip(fates) {
                // A yes is no name of a profile, and a name is no yes.
                if (*profile == "live") != answer.ends_with('\r') {
                    continue;
                }
                site.fill();
                let run = site.at_terminal(path, profile);
                let run = match *profile {
                    "fixed" => run.finish(),
                    _ => run.expect(path.question).type_text(answer).finish(),
                };
                site.check(&run, *fate);
            }
        }
    }
}

#[test]
fn ctrl_c_at_a_question_changes_nothing_and_shows_the_cursor_again() {
    let site = Site::new();
    site.fill();
    for path in PATHS.iter().filter(|path| path.piped == 0) {
        let run = site.at_terminal(path, "plain").expect(path.question);
        let run = run.expect_keys_read().type_text("\x03").finish();
        let screen = run.stdout_text();
        assert!(screen.rfind("\x1b[?25h") > screen.rfind("\x1b[?25l"), "{screen:?}");
        assert_eq!(run.code, 130, "{run}");
    }
    assert!(site.is_untouched());
}

#[test]
fn a_hundred_keys_from_stdin_and_any_that_are_typed_ask_nothing() {
    let site = Site::new();
    site.fill();
    let run = |arguments: &[&str]| Cachier::new(arguments).args(["-p", "live"]).config(&site.config);
    run(&["touch", "--ttl", "1h", "--stdin"]).stdin(keys(100)).run().success();
    run(&["delete", "--stdin"]).stdin(keys(100)).run().success();
    site.fill();
    run(&["delete"]).args(keys(150).lines()).run().success();
    assert!(!site.is_untouched());
}

#[test]
fn a_dry_run_of_every_command_that_changes_something_contacts_nobody() {
    for arguments in [
        &["set", "k", "v"][..],
        &["add", "k", "v"],
        &["replace", "k", "v"],
        &["append", "k", "v"],
        &["prepend", "k", "v"],
        &["delete", "k"],
        &["touch", "k", "--ttl", "1h"],
        &["incr", "k"],
        &["decr", "k"],
        &["invalidate-view", "/k"],
        &["invalidate-fragment", "k"],
        &["invalidate-memo", "a.k"],
        &["session", "revoke", "k"],
    ] {
        let fake = Fake::untouched();
        let run = Cachier::new(arguments).args(["--dry-run", "--read-only", "-s", &fake.address()]).run();
        let run = run.success();
        assert!(run.snapshot().contains(&fake.address()) && run.snapshot().contains('k'), "{run}");
    }
}

#[test]
fn a_question_obeys_no_terminal_code_of_a_key() {
    let site = Site::new();
    site.pool.server(0).raw(b"ms ChtbMzFtcmVk 1 b\r\nv\r\n");
    let run = Cachier::new(["purge", "*red", "-p", "plain"]).config(&site.config).on_terminal();
    let run = run.expect("Delete 1 items").type_text("n").finish().code(8);
    assert!(!run.stdout_text().contains("\x1b[31mred"), "{run}");
}
