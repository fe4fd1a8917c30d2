//! Clients with a short rule: remainders, buckets, and the rings of python-binary-memcached and Node's memcached.

use md5::Digest as _;
use md5::Md5;

use super::Build;
use super::Credentials;
use super::Placement;
use super::continuum::Buckets;
use super::continuum::Ring;
use super::continuum::ketama_points;
use super::hash::Chars;
use super::hash::Hash;
use super::hash::md5_words;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;
use super::text::PythonKey;
use super::text::bytes_repr;
use super::text::hash_code;
use super::text::lossy;

/// A hash modulo the number of servers; a dead server gives way to the next one where the client does so.
#[derive(Debug)]
struct Remainder {
    hash: fn(&[u8]) -> u32,
    /// The server in place of each.
    owners: Box<[usize]>,
}

impl Remainder {
    fn boxed(hash: fn(&[u8]) -> u32, next_live: bool, build: &mut Build<'_>) -> Box<dyn Placement> {
        build.no_weights();
        if !next_live {
            build.no_failover();
        }
        let count = build.servers.len();
        let owner = |index: usize| {
            let next = (index..index + count).map(|step| step % count).find(|&index| !build.is_dead(index));
            next.filter(|_| next_live).unwrap_or(index)
        };
        Box::new(Self { hash, owners: (0..count).map(owner).collect() })
    }
}

impl Placement for Remainder {
    fn place(&self, key: &[u8]) -> usize {
        self.owners[(self.hash)(key) as usize % self.owners.len()]
    }

    fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.owners.len()];
        for &owner in &self.owners {
            shares[owner] += 1.0 / self.owners.len() as f64;
        }
        shares
    }
}

/// python-binary-memcached's `Client`: every server holds every key.
pub(super) fn replicating(build: &mut Build<'_>) -> Box<dyn Placement> {
    Remainder::boxed(|_| 0, true, build)
}

/// bradfitz/gomemcache `selector.go:PickServer`.
pub(super) fn gomemcache(build: &mut Build<'_>) -> Box<dyn Placement> {
    Remainder::boxed(crc32fast::hash, false, build)
}

/// memcachier/mc `hasher.go`: Go's bytes have no sign.
pub(super) fn mc(build: &mut Build<'_>) -> Box<dyn Placement> {
    Remainder::boxed(|key| Hash::Fnv1a32.digest(key, Chars::Unsigned), true, build)
}

/// memjs 1.3 `memjs.js:Client.prototype.server`.
pub(super) fn memjs(failover: bool, build: &mut Build<'_>) -> Box<dyn Placement> {
    Remainder::boxed(|key| hash_code(key).cast_signed().unsigned_abs(), failover, build)
}

/// spymemcached 2.12 `ArrayModNodeLocator`; its default failure mode takes the next live server.
pub(super) fn spymemcached(build: &mut Build<'_>) -> Box<dyn Placement> {
    Remainder::boxed(hash_code, true, build)
}

/// python-memcached's buckets (`memcache.py:_get_server`).
#[derive(Debug)]
struct PythonMemcached {
    buckets: Buckets,
    dead: Vec<usize>,
    servers: usize,
}

pub(super) fn python_memcached(build: &mut Build<'_>) -> Result<Box<dyn Placement>, RoutingError> {
    let weights = build.servers.iter().map(|server| server.weight.unwrap_or(1)).enumerate();
    let buckets = Buckets::new(weights).ok_or(RoutingError::NoWeight)?;
    for server in build.servers.iter().filter(|server| server.weight == Some(0)) {
        build.notes.push(format!("the weight 0 of {} leaves it without keys", server.endpoint));
    }
    Ok(Box::new(PythonMemcached { buckets, dead: build.dead.clone(), servers: build.servers.len() }))
}

impl Placement for PythonMemcached {
    fn place(&self, key: &[u8]) -> usize {
        /// `Client._SERVER_RETRIES`.
        const TRIES: u32 = 10;
        let mut hash = Hash::Crc.digest(key, Chars::Signed);
        let first = self.buckets.owner(hash);
        let mut server = first;
        for attempt in 0..TRIES {
            if !self.dead.contains(&server) {
                return server;
            }
            hash = Hash::Crc.digest(format!("{hash}{attempt}").as_bytes(), Chars::Signed);
            server = self.buckets.owner(hash);
        }
        first
    }

