//! A server's "no" in words.

use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::escape::Lines;
use crate::output::escape::escape;
use crate::protocol::Key;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;

/// What it means that a server answered a request about a key with something other than was hoped for.
#[must_use]
pub(super) fn failure(server: &str, key: &Key, reply: &Reply<'_>) -> Failure {
    let shown = escape(key.as_bytes(), Lines::Escape).into_owned();
    if matches!(reply, Reply::Exists) {
        let message = format!("{server}: \"{shown}\": the item has another CAS unique by now");
        return on(server, Exit::Negative, message, Some("get KEY -o json shows the present one"));
    }
    let Reply::Refused(refusal) = reply else {
        return on(
            server,
            Exit::Server,
            format!("{server}: the answer for \"{shown}\" does not fit the request"),
            None,
        );
    };
    let words = String::from_utf8_lossy(refusal.message);
    let (exit, what, hint) = match refusal.kind {
        RefusalKind::TooLarge => (
            Exit::Server,
            "the value is larger than the server stores",
            Some(
                "memcached's limit is its -I (1 MiB unless set); MemCachier's is 1 MB for key and value together",
            ),
        ),
        RefusalKind::OutOfMemory => (Exit::Server, "the server has no memory left for it", None),
        RefusalKind::NonNumeric => (Exit::Server, "the stored value is not a decimal number", None),
        RefusalKind::Unauthenticated => (
            Exit::Denied,
            "the server wants a login or refuses this one",
            Some("check the user name and password, and --auth"),
        ),
        RefusalKind::Unknown => (Exit::Server, "the server does not know this command", None),
        RefusalKind::Busy => (Exit::Server, "the server is busy", None),
        RefusalKind::Invalid | RefusalKind::Server => (Exit::Server, "the server refused", None),
    };
    on(server, exit, format!("{server}: \"{shown}\": {what} (\"{words}\")"), hint)
}

fn on(server: &str, exit: Exit, message: String, hint: Option<&str>) -> Failure {
    Failure { exit, message, hint: hint.map(str::to_owned), server: Some(server.to_owned()), told: false }
}
