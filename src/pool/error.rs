//! What can go wrong on the way to a server.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::protocol::Malformed;
use crate::protocol::Refusal;
use crate::protocol::RefusalKind;

/// A step on the way to an answer; each has its own time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Asking the resolver for the host's addresses.
    NameLookup,
    /// Opening the TCP or UNIX socket.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Showing the credentials.
    Authentication,
    /// Waiting for a reply.
    Reply,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NameLookup => "name lookup",
            Self::Connect => "connecting",
            Self::Tls => "the TLS handshake",
            Self::Authentication => "authentication",
            Self::Reply => "waiting for a reply",
        })
    }
}

/// Why a server gave no usable answer.
#[derive(Debug)]
pub struct ServerError {
    /// The server as it is named everywhere: `host:port` or a path.
    pub server: String,
    /// The step that failed.
    pub phase: Phase,
    /// What happened.
    pub cause: Cause,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// What happened in a failed step.
#[derive(Debug)]
pub enum Cause {
    /// The server refused the credentials, in its own words.
    AuthenticationRefused(String),
    /// The server closed the connection.
    Closed,
    /// The operating system reported an error.
    Io(io::Error),
    /// The server answered what is no answer.
    Malformed(Malformed),
    /// The server answered that it cannot do this, in its own words.
    Refused(String),
    /// No progress for this long.
    Timeout(Duration),
    /// TLS failed, in the library's words.
    Tls(String),
}

impl Cause {
    /// What a refusal means: of the credentials, or of what was asked.
    #[must_use]
    pub fn of(refusal: &Refusal<'_>) -> Self {
        let words = String::from_utf8_lossy(refusal.message).into_owned();
        match refusal.kind {
            RefusalKind::Unauthenticated => Self::AuthenticationRefused(words),
            _ => Self::Refused(words),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, phase, cause, .. } = self;
        match cause {
            Cause::Timeout(waited) => {
                write!(
                    formatter,
                    "{server}: no answer within {} ms while {}",
                    waited.as_millis(),
                    doing(*phase)
                )
            }
            Cause::Closed => {
                write!(formatter, "{server}: the server closed the connection during {}", during(*phase))
            }
            Cause::Io(error) => {
                write!(formatter, "{server}: {} failed: {}", failing(*phase), io_words(error))
            }
            Cause::Malformed(malformed) => write!(formatter, "{server}: {malformed}"),
            Cause::Refused(words) => write!(formatter, "{server}: the server answered \"{words}\""),
            Cause::Tls(words) => write!(formatter, "{server}: the TLS handshake failed: {words}"),
            Cause::AuthenticationRefused(words) => {
                write!(formatter, "{server}: {} (\"{words}\")", not_let_in(*phase))
            }
        }
    }
}

impl std::error::Error for ServerError {}

/// A server that lets nobody in: by these credentials, or by none.
fn not_let_in(phase: Phase) -> &'static str {
    match phase {
        Phase::Authentication => "the server refused the credentials",
        _ => "the server wants a login or refuses this one",
    }
}

/// The phase as what one was doing.
fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::NameLookup => "looking up its name",
        Phase::Connect => "connecting",
        Phase::Tls => "shaking hands over TLS",
        Phase::Authentication => "authenticating",
        Phase::Reply => "waiting for a reply",
    }
}

/// The phase as a stretch of time.
fn during(phase: Phase) -> &'static str {
    match phase {
        Phase::NameLookup => "the name lookup",
        Phase::Connect => "connecting",
        Phase::Tls => "the TLS handshake",
        Phase::Authentication => "authentication",
        Phase::Reply => "a request",
    }
}

/// The phase as what failed.
fn failing(phase: Phase) -> &'static str {
    match phase {
        Phase::NameLookup => "name lookup",
        Phase::Connect => "connecting",
        Phase::Tls => "the TLS handshake",
        Phase::Authentication => "authentication",
        Phase::Reply => "the connection",
    }
}

/// The operating system's words in lower case and without its error number.
fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    // What the standard library puts before the resolver's own words.
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(text);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => text.to_owned(),
    }
}
