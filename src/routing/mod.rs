//! Key → server, as the application's own client does it.
//!
//! A [`Routing`] names the client and its options, a [`ServerList`] the servers in the order of the application's
//! configuration, and a [`Router`] puts the two together. What a placement depends on is the text of the list: nothing is
//! resolved, lower-cased, sorted or removed. A key is a wire key, with the namespace or prefix that the client puts before
//! it; where the client hashes the key without that, it is taken off first.

mod clients;
mod continuum;
mod dalli;
mod entry;
mod families;
mod hash;
mod libmemcached;
mod notes;
mod options;
mod others;
mod rendezvous;
mod script;
pub mod servers;
pub mod spec;
mod spymemcached;
#[cfg(test)]
mod tests;
mod text;
mod twemproxy;

use std::fmt;

pub use clients::KnownClient;
pub use clients::known_clients;
pub use servers::Endpoint;
pub use servers::EntryFault;
pub use servers::Server;
pub use servers::ServerList;
pub use servers::ServersError;
pub use servers::from_entries;
pub use servers::parse_list;
pub use spec::Routing;
pub use spec::RoutingError;

use families::Family;
use hash::Chars;

/// The user name and password of the application, which one client hashes with its servers.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The user name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(…)")
    }
}

/// The servers of a key as indexes into the list that the router was made of, never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// The only server.
    One(usize),
    /// Several servers, in the order in which the client turns to them.
    Many(Vec<usize>),
}

impl Targets {
    /// Returns the indexes in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let indexes = match self {
            Self::One(index) => std::slice::from_ref(index),
            Self::Many(indexes) => indexes,
        };
        indexes.iter().copied()
    }

    /// Returns the server that the client turns to first.
    #[must_use]
    pub fn first(&self) -> usize {
        self.iter().next().unwrap_or_default()
    }

    /// Returns how many servers there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "targets are never empty")]
    pub fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(indexes) => indexes.len(),
        }
    }

    fn of(mut indexes: Vec<usize>) -> Self {
        if indexes.len() == 1 { Self::One(indexes.remove(0)) } else { Self::Many(indexes) }
    }
}

/// A client's rule for one pool.
trait Placement: fmt::Debug + Send + Sync {
    /// Returns the server of a wire key.
    fn place(&self, key: &[u8]) -> usize;

    /// Returns the further servers that a write to this one goes to.
    fn replicas(&self, _first: usize) -> Vec<usize> {
        Vec::new()
    }

    /// Returns the part of the key space that each server has.
    fn shares(&self) -> Vec<f64>;
}

/// What a placement is built from, and what turns up while it is.
struct Build<'a> {
    client: &'a str,
    servers: &'a [Server],
    /// Indexes, ascending.
    dead: Vec<usize>,
    chars: Chars,
    notes: Vec<String>,
    /// Any server may have any key.
    anywhere: bool,
    /// Keys beyond ASCII depend on [`Chars`].
    reads_chars: bool,
}

impl Build<'_> {
    fn is_dead(&self, index: usize) -> bool {
        self.dead.binary_search(&index).is_ok()
    }

    /// The indexes of the servers that are not dead.
    fn live(&self) -> Vec<usize> {
        (0..self.servers.len()).filter(|&index| !self.is_dead(index)).collect()
    }

    fn weights_ignored(&mut self) {
        self.notes.push(format!("the weights of the servers have no effect with {}", self.client));
    }

    /// For clients that know no weights.
    fn no_weights(&mut self) {
        if self.servers.iter().any(|server| server.weight.is_some_and(|weight| weight != 1)) {
            self.weights_ignored();
        }
    }

    /// For clients that never leave a dead server.
    fn no_failover(&mut self) {
        if !self.dead.is_empty() {
            self.notes.push(format!("{} moves no key away from a dead server", self.client));
        }
    }
}

/// Which servers hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holders {
    /// Every live server.
    All,
    /// Some live server, no rule says which.
    Any,
    /// The server that the placement says, and its replicas.
    Placed,
}

/// The way from a key to its servers under one routing.
#[derive(Debug)]
pub struct Router {
    placement: Box<dyn Placement>,
    holders: Holders,
    /// Indexes, ascending.
    live: Vec<usize>,
    servers: usize,
    reads_chars: bool,
    notes: Vec<String>,
}

impl Router {
    /// Builds the placement of a routing over these servers; the credentials matter for `bmemcached-distributed` only.
    ///
    /// # Errors
    /// [`RoutingError`] where the client itself would refuse the servers, where a server given as dead is not among them or
    /// all are, and where the placement depends on something that is not known.
    pub fn new(
        routing: &Routing,
        servers: &[Server],
        credentials: Option<Credentials<'_>>,
    ) -> Result<Self, RoutingError> {
        if servers.is_empty() {
            return Err(RoutingError::NoServers);
        }
        let owned: Vec<Server>;
        let mut servers = servers;
        if routing.has_socket_weights() {
            owned = servers.iter().cloned().map(Server::with_socket_weight).collect();
            servers = &owned;
        }
        let mut build = Build {
            client: routing.client(),
            servers,
            dead: dead_indexes(routing, servers)?,
            chars: routing.chars,
            notes: Vec::new(),
            anywhere: false,
            reads_chars: false,
        };
        let placement = placement(&routing.family, &mut build, credentials)?;
        if routing.chars == Chars::Unsigned && !build.reads_chars {
            build.notes.push(format!("unsigned_char makes no difference for {routing}"));
        }
        let holders = match (&routing.family, build.anywhere) {
            (Family::Bmemcached, _) => Holders::All,
            (_, true) => Holders::Any,
            (_, false) => Holders::Placed,
        };
        Ok(Self {
            placement,
            holders,
            live: build.live(),
            servers: servers.len(),
            reads_chars: build.reads_chars,
            notes: build.notes,
        })
    }

