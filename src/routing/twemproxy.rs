//! twemproxy's placement (`nc_server.c:server_pool_idx`).

use super::Build;
use super::Placement;
use super::continuum::Buckets;
use super::continuum::Ring;
use super::continuum::ketama_points;
use super::continuum::weighted_labels;
use super::families::Spread;
use super::hash::Chars;
use super::hash::Hash;
use super::servers::DEFAULT_PORT;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;

#[derive(Debug)]
enum Lookup {
    Buckets(Buckets),
    Ring(Ring<u32>),
}

#[derive(Debug)]
struct Twemproxy {
    hash: Hash,
    chars: Chars,
    hash_tag: Option<(u8, u8)>,
    lookup: Lookup,
    /// The servers in twemproxy's order.
    order: Box<[usize]>,
}

/// Builds the continuum of the live servers, in the order in which twemproxy sorts them.
pub(super) fn build(
    hash: Hash,
    distribution: Spread,
    hash_tag: Option<(u8, u8)>,
    build: &mut Build<'_>,
) -> Result<Box<dyn Placement>, RoutingError> {
    let servers = build.servers;
    if let Some(server) = servers.iter().find(|server| server.weight == Some(0)) {
        return Err(RoutingError::ZeroWeight { server: server.endpoint.clone() });
    }
    let names: Vec<String> = servers.iter().map(name).collect();
    let mut order: Vec<usize> = (0..servers.len()).collect();
    // `nc_string.c:string_compare` looks at the length first.
    order.sort_by_key(|&index| (names[index].len(), &names[index]));
    if let Some(pair) = order.windows(2).find(|pair| names[pair[0]] == names[pair[1]]) {
        return Err(RoutingError::DuplicateName { name: names[pair[0]].clone() });
    }
    let live: Vec<(usize, u32)> = order
        .iter()
        .enumerate()
        .filter(|(_, index)| !build.is_dead(**index))
        .map(|(position, &index)| (position, servers[index].weight.unwrap_or(1)))
        .collect();
    let lookup = if distribution == Spread::Ketama {
        let total = live.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut points = Vec::new();
        for &(position, weight) in &live {
            let labels = weighted_labels(weight, total, live.len());
            let base = &names[order[position]];
            if labels == 0 {
                build.notes.push(format!("the weight of {base} is so small that it gets no keys"));
            }
            points.extend(ketama_points(base, labels).map(|point| (point, position as u32)));
        }
        Ring::new(points).map(Lookup::Ring)
    } else {
        Buckets::new(live).map(Lookup::Buckets)
    };
    if distribution == Spread::Random {
        build.anywhere = true;
        build.notes.push(
            "the distribution random puts a key on any server, so that all of them are asked".to_owned(),
        );
    }
    build.reads_chars = servers.len() > 1 && distribution != Spread::Random && hash.reads_chars();
    let lookup = lookup.ok_or(RoutingError::NoWeight)?;
    Ok(Box::new(Twemproxy { hash, chars: build.chars, hash_tag, lookup, order: order.into() }))
}

/// twemproxy 0.5 `nc_conf.c:conf_add_server`.
fn name(server: &Server) -> String {
    if let Some(name) = &server.name {
        return name.clone();
    }
    match &server.endpoint {
        Endpoint::Tcp { host, port: DEFAULT_PORT } => host.clone(),
        Endpoint::Tcp { host, port } => format!("{host}:{port}"),
        // The length of the name counts the colon of a port that a socket does not have.
        Endpoint::Unix(path) => format!("{path}:"),
    }
}

impl Twemproxy {
    /// The part of a key that is hashed.
    fn tagged<'a>(&self, key: &'a [u8]) -> &'a [u8] {
        let part = self.hash_tag.and_then(|(open, close)| {
            let start = key.iter().position(|&byte| byte == open)? + 1;
            let length = key[start..].iter().position(|&byte| byte == close)?;
            key.get(start..start + length).filter(|part| !part.is_empty())
        });
        part.unwrap_or(key)
    }
}

impl Placement for Twemproxy {
    fn place(&self, key: &[u8]) -> usize {
        if self.order.len() == 1 {
            return 0;
        }
        let hash = self.hash.digest(self.tagged(key), self.chars);
        self.order[match &self.lookup {
            Lookup::Buckets(buckets) => buckets.owner(hash),
            Lookup::Ring(ring) => ring.at_or_after(hash),
        }]
    }

    fn shares(&self) -> Vec<f64> {
        let by_position = match &self.lookup {
            Lookup::Buckets(buckets) => buckets.shares(self.order.len()),
            Lookup::Ring(ring) => ring.shares_before(self.order.len(), self.hash.span()),
        };
        let mut shares = vec![0.0; self.order.len()];
        for (&index, share) in self.order.iter().zip(by_position) {
            shares[index] = share;
        }
        shares
    }
}
