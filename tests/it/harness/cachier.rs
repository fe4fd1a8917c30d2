//! Running the program in an environment that is the test's alone.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;
use super::material::scratch;
use super::terminal::Terminal;

/// A run of the program to be: arguments, environment, standard input.
///
/// The environment holds `PATH` and a home of its own, and nothing of the machine.
#[must_use = "nothing runs before `run`"]
pub(crate) struct Cachier {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    home: TempDir,
    limit: Duration,
}

impl Cachier {
    pub(crate) fn new<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Self {
        Self::of(env!("CARGO_BIN_EXE_cachier"), arguments)
    }

    /// Runs another program the same way, to try the harness itself.
    pub(crate) fn of<I: IntoIterator<Item: AsRef<OsStr>>>(program: impl AsRef<Path>, arguments: I) -> Self {
        let new = Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            stdin: Vec::new(),
            home: scratch(),
            limit: PATIENCE,
        };
        new.args(arguments)
    }

    pub(crate) fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    pub(crate) fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs([(name, value)])
    }

    pub(crate) fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let owned =
            pairs.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()));
        self.environment.extend(owned);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Ends the run as hung after this time.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the home directory of the run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes the profile file where the program looks for it, readable by its owner alone.
    pub(crate) fn config(self, toml: &str) -> Self {
        self.config_with_mode(toml, 0o600)
    }

    /// Writes the profile file with any permissions.
    pub(crate) fn config_with_mode(self, toml: &str, mode: u32) -> Self {
        let path = self.config_path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, toml).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.home().join(".config/cachier/config.toml")
    }

    /// Runs the program to its end, with pipes for its three streams.
    ///
    /// # Panics
    ///
    /// When the program runs longer than the limit; it is killed then.
    pub(crate) fn run(self) -> Outcome {
        let mut command = self.command(Command::new(&self.program));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin.clone();
        // A program that ends without reading its input breaks this pipe, which is its right.
        thread::spawn(move || stdin.write_all(&input).ok());
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let status = self.end_of(&mut child);
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let status = status.unwrap_or_else(|| {
            panic!(
                "hung for {:?}: {}\n{}\n{}",
                self.limit,
                self.shown(),
                String::from_utf8_lossy(&stdout),
                String::from_utf8_lossy(&stderr)
            )
        });
        Outcome::new(self.shown(), stdout, stderr, status)
    }

    /// Starts the program on a terminal of its own, with the standard input, if any, typed at once.
    pub(crate) fn on_terminal(self) -> Terminal {
        Terminal::start(self)
    }

    /// Adds arguments and the scrubbed environment to a command that becomes the program.
    pub(super) fn command(&self, mut command: Command) -> Command {
        command.args(&self.arguments).env_clear().current_dir(self.home());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("XDG_CONFIG_HOME", self.home().join(".config"));
        command.env("XDG_STATE_HOME", self.home().join(".local/state"));
        // Fakes expect the requests of the command alone; the tests of the journal set this to nothing.
        command.env("CACHIER_NO_JOURNAL", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Waits for the end of the program; `None` when it had to be killed.
    pub(super) fn end_of(&self, child: &mut Child) -> Option<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < self.limit {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        None
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn typed(&self) -> &[u8] {
        &self.stdin
    }

    /// Returns the command line for messages, with what is in its environment; test passwords are no secret.
    pub(super) fn shown(&self) -> String {
        let variables = self.environment.iter().map(|(name, value)| {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            format!("{name}={value} ")
        });
        self.arguments.iter().fold(variables.collect::<String>() + "cachier", |shown, argument| {
            shown + " " + &argument.to_string_lossy()
        })
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// What a run left behind. Each check returns the outcome, so that they chain, and shows all of it when it fails.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The exit code; 128 and the number of the signal if one ended the program, as a shell has it.
    pub(crate) code: i32,
    command: String,
}

impl Outcome {
    pub(super) fn new(command: String, stdout: Vec<u8>, stderr: Vec<u8>, status: ExitStatus) -> Self {
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        Self { stdout, stderr, code, command }
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.code(0)
    }

    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    #[track_caller]
    pub(crate) fn stdout_is(self, expected: impl AsRef<[u8]>) -> Self {
        let expected = expected.as_ref();
        assert!(self.stdout == expected, "stdout is not {:?} of {self}", String::from_utf8_lossy(expected));
        self
    }

    #[track_caller]
    pub(crate) fn stdout_has(self, expected: &str) -> Self {
        assert!(self.stdout_text().contains(expected), "stdout has no {expected:?} in {self}");
        self
    }

    #[track_caller]
    pub(crate) fn stderr_is(self, expected: &str) -> Self {
        assert!(self.stderr_text() == expected, "stderr is not {expected:?} of {self}");
        self
    }

    #[track_caller]
    pub(crate) fn stderr_has(self, expected: &str) -> Self {
        assert!(self.stderr_text().contains(expected), "stderr has no {expected:?} in {self}");
        self
    }

    /// Checks that neither stream holds a text, such as a password.
    #[track_caller]
    pub(crate) fn nowhere(self, secret: &str) -> Self {
        assert!(!self.snapshot().contains(secret), "{secret:?} shows in {self}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not JSON ({error}) of {self}"))
    }

    /// Returns each line of stdout as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error} of {self}"));
        self.stdout_text().lines().map(parse).collect()
    }

    pub(crate) fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Replaces what differs from run to run, such as a server's address, by a name in both streams.
    pub(crate) fn hide(mut self, text: &str, name: &str) -> Self {
        self.stdout = self.stdout_text().replace(text, name).into_bytes();
        self.stderr = self.stderr_text().replace(text, name).into_bytes();
        self
    }

    /// Returns both streams and the exit code as one text.
    pub(crate) fn snapshot(&self) -> String {
        let mut text = self.stdout_text();
        for part in ["--- stderr ---\n", &self.stderr_text()] {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text += part;
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        write!(text, "[exit {}]", self.code).unwrap();
        text
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.command, self.snapshot())
    }
}
