//! The profile file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use super::Environment;
use super::Flags;
use super::Secret;
use super::Setting;
use super::SettingsError;
use super::Source;

/// What the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The profile that is used when nothing else names servers.
    pub default_profile: Option<String>,
    /// The profiles by name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// One profile; every field may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The servers in the application's order.
    pub servers: Option<Vec<String>>,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// A file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// A program that prints the password, with its arguments.
    pub password_command: Option<Vec<String>>,
    /// See `--routing`.
    pub routing: Option<String>,
    /// See `--protocol`.
    pub protocol: Option<String>,
    /// See `--auth`.
    pub auth: Option<String>,
    /// Present if TLS is spoken.
    pub tls: Option<TlsTable>,
    /// See `--connect-timeout`.
    pub connect_timeout: Option<String>,
    /// See `--timeout`.
    pub timeout: Option<String>,
    /// What is known of the application.
    #[serde(default)]
    pub flask: FlaskTable,
    /// See `--client-values`.
    pub client_values: Option<String>,
    /// What `check` asks of these servers.
    #[serde(default)]
    pub checks: ChecksTable,
    /// Whether everything that changes something is refused.
    #[serde(default)]
    pub read_only: bool,
    /// Whether destructive commands ask for the profile's name.
    #[serde(default)]
    pub protected: bool,
    /// Whether what is deleted or overwritten is kept for `undo`; it is unless this says no.
    pub journal: Option<bool>,
}

/// TLS of a profile: `tls = true`, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a boolean, or a table of ca, cert, key, server_name and insecure")]
pub enum TlsTable {
    /// On or off, nothing else.
    Switch(bool),
    /// On, with details.
    Details(TlsDetails),
}

/// The details of TLS.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsDetails {
    /// See `--tls-ca`.
    pub ca: Option<PathBuf>,
    /// See `--tls-cert`.
    pub cert: Option<PathBuf>,
    /// See `--tls-key`.
    pub key: Option<PathBuf>,
    /// See `--tls-server-name`.
    pub server_name: Option<String>,
    /// See `--tls-insecure`.
    #[serde(default)]
    pub insecure: bool,
}

/// What is known of the application.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlaskTable {
    /// See `--key-prefix`.
    pub key_prefix: Option<String>,
    /// See `--flask-caching`.
    pub version: Option<String>,
    /// See `--python`.
    pub python: Option<String>,
    /// See `--werkzeug`.
    pub werkzeug: Option<String>,
    /// See `--backend`.
    pub backend: Option<String>,
}

/// What `check` asks of the servers of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecksTable {
    /// Conditions that fail, each instead of the failing default about the same field.
    #[serde(default)]
    pub fail_if: Vec<String>,
    /// Conditions that warn, likewise.
    #[serde(default)]
    pub warn_if: Vec<String>,
    /// Fields that no default is asked about.
    #[serde(default)]
    pub off: Vec<String>,
}

/// Reads the profile file that the flags and the environment name.
///
/// # Errors
/// A file that is named and missing, or not understood.
pub fn profile_file(
    flags: &Flags,
    environment: &Environment,
) -> Result<(Setting<PathBuf>, File), SettingsError> {
    let path = config_path(flags, environment);
    let file = match read(&path.value)? {
        Some(file) => file,
        None if path.source == Source::Default => File::default(),
        None => {
            return Err(SettingsError::File {
                path: path.value.display().to_string(),
                reason: "there is no such file".to_owned(),
            });
        }
    };
    Ok((path, file))
}

/// Returns where the profile file is, whether there is one or not.
#[must_use]
pub fn config_path(flags: &Flags, environment: &Environment) -> Setting<PathBuf> {
    if let Some(path) = &flags.config {
        return Setting::new(path.clone(), Source::Flag("--config"));
    }
    if let Some(path) = environment.get_os("CACHIER_CONFIG") {
        return Setting::new(path.into(), Source::Variable("CACHIER_CONFIG".to_owned()));
    }
    let base =
        match environment.get_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(base) => base,
            // A file of the present directory could be anybody's, and a profile can name a program to run.
            None => Path::new("/")
                .join(
                    environment
                        .get_os("HOME")
                        .map(Path::new)
                        .filter(|home| home.is_absolute())
                        .unwrap_or(Path::new("")),
                )
                .join(".config"),
        };
    Setting::new(base.join("cachier").join("config.toml"), Source::Default)
}