    /// Returns the servers to ask for a key, in order, until one has it.
    ///
    /// That is one server, as a miss there is a miss for the application; only with `bmemcached` and a random distribution,
    /// whose clients may find the item on any server, it is all of them. A dead server gives way to its replica.
    #[must_use]
    pub fn readers(&self, key: &[u8]) -> Targets {
        if self.holders != Holders::Placed {
            return Targets::of(self.live.clone());
        }
        let first = self.placement.place(key);
        if self.live.binary_search(&first).is_ok() {
            return Targets::One(first);
        }
        let replica =
            self.placement.replicas(first).into_iter().find(|index| self.live.binary_search(index).is_ok());
        Targets::One(replica.unwrap_or(first))
    }

    /// Returns the servers that a `set` goes to: one, or with replicas and `bmemcached` several.
    ///
    /// A random distribution may read from any server, so that only a write to all of them is sure to be seen.
    #[must_use]
    pub fn writers(&self, key: &[u8]) -> Targets {
        if self.holders != Holders::Placed {
            return Targets::of(self.live.clone());
        }
        let first = self.placement.place(key);
        let mut replicas = self.placement.replicas(first);
        if replicas.is_empty() {
            return Targets::One(first);
        }
        replicas.insert(0, first);
        if self.live.len() < self.servers {
            replicas.retain(|index| *index == first || self.live.binary_search(index).is_ok());
        }
        Targets::of(replicas)
    }

    /// Returns the servers that a `delete` must go to so that the application does not find the item any more.
    #[must_use]
    pub fn deleters(&self, key: &[u8]) -> Targets {
        self.writers(key)
    }

    /// Returns each server's part of the keys, by index, in the interval from 0 to 1.
    ///
    /// Exact for rings and buckets under the assumption that the hash spreads keys evenly over its values; equal parts where
    /// the rule is a remainder or a random choice. A server that holds every key has 1.
    #[must_use]
    pub fn shares(&self) -> Vec<f64> {
        let share = match self.holders {
            Holders::All => 1.0,
            Holders::Any => 1.0 / self.live.len() as f64,
            Holders::Placed => return self.placement.shares(),
        };
        let mut shares = vec![0.0; self.servers];
        for &index in &self.live {
            shares[index] = share;
        }
        shares
    }

    /// Says whether this key goes elsewhere when the application runs where C's `char` is unsigned (Linux on ARM).
    ///
    /// `true` means that it may.
    #[must_use]
    pub fn depends_on_char(&self, key: &[u8]) -> bool {
        self.reads_chars && !key.is_ascii()
    }

    /// Returns sentences that the owner of the routing should read: weights without effect, weights that turn the ring into
    /// a weighted one, servers without keys, ….
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

/// The indexes of the servers that the routing gives as dead, ascending.
fn dead_indexes(routing: &Routing, servers: &[Server]) -> Result<Vec<usize>, RoutingError> {
    for dead in &routing.dead {
        if servers.iter().all(|server| server.endpoint != *dead) {
            let known = servers.iter().take(8).map(|server| server.endpoint.to_string()).collect();
            return Err(RoutingError::DeadUnknown { server: dead.clone(), known });
        }
    }
    let is_dead = |index: &usize| routing.dead.contains(&servers[*index].endpoint);
    let dead: Vec<usize> = (0..servers.len()).filter(is_dead).collect();
    if dead.len() == servers.len() {
        return Err(RoutingError::AllDead);
    }
    Ok(dead)
}

fn placement(
    family: &Family,
    build: &mut Build<'_>,
    credentials: Option<Credentials<'_>>,
) -> Result<Box<dyn Placement>, RoutingError> {
    match family {
        Family::Bmemcached => Ok(others::replicating(build)),
        Family::BmemcachedDistributed { bytes_keys } => others::distributed(*bytes_keys, build, credentials),
        Family::Dalli { failover } => dalli::build(*failover, build),
        Family::Gomemcache => Ok(others::gomemcache(build)),
        Family::Libmemcached(script) => libmemcached::build(script, build),
        Family::Mc => Ok(others::mc(build)),
        Family::MemcachedNode { remove } => others::memcached_node(*remove, build),
        Family::Memjs { failover } => Ok(others::memjs(*failover, build)),
        Family::Pymemcache { key_prefix, bytes_keys } => rendezvous::build(key_prefix, *bytes_keys, build),
        Family::PythonMemcached => others::python_memcached(build),
        Family::Spymemcached { ketama: true, addresses } => spymemcached::ketama(addresses, build),
        Family::Spymemcached { ketama: false, .. } => Ok(others::spymemcached(build)),
        Family::Twemproxy { hash, distribution, hash_tag } => {
            twemproxy::build(*hash, *distribution, *hash_tag, build)
        }
    }
}
