//! libmemcached's placement, as pylibmc and PHP memcached use it.

use super::Build;
use super::Placement;
use super::continuum::Ring;
use super::continuum::ketama_points;
use super::continuum::weighted_labels;
use super::hash::Chars;
use super::hash::Hash;
use super::script::Distribution;
use super::script::Script;
use super::script::Step;
use super::servers::DEFAULT_PORT;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;

/// The longest text that is hashed with its namespace (libmemcached `hash.cc:generate_hash`).
const LONGEST_WITH_NAMESPACE: usize = 250;

/// A `memcached_st` as far as it decides where keys go.
struct Handle<'a> {
    servers: &'a [Server],
    /// The servers by their position in the handle's list, which `sort_hosts` changes.
    order: Vec<usize>,
    hash: Hash,
    distribution: Distribution,
    weighted: bool,
    sort_hosts: bool,
    /// What the ring was last built from.
    ring: Option<RingPlan>,
}

/// What decides about the points of a ring beside the servers.
#[derive(Clone, Copy)]
struct RingPlan {
    hash: Hash,
    weighted: bool,
    spy: bool,
}

impl<'a> Handle<'a> {
    fn new(servers: &'a [Server]) -> Self {
        Self {
            servers,
            order: Vec::new(),
            hash: Hash::Default,
            distribution: Distribution::Modula,
            weighted: false,
            sort_hosts: false,
            ring: None,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::AddServers => {
                for index in 0..self.servers.len() {
                    self.order.push(index);
                    if weight(&self.servers[index]) > 1 && self.is_consistent() {
                        self.weighted = true;
                    }
                }
                self.run_distribution();
            }
            Step::PushServers => {
                self.order.extend(0..self.servers.len());
                self.weighted |= self.servers.iter().any(|server| weight(server) > 1);
                self.run_distribution();
            }
            Step::Hash(hash) => self.hash = hash,
            Step::Distribution(distribution) => self.distribute(distribution),
            Step::Ketama(true) | Step::KetamaWeighted(false) => self.distribute(Distribution::Ketama),
            Step::Ketama(false) => self.distribute(Distribution::Modula),
            Step::KetamaWeighted(true) | Step::LibketamaCompatible(true) => {
                self.hash = Hash::Md5;
                self.distribute(Distribution::Weighted);
            }
            // PHP memcached 3.2 `php_memc_set_option`: libmemcached alone would leave the ring on.
            Step::LibketamaCompatible(false) => {
                self.distribute(Distribution::Ketama);
                self.hash = Hash::Default;
                self.distribute(Distribution::Modula);
            }
            Step::SortHosts(on) => {
                self.sort_hosts = on;
                self.run_distribution();
            }
        }
    }

    /// libmemcached 1.1.4 `behavior.cc:memcached_behavior_set_distribution`.
    fn distribute(&mut self, distribution: Distribution) {
        match distribution {
            Distribution::Ketama => self.weighted = false,
            Distribution::Weighted => self.weighted = true,
            _ => {}
        }
        self.distribution = distribution;
        self.run_distribution();
    }

    /// libmemcached 1.1.4 `hosts.cc:run_distribution`.
    fn run_distribution(&mut self) {
        if self.sort_hosts {
            self.order.sort_by_key(|&index| self.servers[index].host_and_port());
        }
        if self.is_consistent() {
            self.ring = Some(RingPlan {
                hash: self.hash,
                weighted: self.weighted,
                spy: self.distribution == Distribution::KetamaSpy,
            });
        }
    }

    fn is_consistent(&self) -> bool {
        matches!(self.distribution, Distribution::Ketama | Distribution::KetamaSpy | Distribution::Weighted)
    }
}

/// The weight that libmemcached works with.
fn weight(server: &Server) -> u32 {
    server.weight.unwrap_or(1).max(1)
}

/// Where a hash falls.
#[derive(Debug)]
enum Lookup {
    /// The first server, whatever the hash.
    First,
    /// The hash's bits below the number of servers, as far as that number less one has them.
    Mask(u32),
    Modulo(u32),
    Ring(Ring<u32>),
}

