//! Every word to a server: sockets, TLS, time limits, authentication, and all servers of a pool at once.

mod auth;
pub mod connection;
pub mod error;
pub mod listing;
pub mod pipeline;
pub mod probe;
pub mod server;
mod spill;
mod stream;
mod style;
pub mod tls;
pub mod watch;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Instant;

pub use auth::AuthMode;
pub use auth::Login;
pub use connection::Opening;
pub use connection::Timeouts;
pub use error::Cause;
pub use error::Phase;
pub use error::ServerError;
pub use server::Server;
pub use tls::Tls;
pub use tls::TlsError;
pub use tls::TlsSettings;

use crate::protocol::Limits;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;
use crate::routing::servers::Endpoint;

/// How servers are spoken to.
#[derive(Clone)]
pub struct Options {
    /// Text or binary protocol.
    pub wire: Wire,
    /// The credentials, if the servers want any.
    pub login: Option<Login>,
    /// TLS, if the servers want it.
    pub tls: Option<Tls>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// What a server may claim.
    pub limits: Limits,
}

/// The servers of a pool. A connection is opened when a server is first needed, and kept.
pub struct Pool {
    endpoints: Vec<Endpoint>,
    options: Options,
    connected: Vec<Mutex<Option<Server>>>,
    without_login: Mutex<Vec<usize>>,
}

/// What came of one request among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The server answered.
    Answered(T),
    /// This server (by index) could not be reached, or its connection broke before the request was answered.
    Failed(usize),
}

/// What came of requests to several servers: partial success is a value.
pub struct Answers<T> {
    /// One a request, in the order of the requests.
    pub outcomes: Vec<Outcome<T>>,
    /// The servers that gave up on some of theirs: index and reason.
    pub unreached: Vec<(usize, ServerError)>,
}

impl Pool {
    /// A pool over these servers; nothing is contacted yet.
    #[must_use]
    pub fn new(endpoints: Vec<Endpoint>, options: Options) -> Self {
        let connected = endpoints.iter().map(|_| Mutex::new(None)).collect();
        Self { endpoints, options, connected, without_login: Mutex::default() }
    }

    /// The servers in the order in which they were configured.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The name of a server as it is shown.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        self.endpoints.get(index).map(ToString::to_string).unwrap_or_default()
    }

    /// How the servers are spoken to.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Does something with each of these servers, all at once; one that fails stops no other.
    pub fn each<T: Send>(
        &self,
        indexes: &[usize],
        work: impl Fn(usize, &mut Server) -> Result<T, ServerError> + Sync,
    ) -> Vec<(usize, Result<T, ServerError>)> {
        self.each_until(None, indexes, work)
    }

    /// Like [`Pool::each`], and all waiting ends at a moment, whatever progress there is.
    pub fn each_until<T: Send>(
        &self,
        until: Option<Instant>,
        indexes: &[usize],
        work: impl Fn(usize, &mut Server) -> Result<T, ServerError> + Sync,
    ) -> Vec<(usize, Result<T, ServerError>)> {
        // The usual case needs no thread.
        if let [index] = indexes {
            return vec![(*index, self.with(until, *index, &work))];
        }
        let work = &work;
        thread::scope(|scope| {
            let running: Vec<_> = indexes
                .iter()
                .map(|&index| (index, scope.spawn(move || self.with(until, index, work))))
                .collect();
            running
                .into_iter()
                .map(|(index, thread)| match thread.join() {
                    Ok(result) => (index, result),
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    /// Sends each request to its server and keeps what `read` makes of the reply.
    pub fn run<T: Send>(
        &self,
        requests: &[(usize, Request<'_>)],
        read: impl Fn(usize, Reply<'_>) -> T + Sync,
    ) -> Answers<T> {
        let mut shares: Vec<Vec<usize>> = vec![Vec::new(); self.endpoints.len()];
        for (position, (server, _)) in requests.iter().enumerate() {
            if let Some(share) = shares.get_mut(*server) {
                share.push(position);
            }
        }
        let needed: Vec<usize> = (0..shares.len()).filter(|&index| !shares[index].is_empty()).collect();
        let answered = self.each(&needed, |index, server| {
            let share = &shares[index];
            let batch: Vec<Request<'_>> = share.iter().map(|&position| requests[position].1).collect();
            let mut values = Vec::with_capacity(batch.len());
            let result = server.batch(&batch, &mut |at, reply| values.push(read(share[at], reply)));
            Ok((values, result))
        });
        let mut answers = Answers {
            outcomes: requests.iter().map(|(server, _)| Outcome::Failed(*server)).collect(),
            unreached: Vec::new(),
        };
        for (index, result) in answered {
            let (values, failed) = match result {
                Ok((values, result)) => (values, result.err()),
                Err(error) => (Vec::new(), Some(error)),
            };
            for (&position, value) in shares[index].iter().zip(values) {
                answers.outcomes[position] = Outcome::Answered(value);
            }
            answers.unreached.extend(failed.map(|error| (index, error)));
        }
        answers
    }

    /// Opens a connection of its own to one server and tells how long each step took.
    ///
    /// # Errors
    /// [`ServerError`] names the phase that failed.
    pub fn open(&self, index: usize) -> Result<(Server, Opening), ServerError> {
        self.open_until(None, index)
    }

    fn open_until(&self, until: Option<Instant>, index: usize) -> Result<(Server, Opening), ServerError> {
        let timeouts = Timeouts { until, ..self.options.timeouts };
        let (server, opening) = Server::open(&self.endpoints[index], &self.options, timeouts)?;
        if server.needed_no_login() {
            self.without_login.lock().unwrap_or_else(PoisonError::into_inner).push(index);
        }
        Ok((server, opening))
    }

    /// Takes the names of the servers that turned out to have no authentication though credentials are set, each once.
    #[must_use]
    pub fn take_without_login(&self) -> Vec<String> {
        let mut indexes =
            std::mem::take(&mut *self.without_login.lock().unwrap_or_else(PoisonError::into_inner));
        indexes.sort_unstable();
        indexes.dedup();
        indexes.into_iter().map(|index| self.name(index)).collect()
    }

    /// Does something with one server, on the connection that was kept or a fresh one.
    fn with<T>(
        &self,
        until: Option<Instant>,
        index: usize,
        work: &(impl Fn(usize, &mut Server) -> Result<T, ServerError> + Sync),
    ) -> Result<T, ServerError> {
        let mut kept = self.connected[index].lock().unwrap_or_else(PoisonError::into_inner);
        let mut server = match kept.take() {
            Some(server) => server,
            None => self.open_until(until, index)?.0,
        };
        server.wait_until(until);
        let result = work(index, &mut server);
        // After an error nobody knows what may still arrive on this connection.
        if result.is_ok() && server.is_sound() {
            *kept = Some(server);
        }
        result
    }
}
