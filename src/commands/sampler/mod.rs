//! Samples of all servers at once: what they count, and what that means since the sample before.

mod ask;

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::context::Cluster;
use super::context::Context;
use super::outcome::explained;
use crate::failure::Failure;
use crate::measure;
use crate::measure::Exposition;
use crate::measure::Rows;
use crate::measure::Sample;
use crate::measure::Scraped;
use crate::measure::ServerStats;
use crate::measure::Source;
use crate::measure::Total;
use crate::pool::Cause;
use crate::pool::Server;
use crate::pool::ServerError;
use ask::Answer;
use ask::ask;

/// Takes samples, and keeps the last of each server for the next to be compared with.
pub struct Sampler {
    cluster: Arc<Cluster>,
    before: Vec<Option<(Sample, Instant)>>,
    shares: Vec<f64>,
    /// Whether the time of a request that asks for nothing is taken as well.
    probes: bool,
    /// Whether nobody named a server, which is worth a hint.
    is_default: bool,
}

/// One server in a round of samples.
pub struct Sampled {
    /// Its name.
    pub name: String,
    /// Its numbers, with an interval if a sample came before; or why it is down.
    pub stats: Result<ServerStats, Failure>,
    /// What it answered to the group that was asked for; nothing if it is down.
    pub rows: Result<Rows, Failure>,
    /// How long a request took that asks for nothing, if that was to be taken.
    pub round_trip: Option<Duration>,
    /// Its part of all keys, if the routing tells.
    pub share: Option<f64>,
}

impl Sampled {
    /// Why it is down, or why it does not tell the group.
    #[must_use]
    pub fn error(&self) -> Option<&Failure> {
        self.stats.as_ref().err().or(self.rows.as_ref().err())
    }

    /// Its numbers, if it is up.
    #[must_use]
    pub fn up(&self) -> Option<&ServerStats> {
        self.stats.as_ref().ok()
    }
}

impl Sampler {
    /// A sampler of all servers; nothing is asked yet.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn new(context: &mut Context) -> Result<Self, Failure> {
        let cluster = context.cluster()?;
        let before = cluster.pool.endpoints().iter().map(|_| None).collect();
        let shares = cluster.router.shares();
        Ok(Self { cluster, before, shares, probes: false, is_default: context.has_no_servers() })
    }

    /// Takes the time of a request that asks for nothing as well.
    #[must_use]
    pub fn with_probe(self) -> Self {
        Self { probes: true, ..self }
    }

    /// Asks all servers at once for what figures are derived from, and for a group of statistics (`"conns"`; `""` for
    /// the general ones, which are asked for anyway).
    ///
    /// A server that gives no sign of life within the time limits is down. The whole round takes no longer than both
    /// limits together, and ends at `until` if that is earlier.
    pub fn take(&mut self, group: &str, until: Option<Instant>) -> Vec<Sampled> {
        let pool = &self.cluster.pool;
        let limits = pool.options().timeouts;
        let end = Instant::now() + limits.connect + limits.reply;
        let until = Some(until.map_or(end, |until| until.min(end)));
        let all: Vec<usize> = (0..self.before.len()).collect();
        let probes = self.probes;
        let work = |_, server: &mut Server| ask(server, group, probes);
        let mut answers = pool.each_until(until, &all, work);
        // A server that was restarted has closed the connection that was kept from the sample before.
        let closed: Vec<usize> = answers
            .iter()
            .filter(|(index, answer)| self.before[*index].is_some() && is_closed(answer))
            .map(|(index, _)| *index)
            .collect();
        if !closed.is_empty() {
            for (index, answer) in pool.each_until(until, &closed, work) {
                answers[index].1 = answer;
            }
        }
        answers.into_iter().map(|(index, answer)| self.sampled(index, answer)).collect()
    }

    fn sampled(&mut self, index: usize, answer: Result<Answer, ServerError>) -> Sampled {
        let name = self.cluster.pool.name(index);
        let share = self.shares.get(index).copied();
        let explained = |error| explained(error, self.is_default);
        match answer {
            Ok(Answer { sample, at, rows, round_trip }) => {
                let before = self.before[index].replace((sample.clone(), at));
                let stats = match before {
                    Some((before, then)) => {
                        ServerStats::sampled(&before, sample, at.saturating_duration_since(then))
                    }
                    None => ServerStats::single(sample),
                };
                Sampled { name, stats: Ok(stats), rows: rows.map_err(explained), round_trip, share }
            }
            Err(error) => Sampled {
                name,
                stats: Err(explained(error)),
                rows: Ok(Rows::default()),
                round_trip: None,
                share,
            },
        }
    }
}

/// All servers of a round together.
#[must_use]
pub fn total(servers: &[Sampled]) -> Total {
    Total::new(&servers.iter().map(Sampled::up).collect::<Vec<_>>())
}

/// What failed in a round.
#[must_use]
pub fn failures(servers: &[Sampled]) -> Vec<Failure> {
    servers.iter().filter_map(|server| server.error().cloned()).collect()
}

/// A round under Prometheus' names.
#[must_use]
pub fn exposition(servers: &[Sampled], total: &Total) -> Exposition {
    let scraped: Vec<Scraped<'_>> = servers
        .iter()
        .map(|server| Scraped {
            server: &server.name,
            stats: server.up(),
            round_trip: server.round_trip.map(|time| time.as_secs_f64()),
            share: server.share,
        })
        .collect();
    measure::exposition(&scraped, total)
}

/// The servers of a round as checks ask them.
#[must_use]
pub fn sources(servers: &[Sampled]) -> Vec<Source<'_>> {
    servers
        .iter()
        .map(|server| Source { name: &server.name, fields: server.up().map(|stats| stats as _) })
        .collect()
}

/// Whether a connection broke.
fn is_closed<T>(answer: &Result<T, ServerError>) -> bool {
    matches!(answer, Err(ServerError { cause: Cause::Closed | Cause::Io(_), .. }))
}