/// The placement of a complete script.
#[derive(Debug)]
struct Pool {
    namespace: Box<[u8]>,
    hash_with_namespace: bool,
    hash: Hash,
    chars: Chars,
    lookup: Lookup,
    order: Box<[usize]>,
    replicas: usize,
}

/// Plays the script and keeps what it comes to.
pub(super) fn build(script: &Script, build: &mut Build<'_>) -> Result<Box<dyn Placement>, RoutingError> {
    check_transports(script.client, build.servers)?;
    let mut handle = Handle::new(build.servers);
    script.steps.iter().for_each(|&step| handle.apply(step));
    if !build.dead.is_empty() && handle.is_consistent() {
        // An ejection builds the ring again, with the flags as they are then.
        handle.run_distribution();
    }
    if handle.distribution == Distribution::Random {
        build.anywhere = true;
        build.notes.push(
            "the distribution random puts a key on any server, so that all of them are asked".to_owned(),
        );
    }
    let servers = handle.order.len();
    let lookup = match (handle.distribution, handle.ring) {
        _ if servers == 1 => Lookup::First,
        (Distribution::VirtualBucket, _) if script.before_1_1 => Lookup::First,
        (Distribution::VirtualBucket, _) => Lookup::Mask(servers as u32 - 1),
        (Distribution::Modula | Distribution::Random, _) => Lookup::Modulo(servers as u32),
        (_, plan) => Lookup::Ring(ring(&handle, plan, build)?),
    };
    remarks(script, &handle, build);
    Ok(Box::new(Pool {
        namespace: script.namespace.as_slice().into(),
        hash_with_namespace: script.hash_with_namespace,
        hash: handle.hash,
        chars: build.chars,
        lookup,
        order: handle.order.into(),
        replicas: (script.replicas as usize).min(servers - 1),
    }))
}

/// libmemcached 1.1.4 `hosts.cc:update_continuum`.
fn ring(
    handle: &Handle<'_>,
    plan: Option<RingPlan>,
    build: &mut Build<'_>,
) -> Result<Ring<u32>, RoutingError> {
    let plan = plan.unwrap_or(RingPlan { hash: handle.hash, weighted: handle.weighted, spy: false });
    let live: Vec<(usize, &Server)> = handle
        .order
        .iter()
        .enumerate()
        .filter(|(_, index)| !build.is_dead(**index))
        .map(|(position, &index)| (position, &handle.servers[index]))
        .collect();
    let total = live.iter().map(|(_, server)| u64::from(weight(server))).sum();
    let mut points = Vec::new();
    for &(position, server) in &live {
        let base = label(server, plan.spy);
        let owner = position as u32;
        if plan.weighted {
            let labels = weighted_labels(weight(server), total, live.len());
            if labels == 0 {
                build
                    .notes
                    .push(format!("the weight of {} is so small that it gets no keys", server.endpoint));
            }
            points.extend(ketama_points(&base, labels).map(|point| (point, owner)));
        } else {
            let hashed = |label| plan.hash.digest(format!("{base}-{label}").as_bytes(), build.chars);
            points.extend((0..100).map(|label| (hashed(label), owner)));
        }
    }
    Ring::new(points).ok_or(RoutingError::NoWeight)
}

/// The text that a server's labels begin with.
fn label(server: &Server, spy: bool) -> String {
    match server.host_and_port() {
        (host, port) if spy => format!("/{host}:{port}"),
        (host, DEFAULT_PORT) => host.to_owned(),
        (host, port) => format!("{host}:{port}"),
    }
}

fn check_transports(client: &'static str, servers: &[Server]) -> Result<(), RoutingError> {
    let is_socket = |server: &Server| matches!(server.endpoint, Endpoint::Unix(_));
    let first = servers.first().is_some_and(is_socket);
    match servers.iter().find(|server| is_socket(server) != first) {
        Some(server) => Err(RoutingError::MixedTransports { client, server: server.endpoint.clone() }),
        None => Ok(()),
    }
}

