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
pub(crate) use peer::{Peer, boolean, bytes, exposition, int, none, text};
pub(crate) use terminal::Terminal;
pub(crate) use wire::Wire;
pub(crate) use wire::request as binary_request;

/// How long anything in a test may take before it counts as hung; generous, for a loaded machine of two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Calls `ready` until it answers something or `PATIENCE` is over.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let pause = Duration::from_millis(2);
    // Counted in pauses and not by the clock: a machine that stands still for a while makes no test fail.
    for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
        if let Some(found) = ready() {
            return found;
        }
        std::thread::sleep(pause);
    }
    panic!("waited {PATIENCE:?} in vain for {what}");
}
