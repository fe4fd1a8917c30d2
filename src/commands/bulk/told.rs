//! Who is told what became of streamed keys.

use crate::protocol::Key;
use crate::protocol::Reply;

/// The one end of the threads of all connections. Each thread keeps a buffer, which only that thread fills.
pub trait Told: Sync {
    /// Whether the fate of each key is wanted, and not only counts.
    fn is_wanted(&self) -> bool;

    /// Whether nobody wants to be told any more.
    fn is_closed(&self) -> bool;

    /// Tells the answer for a key; `None` if nobody knows what became of it.
    fn tell(&self, buffer: &mut Vec<u8>, server: &str, key: &Key, reply: Option<Reply<'_>>);

    /// Passes on what a thread has in its buffer.
    fn flush(&self, buffer: &mut Vec<u8>);

    /// Tells keys that were not sent.
    fn failed(&self, server: Option<&str>, keys: &[&[u8]], reason: &str);
}
