//! Library key → wire key, and whether the application could ever read what is stored there.

use thiserror::Error;

use super::facts::{Backend, Facts, Generation};
use crate::protocol::key::MAX_KEY_LENGTH;

/// Chunks of a spread value (`SpreadSASLMemcachedCache.maxchunk`).
pub const SPREAD_CHUNKS: usize = 32;

/// A key as the application sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputedKey {
    /// The wire key; where values are spread, without the number of a chunk.
    pub key: String,
    /// Generations of Flask-Caching that use it, newest first; never empty.
    pub generations: Vec<Generation>,
    /// Why the application can have no readable item there.
    pub unreadable: Option<Unreadable>,
    /// Which call of the library reads the item.
    pub access: Access,
}

/// Which calls of the library an item goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `get` and `set`: the spread backend cuts the value into chunks.
    Value,
    /// `get_many` and `set_many`: never cut into chunks, and tested without the prefix.
    Version,
}

/// Why the application could never read an item of that key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unreadable {
    /// No key at all.
    #[error("an empty key is never stored")]
    Empty,
    /// A character that Flask-Caching refuses on reading.
    #[error("Flask-Caching never reads a key with {} (character {} of the key){}", name(*.character), .offset + 1, if *.stored { "" } else { ", and the text protocol cannot store it" })]
    Forbidden {
        /// The first such character.
        character: char,
        /// How many characters stand before it.
        offset: usize,
        /// Whether an item could be stored at all.
        stored: bool,
    },
    /// More bytes than memcached takes.
    #[error("the key is {bytes} bytes long, {MAX_KEY_LENGTH} is the limit")]
    TooManyBytes {
        /// Length of the longest key that reading asks for, in bytes.
        bytes: usize,
    },
    /// More characters than Flask-Caching reads.
    #[error("the key is {characters} characters long, {MAX_KEY_LENGTH} is the limit")]
    TooManyCharacters {
        /// Length in characters.
        characters: usize,
    },
}

impl ComputedKey {
    /// Puts the prefix before a library key.
    #[must_use]
    pub fn new(facts: &Facts, library_key: &str, access: Access, generation: Generation) -> Self {
        Self {
            key: format!("{}{library_key}", facts.key_prefix),
            generations: vec![generation],
            unreadable: unreadable(facts, library_key, access),
            access,
        }
    }

    /// Returns the keys on the servers: the key itself, or all that a value may be spread over.
    #[must_use]
    pub fn wire_keys(&self, backend: Backend) -> Vec<String> {
        match (backend, self.access) {
            (Backend::Spread, Access::Value) => {
                (0..SPREAD_CHUNKS).map(|chunk| format!("{}.{chunk}", self.key)).collect()
            }
            _ => vec![self.key.clone()],
        }
    }

    /// Returns the key that is there whenever the item is: the key itself, or that of the first chunk.
    #[must_use]
    pub fn first_wire_key(&self, backend: Backend) -> String {
        match (backend, self.access) {
            (Backend::Spread, Access::Value) => format!("{}.0", self.key),
            _ => self.key.clone(),
        }
    }

    /// Returns the versions of Flask-Caching that use the key, newest first, such as `["2.5.0+"]`.
    #[must_use]
    pub fn generation_labels(&self) -> Vec<String> {
        Generation::labels(&self.generations)
    }
}

/// Joins equal keys, keeping the order of their first occurrences.
#[must_use]
pub fn distinct(keys: impl IntoIterator<Item = ComputedKey>) -> Vec<ComputedKey> {
    let mut joined: Vec<ComputedKey> = Vec::new();
    for computed in keys {
        match joined.iter_mut().find(|known| known.key == computed.key) {
            Some(known) => known.generations.extend(computed.generations),
            None => joined.push(computed),
        }
    }
    joined
}

/// Finds out why the application could never read an item back; `None` if it can.
///
/// Source: `_test_memcached_key` in werkzeug/contrib/cache.py, flask_caching/backends/memcache.py and cachelib/memcached.py,
/// a match of `[^\x00-\x21\xff]{1,250}$`; the length limit of `pylibmc` in bytes; and what the text protocol carries.
#[must_use]
pub fn unreadable(facts: &Facts, library_key: &str, access: Access) -> Option<Unreadable> {
    let spread = facts.backend == Backend::Spread && access == Access::Value;
    let suffix = if spread { ".31" } else { "" };
    let wire = format!("{}{library_key}{suffix}", facts.key_prefix);
    if wire.is_empty() {
        return Some(Unreadable::Empty);
    }
    let text = facts.backend == Backend::Memcached;
    if text && let Some(found) = first(&wire, |character| matches!(character, ' ' | '\n' | '\r' | '\0')) {
        return Some(Unreadable::Forbidden { character: found.1, offset: found.0, stored: false });
    }
    // `get_many`, which spread values and version keys are read with, tests the key before it gets its prefix.
    let without_prefix = spread || access == Access::Version;
    let (tested, before) = if without_prefix {
        (wire.get(facts.key_prefix.len()..).unwrap_or_default(), facts.key_prefix.chars().count())
    } else {
        (wire.as_str(), 0)
    };
    let tested = tested.strip_suffix('\n').unwrap_or(tested);
    let python_2 = facts.python.is_python_2();
    // A Python 2 key is UTF-8, in which no byte is 0xFF.
    let forbidden = |character: char| matches!(character, '\0'..='!') || character == 'ÿ' && !python_2;
    if let Some((offset, character)) = first(tested, forbidden) {
        return Some(Unreadable::Forbidden { character, offset: before + offset, stored: true });
    }
    if tested.is_empty() {
        return Some(Unreadable::Empty);
    }
    let characters = tested.chars().count();
    if characters > MAX_KEY_LENGTH {
        return Some(Unreadable::TooManyCharacters { characters });
    }
    (wire.len() > MAX_KEY_LENGTH).then_some(Unreadable::TooManyBytes { bytes: wire.len() })
}

