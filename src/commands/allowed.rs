//! What the settings and the protocol in use allow: keys, expiries, changes.

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Expiry;
use crate::protocol::Key;
use crate::protocol::Wire;

impl Context {
    /// Checks bytes as a key of the protocol in use.
    ///
    /// # Errors
    /// A key that memcached or the protocol cannot carry.
    pub fn key(&self, bytes: &[u8]) -> Result<Key, Failure> {
        Ok(Key::parse(bytes, self.settings.wire()?)?)
    }

    /// Refuses to change anything where the settings say so.
    ///
    /// # Errors
    /// Exit 8 with what says so.
    pub fn allow_change(&self, command: &str) -> Result<(), Failure> {
        let read_only = &self.settings.read_only;
        if !read_only.value {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Safety,
            format!("{command} would change something, and {} says read-only", read_only.source),
        )
        .hint("use another profile, or take the setting away"))
    }

    /// Whether keys travel as words of a line or with their length.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub fn wire(&self) -> Result<Wire, Failure> {
        Ok(self.settings.wire()?)
    }

    /// Says where the text protocol cannot tell so late an expiry.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub fn note_expiry(&mut self, expiry: Expiry) -> Result<(), Failure> {
        // Above that memcached 1.6.18 answers STORED and lets the item expire at once.
        if self.wire()? == Wire::Text && i32::try_from(expiry.wire()).is_err() {
            self.output.note("the text protocol has no later expiry than 2038-01-19, which is what is sent");
        }
        Ok(())
    }
}
