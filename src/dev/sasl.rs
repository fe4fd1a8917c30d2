//! SASL, of which there is only PLAIN (RFC 4616).

use super::Authentication;
use super::binary::Request;
use super::binary::is_first_step;
use super::binary::is_list;
use super::session::Session;
use super::session::Step;
use super::store::Store;
use crate::protocol::codes::status;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 8192;

/// The longest name of a mechanism (`MAX_SASL_MECH_LEN`).
const LONGEST_MECHANISM: usize = 32;

/// Runs SASL_LIST, SASL_AUTH or SASL_STEP.
pub(super) fn step(
    session: &mut Session,
    store: &mut Store,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Step {
    if !store.settings.demands(Authentication::Sasl) {
        session.swallow = request.value_length as u64;
        return request.fail(out, status::UNKNOWN_COMMAND);
    }
    if is_list(request) {
        return request.done(out, 0, b"PLAIN");
    }
    if request.key.len() > LONGEST_MECHANISM || request.value_length > LONGEST {
        session.swallow = request.value_length as u64;
        return request.fail(out, status::INVALID_ARGUMENTS);
    }
    let (given, end) = match request.value() {
        Ok(here) => here,
        Err(more) => return more,
    };
    if is_first_step(request) {
        session.is_authenticating = request.key == b"PLAIN";
        if session.is_authenticating && given.is_empty() {
            request.challenge(out);
            return Step::Took(end);
        }
    }
    store.counters.auth_cmds += 1;
    session.is_authenticated = session.is_authenticating && is_right(store, given);
    if session.is_authenticated {
        request.done(out, 0, b"Authenticated");
    } else {
        store.counters.auth_errors += 1;
        request.fail(out, status::AUTH_ERROR);
    }
    Step::Took(end)
}

/// Whether `authorization NUL user NUL password` is right.
fn is_right(store: &Store, given: &[u8]) -> bool {
    let mut parts = given.splitn(3, |&byte| byte == 0).skip(1);
    let (Some(username), Some(password)) = (parts.next(), parts.next()) else { return false };
    store.settings.credentials.as_ref().is_some_and(|credentials| credentials.admit(username, password))
}
