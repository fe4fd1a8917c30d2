//! From a key as it is given to wire keys: behind the application's prefix, and cut into chunks by the spread backend.

use super::context::Context;
use crate::failure::Failure;
use crate::flask::Backend;
use crate::flask::key::SPREAD_CHUNKS;
use crate::protocol::Key;

/// How a key that is given becomes wire keys.
pub struct Spelling {
    /// What is put before it.
    prefix: Vec<u8>,
    /// Into how many it is spread; 0 for one that is whole.
    chunks: usize,
}

impl Spelling {
    /// The spelling of Flask-Caching's keys, or of wire keys, which stay as they are.
    ///
    /// # Errors
    /// Facts about the application that are not understood.
    pub fn new(context: &Context, flask: bool) -> Result<Self, Failure> {
        if !flask {
            return Ok(Self { prefix: Vec::new(), chunks: 0 });
        }
        let facts = context.settings.facts()?;
        let chunks = if facts.backend == Backend::Spread { SPREAD_CHUNKS } else { 0 };
        Ok(Self { prefix: facts.key_prefix.into_bytes(), chunks })
    }

    /// How many wire keys a key has.
    #[must_use]
    pub fn items(&self) -> usize {
        self.chunks.max(1)
    }

    /// Hands over each wire key of a key.
    pub fn each(&self, key: &[u8], take: &mut dyn FnMut(&[u8])) {
        if self.prefix.is_empty() && self.chunks == 0 {
            return take(key);
        }
        let whole = [self.prefix.as_slice(), key].concat();
        if self.chunks == 0 {
            return take(&whole);
        }
        for chunk in 0..self.chunks {
            take(&[whole.as_slice(), format!(".{chunk}").as_bytes()].concat());
        }
    }

    /// All wire keys of a key.
    #[must_use]
    pub fn wire_keys(&self, key: &[u8]) -> Vec<Vec<u8>> {
        let mut keys = Vec::new();
        self.each(key, &mut |key| keys.push(key.to_vec()));
        keys
    }
}

/// The wire keys under which a value is stored.
///
/// # Errors
/// A key that cannot be carried, or facts that are not understood.
pub fn stored_keys(context: &Context, key: &[u8], flask: bool) -> Result<Vec<Key>, Failure> {
    Spelling::new(context, flask)?.wire_keys(key).iter().map(|text| context.key(text)).collect()
}