/// The first character of a kind, with the number of characters before it.
fn first(text: &str, is: impl Fn(char) -> bool) -> Option<(usize, char)> {
    text.chars().enumerate().find(|(_, character)| is(*character))
}

/// A character for a message.
fn name(character: char) -> String {
    match character {
        ' ' => "a blank".to_owned(),
        '\n' => "a line feed".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        '\0' => "NUL".to_owned(),
        '\u{1}'..='\u{1F}' => format!("the control character U+{:04X}", u32::from(character)),
        _ => format!("\"{character}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts of a backend with a prefix.
    fn facts(backend: Backend, key_prefix: &str) -> Facts {
        Facts { backend, key_prefix: key_prefix.to_owned(), ..Facts::default() }
    }

    /// The verdict in short.
    fn verdict(facts: &Facts, key: &str, access: Access) -> &'static str {
        match unreadable(facts, key, access) {
            None => "readable",
            Some(Unreadable::Empty) => "empty",
            Some(Unreadable::Forbidden { stored: true, .. }) => "stored",
            Some(Unreadable::Forbidden { stored: false, .. }) => "not stored",
            Some(Unreadable::TooManyBytes { .. }) => "bytes",
            Some(Unreadable::TooManyCharacters { .. }) => "characters",
        }
    }

    #[test]
    fn values_are_readable_as_the_table_of_the_library_says() {
        let (x240, x241, umlauts) = ("x".repeat(240), "x".repeat(241), "ä".repeat(126));
        for (key, text, binary) in [
            ("hello", "readable", "readable"),
            ("wow!", "stored", "stored"),
            ("ÿ", "stored", "stored"),
            ("two words", "not stored", "stored"),
            ("tab\tbed", "stored", "stored"),
            ("a\nb", "not stored", "stored"),
            ("final\n", "not stored", "readable"),
            ("smörgås", "readable", "readable"),
            ("", "readable", "readable"),
            (&x240, "readable", "readable"),
            (&x241, "characters", "characters"),
            (&umlauts, "bytes", "bytes"),
        ] {
            let prefix = "0123456789";
            assert_eq!(verdict(&facts(Backend::Memcached, prefix), key, Access::Value), text, "{key}");
            assert_eq!(verdict(&facts(Backend::Sasl, prefix), key, Access::Value), binary, "{key}");
        }
        assert_eq!(verdict(&facts(Backend::Sasl, ""), "", Access::Value), "empty");
    }

    #[test]
    fn version_keys_and_chunks_are_tested_without_the_prefix() {
        let blank = facts(Backend::Sasl, "my app ");
        assert_eq!(verdict(&blank, "f_memver", Access::Value), "stored");
        assert_eq!(verdict(&blank, "f_memver", Access::Version), "readable");
        let text = facts(Backend::Memcached, "my app ");
        assert_eq!(verdict(&text, "f_memver", Access::Version), "not stored");
        let spread = facts(Backend::Spread, "my app ");
        assert_eq!(verdict(&spread, "k", Access::Value), "readable");
        assert_eq!(verdict(&spread, "final\n", Access::Value), "stored");
        assert_eq!(verdict(&facts(Backend::Spread, ""), &"x".repeat(247), Access::Value), "readable");
        assert_eq!(verdict(&facts(Backend::Spread, ""), &"x".repeat(248), Access::Value), "characters");
    }

    #[test]
    fn only_values_are_spread() {
        let mut key = ComputedKey::new(&Facts::default(), "k", Access::Value, Generation::V2_5);
        let wire = key.wire_keys(Backend::Spread);
        assert_eq!(
            (wire.len(), wire[0].as_str(), wire[31].as_str()),
            (32, "flask_cache_k.0", "flask_cache_k.31")
        );
        assert_eq!(key.first_wire_key(Backend::Spread), "flask_cache_k.0");
        assert_eq!(key.wire_keys(Backend::Sasl), ["flask_cache_k"]);
        key.access = Access::Version;
        assert_eq!(key.wire_keys(Backend::Spread), ["flask_cache_k"]);
    }

    #[test]
    fn messages_name_the_character() {
        let found = unreadable(&facts(Backend::Memcached, "p"), "a b", Access::Value).unwrap();
        assert_eq!(
            found.to_string(),
            "Flask-Caching never reads a key with a blank (character 3 of the key), and the text protocol cannot store it"
        );
    }
}
