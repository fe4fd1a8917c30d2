//! Keys of fragments: `{% cache timeout, name, vary… %}`.

use super::facts::Facts;
use super::key::{Access, ComputedKey};

/// Starts the library key of every fragment (`TEMPLATE_FRAGMENT_KEY_TEMPLATE` in flask_caching).
pub const FRAGMENT: &str = "_template_fragment_cache_";

/// Returns the wire key of a fragment, which is the same in every generation.
///
/// Source: `make_template_fragment_key` in flask_caching/__init__.py, later flask_caching/utils.py.
#[must_use]
pub fn key(facts: &Facts, name: &str, vary: &[impl AsRef<str>]) -> ComputedKey {
    let mut library_key = format!("{FRAGMENT}{name}");
    for value in vary {
        library_key.push('_');
        library_key.push_str(value.as_ref());
    }
    let mut generations = facts.generations().into_iter();
    let newest = generations.next().unwrap_or(super::facts::Generation::V2_5);
    let mut computed = ComputedKey::new(facts, &library_key, Access::Value, newest);
    computed.generations.extend(generations);
    computed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_on_values_are_joined_by_underscores() {
        for (name, vary, expected) in [
            ("footer", &[][..], "flask_cache__template_fragment_cache_footer"),
            ("sidebar", &["en", "42"], "flask_cache__template_fragment_cache_sidebar_en_42"),
            ("name", &["", "x"], "flask_cache__template_fragment_cache_name__x"),
            ("name", &[""], "flask_cache__template_fragment_cache_name_"),
        ] {
            let computed = key(&Facts::default(), name, vary);
            assert_eq!(computed.key, expected);
            assert_eq!(computed.generation_labels(), ["1.4.0+"]);
        }
    }

    #[test]
    fn a_name_with_a_blank_is_reported() {
        assert!(key(&Facts::default(), "side bar", &["x"]).unreadable.is_some());
    }
}