    fn shares(&self) -> Vec<f64> {
        let mut shares = self.buckets.shares(self.servers);
        self.dead.iter().for_each(|&index| shares[index] = 0.0);
        let living: f64 = shares.iter().sum();
        shares.iter_mut().filter(|_| living > 0.0).for_each(|share| *share /= living);
        shares
    }
}

/// python-binary-memcached's `DistributedClient` on uhashring's ring of 128-bit numbers.
#[derive(Debug)]
struct Distributed {
    ring: Ring<u128>,
    bytes_keys: bool,
    servers: usize,
}

pub(super) fn distributed(
    bytes_keys: bool,
    build: &mut Build<'_>,
    credentials: Option<Credentials<'_>>,
) -> Result<Box<dyn Placement>, RoutingError> {
    build.no_weights();
    build.no_failover();
    let (username, password) = match credentials {
        Some(credentials) => (credentials.username, credentials.password),
        // What Python writes for a credential that is not there.
        None => ("None", "None"),
    };
    let mut points = Vec::new();
    for (index, server) in build.servers.iter().enumerate() {
        let begun = Md5::new()
            .chain_update(server.address_text())
            .chain_update("_")
            .chain_update(username)
            .chain_update("_")
            .chain_update(password)
            .chain_update("-");
        for point in 0..160 {
            let digest = begun.clone().chain_update(point.to_string()).finalize();
            points.push((u128::from_be_bytes(digest.into()), index as u32));
        }
    }
    let ring = Ring::new(points).ok_or(RoutingError::NoServers)?;
    Ok(Box::new(Distributed { ring, bytes_keys, servers: build.servers.len() }))
}

impl Placement for Distributed {
    fn place(&self, key: &[u8]) -> usize {
        let mut hasher = Md5::new();
        match PythonKey::of(key, self.bytes_keys) {
            PythonKey::Text(text) => hasher.update(text),
            PythonKey::Bytes(bytes) => bytes_repr(bytes, |byte| hasher.update([byte])),
        }
        self.ring.after(u128::from_be_bytes(hasher.finalize().into()))
    }

    fn shares(&self) -> Vec<f64> {
        self.ring.shares_before(self.servers, 2.0_f64.powi(128))
    }
}

/// Node's memcached 2.2 on hashring 3.2: ketama in double precision.
#[derive(Debug)]
struct Node {
    /// `None` with one server, which has every key unseen.
    ring: Option<Ring<u32>>,
    servers: usize,
}

pub(super) fn memcached_node(
    remove: bool,
    build: &mut Build<'_>,
) -> Result<Box<dyn Placement>, RoutingError> {
    const LABELS_PER_SERVER: f64 = 40.0;
    if !remove {
        build.no_failover();
    }
    // `connection-parse` takes any weight that is not a positive number for 1.
    let weight = |server: &Server| f64::from(server.weight.unwrap_or(1).max(1));
    let on_ring: Vec<usize> = if remove { build.live() } else { (0..build.servers.len()).collect() };
    let total: f64 = on_ring.iter().map(|&index| weight(&build.servers[index])).sum();
    let mut points = Vec::new();
    for &index in &on_ring {
        let server = &build.servers[index];
        let labels = (weight(server) / total * LABELS_PER_SERVER * on_ring.len() as f64).floor() as usize;
        if labels == 0 {
            build.notes.push(format!("the weight of {} is so small that it gets no keys", server.endpoint));
        }
        points.extend(ketama_points(node_label(server), labels).map(|point| (point, index as u32)));
    }
    let ring = Ring::new(points).ok_or(RoutingError::NoWeight)?;
    let servers = build.servers.len();
    Ok(Box::new(Node { ring: Some(ring).filter(|_| servers > 1), servers }))
}

/// hashring `index.js:continuum`: the text as written, without the port if it is 11211.
fn node_label(server: &Server) -> &str {
    let text = server.address_text();
    match &server.endpoint {
        Endpoint::Tcp { host, port: 11211 } if !host.contains(':') => host,
        _ => text,
    }
}

impl Placement for Node {
    fn place(&self, key: &[u8]) -> usize {
        let hash = || md5_words(lossy(key).as_bytes())[0];
        self.ring.as_ref().map(|ring| ring.at_or_after(hash())).unwrap_or_default()
    }

    fn shares(&self) -> Vec<f64> {
        match &self.ring {
            Some(ring) => ring.shares_before(self.servers, 4_294_967_296.0),
            None => vec![1.0],
        }
    }
}
