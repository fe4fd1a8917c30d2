//! Where the prefixes of a key end.

use crate::flask::Facts;
use crate::flask::fragment::FRAGMENT;
use crate::flask::memo::VERSION_SUFFIX;
use crate::flask::memo::value;
use crate::measure::prefixes::ends;

/// How keys are cut into prefixes.
#[derive(Clone, Debug)]
pub struct Split {
    separators: Vec<Vec<u8>>,
    /// `CACHE_KEY_PREFIX`, where the user said nothing of separators.
    flask: Option<Vec<u8>>,
}

impl Split {
    /// The usual separators and what Flask-Caching puts before its keys, or what the user says.
    #[must_use]
    pub fn new(separators: &[String], facts: &Facts) -> Self {
        if separators.is_empty() {
            let flask = Some(facts.key_prefix.clone().into_bytes()).filter(|prefix| !prefix.is_empty());
            return Self { separators: vec![b":".to_vec(), b"/".to_vec()], flask };
        }
        Self { separators: separators.iter().map(|text| text.clone().into_bytes()).collect(), flask: None }
    }

    /// The separators as texts.
    #[must_use]
    pub fn separators(&self) -> Vec<String> {
        self.separators.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// What a key begins with: so many prefixes, behind that of Flask-Caching; empty if it has none.
    #[must_use]
    pub fn prefix<'a>(&'a self, key: &'a [u8], depth: usize) -> &'a [u8] {
        let is_flask = self.flask.as_ref().is_some_and(|flask| key.starts_with(flask));
        let end = self.ends(key).take(depth + usize::from(is_flask)).last().unwrap_or_default();
        key.get(..end).unwrap_or_default()
    }

    /// The lengths of the prefixes of a key, ascending.
    pub fn ends<'a>(&'a self, key: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let (mut first, mut second, mut is_whole) = (None, None, false);
        if let Some(flask) = &self.flask
            && let Some(library_key) = key.strip_prefix(flask.as_slice())
        {
            first = Some(flask.len());
            if library_key.starts_with(FRAGMENT.as_bytes()) {
                second = Some(flask.len() + FRAGMENT.len());
            }
            // Neither the slashes in the hash of a call nor what stands in the token of an instance separates anything.
            is_whole =
                library_key.ends_with(VERSION_SUFFIX.as_bytes()) || value::parts(library_key).is_some();
        }
        let from = second.or(first).unwrap_or(0);
        let rest = if is_whole { key.len() } else { from };
        first.into_iter().chain(second).chain(ends(key, rest, &self.separators))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flask_prefixes_are_cut_where_the_library_does() {
        let split = Split::new(&[], &Facts::default());
        for (key, expected) in [
            (
                "flask_cache_view//products/42",
                vec!["flask_cache_", "flask_cache_view//", "flask_cache_view//products/"],
            ),
            ("flask_cache_view//", vec!["flask_cache_", "flask_cache_view//"]),
            (
                "flask_cache__template_fragment_cache_item_42",
                vec!["flask_cache_", "flask_cache__template_fragment_cache_"],
            ),
            ("flask_cache_Dd/7WQ1+IzIzTUHnvDiHV4", vec!["flask_cache_"]),
            ("flask_cache_shop.Cart.total.Cart:7_memver", vec!["flask_cache_"]),
            ("session:abc", vec!["session:"]),
            ("plain", vec![]),
        ] {
            let found: Vec<&str> = split.ends(key.as_bytes()).map(|end| &key[..end]).collect();
            assert_eq!(found, expected, "{key}");
        }
        let split = Split::new(&["_".to_owned()], &Facts::default());
        assert_eq!(split.ends(b"flask_cache_view//a").collect::<Vec<_>>(), [6, 12]);
    }
}
