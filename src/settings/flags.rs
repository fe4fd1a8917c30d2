//! The flags that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::ValueEnum;
use clap_complete::engine::ArgValueCandidates;

use super::candidates;
use super::units;
use crate::output::Color;
use crate::output::Format;

/// The flags that every command takes; what they do not say comes from the environment and the profile.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Connection")]
pub struct Flags {
    /// Profile of the configuration file to use [env: CACHIER_PROFILE]
    #[arg(short, long, global = true, value_name = "NAME", add = ArgValueCandidates::new(candidates::profiles))]
    pub profile: Option<String>,
    /// Configuration file [env: CACHIER_CONFIG] [default: ~/.config/cachier/config.toml]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Servers, separated by commas [env: CACHIER_SERVERS, MEMCACHIER_SERVERS, …]
    ///
    /// [default: 127.0.0.1:11211]
    #[arg(short, long, global = true, value_name = "LIST", add = ArgValueCandidates::new(candidates::servers))]
    pub servers: Option<String>,
    /// User name [env: CACHIER_USERNAME, MEMCACHIER_USERNAME, …]
    #[arg(short, long, global = true, hide_short_help = true, value_name = "USER")]
    pub username: Option<String>,
    /// File whose first line is the password [env for the password itself: CACHIER_PASSWORD, MEMCACHIER_PASSWORD, …]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "FILE",
        conflicts_with = "password_stdin"
    )]
    pub password_file: Option<PathBuf>,
    /// Read the password from the first line of standard input
    #[arg(long, global = true, hide_short_help = true)]
    pub password_stdin: bool,
    /// How the application's client chooses the server of a key [env: CACHIER_ROUTING] [default: pylibmc:ketama]
    #[arg(long, global = true, hide_short_help = true, value_name = "SPEC", add = ArgValueCandidates::new(candidates::routings))]
    pub routing: Option<String>,
    /// Protocol to speak [env: CACHIER_PROTOCOL] [default: auto]
    #[arg(long, global = true, hide_short_help = true, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,
    /// How to authenticate [env: CACHIER_AUTH] [default: auto, sasl when there is a user name]
    #[arg(long, global = true, hide_short_help = true, value_name = "MODE")]
    pub auth: Option<Auth>,
    /// Speak TLS [env: CACHIER_TLS=1]
    #[arg(long, global = true, hide_short_help = true)]
    pub tls: bool,
    /// Certificates to trust instead of the system's, PEM [env: CACHIER_TLS_CA]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// Client certificate, PEM [env: CACHIER_TLS_CERT]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Key of the client certificate, PEM [env: CACHIER_TLS_KEY]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Name to expect in the server's certificate [env: CACHIER_TLS_SERVER_NAME]
    #[arg(long, global = true, hide_short_help = true, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Accept any certificate [env: CACHIER_TLS_INSECURE=1]
    #[arg(long, global = true, hide_short_help = true)]
    pub tls_insecure: bool,
    /// Time limit for name lookup, connecting and TLS, each [env: CACHIER_CONNECT_TIMEOUT] [default: 2s]
    #[arg(long, global = true, hide_short_help = true, value_name = "DURATION", value_parser = units::duration)]
    pub connect_timeout: Option<Duration>,
    /// Time limit for a wait without progress [env: CACHIER_TIMEOUT] [default: 1s]
    #[arg(long, global = true, hide_short_help = true, value_name = "DURATION", value_parser = units::duration)]
    pub timeout: Option<Duration>,
    /// What the application puts before every key [env: CACHIER_KEY_PREFIX] [default: flask_cache_]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "PREFIX",
        help_heading = "Application",
        conflicts_with = "no_key_prefix"
    )]
    pub key_prefix: Option<String>,
    /// The application puts nothing before its keys
    #[arg(long, global = true, hide_short_help = true, help_heading = "Application")]
    pub no_key_prefix: bool,
    /// Version of Flask-Caching [env: CACHIER_FLASK_CACHING] [default: unknown, every generation]
    #[arg(long, global = true, hide_short_help = true, value_name = "VERSION", help_heading = "Application")]
    pub flask_caching: Option<String>,
    /// Version of the application's Python [env: CACHIER_PYTHON] [default: 3.11]
    #[arg(long, global = true, hide_short_help = true, value_name = "VERSION", help_heading = "Application")]
    pub python: Option<String>,
    /// Version of Werkzeug [default: 2.3 or newer]
    #[arg(long, global = true, hide_short_help = true, value_name = "VERSION", help_heading = "Application")]
    pub werkzeug: Option<String>,
    /// Flask-Caching's backend: memcached, sasl or spread [env: CACHIER_BACKEND] [default: sasl]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "NAME",
        help_heading = "Application",
        add = ArgValueCandidates::new(candidates::backends)
    )]
    pub backend: Option<String>,
    /// Client whose way of writing values and flags is used [default: pylibmc]
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "NAME",
        help_heading = "Application",
        add = ArgValueCandidates::new(candidates::clients)
    )]
    pub client_values: Option<String>,
    /// Output format: table, tsv, json, jsonl, csv or prometheus [env: CACHIER_OUTPUT]
    ///
    /// [default: depends on the command]
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub output: Option<Format>,
    /// When to use colour
    #[arg(long, global = true, hide_short_help = true, value_name = "WHEN", help_heading = "Output")]
    pub color: Option<Color>,
    /// Say nothing on standard error
    #[arg(short, long, global = true, hide_short_help = true, help_heading = "Output")]
    pub quiet: bool,
    /// Say more on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count, hide_short_help = true, help_heading = "Output")]
    pub verbose: u8,
    /// Refuse everything that changes something [env: CACHIER_READ_ONLY=1]
    #[arg(long, global = true, hide_short_help = true, help_heading = "Safety")]
    pub read_only: bool,
    /// Ask nothing [env: CACHIER_NO_INPUT=1, CI=true]
    #[arg(long, global = true, hide_short_help = true, help_heading = "Safety")]
    pub no_input: bool,
    /// Keep nothing of what is deleted or overwritten for undo [env: CACHIER_NO_JOURNAL=1]
    #[arg(long, global = true, hide_short_help = true, help_heading = "Safety")]
    pub no_journal: bool,
}