/// Says what the owner of the routing may not expect.
fn remarks(script: &Script, handle: &Handle<'_>, build: &mut Build<'_>) {
    let servers = build.servers;
    for server in servers.iter().filter(|server| server.weight == Some(0)) {
        build.notes.push(format!("the weight 0 of {} counts as 1", server.endpoint));
    }
    let weighted_ring = handle.is_consistent() && handle.ring.is_some_and(|plan| plan.weighted);
    let asked_for = script
        .steps
        .iter()
        .any(|step| matches!(step, Step::KetamaWeighted(true) | Step::LibketamaCompatible(true)))
        || handle.distribution == Distribution::Weighted;
    if servers.len() > 1 && servers.iter().any(|server| weight(server) > 1) {
        if !weighted_ring {
            build.weights_ignored();
        } else if !asked_for {
            build.notes.push(
                "a weight above 1 turns the ring into the weighted one of MD5 points; the key hash stays"
                    .to_owned(),
            );
        }
    }
    if script.before_1_1 && servers.iter().any(|server| server.host_and_port().0.contains(':')) {
        build.notes.push("libmemcached before 1.1 cannot look up IPv6 addresses".to_owned());
    }
    if handle.hash == Hash::Hsieh {
        build.notes.push("the hash hsieh is absent from usual builds of libmemcached".to_owned());
    }
    if script.replicas > 0 {
        build.notes.push("replicas are written over the binary protocol only".to_owned());
    }
    if !build.dead.is_empty() && !handle.is_consistent() {
        build.notes.push("without a ring libmemcached moves no key away from a dead server".to_owned());
    }
    if handle.distribution == Distribution::VirtualBucket
        && (script.before_1_1 || !servers.len().is_power_of_two())
    {
        build.notes.push("the distribution virtual_bucket gives no keys to some of these servers".to_owned());
    }
    build.reads_chars = servers.len() > 1 && handle.hash.reads_chars();
}

impl Pool {
    /// The hash of a wire key.
    fn digest(&self, key: &[u8]) -> u32 {
        if self.hash_with_namespace {
            if key.len() > LONGEST_WITH_NAMESPACE {
                return 0;
            }
            return self.hash.digest(key, self.chars);
        }
        self.hash.digest(key.strip_prefix(&*self.namespace).unwrap_or(key), self.chars)
    }
}

impl Placement for Pool {
    fn place(&self, key: &[u8]) -> usize {
        let position = match &self.lookup {
            Lookup::First => 0,
            Lookup::Mask(mask) => (self.digest(key) & mask) as usize,
            Lookup::Modulo(servers) => (self.digest(key) % servers) as usize,
            Lookup::Ring(ring) => ring.at_or_after(self.digest(key)),
        };
        self.order[position]
    }

    fn replicas(&self, first: usize) -> Vec<usize> {
        let servers = self.order.len();
        let position = self.order.iter().position(|&index| index == first).unwrap_or(0);
        (1..=self.replicas).map(|step| self.order[(position + step) % servers]).collect()
    }

    fn shares(&self) -> Vec<f64> {
        let servers = self.order.len();
        let mut by_position = match &self.lookup {
            Lookup::First => vec![0.0; servers],
            Lookup::Mask(mask) => {
                let reached = f64::from(1_u32 << mask.count_ones().min(31));
                (0..servers)
                    .map(|position| if position as u32 & !mask == 0 { 1.0 / reached } else { 0.0 })
                    .collect()
            }
            Lookup::Modulo(_) => vec![1.0 / servers as f64; servers],
            Lookup::Ring(ring) => ring.shares_before(servers, self.hash.span()),
        };
        if matches!(self.lookup, Lookup::First) {
            by_position[0] = 1.0;
        }
        let mut shares = vec![0.0; servers];
        for (position, &index) in self.order.iter().enumerate() {
            shares[index] = by_position[position];
        }
        shares
    }
}