/// Reads a profile file; `Ok(None)` if there is none.
///
/// # Errors
/// A file that cannot be read or understood, or that holds a password which others can read.
fn read(path: &Path) -> Result<Option<File>, SettingsError> {
    let shown = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SettingsError::File { path: shown, reason: error.to_string() }),
    };
    let file: File = toml_edit::de::from_str(&text)
        .map_err(|error| SettingsError::Syntax { path: shown.clone(), reason: describe(&error, &text) })?;
    if file.profiles.values().any(|profile| profile.password.is_some()) {
        let mode = fs::metadata(path)
            .map_err(|error| SettingsError::File { path: shown.clone(), reason: error.to_string() })?
            .permissions()
            .mode()
            & 0o777;
        if mode & 0o066 != 0 {
            return Err(SettingsError::Permissions { path: shown, mode });
        }
    }
    Ok(Some(file))
}

/// What is wrong and where, without the line itself or its value: they may hold a password.
fn describe(error: &toml_edit::de::Error, text: &str) -> String {
    let message = without_value(&error.message().trim().replace('\n', ", "));
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {message}")
}

/// The words of `serde` for a value of the wrong type without the value: `invalid type: integer \`3\`, expected a string`.
fn without_value(message: &str) -> String {
    for wrong in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) =
            message.strip_prefix(wrong).and_then(|rest| rest.rsplit_once(", expected "))
        {
            let kind = found.split([' ', '`', '"']).next().unwrap_or_default();
            return format!("{wrong}{kind}, expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, mode: u32) -> Result<Option<File>, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        read(&path)
    }

    #[test]
    fn a_missing_file_is_no_error() {
        assert!(read(Path::new("/nonexistent/config.toml")).unwrap().is_none());
    }

    #[test]
    fn a_password_that_others_can_read_is_refused() {
        let text = "[profiles.x]\npassword = \"p\"\n";
        for (mode, fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)] {
            assert_eq!(written(text, mode).is_ok(), fine, "{mode:o}");
        }
        assert!(written("[profiles.x]\nusername = \"u\"\n", 0o644).is_ok());
    }

    #[test]
    fn an_error_names_line_and_column_and_quotes_nothing() {
        let Err(error) = written("[profiles.x]\npassword = \"hunter2\nusername = 1\n", 0o600) else {
            panic!()
        };
        let shown = error.to_string();
        assert!(shown.contains("line 2, column "), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let Err(error) = written("[profiles.x]\nuser = \"u\"\n", 0o600) else { panic!() };
        assert!(error.to_string().contains("line 2, column 1: unknown field `user`"), "{error}");
        for value in ["31337", "31337.5", "[\"31337\"]", "{ a = \"31337\" }"] {
            let Err(error) = written(&format!("[profiles.x]\npassword = {value}\n"), 0o600) else { panic!() };
            assert!(!error.to_string().contains("31337"), "{error}");
        }
        let Err(error) = written("[profiles.x]\npassword_command = \"echo 31337\"\n", 0o600) else {
            panic!()
        };
        assert!(error.to_string().ends_with("invalid type: string, expected a sequence"), "{error}");
    }

    #[test]
    fn choosing_a_default_keeps_comments_and_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let text = "# mine\n[profiles.b] # second\nusername = \"u\"\n\n[profiles.a]\n";
        fs::write(&path, text).unwrap();
        crate::settings::edit::write_default(&path, "a").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("default_profile = \"a\"\n{text}"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().unwrap().default_profile.as_deref(), Some("a"));
    }
}