impl Flags {
    /// These flags, and those of `base` where these say nothing.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let base = base.clone();
        // A server list and the login that belongs to it come from one place.
        let has_place = self.profile.is_some() || self.servers.is_some();
        let place = if has_place { Self::default() } else { base.clone() };
        let has_password = self.password_file.is_some() || self.password_stdin;
        Self {
            profile: self.profile.or(place.profile),
            config: self.config.or(base.config),
            servers: self.servers.or(place.servers),
            username: self.username.or(place.username),
            password_file: self.password_file.or(place.password_file.filter(|_| !has_password)),
            password_stdin: self.password_stdin || (place.password_stdin && !has_password),
            routing: self.routing.or(place.routing),
            protocol: self.protocol.or(place.protocol),
            auth: self.auth.or(place.auth),
            tls: self.tls || place.tls,
            tls_ca: self.tls_ca.or(place.tls_ca),
            tls_cert: self.tls_cert.or(place.tls_cert),
            tls_key: self.tls_key.or(place.tls_key),
            tls_server_name: self.tls_server_name.or(place.tls_server_name),
            tls_insecure: self.tls_insecure || place.tls_insecure,
            connect_timeout: self.connect_timeout.or(base.connect_timeout),
            timeout: self.timeout.or(base.timeout),
            no_key_prefix: self.no_key_prefix || (base.no_key_prefix && self.key_prefix.is_none()),
            key_prefix: self.key_prefix.or(base.key_prefix.filter(|_| !self.no_key_prefix)),
            flask_caching: self.flask_caching.or(base.flask_caching),
            python: self.python.or(base.python),
            werkzeug: self.werkzeug.or(base.werkzeug),
            backend: self.backend.or(base.backend),
            client_values: self.client_values.or(base.client_values),
            read_only: self.read_only || base.read_only,
            no_input: self.no_input || base.no_input,
            no_journal: self.no_journal || base.no_journal,
            output: self.output.or(base.output),
            color: self.color.or(base.color),
            quiet: self.quiet || base.quiet,
            verbose: self.verbose.max(base.verbose),
        }
    }

    /// Whether these say the same about everything but output.
    #[must_use]
    pub fn mean_the_same(&self, other: &Self) -> bool {
        let without_output =
            |flags: &Self| Self { output: None, color: None, quiet: false, verbose: 0, ..flags.clone() };
        without_output(self) == without_output(other)
    }
}

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Protocol {
    /// Binary with SASL, else text.
    #[default]
    Auto,
    /// Text.
    Text,
    /// Binary.
    Binary,
}

/// How the credentials are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Auth {
    /// SASL when there is a user name.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// SASL PLAIN over the binary protocol.
    Sasl,
    /// An auth file over the text protocol (memcached -Y).
    Text,
    /// MemCachier's way over the text protocol.
    MemcachierText,
}
