//! One server: an authenticated connection, and what is known about who is at the other end.

use std::io;
use std::time::Instant;

use super::Cause;
use super::Options;
use super::Phase;
use super::ServerError;
use super::auth;
use super::connection::Connection;
use super::connection::Opening;
use super::connection::Timeouts;
use crate::protocol;
use crate::protocol::Dialect;
use crate::protocol::Expected;
use crate::protocol::Limits;
use crate::protocol::Malformed;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;
use crate::routing::servers::Endpoint;

/// How many bytes of requests are written ahead of their replies.
const WINDOW: usize = 256 << 10;

/// How many requests may wait for their replies.
const OUTSTANDING: usize = 4096;

/// How many bytes of statistics are believed; `stats conns` of a server with 100,000 connections has half of it.
const STATISTICS: usize = 64 << 20;

/// What keeping one statistic costs beside its text, in bytes.
const STATISTIC: usize = 64;

/// A connected server.
pub struct Server {
    connection: Connection,
    name: String,
    wire: Wire,
    /// Whether TLS is spoken.
    tls: bool,
    limits: Limits,
    /// Whether credentials were shown and the server turned out to need none.
    unauthenticated: bool,
    /// Whether what arrives next is known.
    sound: bool,
    /// Length of the reply that was returned last and still borrows the buffer.
    taken: usize,
}

impl Server {
    /// Connects and authenticates.
    ///
    /// # Errors
    /// [`ServerError`] names the phase that failed.
    pub fn open(
        endpoint: &Endpoint,
        options: &Options,
        timeouts: Timeouts,
    ) -> Result<(Self, Opening), ServerError> {
        let (connection, mut opening) = Connection::open(endpoint, options.tls.as_ref(), timeouts)?;
        let mut server = Self {
            connection,
            name: endpoint.to_string(),
            wire: options.wire,
            tls: options.tls.is_some(),
            limits: options.limits,
            unauthenticated: false,
            sound: true,
            taken: 0,
        };
        if let Some(login) = &options.login {
            let began = Instant::now();
            server.connection.enter(Phase::Authentication);
            let outcome = auth::authenticate(&mut server, login).map_err(|error| server.explain(error))?;
            server.unauthenticated = outcome == auth::Outcome::NotNeeded;
            server.connection.enter(Phase::Reply);
            opening.authentication = Some(began.elapsed());
        }
        Ok((server, opening))
    }

    /// The name that is shown: `host:port` or a path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Text or binary.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// Whether credentials were shown and the server turned out to have no authentication.
    #[must_use]
    pub fn needed_no_login(&self) -> bool {
        self.unauthenticated
    }

    /// The dialect in which this server is asked something: the binary one, or the text commands that can say it.
    #[must_use]
    pub fn dialect(&self, request: &Request<'_>) -> Dialect {
        match (self.wire, request) {
            (Wire::Binary, _) => Dialect::Binary,
            (
                Wire::Text,
                Request::Inspect { .. }
                | Request::Debug { .. }
                | Request::Noop
                | Request::Delete { cas: Some(_), .. }
                | Request::Arithmetic { initial: Some(_), .. },
            ) => Dialect::Meta,
            (Wire::Text, _) => Dialect::Classic,
        }
    }

    /// Whether what arrives next is known, so that the connection can be used again.
    #[must_use]
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Sends one request and waits for its reply.
    ///
    /// # Errors
    /// [`ServerError`]; what a server refuses is a [`Reply::Refused`] and no error.
    pub fn call(&mut self, request: &Request<'_>) -> Result<Reply<'_>, ServerError> {
        self.call_in(self.dialect(request), request)
    }

    /// Like [`Server::call`], in a given dialect.
    pub(super) fn call_in(
        &mut self,
        dialect: Dialect,
        request: &Request<'_>,
    ) -> Result<Reply<'_>, ServerError> {
        self.settle();
        self.queue(dialect, request)?;
        let expected = Expected::of(request, protocol::Options::default());
        loop {
            match protocol::decode(dialect, expected, &self.limits, self.connection.input()) {
                Ok(Some((_, length))) => {
                    self.taken = length;
                    break;
                }
                Ok(None) => self.advance()?,
                Err(malformed) => return Err(self.malformed(malformed)),
            }
        }
        // Decoded once more, since a borrow that is returned from within the loop would last for all of it.
        match protocol::decode(dialect, expected, &self.limits, self.connection.input()) {
            Ok(Some((reply, _))) => Ok(reply),
            Ok(None) | Err(_) => Err(self.connection.error(Cause::Closed)),
        }
    }

