//! The options of each client, read into what its placement needs.

use core::net::IpAddr;

use super::hash::Hash;
use super::options::Spelling;
use super::options::Written;
use super::script::Script;
use super::spec::RoutingError;

/// A client with its options; those that place keys alike are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bmemcached,
    BmemcachedDistributed { bytes_keys: bool },
    Dalli { failover: bool },
    Gomemcache,
    Libmemcached(Script),
    Mc,
    MemcachedNode { remove: bool },
    Memjs { failover: bool },
    Pymemcache { key_prefix: Vec<u8>, bytes_keys: bool },
    PythonMemcached,
    Spymemcached { ketama: bool, addresses: Vec<(String, IpAddr)> },
    Twemproxy { hash: Hash, distribution: Spread, hash_tag: Option<(u8, u8)> },
}

/// twemproxy's distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    Ketama,
    Modula,
    Random,
}

/// twemproxy's names of hash functions (`nc_hashkit.h:HASH_CODEC`).
const TWEMPROXY_HASHES: [(&str, Hash); 12] = [
    ("one_at_a_time", Hash::Default),
    ("md5", Hash::Md5),
    ("crc16", Hash::Crc16),
    ("crc32", Hash::Crc),
    ("crc32a", Hash::Crc32a),
    ("fnv1_64", Hash::Fnv1_64),
    ("fnv1a_64", Hash::Fnv1a64),
    ("fnv1_32", Hash::Fnv1_32),
    ("fnv1a_32", Hash::Fnv1a32),
    ("hsieh", Hash::Hsieh),
    ("murmur", Hash::Murmur),
    ("jenkins", Hash::Jenkins),
];

const TWEMPROXY_DISTRIBUTIONS: [(&str, Spread); 3] =
    [("ketama", Spread::Ketama), ("modula", Spread::Modula), ("random", Spread::Random)];

impl Family {
    /// Returns a client of [`super::known_clients`] as it is without options.
    pub(super) fn of(client: &str) -> Self {
        match client {
            "bmemcached" => Self::Bmemcached,
            "bmemcached-distributed" => Self::BmemcachedDistributed { bytes_keys: false },
            "dalli" => Self::Dalli { failover: true },
            "gomemcache" => Self::Gomemcache,
            "mc" => Self::Mc,
            "memcached-node" => Self::MemcachedNode { remove: true },
            "memjs" => Self::Memjs { failover: false },
            "php-memcached" => Self::Libmemcached(Script::php()),
            "pymemcache" => Self::Pymemcache { key_prefix: Vec::new(), bytes_keys: false },
            "python-memcached" => Self::PythonMemcached,
            "spymemcached" => Self::Spymemcached { ketama: false, addresses: Vec::new() },
            "twemproxy" => {
                Self::Twemproxy { hash: Hash::Fnv1a64, distribution: Spread::Ketama, hash_tag: None }
            }
            _ => Self::Libmemcached(Script::pylibmc()),
        }
    }

    /// Says whether it matters that options come after the servers.
    pub(super) fn has_later_options(&self) -> bool {
        matches!(self, Self::Libmemcached(_))
    }

    /// Takes note that a `;` was read: options from here on find the servers there.
    pub(super) fn servers_added(&mut self) {
        if let Self::Libmemcached(script) = self {
            script.servers_added();
        }
    }

    /// Takes note that all options were read.
    pub(super) fn finish(&mut self) {
        if let Self::Libmemcached(script) = self {
            script.finish();
        }
    }

    /// Switches pylibmc's `ketama` on.
    pub(super) fn ketama(&mut self) {
        if let Self::Libmemcached(script) = self {
            script.ketama();
        }
    }

    /// Takes an option; `false` if it is none of those that have an influence.
    pub(super) fn set(
        &mut self,
        option: &Written<'_>,
        spelling: &mut Spelling,
    ) -> Result<bool, RoutingError> {
        match (self, option.name.as_str()) {
            (Self::Libmemcached(script), _) => return script.set(option, spelling),
            (
                Self::BmemcachedDistributed { bytes_keys } | Self::Pymemcache { bytes_keys, .. },
                "bytes_keys",
            ) => {
                *bytes_keys = spelling.switch(option)?;
            }
            (Self::Pymemcache { key_prefix, .. }, "key_prefix") => {
                *key_prefix = spelling.text(option)?.as_bytes().to_vec();
            }
            (Self::Dalli { failover } | Self::Memjs { failover }, "failover") => {
                *failover = spelling.switch(option)?;
            }
            (Self::MemcachedNode { remove }, "remove") => *remove = spelling.switch(option)?,
            (Self::Spymemcached { ketama, .. }, "ketama") => *ketama = spelling.switch(option)?,
            (Self::Spymemcached { addresses, .. }, "address") => {
                addresses.push(resolved(option, spelling.text(option)?)?);
            }
            (Self::Twemproxy { hash, .. }, "hash") => {
                *hash = spelling.choice(option, &TWEMPROXY_HASHES, "")?;
            }
            (Self::Twemproxy { distribution, .. }, "distribution") => {
                *distribution = spelling.choice(option, &TWEMPROXY_DISTRIBUTIONS, "")?;
            }
            (Self::Twemproxy { hash_tag, .. }, "hash_tag") => {
                *hash_tag = Some(tag(option, spelling.text(option)?)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads `HOST/ADDRESS`.
fn resolved(option: &Written<'_>, text: &str) -> Result<(String, IpAddr), RoutingError> {
    text.split_once('/')
        .and_then(|(host, address)| Some((host.to_owned(), address.parse().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| illegal(option, "write the host name, a slash and its IP address"))
}

/// Reads the two characters around the part of a key that is hashed.
fn tag(option: &Written<'_>, text: &str) -> Result<(u8, u8), RoutingError> {
    match *text.as_bytes() {
        [open, close] => Ok((open, close)),
        _ => Err(illegal(option, "twemproxy wants exactly two characters, {} for instance")),
    }
}

/// The complaint about a value of the wrong form.
pub(super) fn illegal(option: &Written<'_>, fault: &'static str) -> RoutingError {
    RoutingError::IllegalValue {
        option: option.name.clone(),
        value: option.value.unwrap_or_default().to_owned(),
        fault,
    }
}
