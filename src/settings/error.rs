//! What is wrong with the settings.

use thiserror::Error;

use crate::routing::RoutingError;
use crate::routing::ServersError;

/// What is wrong with the settings; all of it ends with exit code 2.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A value that its reader does not understand.
    #[error("{source_name}: {reason}")]
    Value {
        /// Where the value comes from.
        source_name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A profile file that is not understood.
    #[error("{path}: {reason}")]
    Syntax {
        /// Which file.
        path: String,
        /// What and where.
        reason: String,
    },
    /// A profile file with a password that others can read.
    #[error("{path} holds a password and others can read it (mode {mode:04o})")]
    Permissions {
        /// Which file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// A profile that is not in the file.
    #[error("there is no profile \"{name}\" in {path}")]
    NoProfile {
        /// The name that was asked for.
        name: String,
        /// Which file.
        path: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Settings that do not go together.
    #[error("{message}")]
    Conflict {
        /// What does not go together.
        message: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A program that should have told the password.
    #[error("password_command of {source_name} {reason}")]
    PasswordCommand {
        /// Which profile.
        source_name: String,
        /// What happened.
        reason: String,
    },
    /// A server list that is not understood.
    #[error("{source_name}: {error}")]
    Servers {
        /// Where the list comes from.
        source_name: String,
        /// What is wrong with it.
        error: ServersError,
    },
    /// A routing text that is not understood.
    #[error("{source_name}: {error}")]
    Routing {
        /// Where the text comes from.
        source_name: String,
        /// What is wrong with it.
        error: RoutingError,
    },
}

impl SettingsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Permissions { path, .. } => Some(format!("chmod 600 {path}")),
            Self::NoProfile { known, .. } if known.is_empty() => Some("the file has no profiles".to_owned()),
            Self::NoProfile { known, .. } => Some(format!("the file has: {}", known.join(", "))),
            Self::Conflict { hint, .. } => Some((*hint).to_owned()),
            _ => None,
        }
    }
}
