//! Dalli's ring (`ring.rb`).

use sha1::Digest as _;
use sha1::Sha1;

use super::Build;
use super::Placement;
use super::continuum::Ring;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;

const POINTS_PER_SERVER: f64 = 160.0;

/// How often Dalli looks for a live server (`ring.rb:server_from_continuum`).
const TRIES: u32 = 20;

#[derive(Debug)]
struct Dalli {
    /// `None` with one server, which has every key unseen.
    ring: Option<Ring<u32>>,
    failover: bool,
    dead: Vec<usize>,
    servers: usize,
}

/// Builds the ring of all servers, dead or not: Dalli hashes again where a dead one turns up.
pub(super) fn build(failover: bool, build: &mut Build<'_>) -> Result<Box<dyn Placement>, RoutingError> {
    let servers = build.servers;
    let total: f64 = servers.iter().map(weight).sum();
    let mut points = Vec::new();
    for (index, server) in servers.iter().enumerate() {
        let name = name(server);
        // Without any weight the quotient is not a number, of which the cast makes 0.
        let count = (servers.len() as f64 * POINTS_PER_SERVER * weight(server) / total).floor() as u32;
        if servers.len() > 1 && count == 0 {
            build.notes.push(format!("the weight of {} is so small that it gets no keys", server.endpoint));
        }
        points.extend((0..count).map(|point| (value(&format!("{name}:{point}")), index as u32)));
    }
    let ring = Ring::new(points);
    if ring.is_none() && servers.len() > 1 {
        return Err(RoutingError::NoWeight);
    }
    if !failover {
        build.no_failover();
    }
    Ok(Box::new(Dalli {
        ring: ring.filter(|_| servers.len() > 1),
        failover,
        dead: build.dead.clone(),
        servers: servers.len(),
    }))
}

fn weight(server: &Server) -> f64 {
    f64::from(server.weight.unwrap_or(1))
}

fn name(server: &Server) -> String {
    match &server.endpoint {
        Endpoint::Tcp { host, port } => format!("{host}:{port}"),
        Endpoint::Unix(path) => path.clone(),
    }
}

/// The first 32 bits of a SHA-1 digest.
fn value(text: &str) -> u32 {
    let digest: [u8; 20] = Sha1::digest(text).into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

impl Placement for Dalli {
    fn place(&self, key: &[u8]) -> usize {
        let Some(ring) = &self.ring else { return 0 };
        let first = ring.at_or_before(crc32fast::hash(key));
        let mut server = first;
        for attempt in 0..TRIES {
            if !self.dead.contains(&server) {
                return server;
            }
            if !self.failover {
                break;
            }
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(attempt.to_string().as_bytes());
            hasher.update(key);
            server = ring.at_or_before(hasher.finalize());
        }
        first
    }

    fn shares(&self) -> Vec<f64> {
        let Some(ring) = &self.ring else { return vec![1.0] };
        let mut shares = ring.shares_behind(self.servers, 4_294_967_296.0);
        if self.failover {
            // Hashing again spreads the keys of the dead over the living as these share the ring.
            self.dead.iter().for_each(|&index| shares[index] = 0.0);
            let living: f64 = shares.iter().sum();
            shares.iter_mut().filter(|_| living > 0.0).for_each(|share| *share /= living);
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn points_are_the_first_bytes_of_sha1() {
        // printf 10.0.0.1:11211:0 | sha1sum
        assert_eq!(value("10.0.0.1:11211:0"), 0xef51_52ad);
    }
}
