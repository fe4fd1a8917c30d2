//! The busiest keys, prefixes or clients of an interval, from the log of all servers.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::Taken;
use crate::commands::lost::Lost;
use crate::commands::outcome::explained;
use crate::commands::sizes::split::Split;
use crate::dashboard::Column;
use crate::dashboard::Frame;
use crate::dashboard::Row;
use crate::dashboard::View;
use crate::failure::Failure;
use crate::measure::Dimension;
use crate::measure::Figure;
use crate::measure::hot::Hot;
use crate::measure::hot::Operation;
use crate::measure::hot::Tally;
use crate::pool::Pool;
use crate::pool::ServerError;
use crate::pool::watch::Seen;
use crate::pool::watch::Watch;
use crate::protocol::watch::Event;
use crate::protocol::watch::Kind;

/// How many names are counted at once: with keys of the largest size, four megabytes.
const NAMES: usize = 10_000;

/// How many bytes of one server's events wait before some are dropped.
const CAPACITY: usize = 16 << 20;

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(50);

const KINDS: [Kind; 3] = [Kind::Fetches, Kind::Mutations, Kind::Evictions];

const fn column(name: &'static str, short: &'static str, dimension: Dimension) -> Column {
    Column { name, short, dimension }
}

/// The figures of a name.
const COLUMNS: &[Column] = &[
    column("operations", "ops", Dimension::Count),
    column("error", "±", Dimension::Count),
    column("operations_per_second", "ops/s", Dimension::Rate),
    column("gets_per_second", "gets/s", Dimension::Rate),
    column("hit_ratio", "hits", Dimension::Ratio),
    column("sets_per_second", "sets/s", Dimension::Rate),
    column("bytes_per_second", "bytes/s", Dimension::Bytes),
    column("evictions", "evicted", Dimension::Count),
];

/// What is watched, and how it is named.
pub(super) struct Watched<'a> {
    pub pool: &'a Pool,
    pub view: View,
    pub split: &'a Split,
    pub depth: usize,
    pub is_default: bool,
}

impl Watched<'_> {
    /// Watches all servers until a moment, or until an end is wanted.
    pub(super) fn take(&self, count: usize, until: Instant, is_ended: &(dyn Fn() -> bool + Sync)) -> Taken {
        let hot = Mutex::new(Hot::new(NAMES));
        let is_over = || Instant::now() >= until || is_ended();
        let began = Instant::now();
        let servers = 0..self.pool.endpoints().len();
        let results: Vec<(Lost, Result<(), ServerError>)> = thread::scope(|scope| {
            let work = |index| self.watch(index, &hot, &is_over);
            let threads: Vec<_> = servers.map(|index| scope.spawn(move || work(index))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let seconds = began.elapsed().as_secs_f64();
        let hot = hot.into_inner().unwrap_or_else(PoisonError::into_inner);
        let done = results.iter().filter(|(_, result)| result.is_ok()).count();
        let (losses, results): (Vec<Lost>, Vec<_>) = results.into_iter().unzip();
        let failures: Vec<Failure> = results
            .into_iter()
            .filter_map(Result::err)
            .map(|error| explained(error, self.is_default))
            .collect();
        let rows = hot.top(count).into_iter().map(|name| Row {
            numbers: numbers(name.operations, name.error, &name.tally, seconds),
            name: name.name.to_vec(),
            error: None,
        });
        let total = hot.total();
        let frame = Frame {
            view: self.view,
            columns: COLUMNS,
            rows: rows.collect(),
            total: numbers(total.gets() + total.sets, 0, total, seconds),
            seconds,
            notes: Vec::new(),
        };
        let losses = losses.into_iter().filter(|lost| !lost.is_nothing()).collect();
        Taken { frame, losses, failures, done }
    }

    /// Watches one server.
    fn watch(
        &self,
        index: usize,
        hot: &Mutex<Hot>,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> (Lost, Result<(), ServerError>) {
        let mut lost = Lost::new(self.pool.name(index), self.pool.losses(index));
        let result =
            self.pool.watch(index, &KINDS, CAPACITY, |watch| self.count(watch, hot, &mut lost, is_over));
        let result = result.and_then(|ended| ended);
        if result.is_ok() {
            lost.ask(self.pool, index);
        }
        (lost, result)
    }

    fn count(
        &self,
        watch: &mut Watch,
        hot: &Mutex<Hot>,
        lost: &mut Lost,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), ServerError> {
        while !is_over() {
            match watch.next_event(LOOK)? {
                Seen::Event(event, client) => self.add(hot, &event, client),
                Seen::Skipped(count) => lost.skipped += count,
                Seen::Dropped(count) => lost.unread += count,
                Seen::Nothing => {}
            }
        }
        Ok(())
    }

    fn add(&self, hot: &Mutex<Hot>, event: &Event<'_>, client: Option<&str>) {
        let name = match self.view {
            View::Prefixes => self.split.prefix(event.key, self.depth),
            View::Clients => host(client.unwrap_or_default()).as_bytes(),
            View::Keys | View::Servers => event.key,
        };
        let operation = match event.kind {
            Kind::Fetches if event.is_hit() => Operation::Hit,
            Kind::Fetches => Operation::Miss,
            Kind::Mutations => Operation::Store,
            Kind::Evictions => {
                hot.lock().unwrap_or_else(PoisonError::into_inner).evict(name);
                return;
            }
            _ => return,
        };
        hot.lock().unwrap_or_else(PoisonError::into_inner).add(name, operation, event.size);
    }
}

/// The address of a client without its port; each connection of a client has one of its own.
fn host(client: &str) -> &str {
    client.rsplit_once(':').map_or(client, |(host, _)| host)
}

/// The numbers in the order of [`COLUMNS`].
fn numbers(operations: u64, error: u64, tally: &Tally, seconds: f64) -> Vec<Option<f64>> {
    let rate = |count: u64| Some(count as f64 / seconds);
    vec![
        Some(operations as f64),
        Some(error as f64),
        rate(operations),
        rate(tally.gets()),
        Figure::quotient(Some(tally.hits as f64), Some(tally.gets() as f64)).number(),
        rate(tally.sets),
        tally.bytes.and_then(rate),
        Some(tally.evictions as f64),
    ]
}
