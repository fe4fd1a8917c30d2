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
    /// An argument without a default is not given.
    #[error("argument {name} is missing")]
    MissingArgument {
        /// Name of the parameter.
        name: String,
    },
    /// A method, but nothing that names the instance.
    #[error("what stands for self is missing")]
    MissingInstance,
    /// Arguments that only a signature can put in their places.
    #[error("without a signature arguments can neither be named nor ignored")]
    MissingSignature,
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
    /// An argument is given by position and by keyword, or by keyword twice.
    #[error("argument {name} is given twice")]
    RepeatedArgument {
        /// Name of the parameter.
        name: String,
    },
    /// More arguments by position than the signature has places.
    #[error("{given} arguments are given, the signature takes {taken}")]
    TooManyArguments {
        /// Arguments by position, `self` or `cls` included.
        given: usize,
        /// Places in the signature.
        taken: usize,
    },
    /// A keyword argument that the signature does not have.
    #[error("the signature has no argument {name}")]
    UnknownArgument {
        /// The keyword.
        name: String,
    },
    /// A default that would have to be evaluated.
    #[error("the default {text} of argument {name} is no literal")]
    UnknownDefault {
        /// Name of the parameter.
        name: String,
        /// Text of the expression.
        text: String,
    },
    /// A set with several elements, or a dict before Python 3.6.
    #[error("only the running Python knows the order of {text}")]
    Unordered {
        /// The value in stored order.
        text: String,
    },
    /// Not as many version values as version keys.
    #[error("{given} version values are given, the key has {expected}")]
    VersionValues {
        /// How many there are.
        given: usize,
        /// How many the key has.
        expected: usize,
    },
}
