//! What has to be tried: harmless questions on connections of their own.

use std::time::Duration;
use std::time::Instant;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::pool::Options;
use crate::pool::Pool;
use crate::pool::Server;
use crate::pool::Timeouts;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How long a server that does not know a protocol is listened to: it says nothing at all.
const LIMIT: Duration = Duration::from_millis(700);

/// Class 9999 exists nowhere: who knows the command says so, and nothing is listed.
const METADUMP: &[u8] = b"lru_crawler metadump 9999";
const MGDUMP: &[u8] = b"lru_crawler mgdump 9999";

/// What a server of the pool was found to allow.
pub(super) fn found(pool: &Pool, index: usize) -> Map<String, Value> {
    let options = pool.options();
    let text = is_spoken(pool, index, Wire::Text);
    let binary = is_spoken(pool, index, Wire::Binary);
    let is_text = options.wire == Wire::Text;
    let first = |command: &[u8]| line(pool, index, command).filter(|_| is_text);
    let knows =
        |command: &[u8]| is_text.then(|| first(command).is_some_and(|line| !line.starts_with(b"ERROR")));
    let meta = first(b"mn").is_some_and(|line| line == b"MN");
    let watch = first(b"watch evictions").is_some_and(|line| line == b"OK");
    let mechanisms = mechanisms(pool, index);
    [
        ("text", json!(text)),
        ("binary", json!(binary)),
        ("meta", json!(meta)),
        ("metadump", json!(knows(METADUMP).unwrap_or(false))),
        ("mgdump", json!(knows(MGDUMP).unwrap_or(false))),
        ("watch", json!(watch)),
        ("ttl", json!(meta)),
        ("sasl", json!(mechanisms)),
        ("login", json!(options.login.as_ref().map(|login| login.mode.to_string()))),
        ("tls", json!(options.tls.is_some())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Opens a connection of its own; a login is shown in the protocol that it belongs to.
fn open(pool: &Pool, index: usize, wire: Wire) -> Option<Server> {
    let own = pool.options();
    let login = own.login.clone().filter(|_| wire == own.wire);
    let options = Options { wire, login, ..own.clone() };
    let timeouts = Timeouts {
        reply: own.timeouts.reply.min(LIMIT),
        until: Some(Instant::now() + LIMIT * 2),
        ..own.timeouts
    };
    let endpoint = pool.endpoints().get(index)?;
    Server::open(endpoint, &options, timeouts).ok().map(|(server, _)| server)
}

fn is_spoken(pool: &Pool, index: usize, wire: Wire) -> bool {
    let Some(mut server) = open(pool, index, wire) else { return false };
    server.call(&Request::Version).is_ok()
}

/// The first line of the answer to a text command.
fn line(pool: &Pool, index: usize, command: &[u8]) -> Option<Vec<u8>> {
    let mut server = open(pool, index, Wire::Text)?;
    let connection = server.connection();
    connection.output().extend_from_slice(&[command, b"\r\n"].concat());
    while !connection.input().contains(&b'\n') {
        connection.advance().ok()?;
    }
    let line = connection.input().split(|&byte| byte == b'\n').next()?;
    Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

/// The SASL mechanisms that the server offers; `None` without SASL.
fn mechanisms(pool: &Pool, index: usize) -> Option<String> {
    let own = pool.options();
    let options = Options { wire: Wire::Binary, login: None, ..own.clone() };
    let timeouts = Timeouts {
        reply: own.timeouts.reply.min(LIMIT),
        until: Some(Instant::now() + LIMIT * 2),
        ..own.timeouts
    };
    let (mut server, _) = Server::open(pool.endpoints().get(index)?, &options, timeouts).ok()?;
    match server.call(&Request::SaslList).ok()? {
        Reply::Mechanisms(list) => Some(String::from_utf8_lossy(list).into_owned()),
        _ => None,
    }
}
