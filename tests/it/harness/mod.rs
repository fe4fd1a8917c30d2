//! What every integration test stands on: the program, real servers, servers that misbehave, and other clients.

mod cachier;
mod fake;
mod golden;
mod material;
mod memcached;
mod peer;
mod terminal;
mod wire;

use std::time::Duration;

pub(crate) use cachier::{Cachier, Outcome};
pub(crate) use fake::{Fake, Script, full_port, refusing_port};
pub(crate) use golden::golden;
pub(crate) use material::{PASSWORD, scratch, tls};
pub(crate) use memcached::{Kind, Pool, Server};
pub(crate) use peer::{Peer, boolean, bytes, int, none, text};
pub(crate) use terminal::Terminal;

/// How long anything in a test may take before it counts as hung; generous, for a loaded machine of two cores.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls `ready` until it answers something or `PATIENCE` is over.
fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let started = std::time::Instant::now();
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
