//! The client libraries whose way of marking types is known.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A client library, as `--client-values` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Client {
    /// pylibmc 1.6 and newer.
    #[default]
    Pylibmc,
    /// pylibmc 1.5 and older, whose flag 16 is a bool.
    Pylibmc15,
    /// python-memcached.
    PythonMemcached,
    /// pymemcache with `pickle_serde` or `compressed_serde`.
    Pymemcache,
    /// python-binary-memcached, whose flag 0 is text.
    Bmemcached,
    /// libmc, whose flag 16 is compression.
    Libmc,
}

/// A name that is none of the known clients.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "unknown client {0:?}: not one of pylibmc, pylibmc-1.5, python-memcached, pymemcache, bmemcached, libmc"
)]
pub struct UnknownClient(pub String);

impl Client {
    /// Every client, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Pylibmc,
        Self::Pylibmc15,
        Self::PythonMemcached,
        Self::Pymemcache,
        Self::Bmemcached,
        Self::Libmc,
    ];

    /// The name, as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pylibmc => "pylibmc",
            Self::Pylibmc15 => "pylibmc-1.5",
            Self::PythonMemcached => "python-memcached",
            Self::Pymemcache => "pymemcache",
            Self::Bmemcached => "bmemcached",
            Self::Libmc => "libmc",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Client {
    type Err = UnknownClient;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|client| client.name() == name)
            .ok_or_else(|| UnknownClient(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for client in Client::ALL {
            assert_eq!(client.to_string().parse(), Ok(client));
        }
        assert_eq!("mc".parse::<Client>(), Err(UnknownClient("mc".to_owned())));
    }
}
