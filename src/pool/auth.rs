//! Showing the credentials: SASL PLAIN, memcached's auth file, MemCachier's text dialect.

use std::fmt;

use zeroize::Zeroizing;

use super::Cause;
use super::Phase;
use super::ServerError;
use super::server::Server;
use crate::protocol::Dialect;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Refusal;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::protocol::Wire;

/// How the credentials are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// The first text command is a `set` whose key is the user name and whose value the password.
    MemcachierText,
    /// SASL PLAIN over the binary protocol.
    Sasl,
    /// The first text command is a `set` whose value is `USER PASSWORD` (`memcached -Y`).
    Text,
}

impl fmt::Display for AuthMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MemcachierText => "memcachier-text",
            Self::Sasl => "sasl",
            Self::Text => "text",
        })
    }
}

/// A user name and password; neither is ever printed from here.
#[derive(Clone)]
pub struct Login {
    /// How they are shown.
    pub mode: AuthMode,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// What came of showing the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server knows us.
    Authenticated,
    /// The server has no authentication (SASL opcode unknown, 0x81): it is used without.
    NotNeeded,
}

/// Authenticates a fresh connection.
pub(super) fn authenticate(server: &mut Server, login: &Login) -> Result<Outcome, ServerError> {
    let password = login.password.as_bytes();
    let username = login.username.as_bytes();
    match login.mode {
        AuthMode::Sasl => {
            let response = Zeroizing::new([b"\0", username, b"\0", password].concat());
            let request = Request::SaslAuth { mechanism: b"PLAIN", response: &response };
            outcome(server, Dialect::Binary, &request)
        }
        AuthMode::Text => {
            let value = Zeroizing::new([username, b" ", password].concat());
            store(server, b"auth", &value)
        }
        AuthMode::MemcachierText => store(server, username, password),
    }
}

/// Authenticates with a text `set`.
fn store(server: &mut Server, key: &[u8], value: &[u8]) -> Result<Outcome, ServerError> {
    let key = Key::parse(key, Wire::Text).map_err(|error| {
        server.error(Phase::Authentication, Cause::AuthenticationRefused(error.to_string()))
    })?;
    let request =
        Request::Store { mode: StoreMode::Set, key: &key, flags: 0, expiry: Expiry::NEVER, value, cas: None };
    outcome(server, Dialect::Classic, &request)
}

/// Sends the request and reads what the server makes of it.
fn outcome(server: &mut Server, dialect: Dialect, request: &Request<'_>) -> Result<Outcome, ServerError> {
    let verdict = match server.call_in(dialect, request)? {
        Reply::Authenticated | Reply::Stored { .. } => return Ok(Outcome::Authenticated),
        Reply::Refused(Refusal { kind: RefusalKind::Unknown, .. }) if dialect == Dialect::Binary => {
            return Ok(Outcome::NotNeeded);
        }
        Reply::Refused(Refusal { message, .. }) => String::from_utf8_lossy(message).into_owned(),
        Reply::Continue(_) => "it wants another step than PLAIN has".to_owned(),
        other => format!("{other:?}"),
    };
    Err(server.error(Phase::Authentication, Cause::AuthenticationRefused(verdict)))
}
