//! How a command ends: with an exit code, or with a failure that says what to do.

use crate::codec::CodecError;
use crate::flask::FlaskError;
use crate::output::prompt::Stopped;
use crate::pool::Cause;
use crate::pool::ServerError;
use crate::pool::TlsError;
use crate::protocol::KeyError;
use crate::python::signature::SignatureError;
use crate::routing::RoutingError;
use crate::routing::ServersError;
use crate::settings::SettingsError;

/// The exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// The exit code of a program that was run.
    Child(u8),
    /// 0: done, found.
    Done,
    /// 1: a negative answer.
    Negative,
    /// 2: usage or settings.
    Usage,
    /// 3: cannot reach.
    Unreachable,
    /// 4: authentication or permission refused.
    Denied,
    /// 5: the server answered with an error.
    Server,
    /// 6: some servers or keys failed, the rest was done.
    Partial,
    /// 7: a check failed.
    Check,
    /// 8: refused by a safety rule.
    Safety,
    /// 70: a bug in cachier.
    Bug,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Child(code) => code,
            Self::Done => 0,
            Self::Negative => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Denied => 4,
            Self::Server => 5,
            Self::Partial => 6,
            Self::Check => 7,
            Self::Safety => 8,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// The kind of failure as JSON names it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Child(_) => "program",
            Self::Done => "done",
            Self::Negative => "negative",
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::Server => "server",
            Self::Partial => "partial",
            Self::Check => "check",
            Self::Safety => "safety",
            Self::Bug => "bug",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a command could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened: lower case, naming the key, server or file.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The server that it is about.
    pub server: Option<String>,
    /// Whether stderr has it already.
    pub told: bool,
}

impl Failure {
    /// A failure with an exit code and a message.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, server: None, told: false }
    }

    /// A mistake in the command line or the settings.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let exit = match &error.cause {
            Cause::AuthenticationRefused(_) => Exit::Denied,
            Cause::Refused(_) | Cause::Malformed(_) => Exit::Server,
            Cause::Closed | Cause::Io(_) | Cause::Timeout(_) | Cause::Tls(_) => Exit::Unreachable,
        };
        let message = error.to_string();
        Self { exit, message, hint: error.hint, server: Some(error.server), told: false }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let hint = match error {
            KeyError::IllegalByte { .. } => Some("the binary protocol carries every byte: --protocol binary"),
            KeyError::Empty | KeyError::TooLong { .. } => None,
        };
        Self { hint: hint.map(str::to_owned), ..Self::usage(error.to_string()) }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self { hint: error.hint(), ..Self::usage(error.to_string()) }
    }
}

impl From<FlaskError> for Failure {
    fn from(error: FlaskError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        Self::usage(error.to_string()).hint("write it as in the source: --signature '(self, a, b=2)'")
    }
}

impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::NotUtf8 { .. } => {
                Self::usage(format!("the value is {error}")).hint("store bytes as they are with --as bytes")
            }
            _ => Self::usage(error.to_string()),
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => Self::new(Exit::Interrupted, "interrupted: nothing was changed"),
            Stopped::Unreadable(reason) => Self::new(
                Exit::Safety,
                format!("the terminal cannot be asked ({reason}): nothing was changed"),
            ),
        }
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<RoutingError> for Failure {
    fn from(error: RoutingError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<ServersError> for Failure {
    fn from(error: ServersError) -> Self {
        Self::usage(error.to_string())
    }
}
