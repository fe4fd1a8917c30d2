//! The hash methods of a decorator.

use std::fmt;
use std::str::FromStr;

use md5::Digest;
use thiserror::Error;

/// A constructor in Python's `hashlib` that may stand as `hash_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashMethod {
    /// `hashlib.blake2b`.
    Blake2b,
    /// `hashlib.blake2s`.
    Blake2s,
    /// `hashlib.md5`.
    Md5,
    /// `hashlib.sha1`.
    Sha1,
    /// `hashlib.sha224`.
    Sha224,
    /// `hashlib.sha256`.
    Sha256,
    /// `hashlib.sha384`.
    Sha384,
    /// `hashlib.sha3_224`.
    Sha3_224,
    /// `hashlib.sha3_256`.
    Sha3_256,
    /// `hashlib.sha3_384`.
    Sha3_384,
    /// `hashlib.sha3_512`.
    Sha3_512,
    /// `hashlib.sha512`.
    Sha512,
}

/// Why a text names no hash method.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\"{text}\" is no hash method; there are {}", HashMethod::ALL.map(|(name, _)| name).join(", "))]
pub struct HashMethodError {
    /// What was given.
    pub text: String,
}

impl HashMethod {
    /// Every method by its name in `hashlib`.
    pub const ALL: [(&'static str, Self); 12] = [
        ("md5", Self::Md5),
        ("sha1", Self::Sha1),
        ("sha224", Self::Sha224),
        ("sha256", Self::Sha256),
        ("sha384", Self::Sha384),
        ("sha512", Self::Sha512),
        ("sha3_224", Self::Sha3_224),
        ("sha3_256", Self::Sha3_256),
        ("sha3_384", Self::Sha3_384),
        ("sha3_512", Self::Sha3_512),
        ("blake2b", Self::Blake2b),
        ("blake2s", Self::Blake2s),
    ];

    /// Hashes several pieces as one text, and returns the digest.
    #[must_use]
    pub fn digest(self, pieces: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Blake2b => of::<blake2::Blake2b512>(pieces),
            Self::Blake2s => of::<blake2::Blake2s256>(pieces),
            Self::Md5 => of::<md5::Md5>(pieces),
            Self::Sha1 => of::<sha1::Sha1>(pieces),
            Self::Sha224 => of::<sha2::Sha224>(pieces),
            Self::Sha256 => of::<sha2::Sha256>(pieces),
            Self::Sha384 => of::<sha2::Sha384>(pieces),
            Self::Sha3_224 => of::<sha3::Sha3_224>(pieces),
            Self::Sha3_256 => of::<sha3::Sha3_256>(pieces),
            Self::Sha3_384 => of::<sha3::Sha3_384>(pieces),
            Self::Sha3_512 => of::<sha3::Sha3_512>(pieces),
            Self::Sha512 => of::<sha2::Sha512>(pieces),
        }
    }

    /// Hashes several pieces as one text, and returns the digest in lower-case hexadecimal.
    #[must_use]
    pub fn hex_digest(self, pieces: &[&[u8]]) -> String {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let half = |value: u8| DIGITS[usize::from(value & 0xF)];
        self.digest(pieces).into_iter().flat_map(|byte| [half(byte >> 4), half(byte)]).collect()
    }
}

/// The digest of one algorithm.
fn of<D: Digest>(pieces: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().to_vec()
}

impl FromStr for HashMethod {
    type Err = HashMethodError;

    /// Reads a name as `hashlib` writes it; case and a hyphen (`SHA-256`) do not matter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
        let wanted = plain(text.strip_prefix("hashlib.").unwrap_or(text));
        Self::ALL
            .into_iter()
            .find(|(name, _)| plain(name) == wanted)
            .map(|(_, method)| method)
            .ok_or_else(|| HashMethodError { text: text.to_owned() })
    }
}

impl fmt::Display for HashMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(_, method)| method == self).map_or("", |(name, _)| name);
        formatter.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_hashlib() {
        // hashlib.X(b"abc").hexdigest()[:8] of Python 3.11.
        for (name, expected) in [
            ("md5", "90015098"),
            ("sha1", "a9993e36"),
            ("sha224", "23097d22"),
            ("SHA-256", "ba7816bf"),
            ("sha384", "cb00753f"),
            ("hashlib.sha512", "ddaf35a1"),
            ("sha3_224", "e642824c"),
            ("sha3_256", "3a985da7"),
            ("sha3_384", "ec014982"),
            ("sha3_512", "b751850b"),
            ("blake2b", "ba80a53f"),
            ("blake2s", "508c5e8c"),
        ] {
            let method: HashMethod = name.parse().unwrap();
            assert_eq!(&method.hex_digest(&[b"a", b"bc"])[..8], expected, "{name}");
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        assert!("crc32".parse::<HashMethod>().is_err());
    }
}
