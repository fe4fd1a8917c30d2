//! Pickles of real interpreters, `tests/peers/pickles.py`: read as their values are, and ours read by them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cachier::codec::json;
use cachier::codec::plain;
use cachier::codec::typed;
use cachier::codec::typed::Detail;
use cachier::python::pickle;
use serde_json::Value as Json;

const LIMIT: usize = 1 << 26;

/// `python3`, and every interpreter that pyenv has installed.
fn interpreters() -> Vec<PathBuf> {
    let root = std::env::var("PYENV_ROOT")
        .map_or_else(|_| Path::new(&std::env::var("HOME").unwrap_or_default()).join(".pyenv"), PathBuf::from);
    let installed = std::fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        installed.map(|entry| entry.path().join("bin/python")).filter(|path| path.exists()).collect();
    found.sort();
    found.insert(0, PathBuf::from("python3"));
    found
}

fn run(python: &Path, arguments: &[&str], input: &str) -> Vec<Json> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/pickles.py");
    let mut child = Command::new(python)
        .arg("-B")
        .arg(script)
        .args(arguments)
        .env("PYTHONHASHSEED", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{} {arguments:?}", python.display());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bytes(line: &Json) -> Vec<u8> {
    STANDARD.decode(line["pickle"].as_str().unwrap()).unwrap()
}

#[test]
fn values_of_every_interpreter_are_read_as_they_are() {
    for python in interpreters() {
        let lines = run(&python, &["write", "20240229", "400"], "");
        assert_eq!(lines.len(), 400);
        for line in lines {
            let bytes = bytes(&line);
            let pickle = pickle::read(&bytes, LIMIT)
                .unwrap_or_else(|error| panic!("{}: {error}: {}", python.display(), bytes.escape_ascii()));
            let tree = typed::tree(&pickle.value, Detail::Full);
            assert_eq!(tree, line["tree"], "{}: {}", python.display(), bytes.escape_ascii());
        }
    }
}

#[test]
fn objects_of_well_known_classes_are_shown_by_their_text() {
    for python in interpreters() {
        for line in run(&python, &["known"], "") {
            // Exceptions have no text of their own.
            if line["known"].is_null() {
                continue;
            }
            let value = pickle::read(&bytes(&line), LIMIT).unwrap().value;
            assert_eq!(plain::json(&value), line["known"], "{}: {line}", python.display());
        }
    }
}

/// What is pickled from JSON at any protocol, every interpreter that knows the protocol reads as the same value.
#[test]
fn pickles_made_from_json_are_read_by_every_interpreter() {
    let document = r#"{"n": null, "t": true, "f": false, "i": [0, 255, 256, 65536, -1, 2147483648, -2147483649,
        1180591620717411303424], "x": [1.5, -0.0, 1e300], "s": ["", "caf\u00e9\n\\u0041", "\ud83d\ude00"], "d": {"": []}}"#;
    let value = json::read(document.as_bytes(), LIMIT).unwrap();
    let expected = typed::tree(&value, Detail::Full);
    for python in interpreters() {
        let highest = run(&python, &["write", "1", "20"], "");
        let highest = highest.iter().map(|line| line["protocol"].as_u64().unwrap()).max().unwrap();
        let protocols = 0..=u8::try_from(highest).unwrap();
        let pickles: Vec<_> = protocols.map(|protocol| pickle::write(&value, protocol).unwrap()).collect();
        let input: String = pickles.iter().map(|pickle| STANDARD.encode(pickle) + "\n").collect();
        let trees = run(&python, &["read"], &input);
        assert_eq!(trees.len(), pickles.len());
        for (protocol, tree) in trees.iter().enumerate() {
            assert_eq!(sorted(tree), sorted(&expected), "{} protocol {protocol}", python.display());
        }
    }
}

/// The tree with dict items in an order of its own: the dicts of Python 2 and 3.5 have another one.
fn sorted(tree: &Json) -> Json {
    let mut tree = tree.clone();
    if tree["type"] == "dict" {
        let items = tree["items"].as_array_mut().unwrap();
        items.sort_by_key(ToString::to_string);
    }
    tree
}
