//! From settings to what the pool, the router and the key rooms want.

use std::fmt::Display;
use std::str::FromStr;

use super::Auth;
use super::PasswordSource;
use super::Protocol;
use super::ServerText;
use super::Setting;
use super::Settings;
use super::SettingsError;
use crate::codec::Client;
use crate::flask::Facts;
use crate::pool;
use crate::pool::AuthMode;
use crate::pool::Login;
use crate::pool::Timeouts;
use crate::protocol::Limits;
use crate::protocol::Wire;
use crate::routing::Router;
use crate::routing::Routing;
use crate::routing::servers;
use crate::routing::servers::ServerList;

impl Settings {
    /// The servers in order, and what is odd about the list.
    ///
    /// # Errors
    /// An entry that is not understood.
    pub fn server_list(&self) -> Result<ServerList, SettingsError> {
        let list = match &self.servers.value {
            ServerText::List(text) => servers::parse_list(text),
            ServerText::Entries(entries) => servers::from_entries(entries),
        };
        list.map_err(|error| SettingsError::Servers { source_name: self.servers.source.to_string(), error })
    }

    /// The routing; by default that of the client behind the backend.
    ///
    /// # Errors
    /// A text that is not understood.
    pub fn routing(&self) -> Result<Routing, SettingsError> {
        match &self.routing {
            Some(text) => Routing::parse(&text.value)
                .map_err(|error| SettingsError::Routing { source_name: text.source.to_string(), error }),
            None => Ok(self.default_routing()),
        }
    }

    /// Flask-Caching's plain `memcached` class cannot set behaviours; elsewhere ketama is what MemCachier documents.
    fn default_routing(&self) -> Routing {
        if self.backend.value == "memcached" {
            Routing::parse("pylibmc").unwrap_or_default()
        } else {
            Routing::default()
        }
    }

    /// What is known of the application.
    ///
    /// # Errors
    /// A version or backend that is not understood.
    pub fn facts(&self) -> Result<Facts, SettingsError> {
        Ok(Facts {
            flask_caching: self.flask_caching.as_ref().map(parsed).transpose()?,
            python: self.python.as_ref().map(parsed).transpose()?.unwrap_or_default(),
            werkzeug: self.werkzeug.as_ref().map(parsed).transpose()?,
            key_prefix: self.key_prefix.value.clone(),
            backend: parsed(&self.backend)?,
        })
    }

    /// The client whose way of writing values is used.
    ///
    /// # Errors
    /// A client that is not known.
    pub fn client(&self) -> Result<Client, SettingsError> {
        parsed(&self.client_values)
    }

    /// Checks everything that a command would read, short of the password and the servers.
    ///
    /// # Errors
    /// The first setting that is not understood.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let list = self.server_list()?;
        let routing = self.routing()?;
        Router::new(&routing, &list.servers, None).map_err(|error| SettingsError::Routing {
            source_name: self.servers.source.to_string(),
            error,
        })?;
        self.client()?;
        self.facts()?;
        self.auth_mode()?;
        self.tls()?;
        self.checks()?;
        Ok(())
    }

    /// How the credentials will be shown; `None` without authentication.
    ///
    /// # Errors
    /// A user name without a password, or a way of authenticating that the protocol does not have.
    pub fn auth_mode(&self) -> Result<Option<AuthMode>, SettingsError> {
        let mode = match (self.auth.value, &self.username) {
            (Auth::None, _) | (Auth::Auto, None) => return Ok(None),
            (Auth::Auto | Auth::Sasl, Some(_)) => AuthMode::Sasl,
            (Auth::Text, Some(_)) => AuthMode::Text,
            (Auth::MemcachierText, Some(_)) => AuthMode::MemcachierText,
            (Auth::Sasl | Auth::Text | Auth::MemcachierText, None) => {
                return Err(SettingsError::Conflict {
                    message: format!(
                        "authentication is asked for ({}) without a user name",
                        self.auth.source
                    ),
                    hint: "set MEMCACHIER_USERNAME and MEMCACHIER_PASSWORD, or --username and --password-file",
                });
            }
        };
        match (mode, self.protocol.value) {
            (AuthMode::Sasl, Protocol::Text) => Err(SettingsError::Conflict {
                message: "SASL needs the binary protocol, and the text protocol is asked for".to_owned(),
                hint: "use --auth text (memcached -Y), --auth memcachier-text, --auth none, or --protocol binary",
            }),
            (AuthMode::Text | AuthMode::MemcachierText, Protocol::Binary) => Err(SettingsError::Conflict {
                message: format!(
                    "{mode} authentication needs the text protocol, and the binary one is asked for"
                ),
                hint: "use --auth sasl, or --protocol text",
            }),
            _ => Ok(Some(mode)),
        }
    }

    /// Text or binary.
    ///
    /// # Errors
    /// See [`Settings::auth_mode`].
    pub fn wire(&self) -> Result<Wire, SettingsError> {
        Ok(match (self.protocol.value, self.auth_mode()?) {
            (Protocol::Binary, _) | (Protocol::Auto, Some(AuthMode::Sasl)) => Wire::Binary,
            (Protocol::Text | Protocol::Auto, _) => Wire::Text,
        })
    }

    /// The credentials, the password included: it is read or asked for here.
    ///
    /// # Errors
    /// A password that cannot be had.
    pub fn login(&self) -> Result<Option<Login>, SettingsError> {
        let (Some(mode), Some(username)) = (self.auth_mode()?, &self.username) else { return Ok(None) };
        let Some(password) = &self.password else {
            return Err(SettingsError::Conflict {
                message: format!("there is a user name ({}) and no password", username.source),
                hint: "set the password where the user name is set, or use --password-file or --password-stdin",
            });
        };
        let secret = password.value.get(&password.source.to_string())?;
        Ok(Some(Login { mode, username: username.value.clone(), password: secret.expose().clone() }))
    }

    /// Takes the password off standard input where it comes from there, before anything else reads that.
    ///
    /// # Errors
    /// Standard input without a first line.
    pub fn take_password_from_stdin(&mut self) -> Result<(), SettingsError> {
        if let Some(password) = &mut self.password
            && password.value == PasswordSource::Stdin
        {
            password.value = PasswordSource::Known(password.value.get(&password.source.to_string())?);
        }
        Ok(())
    }

    /// Everything that the pool wants to know but the servers.
    ///
    /// # Errors
    /// Settings that do not go together, or a TLS file that cannot be used.
    pub fn pool_options(&self) -> Result<pool::Options, SettingsError> {
        Ok(pool::Options {
            wire: self.wire()?,
            login: self.login()?,
            tls: self.tls()?,
            timeouts: Timeouts {
                connect: self.connect_timeout.value,
                reply: self.timeout.value,
                until: None,
            },
            limits: Limits::default(),
        })
    }

    /// TLS, its files read; `None` if it is off.
    fn tls(&self) -> Result<Option<pool::Tls>, SettingsError> {
        let Some(tls) = &self.tls else { return Ok(None) };
        pool::Tls::new(&tls.value).map(Some).map_err(|error| SettingsError::Value {
            source_name: format!("TLS ({})", tls.source),
            reason: error.to_string(),
        })
    }
}

/// Reads a text; the error names where it comes from.
fn parsed<T: FromStr<Err: Display>>(text: &Setting<String>) -> Result<T, SettingsError> {
    text.value.parse().map_err(|error: T::Err| SettingsError::Value {
        source_name: text.source.to_string(),
        reason: error.to_string(),
    })
}
