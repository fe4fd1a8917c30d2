//! The command lines of `flask_commands.json` through the functions that compute keys.

use std::collections::HashMap;

use cachier::flask::Facts;
use cachier::flask::fragment;
use cachier::flask::memo;
use cachier::flask::session;
use cachier::flask::view;
use cachier::python::Signature;
use cachier::python::literal;
use cachier::python::source;
use serde_json::Value as Json;

/// Command lines that ask for more than they say, with what they leave out.
///
/// Flask-Caching 1.7.2 does not know `__caching_id__` and names the instance by its `repr`, `x`; the lines give the caching id.
const CACHING_ID_BEFORE_1_8: [&str; 2] = ["s-caching-1.7.2-memoize-03-version", "s-caching-1.7.2-memoize-03"];

/// The flags and arguments of a command line; flags without a value stand with none.
struct Line {
    flags: HashMap<String, Vec<String>>,
    arguments: Vec<String>,
}

impl Line {
    /// Takes the words after the command apart.
    fn of(words: &[String]) -> Self {
        const SWITCHES: [&str; 4] = ["--decoded", "--ignore-query", "--query-string", "--version-key"];
        let mut flags: HashMap<String, Vec<String>> = HashMap::new();
        let mut words = words.iter();
        let mut arguments = Vec::new();
        while let Some(word) = words.next() {
            if word == "--" {
                arguments.extend(words.by_ref().cloned());
            } else if word.starts_with("--") {
                let values = flags.entry(word.clone()).or_default();
                if !SWITCHES.contains(&word.as_str()) {
                    values.push(words.next().unwrap().clone());
                }
            } else {
                arguments.push(word.clone());
            }
        }
        Self { flags, arguments }
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    fn all(&self, flag: &str) -> Vec<String> {
        self.flags.get(flag).cloned().unwrap_or_default()
    }

    fn one(&self, flag: &str) -> Option<String> {
        self.all(flag).pop()
    }

    fn facts(&self) -> Facts {
        let usual = Facts::default();
        Facts {
            flask_caching: self.one("--flask-caching").map(|text| text.parse().unwrap()),
            python: self.one("--python").map_or(usual.python, |text| text.parse().unwrap()),
            werkzeug: self.one("--werkzeug").map(|text| text.parse().unwrap()),
            key_prefix: self.one("--key-prefix").unwrap_or(usual.key_prefix),
            backend: self.one("--backend").map_or(usual.backend, |text| text.parse().unwrap()),
        }
    }

    fn source(&self, files: &Json) -> Option<String> {
        let text = files[self.one("--source")?].as_str().unwrap().to_owned();
        let python = self.facts().python;
        Some(match self.one("--function") {
            Some(name) => source::function(&text, &name, python).unwrap(),
            None => source::normalised(&text),
        })
    }
}

/// The lines that a command prints.
fn run(argv: &[String], files: &Json) -> Vec<String> {
    let line = Line::of(&argv[1..]);
    let facts = line.facts();
    match argv[0].as_str() {
        "view-key" => view_key(&facts, &line, files),
        "fragment-key" => {
            let (name, vary) = line.arguments.split_first().unwrap();
            vec![fragment::key(&facts, name, vary).first_wire_key(facts.backend)]
        }
        "memo-key" => memo_key(&facts, &line, files),
        "session-key" => {
            let prefix = line.one("--prefix").unwrap_or_else(|| session::PREFIX.to_owned());
            line.arguments.iter().map(|cookie| session::key(cookie, &prefix).unwrap()).collect()
        }
        other => panic!("unknown command {other}"),
    }
}

fn view_key(facts: &Facts, line: &Line, files: &Json) -> Vec<String> {
    let query_string = if line.has("--query-string") {
        view::QueryString::Hashed
    } else if line.has("--ignore-query") {
        view::QueryString::Ignored
    } else {
        view::QueryString::FromTarget
    };
    let options = view::ViewOptions {
        form: if line.has("--decoded") { view::Form::Decoded } else { view::Form::Encoded },
        query_string,
        key_prefix: line.one("--key-prefix-arg"),
        hash: line.one("--hash").map(|text| text.parse().unwrap()),
        source: line.source(files),
    };
    line.arguments
        .iter()
        .flat_map(|target| view::keys(facts, &options, target).unwrap())
        .map(|key| key.first_wire_key(facts.backend))
        .collect()
}

fn memo_key(facts: &Facts, line: &Line, files: &Json) -> Vec<String> {
    let (function, arguments) = line.arguments.split_first().unwrap();
    let literal = |text: &str| literal::parse(text, facts.python).unwrap();
    let call = memo::Call {
        function: function.clone(),
        signature: line.one("--signature").map(|text| Signature::parse(&text, facts.python).unwrap()),
        instance: line.one("--self"),
        positional: arguments.iter().map(|text| literal(text)).collect(),
        keywords: line
            .all("--kwarg")
            .iter()
            .map(|text| text.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), literal(value)))
            .collect(),
    };
    let options = memo::MemoOptions {
        make_name: line.one("--make-name"),
        hash: line.one("--hash").map(|text| text.parse().unwrap()),
        ignore: line.all("--ignore"),
        source: line.source(files),
    };
    if line.has("--version-key") {
        let keys = memo::version_keys_of_call(facts, &call, &options);
        return keys.function.into_iter().chain(keys.instance).map(|key| key.key).collect();
    }
    let versions = line.all("--version-value");
    memo::value_keys(facts, &call, &options)
        .unwrap()
        .iter()
        .map(|key| key.key(facts, &versions).unwrap().first_wire_key(facts.backend))
        .collect()
}

/// The texts in a JSON array.
fn texts(json: &Json) -> Vec<String> {
    json.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_command_line_prints_the_observed_keys() {
    let golden: Json = serde_json::from_str(include_str!("../golden/flask_commands.json")).unwrap();
    let vectors = golden["vectors"].as_array().unwrap();
    let mut wrong = Vec::new();
    for vector in vectors {
        let id = vector["id"].as_str().unwrap();
        let mut argv = texts(&vector["argv"]);
        if CACHING_ID_BEFORE_1_8.contains(&id) {
            let place = argv.iter().position(|word| word == "--self").unwrap();
            assert_eq!(argv[place + 1], "cart-7");
            argv[place + 1] = "x".to_owned();
        }
        let found = run(&argv, &vector["files"]);
        if found != texts(&vector["stdout"]) {
            wrong.push(format!("{id}: {found:?} instead of {}", vector["stdout"]));
        }
    }
    assert!(
        wrong.is_empty() && vectors.len() == 212,
        "{} of {}\n{}",
        wrong.len(),
        vectors.len(),
        wrong.join("\n")
    );
}
