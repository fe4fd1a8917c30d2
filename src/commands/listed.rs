//! What every command that goes over all items has to ask and to tell.

use std::sync::Arc;

use super::context::Cluster;
use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::protocol::Wire;

/// The servers, if their protocol can list at all.
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
            "compute keys instead (view-key, fragment-key, invalidate-view, invalidate-fragment), make all results of a function \
             unreachable at once (invalidate-memo), or pipe known keys into get, delete or touch with --stdin",
        )
    } else {
        ("--protocol binary was asked for", "listing works with --protocol text")
    };
    Err(Failure::new(
        Exit::Server,
        format!("{command} needs a listing of all keys, which only the text protocol has; {reason}"),
    )
    .hint(hint))
}

/// All servers by index.
#[must_use]
pub fn servers(cluster: &Cluster) -> Vec<usize> {
    (0..cluster.pool.endpoints().len()).collect()
}

/// How many items the servers count (`curr_items`); `None` if one does not tell.
#[must_use]
pub fn counted(cluster: &Cluster) -> Option<u64> {
    let answers = cluster.pool.each(&servers(cluster), |_, server| {
        let mut items = None;
        server.statistics("", &mut |name, value| {
            if name == b"curr_items" {
                items = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
            }
        })?;
        Ok(items)
    });
    answers.into_iter().map(|(_, answer)| answer.ok().flatten()).sum()
}

/// A bar up to what the servers count, if anybody sees it.
#[must_use]
pub fn progress(context: &Context, cluster: &Cluster, what: &'static str) -> Progress {
    let shown = context.output.progress(what, None).is_shown();
    context.output.progress(what, if shown { counted(cluster) } else { None })
}

/// Tells how many items were listed, how many of them are meant, and how many the servers count.
pub fn summarise(context: &mut Context, cluster: &Cluster, listed: u64, shown: u64, is_complete: bool) {
    let counted = counted(cluster);
    let count = cluster.pool.endpoints().len();
    let servers = if count == 1 { "1 server".to_owned() } else { format!("{count} servers") };
    let what = if shown == listed { listed.to_string() } else { format!("{shown} of {listed}") };
    let comparison = match counted {
        Some(counted) if is_complete && counted != listed => format!(
            "; they count {counted} items (curr_items): some expired and still count, or came or went meanwhile"
        ),
        Some(counted) => format!("; they count {counted} items (curr_items)"),
        None => String::new(),
    };
    context.output.note(&format!("{what} keys listed on {servers}{comparison}"));
}
