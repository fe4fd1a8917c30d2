//! What has to be known of an application before its keys can be computed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::digest::HashMethod;
use crate::python::PythonVersion;

/// A released version of a Python package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number; 0 if it is not written.
    pub patch: u16,
}

/// Why a text names no version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\"{text}\" is no version such as 2.3.1 or 2.3")]
pub struct VersionError {
    /// What was given.
    pub text: String,
}

impl Version {
    /// Makes a version of three numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads `2.3.1` or `2.3`; what follows a third number (`rc1`, `.post2`) is ignored, a lone major number is not enough.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError { text: text.to_owned() };
        let mut parts = text.trim().splitn(3, '.');
        let mut number = |cut: bool| {
            let part = parts.next().unwrap_or_default();
            let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
            if end < part.len() && !cut {
                return Err(error());
            }
            part.get(..end).unwrap_or_default().parse::<u16>().map_err(|_| error())
        };
        let (major, minor) = (number(false)?, number(false)?);
        let patch = if text.trim().splitn(3, '.').count() == 3 { number(true)? } else { 0 };
        Ok(Self { major, minor, patch })
    }
}

/// The class behind `CACHE_TYPE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// `MemcachedCache`: the text protocol.
    Memcached,
    /// `SASLMemcachedCache`: the binary protocol.
    #[default]
    Sasl,
    /// `SpreadSASLMemcachedCache`: the binary protocol, values cut into chunks.
    Spread,
}

/// Why a text names no backend.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\"{text}\" is no backend; there are memcached, sasl and spread")]
pub struct BackendError {
    /// What was given.
    pub text: String,
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memcached" => Ok(Self::Memcached),
            "sasl" => Ok(Self::Sasl),
            "spread" => Ok(Self::Spread),
            _ => Err(BackendError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Memcached => "memcached",
            Self::Sasl => "sasl",
            Self::Spread => "spread",
        })
    }
}

/// Versions of Flask-Caching that name everything alike, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 1.4.0, and what came before.
    V1_4,
    /// 1.5.0 to 1.7.x: `hash_method`.
    V1_5,
    /// 1.8.0: `__caching_id__`.
    V1_8,
    /// 1.9.0: `source_check`.
    V1_9,
    /// 1.10.x: `args_to_ignore`.
    V1_10,
    /// 1.11.x to 2.1.0: the backends of cachelib.
    V1_11,
    /// 2.2.0 to 2.4.1: ignored arguments no longer leak.
    V2_2,
    /// 2.5.0 and newer: SHA-256, clean names, prefixed query-string keys.
    V2_5,
}

impl Generation {
    /// Every generation, newest first.
    pub const ALL: [Self; 8] =
        [Self::V2_5, Self::V2_2, Self::V1_11, Self::V1_10, Self::V1_9, Self::V1_8, Self::V1_5, Self::V1_4];

    /// Returns the generation that a version belongs to.
    #[must_use]
    pub fn of(version: Version) -> Self {
        Self::ALL
            .into_iter()
            .find(|generation| {
                let (first, _) = generation.span();
                version >= first
            })
            .unwrap_or(Self::V1_4)
    }

    /// First version and the text of the last one, which is empty for the newest generation.
    fn span(self) -> (Version, &'static str) {
        match self {
            Self::V1_4 => (Version::new(1, 4, 0), "1.4.0"),
            Self::V1_5 => (Version::new(1, 5, 0), "1.7.x"),
            Self::V1_8 => (Version::new(1, 8, 0), "1.8.0"),
            Self::V1_9 => (Version::new(1, 9, 0), "1.9.0"),
            Self::V1_10 => (Version::new(1, 10, 0), "1.10.x"),
            Self::V1_11 => (Version::new(1, 11, 0), "2.1.0"),
            Self::V2_2 => (Version::new(2, 2, 0), "2.4.1"),
            Self::V2_5 => (Version::new(2, 5, 0), ""),
        }
    }

    /// Names a set of generations by their versions, neighbours joined: `["2.5.0+", "1.9.0-2.4.1"]`.
    ///
    /// Takes them newest first, as [`Facts::generations`] gives them, and answers newest first.
    #[must_use]
    pub fn labels(generations: &[Self]) -> Vec<String> {
        let place = |generation: &Self| Self::ALL.iter().position(|other| other == generation);
        generations
            .chunk_by(|newer, older| place(newer).map(|index| index + 1) == place(older))
            .filter_map(|run| Some((run.first()?, run.last()?)))
            .map(|(newest, oldest)| {
                let (first, only) = oldest.span();
                match newest.span() {
                    (_, "") => format!("{first}+"),
                    (start, last) if start == first && last == only && last == first.to_string() => {
                        last.to_owned()
                    }
                    (_, last) => format!("{first}-{last}"),
                }
            })
            .collect()
    }

