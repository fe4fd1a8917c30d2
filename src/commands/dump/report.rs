//! What a dump saved, in words and in JSON.

use std::path::Path;

use serde::Serialize;

use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::outcome::ending;
use crate::commands::transfer::source::Taken;
use crate::failure::Exit;
use crate::output::Format;

/// How it went as a whole.
pub(super) struct Done {
    pub(super) seconds: f64,
    pub(super) interrupted: bool,
    pub(super) left_out: u64,
}

#[derive(Serialize)]
struct ServerRecord {
    server: String,
    listed: u64,
    saved: u64,
    gone: u64,
    bytes: u64,
    error: Option<String>,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    items: u64,
    bytes: u64,
    /// Listed, and gone when they were asked for.
    gone: u64,
    /// Keys that the form cannot carry.
    left_out: u64,
    seconds: f64,
    interrupted: bool,
    servers: Vec<ServerRecord>,
}

/// Tells what was saved and what was not.
pub(super) fn conclude(
    context: &mut Context,
    format: Option<Format>,
    path: Option<&Path>,
    cluster: &Cluster,
    done: &Done,
    taken: Vec<(usize, Taken)>,
) -> Exit {
    let mut unreached = Vec::new();
    let mut servers = Vec::new();
    for (index, taken) in taken {
        servers.push(ServerRecord {
            server: cluster.pool.name(index),
            listed: taken.listed,
            saved: taken.read,
            gone: taken.gone,
            bytes: taken.bytes,
            error: taken.error.as_ref().map(ToString::to_string),
        });
        unreached.extend(taken.error);
    }
    let answered = servers.iter().filter(|server| server.error.is_none() || server.saved > 0).count();
    let failures = context.report_unreached(unreached);
    let sum = |field: fn(&ServerRecord) -> u64| servers.iter().map(field).sum::<u64>();
    let (items, gone) = (sum(|server| server.saved) - done.left_out, sum(|server| server.gone));
    let bytes = sum(|server| server.bytes);
    let lost = if gone > 0 { format!(", {gone} gone meanwhile") } else { String::new() };
    let left = match done.left_out {
        0 => String::new(),
        keys => format!(", {keys} left out since this form cannot carry their keys"),
    };
    context.output.note(&format!("{items} items saved, {bytes} bytes of values{lost}{left}"));
    if done.interrupted && path.is_some() {
        context.output.note("interrupted: no file was written");
    }
    if let (Some(Format::Json), Some(path)) = (format, path) {
        context.output.document(&Document {
            schema: "cachier/dump/1",
            file: path.display().to_string(),
            items,
            bytes,
            gone,
            left_out: done.left_out,
            seconds: done.seconds,
            interrupted: done.interrupted,
            servers,
        });
    }
    if done.interrupted {
        return Exit::Interrupted;
    }
    let usual = if items == 0 { Exit::Negative } else { Exit::Done };
    if done.left_out > 0 && failures.is_empty() { Exit::Partial } else { ending(usual, answered, &failures) }
}
