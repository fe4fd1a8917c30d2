//! How a pipeline is best written to a server: quiet or loud, and in which dialect.

use super::Cause;
use super::Server;
use super::ServerError;
use crate::protocol;
use crate::protocol::Dialect;
use crate::protocol::Expected;
use crate::protocol::Key;
use crate::protocol::Options;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How the requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Each is answered, in order.
    Plain(Dialect),
    /// Only the unexpected answers travel; a barrier closes a batch.
    Quiet(Dialect),
}

impl Style {
    /// In which dialect.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Plain(dialect) | Self::Quiet(dialect) => dialect,
        }
    }
}

/// Finds out how the server is best asked: a quiet deletion of a key that nobody has must say `not found` before the barrier.
///
/// memcached 1.6.18 does. Where it stays silent (the documentation of `md q` differs by version) or where quiet opcodes are
/// unknown (0x81), loud ones are pipelined; a server without the meta commands answers `ERROR` twice and is asked in classic
/// text.
pub(super) fn probe(server: &mut Server) -> Result<Style, ServerError> {
    let dialect = match server.wire() {
        Wire::Binary => Dialect::Binary,
        Wire::Text => Dialect::Meta,
    };
    // No client makes such keys; a chance hit would only delete what nobody can have meant to store.
    let Ok(key) = Key::parse(b"cachier:probe:0b6f8d5c-nobody-has-this-key", server.wire()) else {
        return Ok(Style::Plain(dialect));
    };
    let options = Options { quiet: true, opaque: 1 };
    let deletion = Request::Delete { key: &key, cas: None };
    let output = server.connection().output();
    let written = protocol::encode(dialect, &deletion, options, output)
        .and_then(|()| protocol::encode(dialect, &Request::Noop, Options::default(), output));
    written.map_err(|unsupported| server.connection().error(Cause::Refused(unsupported.to_string())))?;
    let plain = Style::Plain(dialect);
    let style = match answer(server, dialect, Expected::of(&deletion, options))? {
        Answer::Noop => return Ok(plain),
        Answer::NotFound => Style::Quiet(dialect),
        Answer::Unknown if dialect == Dialect::Meta => Style::Plain(Dialect::Classic),
        Answer::Unknown => plain,
        Answer::Refused(words) => return Err(server.connection().error(Cause::Refused(words))),
    };
    answer(server, dialect, Expected::of(&Request::Noop, Options::default()))?;
    Ok(style)
}

/// The answer to a part of the probe.
enum Answer {
    Noop,
    NotFound,
    Refused(String),
    Unknown,
}

fn answer(server: &mut Server, dialect: Dialect, expected: Expected) -> Result<Answer, ServerError> {
    loop {
        let limits = *server.limits();
        let connection = server.connection();
        let (answer, length) = match protocol::decode(dialect, expected, &limits, connection.input()) {
            Ok(Some((Reply::Noop, length))) => (Answer::Noop, length),
            Ok(Some((Reply::Refused(refusal), length))) => match refusal.kind {
                RefusalKind::Unauthenticated => {
                    (Answer::Refused(String::from_utf8_lossy(refusal.message).into_owned()), length)
                }
                _ => (Answer::Unknown, length),
            },
            Ok(Some((_, length))) => (Answer::NotFound, length),
            Ok(None) => {
                server.advance()?;
                continue;
            }
            Err(malformed) => {
                let error = connection.error(Cause::Malformed(malformed));
                server.abandon();
                return Err(error);
            }
        };
        connection.consume(length);
        return Ok(answer);
    }
}