    /// Returns the hash used where no `hash_method` is given.
    #[must_use]
    pub fn default_hash(self) -> HashMethod {
        if self >= Self::V2_5 { HashMethod::Sha256 } else { HashMethod::Md5 }
    }

    /// Tells whether the decorators take `hash_method`.
    #[must_use]
    pub fn has_hash_method(self) -> bool {
        self >= Self::V1_5
    }

    /// Tells whether the decorators take `source_check`.
    #[must_use]
    pub fn has_source_check(self) -> bool {
        self >= Self::V1_9
    }

    /// Tells whether `memoize` takes `args_to_ignore`.
    #[must_use]
    pub fn has_ignored_arguments(self) -> bool {
        self >= Self::V1_10
    }
}

/// What is known of an application that uses Flask-Caching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Version of Flask-Caching; every generation is meant where it is unknown.
    pub flask_caching: Option<Version>,
    /// The Python it runs on.
    pub python: PythonVersion,
    /// Version of Werkzeug; 2.3 or newer where it is unknown.
    pub werkzeug: Option<Version>,
    /// `CACHE_KEY_PREFIX`; empty for none.
    pub key_prefix: String,
    /// The class behind `CACHE_TYPE`.
    pub backend: Backend,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            flask_caching: None,
            python: PythonVersion::DEFAULT,
            werkzeug: None,
            key_prefix: "flask_cache_".to_owned(),
            backend: Backend::Sasl,
        }
    }
}

impl Facts {
    /// Returns the generations in question, newest first: the stated version's, or all.
    #[must_use]
    pub fn generations(&self) -> Vec<Generation> {
        match self.flask_caching {
            Some(version) => vec![Generation::of(version)],
            None => Generation::ALL.to_vec(),
        }
    }

    /// Tells whether Werkzeug puts broken UTF-8 of a query string back as `%XX` (2.3 and newer).
    #[must_use]
    pub fn keeps_broken_utf8(&self) -> bool {
        self.werkzeug.is_none_or(|version| version >= Version::new(2, 3, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_two_or_three_numbers() {
        for (text, expected) in [
            ("2.3.1", Some("2.3.1")),
            ("2.3", Some("2.3.0")),
            ("1.10.1rc2", Some("1.10.1")),
            ("2.5.1.post1", Some("2.5.1")),
            ("2", None),
            ("", None),
            ("2.x", None),
            ("2..1", None),
            ("2.3.", None),
            ("99999999.1", None),
        ] {
            let read = text.parse::<Version>().ok().map(|version| version.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn versions_belong_to_the_generation_that_began_before_them() {
        for (text, expected) in [
            ("1.0.0", Generation::V1_4),
            ("1.4.0", Generation::V1_4),
            ("1.7.2", Generation::V1_5),
            ("1.8.0", Generation::V1_8),
            ("1.9.0", Generation::V1_9),
            ("1.10.1", Generation::V1_10),
            ("1.11.1", Generation::V1_11),
            ("2.1.0", Generation::V1_11),
            ("2.2.0", Generation::V2_2),
            ("2.4.1", Generation::V2_2),
            ("2.5.0", Generation::V2_5),
            ("3.0", Generation::V2_5),
        ] {
            assert_eq!(Generation::of(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn labels_join_neighbouring_generations() {
        use Generation::{V1_4, V1_5, V1_8, V1_9, V1_11, V2_2, V2_5};
        for (generations, expected) in [
            (Generation::ALL.as_slice(), vec!["1.4.0+"]),
            (&[V2_5], vec!["2.5.0+"]),
            (&[V2_2, V1_11], vec!["1.11.0-2.4.1"]),
            (&[V2_5, V1_9, V1_8, V1_4], vec!["2.5.0+", "1.8.0-1.9.0", "1.4.0"]),
            (&[V1_5], vec!["1.5.0-1.7.x"]),
            (&[V1_9], vec!["1.9.0"]),
            (&[], vec![]),
        ] {
            assert_eq!(Generation::labels(generations), expected);
        }
    }
}