    /// Sends many requests and hands each reply over with the index of its request, in order.
    ///
    /// Requests are written ahead of replies within a window, and replies are read whenever they come, so neither side
    /// can fill the other's buffers.
    ///
    /// # Errors
    /// [`ServerError`]; the requests whose replies were handed over before are answered, the others unknown.
    pub fn batch(
        &mut self,
        requests: &[Request<'_>],
        each: &mut dyn FnMut(usize, Reply<'_>),
    ) -> Result<(), ServerError> {
        self.settle();
        let mut sent = 0;
        let mut answered = 0;
        while let Some(due) = requests.get(answered) {
            while let Some(request) = requests.get(sent)
                && sent - answered < OUTSTANDING
                && self.connection.pending() < WINDOW
            {
                self.queue(self.dialect(request), request)?;
                sent += 1;
            }
            match protocol::decode(
                self.dialect(due),
                Expected::of(due, protocol::Options::default()),
                &self.limits,
                self.connection.input(),
            ) {
                Ok(Some((reply, length))) => {
                    each(answered, reply);
                    self.connection.consume(length);
                    answered += 1;
                }
                Ok(None) => self.advance()?,
                Err(malformed) => return Err(self.malformed(malformed)),
            }
        }
        Ok(())
    }

    /// Asks for a group of statistics (`""`: the general ones) and hands each field over.
    ///
    /// # Errors
    /// [`ServerError`]; a group that the server does not have is a [`Cause::Refused`].
    pub fn statistics(&mut self, group: &str, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), ServerError> {
        let request = Request::Stats { argument: group.as_bytes() };
        let dialect = self.dialect(&request);
        self.settle();
        self.queue(dialect, &request)?;
        let mut read = 0;
        loop {
            if read > STATISTICS {
                self.sound = false;
                let endless = io::Error::other("its statistics do not end");
                return Err(self.connection.error(Cause::Io(endless)));
            }
            let input = self.connection.input();
            let length = match protocol::decode(
                dialect,
                Expected::of(&request, protocol::Options::default()),
                &self.limits,
                input,
            ) {
                Ok(Some((Reply::Stat { name, value }, length))) => {
                    each(name, value);
                    length
                }
                Ok(Some((Reply::Refused(refusal), length))) => {
                    let cause = Cause::of(&refusal);
                    self.connection.consume(length);
                    return Err(self.refused(cause));
                }
                Ok(Some((_, length))) => {
                    self.connection.consume(length);
                    return Ok(());
                }
                Ok(None) => {
                    self.advance()?;
                    continue;
                }
                Err(malformed) => return Err(self.malformed(malformed)),
            };
            self.connection.consume(length);
            read += length + STATISTIC;
        }
    }

    /// The error for a server that refuses what it is asked; the connection stays usable.
    #[must_use]
    pub fn refused(&self, cause: Cause) -> ServerError {
        self.explain(self.connection.error(cause))
    }

    /// The connection itself, for a caller with its own schedule.
    pub fn connection(&mut self) -> &mut Connection {
        self.settle();
        &mut self.connection
    }

    /// Marks the connection as not to be used again.
    pub fn abandon(&mut self) {
        self.sound = false;
    }

    /// Sets when all waiting ends.
    pub(super) fn wait_until(&mut self, until: Option<Instant>) {
        self.connection.wait_until(until);
    }

    /// How long is waited.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.connection.timeouts()
    }

    /// What a server may claim.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An error of this server in a given phase.
    pub(super) fn error(&self, phase: Phase, cause: Cause) -> ServerError {
        ServerError { phase, ..self.connection.error(cause) }
    }

    /// Appends a request to what is to be written.
    fn queue(&mut self, dialect: Dialect, request: &Request<'_>) -> Result<(), ServerError> {
        let written =
            protocol::encode(dialect, request, protocol::Options::default(), self.connection.output());
        written.map_err(|unsupported| self.connection.error(Cause::Refused(unsupported.to_string())))
    }

    /// Drops the reply that the last call returned.
    fn settle(&mut self) {
        self.connection.consume(std::mem::take(&mut self.taken));
    }

    /// Waits for progress.
    pub(super) fn advance(&mut self) -> Result<(), ServerError> {
        self.connection.advance().map_err(|error| {
            self.sound = false;
            self.explain(error)
        })
    }

    /// An answer that is none.
    fn malformed(&mut self, malformed: Malformed) -> ServerError {
        self.sound = false;
        self.explain(self.connection.error(Cause::Malformed(malformed)))
    }

    /// Adds what to do where it is known: a server that was spoken to in a protocol that it does not know says nothing.
    fn explain(&self, error: ServerError) -> ServerError {
        if error.hint.is_some() {
            return error;
        }
        let hint = match &error.cause {
            Cause::AuthenticationRefused(_) => Some(
                "check the user name and password, and --auth; new credentials take up to 3 minutes at MemCachier",
            ),
            Cause::Malformed(Malformed::Magic { .. }) => Some(
                "this looks like a server without the binary protocol: try --protocol text, or --auth text",
            ),
            Cause::Timeout(_) if !self.connection.has_answered() => Some(self.looks_like(error.phase)),
            // memcached with TLS closes the connection on anything else (1.6.18).
            Cause::Closed if !self.connection.has_answered() && !self.tls => {
                Some("this looks like a server that wants TLS (--tls), or another protocol")
            }
            _ => None,
        };
        ServerError { hint: hint.map(str::to_owned), ..error }
    }

    /// What a silent server looks like: memcached -S leaves text unanswered, -Y leaves binary (both tried on 1.6.18).
    fn looks_like(&self, phase: Phase) -> &'static str {
        match (self.wire, phase) {
            (Wire::Text, Phase::Authentication) => {
                "this looks like a server that wants SASL, which answers nothing to the text protocol: try --auth sasl"
            }
            (Wire::Text, _) => {
                "this looks like a server that wants SASL, which answers nothing to the text protocol: set a user name and \
                 password (MEMCACHIER_USERNAME and MEMCACHIER_PASSWORD, or --username and --password-file)"
            }
            (Wire::Binary, _) => {
                "this looks like a server with an auth file (memcached -Y) or without the binary protocol, which answers \
                 nothing to it: try --auth text or --protocol text"
            }
        }
    }
}
