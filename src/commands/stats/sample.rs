//! What `stats` asks the servers.

use crate::commands::context::Context;
use crate::failure::Failure;
use crate::measure::Rows;
use crate::measure::Sample;
use crate::measure::ServerStats;
use crate::pool::Cause;
use crate::pool::Server;
use crate::pool::ServerError;

/// A group of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Group {
    /// The general ones
    General,
    /// Items by slab class
    Items,
    /// Memory by slab class
    Slabs,
    /// How the server was started
    Settings,
    /// Items by size
    Sizes,
    /// Connections
    Conns,
}

impl Group {
    /// The argument of the protocol's `stats`.
    fn argument(self) -> &'static str {
        match self {
            Self::General => "",
            Self::Items => "items",
            Self::Slabs => "slabs",
            Self::Settings => "settings",
            Self::Sizes => "sizes",
            Self::Conns => "conns",
        }
    }
}

/// One server.
pub(super) struct Answered {
    /// Its name.
    pub name: String,
    /// Its numbers; `None` if it is down.
    pub stats: Option<ServerStats>,
    /// Why it is down.
    pub error: Option<String>,
    /// What it answered to the group that was asked for.
    pub rows: Rows,
}

/// Asks all servers at once; what failed is told on stderr and returned.
///
/// # Errors
/// Settings that cannot be used.
pub(super) fn ask(
    context: &mut Context,
    group: Option<Group>,
) -> Result<(Vec<Answered>, Vec<Failure>), Failure> {
    let cluster = context.cluster()?;
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let mut unreached = Vec::new();
    let mut servers = Vec::new();
    for (index, answer) in cluster.pool.each(&all, |_, server| sample(server, group)) {
        let name = cluster.pool.name(index);
        servers.push(match answer {
            Ok((sample, rows)) => {
                Answered { name, stats: Some(ServerStats::single(sample)), error: None, rows }
            }
            Err(error) => {
                let reason = Some(error.to_string());
                unreached.push(error);
                Answered { name, stats: None, error: reason, rows: Rows::default() }
            }
        });
    }
    let failures = context.report_unreached(unreached);
    Ok((servers, failures))
}

/// Asks one server for everything that figures are derived from, and for the group.
fn sample(server: &mut Server, group: Option<Group>) -> Result<(Sample, Rows), ServerError> {
    let general = rows(server, Group::General)?;
    // Hosted services have the general statistics only.
    let mut sample = Sample { general, ..Sample::default() };
    sample.items = offered(rows(server, Group::Items))?;
    sample.slabs = offered(rows(server, Group::Slabs))?;
    sample.settings = offered(rows(server, Group::Settings))?;
    let asked = match group {
        None | Some(Group::General) => sample.general.clone(),
        Some(group) => rows(server, group)?,
    };
    Ok((sample, asked))
}

fn rows(server: &mut Server, group: Group) -> Result<Rows, ServerError> {
    let mut rows = Rows::default();
    server.statistics(group.argument(), &mut |name, value| rows.push(name, value))?;
    Ok(rows)
}

/// `None` for a group that the server refuses to tell.
fn offered(rows: Result<Rows, ServerError>) -> Result<Option<Rows>, ServerError> {
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(ServerError { cause: Cause::Refused(_), .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
