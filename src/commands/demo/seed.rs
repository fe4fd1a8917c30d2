//! What a Flask application leaves behind, stored where its client would store it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::commands::context::Cluster;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::StoreMode;
use crate::protocol::Wire;

/// Bytes that the real clients wrote; `seed.py` beside it makes it from the golden values.
const SEED: &str = include_str!("seed.json");

/// How many seconds the items live.
const TTL: u32 = 3600;

#[derive(Deserialize)]
struct Item {
    key: String,
    flags: u32,
    bytes: String,
}

/// Stores the sample; returns how many items it has.
///
/// # Errors
/// A server that cannot be reached or refuses.
pub fn store(cluster: &Cluster) -> Result<usize, Failure> {
    // The sample is part of the program: a test reads it.
    let items: Vec<Item> = serde_json::from_str(SEED).unwrap_or_default();
    let mut stored = Vec::new();
    for item in items {
        let key = Key::parse(item.key.as_bytes(), Wire::Text)?;
        stored.push((key, item.flags, STANDARD.decode(&item.bytes).unwrap_or_default()));
    }
    let requests: Vec<_> = stored
        .iter()
        .map(|(key, flags, value)| {
            let server = cluster.router.writers(key.as_bytes()).first();
            let expiry = Expiry::from_wire(TTL);
            (server, Request::Store { mode: StoreMode::Set, key, flags: *flags, expiry, value, cas: None })
        })
        .collect();
    let answers = cluster.pool.run(&requests, |_, reply| matches!(reply, Reply::Stored { .. }));
    match answers.unreached.into_iter().next() {
        Some((_, error)) => Err(error.into()),
        None => Ok(requests.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_what_it_claims_to_be() {
        let items: Vec<Item> = serde_json::from_str(SEED).unwrap();
        assert_eq!(items.len(), 14);
        for item in &items {
            assert!(!STANDARD.decode(&item.bytes).unwrap().is_empty(), "{}", item.key);
        }
        for part in
            ["view//products/42", "/search73a6", "_template_fragment_cache_item_42", "_memver", "session:"]
        {
            assert!(items.iter().any(|item| item.key.contains(part)), "{part}");
        }
    }
}
