//! The derived figures of a period, one rule a figure.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::figure::Dimension;
use super::figure::Dimension::Bytes;
use super::figure::Dimension::Count;
use super::figure::Dimension::Rate;
use super::figure::Dimension::Ratio;
use super::figure::Dimension::Seconds;
use super::figure::Field;
use super::figure::Figure;
use super::period::Period;
use super::sample::Class;
use Combine::{Formula, Max, Min, Sum};

/// Named figures in the order in which they are shown; a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub Vec<(&'static str, Dimension, Figure)>);

impl Figures {
    /// Returns the figure of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Field> {
        let (_, dimension, figure) = self.0.iter().find(|(known, _, _)| *known == name)?;
        Some(Field::new(*figure, *dimension))
    }

    /// Writes the entries into an object that has others as well.
    pub(super) fn serialize_into<S: Serializer>(&self, map: &mut S::SerializeMap) -> Result<(), S::Error> {
        self.0.iter().try_for_each(|(name, _, figure)| map.serialize_entry(name, figure))
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.serialize_into::<S>(&mut map)?;
        map.end()
    }
}

/// How one figure comes about.
pub(super) struct Derivation {
    pub(super) name: &'static str,
    pub(super) dimension: Dimension,
    pub(super) combine: Combine,
    pub(super) formula: fn(&Period) -> Figure,
}

/// How the figure of all servers comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combine {
    /// By the formula, from the added-up values: a ratio of sums.
    Formula,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The sum, since rates over different times can be added and their counts cannot.
    Sum,
}

const fn rule(
    name: &'static str,
    dimension: Dimension,
    combine: Combine,
    formula: fn(&Period) -> Figure,
) -> Derivation {
    Derivation { name, dimension, combine, formula }
}

/// All rules, in the order of JSON.
#[rustfmt::skip]
pub(super) const DERIVATIONS: &[Derivation] = &[
    rule("uptime", Seconds, Min, |period| field(period, "uptime")),
    rule("gets_per_second", Rate, Sum, |period| rate(period, "cmd_get")),
    rule("hit_ratio", Ratio, Formula, hit_ratio),
    rule("misses", Count, Sum, |period| field(period, "get_misses")),
    rule("misses_expired", Count, Sum, |period| field(period, "get_expired")),
    rule("misses_flushed", Count, Sum, |period| field(period, "get_flushed")),
    rule("misses_other", Count, Sum, misses_other),
    rule("sets_per_second", Rate, Sum, |period| rate(period, "cmd_set")),
    rule("sets_per_get", Ratio, Formula, |period| share(period, "cmd_set", "cmd_get")),
    rule("evictions_per_second", Rate, Sum, |period| rate(period, "evictions")),
    rule("evictions_per_store", Ratio, Formula, |period| share(period, "evictions", "total_items")),
    rule("evicted_age", Seconds, Min, evicted_age),
    rule("evicted_unfetched_share", Ratio, Formula, |period| share(period, "evicted_unfetched", "evictions")),
    rule("evicted_active_share", Ratio, Formula, |period| share(period, "evicted_active", "evictions")),
    rule("items", Count, Sum, |period| field(period, "curr_items")),
    rule("bytes", Bytes, Sum, |period| field(period, "bytes")),
    rule("bytes_per_item", Bytes, Formula, |period| share(period, "bytes", "curr_items")),
    rule("memory_limit", Bytes, Sum, |period| field(period, "limit_maxbytes")),
    rule("memory_use", Ratio, Formula, |period| share(period, "bytes", "limit_maxbytes")),
    rule("slab_waste", Ratio, Formula, slab_waste),
    rule("starving_classes", Count, Sum, starving_classes),
    rule("out_of_memory", Count, Sum, out_of_memory),
    rule("too_large", Count, Sum, |period| field(period, "store_too_large")),
    rule("connections", Count, Sum, |period| field(period, "curr_connections")),
    rule("connections_limit", Count, Sum, |period| field(period, "max_connections")),
    rule("connections_use", Ratio, Formula, |period| share(period, "curr_connections", "max_connections")),
    rule("connections_per_second", Rate, Sum, |period| rate(period, "total_connections")),
    rule("connection_churn", Ratio, Formula, connection_churn),
    rule("rejected", Count, Sum, |period| field(period, "rejected_connections")),
    rule("listen_disabled", Count, Sum, |period| field(period, "listen_disabled_num")),
    rule("yields", Count, Sum, |period| field(period, "conn_yields")),
    rule("yields_per_second", Rate, Sum, |period| rate(period, "conn_yields")),
    rule("bytes_read_per_second", Rate, Sum, |period| rate(period, "bytes_read")),
    rule("bytes_written_per_second", Rate, Sum, |period| rate(period, "bytes_written")),
    rule("cpu", Ratio, Sum, cpu),
    rule("cpu_per_thread", Ratio, Max, cpu_per_thread),
];

