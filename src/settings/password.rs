//! Getting at the password, not before it is needed.

use std::fs;
use std::io;
use std::io::BufRead as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Secret;
use super::SettingsError;

/// How long a `password_command` may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// The longest password, in bytes.
const MAX_LENGTH: usize = 4096;

/// Where the password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// A program prints it.
    Command(Vec<String>),
    /// It is the first line of a file.
    File(PathBuf),
    /// It is known.
    Known(Secret),
    /// It is the first line of standard input.
    Stdin,
}

impl PasswordSource {
    /// Gets the password.
    ///
    /// # Errors
    /// A file that cannot be read, or a program that fails or takes too long.
    pub fn get(&self, source_name: &str) -> Result<Secret, SettingsError> {
        let text = match self {
            Self::Known(secret) => return Ok(secret.clone()),
            Self::File(path) => first_line(fs::File::open(path)),
            Self::Stdin => first_line(Ok(io::stdin())),
            Self::Command(words) => return run(words, source_name),
        };
        match text {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(SettingsError::File { path: self.place(), reason: error.to_string() }),
        }
    }

    /// Where the password is, in words.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Known(_) => "(set)".to_owned(),
            Self::File(path) => format!("the password file {}", path.display()),
            Self::Stdin => "the password on standard input".to_owned(),
            Self::Command(words) => format!("the output of {}", words.first().map_or("", String::as_str)),
        }
    }
}

/// The first line without its end. Unbuffered: what follows on standard input is left to others.
fn first_line(reader: io::Result<impl io::Read>) -> io::Result<String> {
    let mut reader = reader?;
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MAX_LENGTH && reader.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.is_empty() {
        return Err(io::Error::other("its first line is empty"));
    }
    String::from_utf8(line).map_err(|_| io::Error::other("its first line is not UTF-8"))
}

/// Runs a program without a shell and takes the first line of what it prints.
fn run(words: &[String], source_name: &str) -> Result<Secret, SettingsError> {
    let failed =
        |reason: String| SettingsError::PasswordCommand { source_name: source_name.to_owned(), reason };
    let (program, arguments) = words.split_first().ok_or_else(|| failed("is empty".to_owned()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot run {program}: {error}")))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut line = String::new();
            let read = io::BufReader::new(stdout.take(MAX_LENGTH as u64)).read_line(&mut line);
            // Nobody listens any more after the time limit.
            drop(sender.send(read.map(|_| line)));
        });
    }
    let line = receiver.recv_timeout(COMMAND_LIMIT);
    if line.is_err() {
        // It may have ended by itself meanwhile.
        drop(child.kill());
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match line {
        Err(_) => Err(failed(format!("took more than {} s", COMMAND_LIMIT.as_secs()))),
        Ok(_) if !status.success() => Err(failed(format!("ended with {status}"))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Ok(Ok(line)) => match line.trim_end_matches(['\r', '\n']) {
            "" => Err(failed("printed nothing".to_owned())),
            password => Ok(password.to_owned().into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_gives_its_first_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        for (content, password) in [("a b\n", "a b"), ("p\r\nrest\n", "p"), ("p", "p")] {
            fs::write(&path, content).unwrap();
            assert_eq!(PasswordSource::File(path.clone()).get("x").unwrap(), password.to_owned().into());
        }
        fs::write(&path, "\np").unwrap();
        assert!(PasswordSource::File(path).get("x").is_err());
    }

    #[test]
    fn a_password_command_is_run_without_a_shell() {
        let words = |words: &[&str]| PasswordSource::Command(words.iter().map(ToString::to_string).collect());
        assert_eq!(words(&["echo", "$HOME;x"]).get("x").unwrap(), "$HOME;x".to_owned().into());
        for wrong in [&["false"][..], &["true"], &[], &["/nonexistent/program"]] {
            assert!(words(wrong).get("x").is_err(), "{wrong:?}");
        }
    }
}
