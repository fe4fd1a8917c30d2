//! Keys of results taken apart: the hash of the call cannot be undone, but the versions behind it can be read.

use super::call::HASH_LENGTH;

/// Characters of a version value.
pub const VERSION_LENGTH: usize = 6;

/// The value of a version key.
pub type Version = [u8; VERSION_LENGTH];

/// The library key of a result, in every generation: a hash of the call, then the versions that it was stored under.
///
/// Source: `_memoize_make_cache_key` in flask_caching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueParts<'a> {
    /// The first characters of the Base64 of the call's hash.
    pub hash: &'a [u8],
    /// The value of the function's version key.
    pub function: Version,
    /// The value of the instance's version key, for methods.
    pub instance: Option<Version>,
}

/// Takes the library key of a result apart, by its length and alphabet; other keys may look the same.
#[must_use]
pub fn parts(library_key: &[u8]) -> Option<ValueParts<'_>> {
    let (hash, versions) = library_key.split_at_checked(HASH_LENGTH)?;
    let (function, instance) = versions.split_first_chunk::<VERSION_LENGTH>()?;
    let instance = match instance {
        [] => None,
        _ => Some(Version::try_from(instance).ok()?),
    };
    library_key.iter().all(is_base64).then_some(ValueParts { hash, function: *function, instance })
}

/// A version value, if the text is one.
#[must_use]
pub fn version(text: &[u8]) -> Option<Version> {
    Version::try_from(text).ok().filter(|version| version.iter().all(is_base64))
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_by_length_and_alphabet() {
        let of_function = parts(b"SZ7CWdKM4GEpwXvWvDiHV4").unwrap();
        assert_eq!(of_function.hash, b"SZ7CWdKM4GEpwXvW");
        assert_eq!((&of_function.function, of_function.instance), (b"vDiHV4", None));
        let of_method = parts(b"C0lg77+G3ulrSJ0E/kyyFEVz0Rwp").unwrap();
        assert_eq!((&of_method.function, of_method.instance), (b"/kyyFE", Some(*b"Vz0Rwp")));
        for other in [
            "",
            "SZ7CWdKM4GEpwXvW",
            "SZ7CWdKM4GEpwXvWvDiHV",
            "SZ7CWdKM4GEpwXvWvDiHV45",
            "view//products/42-and-so",
        ] {
            assert_eq!(parts(other.as_bytes()), None, "{other}");
        }
        assert_eq!(parts(b"SZ7CWdKM4GEpwXvW-DiHV4"), None);
        assert_eq!(
            (version(b"vDiHV4"), version(b"vDiHV"), version(b"vDiHV_")),
            (Some(*b"vDiHV4"), None, None)
        );
    }
}
