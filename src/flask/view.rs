//! Keys of views under `@cache.cached()`.

use super::digest::HashMethod;
use super::error::FlaskError;
use super::facts::{Facts, Generation, Version};
use super::key::{Access, ComputedKey, distinct};
use super::query;
use super::target::Target;

/// How a target is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As a browser sends it, percent-encoded, or as a full URL.
    #[default]
    Encoded,
    /// A decoded path.
    Decoded,
}

/// Whether the view has `query_string=True`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryString {
    /// It has if the target has a query.
    #[default]
    FromTarget,
    /// It has: the key is hashed even without a query.
    Hashed,
    /// It has not: a query in the target does not matter.
    Ignored,
}

/// The arguments of the decorator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewOptions {
    /// How targets are written.
    pub form: Form,
    /// `query_string`.
    pub query_string: QueryString,
    /// `key_prefix`; `view/%s` if it is not given.
    pub key_prefix: Option<String>,
    /// `hash_method`, or `CACHE_HASH_METHOD`; the generation's own if it is not given.
    pub hash: Option<HashMethod>,
    /// Text of the undecorated function, for `source_check`.
    pub source: Option<String>,
}

/// Returns the wire keys of one view: one for each way in which the generations in question name it, newest first.
///
/// # Errors
/// The first problem, if no generation in question has a key: a decorator's prefix that Python cannot format, or an argument
/// that the stated version does not have.
pub fn keys(facts: &Facts, options: &ViewOptions, target: &str) -> Result<Vec<ComputedKey>, FlaskError> {
    let target = match options.form {
        Form::Encoded => Target::parse(target, facts.python),
        Form::Decoded => Target::decoded(target),
    };
    let query = target.query.as_deref().unwrap_or_default();
    let hashed = match options.query_string {
        QueryString::FromTarget => !query.is_empty(),
        QueryString::Hashed => true,
        QueryString::Ignored => false,
    };
    let text = hashed.then(|| query::hashed_text(facts, query));
    let mut found = Vec::new();
    let mut problem = None;
    for generation in facts.generations() {
        match library_key(facts, options, &target.path, text.as_deref(), generation) {
            Ok(key) => found.push(ComputedKey::new(facts, &key, Access::Value, generation)),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    match problem {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(distinct(found)),
    }
}

/// The library key in one generation (`cached` in flask_caching/__init__.py); `query` is the text to hash.
fn library_key(
    facts: &Facts,
    options: &ViewOptions,
    path: &str,
    query: Option<&str>,
    generation: Generation,
) -> Result<String, FlaskError> {
    let mut pieces = Vec::new();
    pieces.extend(query.map(str::as_bytes));
    if let Some(source) = &options.source {
        require(facts, generation.has_source_check(), "source_check", Version::new(1, 9, 0))?;
        pieces.push(source.as_bytes());
    }
    // Up to 2.4.1 a key with a query starts with the path, whatever the decorator's prefix.
    let mut key = if query.is_some() && generation < Generation::V2_5 {
        path.to_owned()
    } else {
        formatted(options.key_prefix.as_deref().unwrap_or("view/%s"), path)?
    };
    if !pieces.is_empty() {
        key.push_str(&method(facts, options.hash, generation)?.hex_digest(&pieces));
    }
    Ok(key)
}

/// The hash method in one generation.
///
/// # Errors
/// [`FlaskError::NotInVersion`] if another than its own is asked of a generation without `hash_method`.
pub(super) fn method(
    facts: &Facts,
    wanted: Option<HashMethod>,
    generation: Generation,
) -> Result<HashMethod, FlaskError> {
    let own = generation.default_hash();
    match wanted {
        Some(method) if method != own => {
            require(facts, generation.has_hash_method(), "hash_method", Version::new(1, 5, 0))?;
            Ok(method)
        }
        _ => Ok(own),
    }
}

/// Fails where a generation does not have a feature.
pub(super) fn require(
    facts: &Facts,
    has: bool,
    feature: &'static str,
    since: Version,
) -> Result<(), FlaskError> {
    if has {
        return Ok(());
    }
    let version = facts.flask_caching.unwrap_or(Version::new(1, 4, 0));
    Err(FlaskError::NotInVersion { version, feature, since })
}

/// `prefix % path` if the prefix has a `%s`, else the prefix.
fn formatted(prefix: &str, path: &str) -> Result<String, FlaskError> {
    if !prefix.contains("%s") {
        return Ok(prefix.to_owned());
    }
    let error = |problem| FlaskError::KeyPrefix { prefix: prefix.to_owned(), problem };
    let mut text = String::new();
    let mut path = Some(path);
    let mut rest = prefix;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let mut directive = after.chars();
        match directive.next() {
            Some('%') => text.push('%'),
            Some('s') => text.push_str(path.take().ok_or_else(|| error("it has more than one %s"))?),
            Some(_) => return Err(error("it has a % directive other than %s and %%")),
            None => return Err(error("it ends in the middle of a % directive")),
        }
        rest = directive.as_str();
    }
    text.push_str(rest);
    if path.is_some() { Err(error("every % is escaped, so nothing takes the path")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts of one version, or of none.
    fn facts(version: &str) -> Facts {
        Facts { flask_caching: version.parse().ok(), ..Facts::default() }
    }

    /// The keys of a target, with their generations.
    fn labelled(facts: &Facts, options: &ViewOptions, target: &str) -> Vec<(String, String)> {
        keys(facts, options, target)
            .unwrap()
            .into_iter()
            .map(|key| (key.generation_labels().join(" "), key.key))
            .collect()
    }

    #[test]
    fn a_plain_view_has_one_key_in_every_generation() {
        let found = labelled(&facts("unknown"), &ViewOptions::default(), "/products/42");
        assert_eq!(found, [("1.4.0+".to_owned(), "flask_cache_view//products/42".to_owned())]);
    }

    #[test]
    fn a_query_has_a_key_before_and_one_since_2_5() {
        let found = labelled(&facts("unknown"), &ViewOptions::default(), "/search?q=shoes&page=2");
        let expected = [
            (
                "2.5.0+",
                "flask_cache_view//searchffa1bf651aa59586e6c4eb1d749692ce9bcdf1a57330432ef853f52871a67866",
            ),
            ("1.4.0-2.4.1", "flask_cache_/search73a67da486defb6918b56c3c16c0afda"),
        ];
        assert_eq!(found, expected.map(|(label, key)| (label.to_owned(), key.to_owned())));
    }

    #[test]
    fn an_argument_leaves_out_the_generations_that_do_not_have_it() {
        let sha1 = ViewOptions { hash: Some(HashMethod::Sha1), ..ViewOptions::default() };
        let labels: Vec<String> =
            labelled(&facts("unknown"), &sha1, "/list?a=1").into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["2.5.0+", "1.5.0-2.4.1"]);
        let source = ViewOptions { source: Some("def f(): pass\n".to_owned()), ..ViewOptions::default() };
        let labels: Vec<String> =
            labelled(&facts("unknown"), &source, "/").into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["2.5.0+", "1.9.0-2.4.1"]);
        let error = keys(&facts("1.8.0"), &source, "/").unwrap_err();
        assert_eq!(error.to_string(), "Flask-Caching 1.8.0 has no source_check, which came with 1.9.0");
        assert!(keys(&facts("1.4.0"), &sha1, "/list?a=1").is_err());
        assert!(keys(&facts("1.4.0"), &sha1, "/list").is_ok());
    }

    #[test]
    fn the_flags_decide_between_plain_and_hashed() {
        for (query_string, target, is_hashed) in [
            (QueryString::FromTarget, "/list", false),
            (QueryString::FromTarget, "/list?", false),
            (QueryString::FromTarget, "/list?a", true),
            (QueryString::Hashed, "/list", true),
            (QueryString::Ignored, "/list?a", false),
        ] {
            let options = ViewOptions { query_string, ..ViewOptions::default() };
            let found = keys(&facts("2.5.1"), &options, target).unwrap();
            assert_eq!(found[0].key != "flask_cache_view//list", is_hashed, "{query_string:?} {target}");
        }
    }

    #[test]
    fn prefixes_of_decorators_are_formatted_as_python_does() {
        for (prefix, expected) in [
            ("page:%s:v2", Some("page:/x:v2")),
            ("front", Some("front")),
            ("50%%", Some("50%%")),
            ("p%%%s", Some("p%/x")),
            ("%s%%s", Some("/x%s")),
            ("%s%s", None),
            ("%%s", None),
            ("%s %d", None),
            ("%s%", None),
        ] {
            let key = formatted(prefix, "/x").ok();
            assert_eq!(key.as_deref(), expected, "{prefix}");
        }
        let options = ViewOptions { key_prefix: Some("%s%s".to_owned()), ..ViewOptions::default() };
        assert!(keys(&facts("2.5.1"), &options, "/x?a=1").is_err());
        assert_eq!(keys(&facts("unknown"), &options, "/x?a=1").unwrap().len(), 1);
    }
}
