//! Every effective setting, each with its source.

use std::path::PathBuf;
use std::time::Duration;

use super::Auth;
use super::PasswordSource;
use super::Protocol;
use super::Setting;
use super::file::ChecksTable;
use crate::pool::TlsSettings;

/// A server list as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerText {
    /// One text, separated by commas.
    List(String),
    /// One text an entry.
    Entries(Vec<String>),
}

/// Every effective setting with its source. Texts are read when they are needed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile in use, if any.
    pub profile: Option<Setting<String>>,
    /// The file that profiles come from.
    pub config: Setting<PathBuf>,
    /// The servers.
    pub servers: Setting<ServerText>,
    /// The user name, from where the servers come from.
    pub username: Option<Setting<String>>,
    /// Where the password is.
    pub password: Option<Setting<PasswordSource>>,
    /// The routing text; `None`: what the backend's class does by default.
    pub routing: Option<Setting<String>>,
    /// Which protocol is spoken.
    pub protocol: Setting<Protocol>,
    /// How the credentials are shown.
    pub auth: Setting<Auth>,
    /// TLS, if it is on.
    pub tls: Option<Setting<TlsSettings>>,
    /// Time limit for each step of opening a connection.
    pub connect_timeout: Setting<Duration>,
    /// Time limit for a wait without progress.
    pub timeout: Setting<Duration>,
    /// What the application puts before every key.
    pub key_prefix: Setting<String>,
    /// The version of Flask-Caching, if known.
    pub flask_caching: Option<Setting<String>>,
    /// The version of the application's Python, if known.
    pub python: Option<Setting<String>>,
    /// The version of Werkzeug, if known.
    pub werkzeug: Option<Setting<String>>,
    /// Flask-Caching's backend.
    pub backend: Setting<String>,
    /// The client whose way of writing values is used.
    pub client_values: Setting<String>,
    /// What `check` asks, as the profile has it.
    pub checks: ChecksTable,
    /// Whether everything that changes something is refused.
    pub read_only: Setting<bool>,
    /// Whether destructive commands ask for the profile's name.
    pub protected: bool,
    /// Whether nothing is asked.
    pub no_input: Setting<bool>,
    /// Whether nothing is kept of what is deleted or overwritten.
    pub no_journal: Setting<bool>,
    /// What the user should know about how these came about.
    pub notes: Vec<String>,
}