fn field(period: &Period, name: &str) -> Figure {
    Figure::known(period.value(name))
}

fn rate(period: &Period, name: &str) -> Figure {
    Figure::quotient(period.value(name), period.seconds)
}

fn share(period: &Period, part: &str, whole: &str) -> Figure {
    Figure::quotient(period.value(part), period.value(whole))
}

fn sum(numbers: &[Option<f64>]) -> Option<f64> {
    numbers.iter().copied().sum()
}

/// Hits of gets; touches and get-and-touches have counters of their own.
fn hit_ratio(period: &Period) -> Figure {
    let hits = period.value("get_hits");
    Figure::quotient(hits, sum(&[hits, period.value("get_misses")]))
}

/// Misses of what was never there, was deleted or evicted.
fn misses_other(period: &Period) -> Figure {
    let explained = sum(&[period.value("get_expired"), period.value("get_flushed")]);
    let misses = period.value("get_misses").zip(explained);
    // A touch of an expired item counts as expired and is no missed get (memcached 1.6.18, items.c:do_item_get).
    Figure::known(misses.map(|(misses, explained)| (misses - explained).max(0.0)))
}

/// The shortest time that a victim had been idle, over the classes where at least one in a hundred evictions
/// happens: a class that evicted once, long ago, keeps the age of that victim for ever.
fn evicted_age(period: &Period) -> Figure {
    if period.value("evictions") == Some(0.0) {
        return Figure::Idle;
    }
    let known: Vec<f64> = period.classes.iter().filter_map(|class| class.evicted).collect();
    let all: f64 = known.iter().sum();
    if known.is_empty() {
        return Figure::Unavailable;
    }
    if all == 0.0 {
        return Figure::Idle;
    }
    let busy =
        period.classes.iter().filter(|class| class.evicted.is_some_and(|evicted| evicted >= all * 0.01));
    Figure::known(busy.filter_map(|class| class.evicted_time).min_by(f64::total_cmp))
}

/// The part of the memory of all chunks that no item asked for.
fn slab_waste(period: &Period) -> Figure {
    if period.classes.is_empty() && period.value("active_slabs") != Some(0.0) {
        return Figure::Unavailable;
    }
    let capacity: Option<f64> = period.classes.iter().map(Class::capacity).sum();
    let requested: Option<f64> = period.classes.iter().map(|class| class.mem_requested).sum();
    let unused = capacity.zip(requested).map(|(capacity, requested)| capacity - requested);
    Figure::quotient(unused, capacity)
}

/// The classes that have far fewer pages than evictions.
fn starving_classes(period: &Period) -> Figure {
    let tells = period.classes.iter().all(|class| class.evicted.is_some() && class.pages.is_some());
    if !tells || period.classes.is_empty() && period.value("active_slabs") != Some(0.0) {
        return Figure::Unavailable;
    }
    Figure::Number(period.starving().count() as f64)
}

/// A store that fails is counted by its class and by `store_no_memory` as well (2,230 and 2,230 of 4,000 stores on
/// memcached 1.6.18 with -M), an increment or append by its class alone: the larger of both is the number.
fn out_of_memory(period: &Period) -> Figure {
    let known: Vec<f64> = period.classes.iter().filter_map(|class| class.out_of_memory).collect();
    let by_class = (!known.is_empty()).then(|| known.iter().sum::<f64>());
    let stores = period.value("store_no_memory");
    Figure::known(by_class.into_iter().chain(stores).max_by(f64::total_cmp))
}

/// Connections opened per command; above 0.01 nobody keeps them.
fn connection_churn(period: &Period) -> Figure {
    let commands = sum(&[period.value("cmd_get"), period.value("cmd_set")]);
    let touches = period.value("cmd_touch").unwrap_or_default();
    Figure::quotient(period.value("total_connections"), commands.map(|commands| commands + touches))
}

/// Processors kept busy: 1 is one core.
fn cpu(period: &Period) -> Figure {
    let used = sum(&[period.value("rusage_user"), period.value("rusage_system")]);
    Figure::quotient(used, period.seconds)
}

fn cpu_per_thread(period: &Period) -> Figure {
    match cpu(period) {
        Figure::Number(cpu) => Figure::quotient(Some(cpu), period.value("threads")),
        figure => figure,
    }
}
