//! Calls of memoized functions on the command line, and the version values that their keys contain.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::fetch;
use super::view_key::read_source;
use crate::codec;
use crate::codec::Client;
use crate::codec::DecodedValue;
use crate::failure::Failure;
use crate::flask::ComputedKey;
use crate::flask::Facts;
use crate::flask::HashMethod;
use crate::flask::memo::Call;
use crate::flask::memo::MemoOptions;
use crate::flask::memo::ValueKey;
use crate::python::PythonVersion;
use crate::python::Signature;
use crate::python::Value;
use crate::python::literal;

/// What is known of a memoized function and its decorator.
#[derive(Args, Debug)]
pub struct MemoArgs {
    /// The function's signature with self or cls, such as '(a, b=2)', for defaults and names
    #[arg(long, value_name = "TEXT")]
    signature: Option<String>,
    /// What stands for self: the instance's repr or caching id
    #[arg(long = "self", value_name = "TEXT", allow_hyphen_values = true)]
    pub instance: Option<String>,
    /// What the decorator's make_name returns
    #[arg(long, value_name = "TEXT")]
    make_name: Option<String>,
    /// A name in the decorator's args_to_ignore; may be repeated
    #[arg(long, value_name = "NAME")]
    ignore: Vec<String>,
    /// The decorator's hash_method: md5, sha1, sha256, …
    #[arg(long, value_name = "NAME")]
    hash: Option<HashMethod>,
    /// File with the function's source, for source_check
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Cut this function out of the file of --source
    #[arg(long = "function", value_name = "NAME", requires = "source")]
    cut: Option<String>,
}

impl MemoArgs {
    /// A call of a function without arguments yet.
    ///
    /// # Errors
    /// A signature that is not understood.
    pub fn call(&self, context: &Context, function: &str) -> Result<Call, Failure> {
        let python = context.settings.facts()?.python;
        let signature = self.signature.as_ref().map(|text| Signature::parse(text, python)).transpose()?;
        Ok(Call {
            function: function.to_owned(),
            signature,
            instance: self.instance.clone(),
            ..Call::default()
        })
    }

    /// The arguments of the decorator.
    ///
    /// # Errors
    /// A source that cannot be read.
    pub fn options(&self, context: &Context) -> Result<MemoOptions, Failure> {
        let source = match &self.source {
            Some(path) => Some(read_source(context, path, self.cut.as_deref())?),
            None => None,
        };
        Ok(MemoOptions {
            make_name: self.make_name.clone(),
            hash: self.hash,
            ignore: self.ignore.clone(),
            source,
        })
    }
}

/// Reads a Python literal.
///
/// # Errors
/// Exit 2 with what is wrong and where.
pub fn literal(text: &str, python: PythonVersion) -> Result<Value, Failure> {
    literal::parse(text, python).map_err(|error| {
        Failure::usage(format!("\"{text}\" is no Python literal: {error}"))
            .hint("write strings with quotes, 'like this', or give the repr of anything else with --arg-repr")
    })
}

/// The value keys that the application can reach now: those whose version keys are there.
///
/// # Errors
/// A server that cannot be reached.
pub fn reachable(
    context: &mut Context,
    facts: &Facts,
    candidates: &[ValueKey],
) -> Result<Vec<ComputedKey>, Failure> {
    let mut keys = Vec::new();
    for candidate in candidates {
        let mut values = Vec::new();
        for version in &candidate.version_keys {
            // A version key that cannot be carried was never stored.
            let Ok(key) = context.key(version.key.as_bytes()) else { break };
            let (mut found, failures) = fetch::fetch(context, &[key])?;
            if let Some(failure) = failures.into_iter().next() {
                return Err(failure);
            }
            let Some(stored) = found.pop().and_then(|item| item.found) else { break };
            values.extend(version_text(context.settings.client()?, &stored));
        }
        if values.len() == candidate.version_keys.len() {
            keys.push(candidate.key(facts, &values)?);
        }
    }
    Ok(keys)
}

/// The text of a version key's value: stored as text or bytes, or as a pickled `str` by old clients.
#[must_use]
pub fn version_text(client: Client, stored: &fetch::Stored) -> Option<String> {
    let decoded = codec::decode(client, stored.flags, &stored.value, &codec::Options::default());
    match decoded.value {
        DecodedValue::Value(Value::Str(text)) => text.as_str().map(str::to_owned),
        DecodedValue::Value(Value::Bytes(bytes) | Value::Py2Str(bytes)) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}
