//! spymemcached's ketama ring (`KetamaNodeLocator`).

use core::net::IpAddr;
use core::net::Ipv4Addr;

use super::Build;
use super::Placement;
use super::continuum::Ring;
use super::continuum::ketama_points;
use super::hash::md5_words;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;
use super::text::lossy;

/// `KetamaNodeLocator.getSequence`: the first server again, and six more.
const FURTHER_TRIES: u32 = 6;

#[derive(Debug)]
struct Ketama {
    ring: Ring<u32>,
    dead: Vec<usize>,
    servers: usize,
}

/// Builds the ring; named hosts need the address that the application's name lookup gives.
pub(super) fn ketama(
    addresses: &[(String, IpAddr)],
    build: &mut Build<'_>,
) -> Result<Box<dyn Placement>, RoutingError> {
    build.no_weights();
    let mut points = Vec::new();
    for (index, server) in build.servers.iter().enumerate() {
        let base = label(server, addresses)?;
        if server.host_and_port().0 == "localhost" && addresses.iter().all(|(name, _)| name != "localhost") {
            build.notes.push("spymemcached's ring takes localhost for 127.0.0.1 here".to_owned());
        }
        points.extend(ketama_points(&base, 40).map(|point| (point, index as u32)));
    }
    let ring = Ring::last_wins(points).ok_or(RoutingError::NoServers)?;
    Ok(Box::new(Ketama { ring, dead: build.dead.clone(), servers: build.servers.len() }))
}

/// Java's text of the socket address, without the slash that begins the text of a literal.
fn label(server: &Server, addresses: &[(String, IpAddr)]) -> Result<String, RoutingError> {
    let (host, port) = match &server.endpoint {
        Endpoint::Tcp { host, port } => (host, port),
        Endpoint::Unix(path) => return Ok(path.clone()),
    };
    if let Ok(literal) = host.parse() {
        return Ok(format!("{}:{port}", java_text(literal)));
    }
    let known = addresses.iter().find(|(name, _)| name == host).map(|(_, address)| *address);
    let local = (host == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    match known.or(local) {
        Some(address) => Ok(format!("{host}/{}:{port}", java_text(address))),
        None => Err(RoutingError::NeedsAddress { host: host.clone() }),
    }
}

/// An address as `InetSocketAddress.toString` writes it (OpenJDK 17; before 14 IPv6 had no brackets).
fn java_text(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let groups: Vec<String> = address.segments().iter().map(|group| format!("{group:x}")).collect();
            format!("[{}]", groups.join(":"))
        }
    }
}

impl Placement for Ketama {
    fn place(&self, key: &[u8]) -> usize {
        let key = lossy(key);
        let mut hash = md5_words(key.as_bytes())[0];
        let first = self.ring.at_or_after(hash);
        let mut server = first;
        for attempt in 0..=FURTHER_TRIES {
            if !self.dead.contains(&server) {
                return server;
            }
            if attempt < FURTHER_TRIES {
                // `KetamaIterator.nextHash`.
                hash = hash.wrapping_add(md5_words(format!("{attempt}{key}").as_bytes())[0]);
                server = self.ring.at_or_after(hash);
            }
        }
        first
    }

    fn shares(&self) -> Vec<f64> {
        let mut shares = self.ring.shares_before(self.servers, 4_294_967_296.0);
        self.dead.iter().for_each(|&index| shares[index] = 0.0);
        let living: f64 = shares.iter().sum();
        shares.iter_mut().filter(|_| living > 0.0).for_each(|share| *share /= living);
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::java_text;

    #[test]
    fn addresses_are_written_as_java_writes_them() {
        assert_eq!(java_text("127.0.0.1".parse().unwrap()), "127.0.0.1");
        assert_eq!(java_text("2001:db8::a".parse().unwrap()), "[2001:db8:0:0:0:0:0:a]");
    }
}
