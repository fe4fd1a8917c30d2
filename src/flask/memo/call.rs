//! The value key of one call of a memoized function.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Owner;
use super::VersionKeys;
use super::arguments::Given;
use super::arguments::names;
use super::arguments::token;
use super::namespace;
use super::version_keys;
use super::version_library_key;
use crate::flask::digest::HashMethod;
use crate::flask::error::FlaskError;
use crate::flask::facts::Facts;
use crate::flask::facts::Generation;
use crate::flask::facts::Version;
use crate::flask::key::Access;
use crate::flask::key::ComputedKey;
use crate::flask::view::method;
use crate::flask::view::require;
use crate::python::Signature;
use crate::python::Value;

/// Characters of a hash in a value key.
pub const HASH_LENGTH: usize = 16;

/// A call of a memoized function.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Module and qualified name, `shop.models.Cart.total`.
    pub function: String,
    /// The function's signature; arguments by position alone can do without.
    pub signature: Option<Signature>,
    /// What stands for `self` or `cls`: the `repr` of the instance, or its `__caching_id__` from 1.8.0 on. A class method has its class
    /// if nothing is given.
    pub instance: Option<String>,
    /// Arguments by position, without `self` and `cls`.
    pub positional: Vec<Value>,
    /// Arguments by keyword.
    pub keywords: Vec<(String, Value)>,
}

/// The arguments of the decorator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoOptions {
    /// What `make_name` returns.
    pub make_name: Option<String>,
    /// `hash_method`, or `CACHE_HASH_METHOD`; the generation's own if it is not given.
    pub hash: Option<HashMethod>,
    /// `args_to_ignore`.
    pub ignore: Vec<String>,
    /// Text of the undecorated function, for `source_check`.
    pub source: Option<String>,
}

/// The value key of a call but for the values of its version keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueKey {
    /// The hash of the call: 16 characters of Base64.
    pub hash: String,
    /// What was hashed, without the source.
    pub hashed_text: String,
    /// The version keys whose values follow the hash: the function's, then the instance's if there is one.
    pub version_keys: Vec<ComputedKey>,
    /// Generations of Flask-Caching that name the call so, newest first.
    pub generations: Vec<Generation>,
}

impl ValueKey {
    /// Returns the wire key with the values of [`ValueKey::version_keys`], in their order.
    ///
    /// # Errors
    /// [`FlaskError::VersionValues`] if there are not as many values as version keys.
    pub fn key(&self, facts: &Facts, versions: &[impl AsRef<str>]) -> Result<ComputedKey, FlaskError> {
        if versions.len() != self.version_keys.len() {
            return Err(FlaskError::VersionValues {
                given: versions.len(),
                expected: self.version_keys.len(),
            });
        }
        let mut library_key = self.hash.clone();
        library_key.extend(versions.iter().map(AsRef::as_ref));
        let newest = self.generations.first().copied().unwrap_or(Generation::V2_5);
        let mut computed = ComputedKey::new(facts, &library_key, Access::Value, newest);
        computed.generations.clone_from(&self.generations);
        Ok(computed)
    }
}

