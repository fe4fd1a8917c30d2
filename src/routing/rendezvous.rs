//! pymemcache's `HashClient`: the server with the highest score has the key.

use super::Build;
use super::Placement;
use super::hash::Murmur3;
use super::servers::Endpoint;
use super::servers::Server;
use super::spec::RoutingError;
use super::text::PythonKey;
use super::text::bytes_repr;

#[derive(Debug)]
struct Node {
    name: String,
    index: usize,
    /// The hash after `NAME-`.
    begun: Murmur3,
}

#[derive(Debug)]
struct Rendezvous {
    key_prefix: Box<[u8]>,
    bytes_keys: bool,
    /// At least one.
    nodes: Vec<Node>,
    servers: usize,
}

/// Makes a node of each live server; those of one name are one node.
pub(super) fn build(
    key_prefix: &[u8],
    bytes_keys: bool,
    build: &mut Build<'_>,
) -> Result<Box<dyn Placement>, RoutingError> {
    build.no_weights();
    let mut nodes: Vec<Node> = Vec::new();
    for index in build.live() {
        let name = name(&build.servers[index]);
        if nodes.iter().any(|node| node.name == name) {
            continue;
        }
        let mut begun = Murmur3::new(0);
        name.chars().chain(['-']).for_each(|letter| begun.push(low_byte(letter)));
        nodes.push(Node { name, index, begun });
    }
    Ok(Box::new(Rendezvous {
        key_prefix: key_prefix.into(),
        bytes_keys,
        nodes,
        servers: build.servers.len(),
    }))
}

/// pymemcache 4.0 `hash.py:_make_client_key`: IPv6 without brackets, the port always.
fn name(server: &Server) -> String {
    match &server.endpoint {
        Endpoint::Tcp { host, port } => format!("{host}:{port}"),
        Endpoint::Unix(path) => path.clone(),
    }
}

/// pymemcache's murmur3 takes `ord(character) & 0xFF` and counts characters.
fn low_byte(letter: char) -> u8 {
    u32::from(letter) as u8
}

impl Placement for Rendezvous {
    fn place(&self, key: &[u8]) -> usize {
        let key = PythonKey::of(key.strip_prefix(&*self.key_prefix).unwrap_or(key), self.bytes_keys);
        let score = |node: &Node| {
            let mut state = node.begun.clone();
            match key {
                PythonKey::Text(text) => text.chars().for_each(|letter| state.push(low_byte(letter))),
                PythonKey::Bytes(bytes) => bytes_repr(bytes, |byte| state.push(byte)),
            }
            state.finish()
        };
        let best = self.nodes.iter().map(|node| (score(node), node.name.as_str(), node.index)).max();
        best.map(|(_, _, index)| index).unwrap_or_default()
    }

    fn shares(&self) -> Vec<f64> {
        // Every node is as likely to have the highest score as any other.
        let mut shares = vec![0.0; self.servers];
        for node in &self.nodes {
            shares[node.index] = 1.0 / self.nodes.len() as f64;
        }
        shares
    }
}
