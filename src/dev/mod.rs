//! An embedded server that answers as memcached 1.6.18 does, for development and demonstrations.
//!
//! [`Server::start`] binds a socket and starts a fixed number of threads, each with its own event loop ([`worker`]). What
//! arrives goes through the state machine of its connection ([`session`]), which knows no socket, into the one
//! [`store`]; a worker locks that once for all commands of a read. Listings and watched events go out in slices between
//! the commands of others.
//!
//! What a client can make wait is bounded: the output of a connection stops its commands, input that is not complete
//! counts against a budget, and a listing holds the store for 64 KiB at a time.

mod admin;
pub mod arrivals;
mod binary;
mod connection;
pub mod conversation;
mod counters;
mod listing;
mod log;
mod meta;
mod meta_flags;
mod meta_set;
mod number;
mod prefixes;
mod room;
mod sasl;
mod session;
mod settings;
mod slabs;
mod socket;
mod stats;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod words;
mod worker;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use socket::Listener;
use worker::Clock;
use worker::Shared;
use worker::Worker;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A UNIX socket, which is created and removed again.
    Unix(PathBuf),
}

/// How clients authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// SASL PLAIN; such a server speaks the binary protocol only, as `memcached -S` does.
    Sasl,
    /// A `set` with `user password` as its value; such a server speaks text only, as `memcached -Y` does.
    Text,
}

/// What clients must know.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// How they tell it.
    pub authentication: Authentication,
    /// Who they are.
    pub username: String,
    /// Their secret.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Credentials");
        shown.field("authentication", &self.authentication).field("username", &self.username);
        shown.field("password", &"(set)").finish()
    }
}

impl Credentials {
    fn admit(&self, username: &[u8], password: &[u8]) -> bool {
        username == self.username.as_bytes() && password == self.password.as_bytes()
    }
}

/// How a server shall be; the defaults are memcached's, on a port of loopback that the system chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// What clients must know; without it anybody may do anything.
    pub credentials: Option<Credentials>,
    /// Memory for items, in bytes, overhead included.
    pub memory_limit: usize,
    /// The largest item, in bytes, overhead included; up to 1 GiB.
    pub item_size_max: usize,
    /// As many clients as may be connected; more are sent away.
    pub max_connections: usize,
    /// As many threads as serve them.
    pub threads: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            credentials: None,
            memory_limit: 64 << 20,
            item_size_max: slabs::PAGE,
            max_connections: 16 << 10,
            threads: 4,
        }
    }
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: Listen,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Binds the socket and starts the threads; clients can connect as soon as this returns.
    ///
    /// # Errors
    /// Whatever the system says of the socket or the threads; [`io::ErrorKind::InvalidInput`] for an address that others
    /// can reach while there are no credentials, and for limits of zero.
    pub fn start(config: &Config) -> io::Result<Self> {
        check(config)?;
        raise_file_limit(config.max_connections);
        let listener = Listener::bind(&config.listen)?;
        let address = listener.address()?;
        let (shared, polls) =
            Shared::new(config, &address, listener.descriptor(), Clock::Running(Instant::now()))?;
        let shared = Arc::new(shared);
        let mut server = Self { address, shared: Arc::clone(&shared), threads: Vec::new() };
        let mut listener = Some(listener);
        for (index, poll) in polls.into_iter().enumerate() {
            let worker = Worker::new(index, poll, listener.take(), Arc::clone(&shared))?;
            let name = format!("memcached-{index}");
            server.threads.push(std::thread::Builder::new().name(name).spawn(move || worker.run())?);
        }
        Ok(server)
    }

    /// Returns where it listens, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> &Listen {
        &self.address
    }

    /// Tells what arrived since the last call, and how much since the start; the first call only begins to listen.
    #[must_use]
    pub fn look(&self) -> arrivals::Look {
        self.shared.store().look()
    }

    /// Closes every connection and waits for the threads to end.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        self.shared.wake_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
        if let Listen::Unix(path) = &self.address {
            // It may be gone already.
            drop(std::fs::remove_file(path));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn check(config: &Config) -> io::Result<()> {
    let invalid = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    if let Listen::Tcp(address) = config.listen
        && !address.ip().is_loopback()
        && config.credentials.is_none()
    {
        return invalid("an address that others can reach needs credentials");
    }
    if config.threads == 0 || config.max_connections == 0 || config.memory_limit == 0 {
        return invalid("threads, connections and memory must not be zero");
    }
    if !(1024..=1 << 30).contains(&config.item_size_max) {
        return invalid("the largest item must be between 1 KiB and 1 GiB");
    }
    Ok(())
}

/// Raises the number of files the process may open, as far as it may itself; too few only limit the connections.
fn raise_file_limit(connections: usize) {
    use rustix::process::Resource;
    use rustix::process::Rlimit;
    use rustix::process::getrlimit;
    use rustix::process::setrlimit;
    let wanted = connections as u64 + 256;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        let raised = Rlimit { current: Some(current), maximum: limit.maximum };
        // As it was will do for fewer connections.
        setrlimit(Resource::Nofile, raised).unwrap_or_default();
    }
}
