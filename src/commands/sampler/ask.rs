//! What a sample asks one server.

use std::time::Duration;
use std::time::Instant;

use crate::measure::Rows;
use crate::measure::Sample;
use crate::pool::Cause;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::protocol::Request;

/// What one server answered, and when.
pub(super) struct Answer {
    pub(super) sample: Sample,
    pub(super) at: Instant,
    pub(super) rows: Result<Rows, ServerError>,
    pub(super) round_trip: Option<Duration>,
}

/// Asks one server for everything that figures are derived from, and for the group.
pub(super) fn ask(server: &mut Server, group: &str, probes: bool) -> Result<Answer, ServerError> {
    let general = rows(server, "")?;
    let at = Instant::now();
    // After the first answer, so that what opening a connection costs is not in it.
    let round_trip = if probes { Some(round_trip(server)?) } else { None };
    // Hosted services have the general statistics only.
    let mut sample = Sample { general, ..Sample::default() };
    sample.items = offered(rows(server, "items"))?;
    sample.slabs = offered(rows(server, "slabs"))?;
    sample.settings = offered(rows(server, "settings"))?;
    let rows = match group {
        "" => Ok(sample.general.clone()),
        group => match rows(server, group) {
            Err(error) if !is_refusal(&error) => return Err(error),
            rows => rows,
        },
    };
    Ok(Answer { sample, at, rows, round_trip })
}

/// Takes the time of a request that moves no counter.
fn round_trip(server: &mut Server) -> Result<Duration, ServerError> {
    let began = Instant::now();
    server.call(&Request::Version)?;
    Ok(began.elapsed())
}

fn rows(server: &mut Server, group: &str) -> Result<Rows, ServerError> {
    let mut rows = Rows::default();
    server.statistics(group, &mut |name, value| rows.push(name, value))?;
    Ok(rows)
}

/// `None` for a group that the server refuses to tell.
fn offered(rows: Result<Rows, ServerError>) -> Result<Option<Rows>, ServerError> {
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &ServerError) -> bool {
    matches!(error.cause, Cause::Refused(_))
}
