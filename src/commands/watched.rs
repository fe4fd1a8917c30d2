//! What the commands that watch servers have to ask.

use std::sync::Arc;

use super::context::Cluster;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::protocol::Wire;

/// The servers, if their protocol can be watched at all.
///
/// # Errors
/// Settings that cannot be used; exit 5 where only the binary protocol is spoken.
pub fn cluster(context: &mut Context, command: &str) -> Result<Arc<Cluster>, Failure> {
    let cluster = context.cluster()?;
    let options = cluster.pool.options();
    if options.wire == Wire::Text {
        return Ok(cluster);
    }
    let (reason, hint) = if options.login.is_some() {
        (
            "servers with SASL speak the binary protocol only",
            "cachier top --once and cachier stats -i 5s show rates there; cachier measure -- CMD the traffic of one command",
        )
    } else {
        ("--protocol binary was asked for", "watching works with --protocol text")
    };
    Err(Failure::new(
        Exit::Server,
        format!("{command} needs memcached's log (watch), which only the text protocol has; {reason}"),
    )
    .hint(hint))
}
