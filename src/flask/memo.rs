//! Keys of functions under `@cache.memoize()`.

mod arguments;
pub mod call;
pub mod value;

pub use call::{Call, MemoOptions, ValueKey, value_keys, version_keys_of_call};

use super::facts::{Facts, Generation};
use super::key::{Access, ComputedKey, distinct};

/// Ends the library key of every version key (`_memvname` in flask_caching).
pub const VERSION_SUFFIX: &str = "_memver";

/// What a version key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The function: all its results, of all instances.
    Function,
    /// One instance: its results of one method.
    Instance,
}

/// The version keys of a memoized function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionKeys {
    /// The function's, newest generation first.
    pub function: Vec<ComputedKey>,
    /// The instance's, newest generation first; empty without an instance.
    pub instance: Vec<ComputedKey>,
}

/// Returns the version keys of a function, and of one instance if its token is given.
///
/// The function is named by module and qualified name (`shop.models.Cart.total`); the token is the instance's `repr`, or its
/// `__caching_id__` from 1.8.0 on. Source: `function_namespace` and `_memoize_version` in flask_caching.
#[must_use]
pub fn version_keys(facts: &Facts, function: &str, instance: Option<&str>) -> VersionKeys {
    let keys = |owner| {
        distinct(facts.generations().into_iter().filter_map(|generation| {
            let library_key = version_library_key(facts, generation, function, instance, owner)?;
            Some(ComputedKey::new(facts, &library_key, Access::Version, generation))
        }))
    };
    VersionKeys { function: keys(Owner::Function), instance: keys(Owner::Instance) }
}

/// The library key of a version; none for an instance without a token (an empty one counts as none).
pub(super) fn version_library_key(
    facts: &Facts,
    generation: Generation,
    function: &str,
    instance: Option<&str>,
    owner: Owner,
) -> Option<String> {
    let name = match owner {
        Owner::Function => namespace(facts, generation, function),
        Owner::Instance => {
            let token = instance.filter(|token| !token.is_empty())?;
            namespace(facts, generation, &format!("{function}.{token}"))
        }
    };
    Some(name + VERSION_SUFFIX)
}

/// A name without the characters that Flask-Caching removes: from 2.5.0 on, and on Python 2, those below U+0100 other than ASCII
/// letters, digits, `_` and `.`; before, its table of them is built wrongly and removes nothing on Python 3.
#[must_use]
pub fn namespace(facts: &Facts, generation: Generation, name: &str) -> String {
    if generation < Generation::V2_5 && !facts.python.is_python_2() {
        return name.to_owned();
    }
    let stays = |character: &char| {
        character.is_ascii_alphanumeric() || matches!(character, '_' | '.') || u32::from(*character) > 0xFF
    };
    name.chars().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys with their labels.
    fn labelled(keys: &[ComputedKey]) -> Vec<(String, &str)> {
        keys.iter().map(|key| (key.generation_labels().join(" "), key.key.as_str())).collect()
    }

    #[test]
    fn an_instance_has_a_version_key_beside_that_of_the_function() {
        let keys = version_keys(&Facts::default(), "shop.models.Cart.total", Some("Cart:7"));
        assert_eq!(
            labelled(&keys.function),
            [("1.4.0+".to_owned(), "flask_cache_shop.models.Cart.total_memver")]
        );
        assert_eq!(
            labelled(&keys.instance),
            [
                ("2.5.0+".to_owned(), "flask_cache_shop.models.Cart.total.Cart7_memver"),
                ("1.4.0-2.4.1".to_owned(), "flask_cache_shop.models.Cart.total.Cart:7_memver"),
            ]
        );
        assert!(version_keys(&Facts::default(), "f", Some("")).instance.is_empty());
    }

    #[test]
    fn names_are_cleaned_from_2_5_on_and_on_python_2() {
        let python_2 = Facts { python: "2.7".parse().unwrap(), ..Facts::default() };
        for (name, cleaned) in [
            ("app.tools.make.<locals>.f", "app.tools.make.locals.f"),
            ("acme.m.café", "acme.m.caf"),
            ("acme.m.λ中", "acme.m.λ中"),
            ("a b!c\u{ff}\u{100}_1", "abc\u{100}_1"),
        ] {
            assert_eq!(namespace(&Facts::default(), Generation::V2_5, name), cleaned);
            assert_eq!(namespace(&Facts::default(), Generation::V2_2, name), name);
            assert_eq!(namespace(&python_2, Generation::V1_4, name), cleaned);
        }
    }

    #[test]
    fn a_default_repr_is_unreadable_before_2_5() {
        let keys = version_keys(&Facts::default(), "m.C.f", Some("<m.C object at 0x7f>"));
        let unreadable: Vec<bool> = keys.instance.iter().map(|key| key.unreadable.is_some()).collect();
        assert_eq!(unreadable, [false, true]);
    }
}
