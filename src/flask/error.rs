//! What can keep a key from being computed.

use thiserror::Error;

use super::facts::Version;

/// Why there is no key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FlaskError {
    /// A decorator's `key_prefix` on which Python's `%` fails.
    #[error("key prefix \"{prefix}\" is no Python format for one path: {problem}")]
    KeyPrefix {
        /// The prefix.
        prefix: String,
        /// What Python would say.
        problem: &'static str,
    },
    /// Something that this version of Flask-Caching does not have.
    #[error("Flask-Caching {version} has no {feature}, which came with {since}")]
    NotInVersion {
        /// The stated version.
        version: Version,
        /// Name of the decorator's argument.
        feature: &'static str,
        /// The version that brought it.
        since: Version,
    },
}
