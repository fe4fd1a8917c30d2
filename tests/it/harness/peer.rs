//! Other people's clients, driven line by line: `tests/peers/peer.py` in the Python environment of `./test`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;
use super::material::{PASSWORD, USERNAME, scratch, tls};
use super::memcached::{Pool, Server};

/// A Python `str`, for arguments and results alike.
pub(crate) fn text(value: &str) -> Value {
    json!({"type": "str", "value": value})
}

/// A Python `bytes`.
pub(crate) fn bytes(value: impl AsRef<[u8]>) -> Value {
    json!({"type": "bytes", "base64": STANDARD.encode(value)})
}

/// A Python `int`.
pub(crate) fn int(value: i128) -> Value {
    json!({"type": "int", "value": value.to_string()})
}

/// A Python `bool`.
pub(crate) fn boolean(value: bool) -> Value {
    json!({"type": "bool", "value": value})
}

/// Python's `None`.
pub(crate) fn none() -> Value {
    json!({"type": "NoneType", "value": null})
}

/// Reads Prometheus' text format with its own client library: `[{name, labels, value}]`.
pub(crate) fn exposition(body: &str) -> Value {
    let script = "import json, sys; from prometheus_client.parser import text_string_to_metric_families as read; \
        print(json.dumps([{'name': s.name, 'labels': s.labels, 'value': s.value, 'type': f.type} \
        for f in read(sys.stdin.read()) for s in f.samples]))";
    let mut command = Command::new(python("peers"));
    command.args(["-B", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "not understood: {body}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One client object in a Python process of its own.
pub(crate) struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    directory: TempDir,
    name: String,
}

impl Peer {
    /// Opens a client (`pylibmc`, `pymemcache`, `bmemcached`, `bmemcached-distributed`, `python-memcached`,
    /// `flask-caching`) on a pool; `options` are those of the opener in `tests/peers/peer.py`.
    pub(crate) fn open(client: &str, pool: &Pool, options: &Value) -> Self {
        Self::on(client, pool.servers(), options)
    }

    /// Opens a client on any servers of one kind.
    pub(crate) fn on(client: &str, servers: &[Server], options: &Value) -> Self {
        let kind = servers.first().expect("a peer needs a server").kind;
        let mut environment = Vec::new();
        if kind.is_protected() {
            environment
                .extend([("PEER_USERNAME", USERNAME.to_owned()), ("PEER_PASSWORD", PASSWORD.to_owned())]);
        }
        if kind.is_tls() {
            environment.push(("PEER_TLS_CA", tls().ca.to_str().unwrap().to_owned()));
        }
        let mut peer = Self::start("peers", "peers/peer.py", client, &environment);
        let addresses: Vec<_> = servers.iter().map(Server::address).collect();
        let opened = peer.ask(&json!({"servers": addresses, "options": options}));
        opened.unwrap_or_else(|error| panic!("opening {client}: {error}"));
        peer
    }

    /// Starts the Flask application `tests/live/app.py` with the libraries of a file in `tests/requirements`; `class`
    /// is its `CACHE_TYPE`. It is driven by `request`.
    pub(crate) fn application(libraries: &str, class: &str, pool: &Pool) -> Self {
        let mut environment = vec![("LIVE_BACKEND", class.to_owned()), ("LIVE_SERVERS", pool.list())];
        if pool.server(0).kind.is_protected() {
            environment
                .extend([("LIVE_USERNAME", USERNAME.to_owned()), ("LIVE_PASSWORD", PASSWORD.to_owned())]);
        }
        Self::start(libraries, "live/app.py", class, &environment)
    }

    fn start(libraries: &str, script: &str, client: &str, environment: &[(&str, String)]) -> Self {
        let directory = scratch();
        let errors = fs::File::create(directory.path().join("stderr")).unwrap();
        let python = python(libraries);
        let mut command = Command::new(&python);
        command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script)).arg(client);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", directory.path());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{} (made by ./test): {error}", python.display()));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, stdin, lines, directory, name: client.to_owned() }
    }

    /// Calls a method of the client object.
    ///
    /// # Panics
    ///
    /// When the client raises an exception.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, arguments: impl Into<Vec<Value>>) -> Value {
        let called = self.try_call(method, arguments, &json!({}));
        called.unwrap_or_else(|error| panic!("{}.{method}: {error}", self.name))
    }

    /// Calls a method with keyword arguments too; an exception is the error, as `Class: message`.
    #[track_caller]
    pub(crate) fn try_call(
        &mut self,
        method: &str,
        arguments: impl Into<Vec<Value>>,
        keywords: &Value,
    ) -> Result<Value, String> {
        self.ask(&json!({"method": method, "args": arguments.into(), "kwargs": keywords}))
    }

    #[track_caller]
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        let stored = self.call("set", [text(key), value]);
        // python-memcached answers with a number, Flask-Caching on 1.x with nothing.
        assert!(![boolean(false), int(0)].contains(&stored), "{} did not store {key}", self.name);
    }

    #[track_caller]
    pub(crate) fn get(&mut self, key: &str) -> Value {
        self.call("get", [text(key)])
    }

    /// Asks the application for a page, as a user with cookies or as nobody; returns its body and the user's cookie.
    #[track_caller]
    pub(crate) fn request(&mut self, target: &str, user: Option<&str>) -> (String, Option<String>) {
        let answer = self.ask(&json!({"target": target, "user": user}));
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        (answer["body"].as_str().unwrap().to_owned(), answer["cookie"].as_str().map(str::to_owned))
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let sent = writeln!(self.stdin.as_mut().unwrap(), "{request}");
        let answer = sent.ok().and_then(|()| self.lines.recv_timeout(PATIENCE).ok());
        let Some(answer) = answer else {
            let errors = fs::read_to_string(self.directory.path().join("stderr")).unwrap_or_default();
            panic!("{} does not answer {request}:\n{errors}", self.name);
        };
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["result"].take()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The interpreter with the libraries of a file in `tests/requirements`: beside `CACHIER_TEST_PYTHON`, which has those of
/// the peers, else where `./test` makes it.
fn python(libraries: &str) -> PathBuf {
    let of_peers = std::env::var_os("CACHIER_TEST_PYTHON").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python").join("peers/bin/python"),
        PathBuf::from,
    );
    if libraries == "peers" {
        return of_peers;
    }
    of_peers.ancestors().nth(3).unwrap().join(libraries).join("bin/python")
}
