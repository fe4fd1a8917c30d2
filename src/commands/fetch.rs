//! Reading items from where they belong, as their client does: in turn where several servers may have them.

use super::context::Context;
use super::refusal;
use crate::codec::spread;
use crate::failure::Failure;
use crate::flask::key::SPREAD_CHUNKS;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;

/// An item as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The client's mark of the type of the value.
    pub flags: u32,
    /// The CAS unique.
    pub cas: Option<u64>,
    /// The bytes.
    pub value: Vec<u8>,
}

/// What came of reading one key.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The key.
    pub key: Key,
    /// The server that has it, or the last one that was asked.
    pub server: Option<String>,
    /// The item; `None` if it is not there or nobody knows.
    pub found: Option<Stored>,
    /// Why nobody knows.
    pub error: Option<String>,
}

impl Fetched {
    /// Whether the item is known not to be there.
    #[must_use]
    pub fn is_miss(&self) -> bool {
        self.found.is_none() && self.error.is_none()
    }
}

/// What came of reading several keys, and all failures.
pub type Found = (Vec<Fetched>, Vec<Failure>);

/// Reads values that the spread backend has cut into chunks; one that was stored whole is read as it is.
///
/// # Errors
/// Settings that cannot be used.
pub fn fetch_spread(context: &mut Context, keys: &[Key]) -> Result<Found, Failure> {
    let mut wanted = Vec::with_capacity(keys.len() * (SPREAD_CHUNKS + 1));
    for key in keys {
        wanted.push(key.clone());
        for chunk in 0..SPREAD_CHUNKS {
            wanted.push(context.key(&[key.as_bytes(), format!(".{chunk}").as_bytes()].concat())?);
        }
    }
    let (items, failures) = fetch(context, &wanted)?;
    Ok((items.chunks(SPREAD_CHUNKS + 1).filter_map(joined).collect(), failures))
}

/// One value from the item under the key itself and its chunks.
fn joined(items: &[Fetched]) -> Option<Fetched> {
    let (whole, chunks) = items.split_first()?;
    let first = chunks.first()?;
    if first.found.is_none() && whole.found.is_some() {
        return Some(whole.clone());
    }
    let error = chunks.iter().find_map(|chunk| chunk.error.clone());
    let parts = chunks.iter().map(|chunk| chunk.found.as_ref().map(|found| found.value.as_slice()));
    let value = spread::join(parts);
    let found = first.found.as_ref().filter(|_| error.is_none());
    let found = found.map(|found| Stored { flags: found.flags, cas: None, value });
    Some(Fetched { key: first.key.clone(), server: first.server.clone(), found, error })
}

/// Reads items; what failed is told on stderr and returned.
///
/// # Errors
/// Settings that cannot be used.
pub fn fetch(context: &mut Context, keys: &[Key]) -> Result<Found, Failure> {
    let cluster = context.cluster()?;
    let mut items: Vec<Fetched> =
        keys.iter().map(|key| Fetched { key: key.clone(), server: None, found: None, error: None }).collect();
    let mut failures = Vec::new();
    for turn in 0.. {
        let open: Vec<(usize, usize)> = (0..keys.len())
            .filter(|&index| items[index].found.is_none())
            .filter_map(|index| {
                Some((index, cluster.router.readers(keys[index].as_bytes()).iter().nth(turn)?))
            })
            .collect();
        if open.is_empty() {
            break;
        }
        let requests: Vec<_> =
            open.iter().map(|&(index, server)| (server, Request::Get { key: &keys[index] })).collect();
        let answers = cluster.pool.run(&requests, |position, reply| match reply {
            Reply::Value(item) => {
                Ok(Some(Stored { flags: item.flags, cas: item.cas, value: item.value.to_vec() }))
            }
            Reply::Miss | Reply::NotFound => Ok(None),
            other => {
                let (index, server) = open[position];
                Err(refusal::failure(&cluster.pool.name(server), &keys[index], &other))
            }
        });
        let (results, failed) = context.settle(answers);
        failures.extend(failed);
        for ((index, server), result) in open.into_iter().zip(results) {
            let item = &mut items[index];
            item.server = Some(cluster.pool.name(server));
            match result {
                Ok(found) => {
                    item.found = found;
                    item.error = None;
                }
                Err(reason) => item.error = Some(reason),
            }
        }
    }
    Ok((items, failures))
}
