//! Which Python an application runs on, as far as its texts differ.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A release series of CPython, `major.minor`; the patch level changes nothing that is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    /// 2 or 3.
    pub major: u16,
    /// The number after the first dot.
    pub minor: u16,
}

/// Why a text does not name a Python version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\"{text}\" is no Python version such as 3.11 or 2.7")]
pub struct PythonVersionError {
    /// What was given.
    pub text: String,
}

impl PythonVersion {
    /// Python 3.11, assumed where nothing else is said.
    pub const DEFAULT: Self = Self { major: 3, minor: 11 };

    /// Tells whether `str` means bytes (Python 2).
    #[must_use]
    pub fn is_python_2(self) -> bool {
        self.major == 2
    }

    /// Tells whether this is `major.minor` or newer.
    #[must_use]
    pub fn at_least(self, major: u16, minor: u16) -> bool {
        self >= Self { major, minor }
    }

    /// Returns the Unicode version of its `unicodedata` as major × 10 + minor: 140 for 14.0.
    ///
    /// Python newer than 3.14 counts as 3.14 (16.0), older than 3.4 as 3.3 (6.1). Source: `unicodedata.unidata_version`.
    #[must_use]
    pub fn unicode(self) -> u8 {
        match (self.major, self.minor) {
            (..=2, _) | (3, ..=3) => 61,
            (3, 4) => 63,
            (3, 5) => 80,
            (3, 6) => 90,
            (3, 7) => 110,
            (3, 8) => 121,
            (3, 9 | 10) => 130,
            (3, 11) => 140,
            (3, 12) => 150,
            (3, 13) => 151,
            _ => 160,
        }
    }
}

impl Default for PythonVersion {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for PythonVersion {
    type Err = PythonVersionError;

    /// Reads `3.11`, `3.11.7` or `2.7`; a lone `2` is 2.7.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PythonVersionError { text: text.to_owned() };
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().map_err(|_| error()) } else { Err(error()) }
        };
        let mut parts = text.split('.');
        let major = number(parts.next().unwrap_or_default())?;
        let minor = match parts.next() {
            Some(part) => number(part)?,
            None if major == 2 => 7,
            None => return Err(error()),
        };
        if !(2..=3).contains(&major) {
            return Err(error());
        }
        Ok(Self { major, minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_and_without_patch_level() {
        for (text, expected) in [
            ("3.11", Some((3, 11))),
            ("3.8.18", Some((3, 8))),
            ("2.7", Some((2, 7))),
            ("2", Some((2, 7))),
            ("3", None),
            ("", None),
            ("3.x", None),
            ("3.+1", None),
            ("4.0", None),
            ("3.99999999", None),
        ] {
            let read = text.parse::<PythonVersion>().ok().map(|version| (version.major, version.minor));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn versions_order_by_number_not_by_text() {
        let old: PythonVersion = "3.9".parse().unwrap();
        assert!(!old.at_least(3, 10) && old.at_least(3, 9) && old.at_least(2, 7));
    }
}