/// Returns the value keys of a call, newest generation first: one for each way in which the generations in question name it.
///
/// # Errors
/// The first problem, if no generation in question has a key: a call that Python would refuse, an argument whose text only the
/// application knows, or a decorator's argument that the stated version does not have.
pub fn value_keys(facts: &Facts, call: &Call, options: &MemoOptions) -> Result<Vec<ValueKey>, FlaskError> {
    if call.signature.is_none() && (!call.keywords.is_empty() || !options.ignore.is_empty()) {
        return Err(FlaskError::MissingSignature);
    }
    let implied;
    let signature = if let Some(signature) = &call.signature {
        signature
    } else {
        implied = implied_signature(call);
        &implied
    };
    let positional = with_instance(call, signature)?;
    let given =
        Given { signature, positional: &positional, keywords: &call.keywords, ignored: &options.ignore };
    given.check()?;
    let mut found: Vec<ValueKey> = Vec::new();
    let mut problem = None;
    for generation in facts.generations() {
        match value_key(facts, call, options, &given, generation) {
            Ok(key) => match found.iter_mut().find(|known| is_same(known, &key)) {
                Some(known) => known.generations.push(generation),
                None => found.push(key),
            },
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    match problem {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// Returns the version keys of a function, as [`version_keys`] does, and of the instance of a call if the signature says
/// that there is one: its first ordinary parameter is `self` and not ignored.
#[must_use]
pub fn version_keys_of_call(facts: &Facts, call: &Call, options: &MemoOptions) -> VersionKeys {
    let first = call.signature.as_ref().map(|signature| names(signature).first().copied());
    let is_method = first.is_none_or(|first| first == Some("self"))
        && !options.ignore.iter().any(|ignored| ignored == "self");
    version_keys(facts, &call.function, call.instance.as_deref().filter(|_| is_method))
}

/// Tells whether two generations name a call alike.
fn is_same(one: &ValueKey, other: &ValueKey) -> bool {
    let keys = |value: &ValueKey| value.version_keys.iter().map(|key| key.key.clone()).collect::<Vec<_>>();
    one.hash == other.hash && keys(one) == keys(other)
}

/// The signature of a function of which nothing but a call is known.
fn implied_signature(call: &Call) -> Signature {
    let mut signature =
        Signature::of_positional(call.positional.len() + usize::from(call.instance.is_some()));
    if call.instance.is_some()
        && let Some(first) = signature.parameters.first_mut()
    {
        "self".clone_into(&mut first.name);
    }
    signature
}

/// The arguments by position with the instance or class before them.
fn with_instance(call: &Call, signature: &Signature) -> Result<Vec<Value>, FlaskError> {
    let first = signature.parameters.first().map(|parameter| parameter.name.as_str());
    let instance = match (&call.instance, first) {
        (Some(token), _) => Some(token.clone()),
        (None, Some("cls")) => {
            let class = call.function.rsplit_once('.').map(|(class, _)| class);
            Some(format!("<class '{}'>", class.ok_or(FlaskError::MissingInstance)?))
        }
        (None, Some("self")) => return Err(FlaskError::MissingInstance),
        (None, _) => None,
    };
    Ok(instance.map(Value::Verbatim).into_iter().chain(call.positional.iter().cloned()).collect())
}

/// The value key in one generation (`_memoize_make_cache_key` in flask_caching/__init__.py).
fn value_key(
    facts: &Facts,
    call: &Call,
    options: &MemoOptions,
    given: &Given<'_>,
    generation: Generation,
) -> Result<ValueKey, FlaskError> {
    if !options.ignore.is_empty() {
        require(facts, generation.has_ignored_arguments(), "args_to_ignore", Version::new(1, 10, 0))?;
    }
    let name = match &options.make_name {
        Some(name) => name.clone(),
        None => namespace(facts, generation, &call.function),
    };
    let hashed_text = format!("{name}{}", given.text(generation, facts.python)?);
    let mut pieces = vec![hashed_text.as_bytes()];
    if let Some(source) = &options.source {
        require(facts, generation.has_source_check(), "source_check", Version::new(1, 9, 0))?;
        pieces.push(source.as_bytes());
    }
    let mut hash = STANDARD.encode(method(facts, options.hash, generation)?.digest(&pieces));
    hash.truncate(HASH_LENGTH);
    let is_method = names(given.signature).first() == Some(&"self")
        && !options.ignore.iter().any(|ignored| ignored == "self");
    let instance = if is_method { Some(token(given.positional.first(), facts.python)?) } else { None };
    let version_keys = [Owner::Function, Owner::Instance]
        .into_iter()
        .filter_map(|owner| {
            version_library_key(facts, generation, &call.function, instance.as_deref(), owner)
        })
        .map(|library_key| ComputedKey::new(facts, &library_key, Access::Version, generation))
        .collect();
    Ok(ValueKey { hash, hashed_text, version_keys, generations: vec![generation] })
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
