//! The latency of a server as a distribution: what a probe records, and what may be said of it.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::figure::Figure;
use super::percentile::Percentile;

/// The longest time that is told apart; what takes longer counts as this.
pub const LONGEST: Duration = Duration::from_secs(60);

/// Samples of one kind of time, from 1 µs to [`LONGEST`] at three significant digits; smallest, largest, mean and
/// standard deviation are exact.
#[derive(Clone, Debug)]
pub struct Distribution {
    histogram: Histogram<u64>,
    smallest: u64,
    largest: u64,
    sum: u128,
    sum_of_squares: u128,
}

impl Default for Distribution {
    fn default() -> Self {
        // Three significant digits are within the 0 to 5 that a histogram can have, so this cannot fail.
        let histogram = Histogram::new(3).expect("3 is a legal number of significant digits");
        Self { histogram, smallest: u64::MAX, largest: 0, sum: 0, sum_of_squares: 0 }
    }
}

impl Distribution {
    /// Records one time, rounded to microseconds.
    pub fn record(&mut self, time: Duration) {
        let nanoseconds = time.min(LONGEST).as_nanos();
        let microseconds = u64::try_from((nanoseconds + 500) / 1000).unwrap_or(u64::MAX).max(1);
        // A histogram that grows takes every value; 60 s need 190 kB.
        if self.histogram.record(microseconds).is_ok() {
            self.smallest = self.smallest.min(microseconds);
            self.largest = self.largest.max(microseconds);
            self.sum += u128::from(microseconds);
            self.sum_of_squares += u128::from(microseconds) * u128::from(microseconds);
        }
    }

    /// Adds the samples of another, as percentiles of several servers can never be averaged.
    pub fn merge(&mut self, other: &Self) {
        if self.histogram.add(&other.histogram).is_ok() {
            self.smallest = self.smallest.min(other.smallest);
            self.largest = self.largest.max(other.largest);
            self.sum += other.sum;
            self.sum_of_squares += other.sum_of_squares;
        }
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns the smallest sample in microseconds.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.smallest)
    }

    /// Returns the largest sample in microseconds.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.largest)
    }

    /// Returns the mean in microseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64)
    }

    /// Returns the standard deviation of the samples in microseconds (of these as the population, as HDR histograms do).
    #[must_use]
    pub fn stdev(&self) -> Option<f64> {
        let count = u128::from(self.count());
        // In integers, since the difference of two large doubles of nearly the same size would be noise.
        let scaled = (count * self.sum_of_squares).saturating_sub(self.sum * self.sum);
        (count > 0).then(|| (scaled as f64).sqrt() / count as f64)
    }

    /// Returns a percentile in microseconds; `None` if the samples are too few for it ([`Percentile::needed`]).
    #[must_use]
    pub fn percentile(&self, percentile: Percentile) -> Option<u64> {
        let count = self.count();
        if count < percentile.needed() {
            return None;
        }
        // Half a sample below the rank, so that no rounding of the quotient reaches the next one.
        let quantile = (percentile.rank(count) as f64 - 0.5) / count as f64;
        Some(self.histogram.value_at_quantile(quantile).clamp(self.smallest, self.largest))
    }

    /// Returns the histogram, in microseconds.
    #[must_use]
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    /// Returns what JSON shows.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            min: self.min(),
            mean: self.mean().map(rounded),
            stdev: self.stdev().map(rounded),
            max: self.max(),
            percentiles: Percentile::SHOWN
                .map(|percentile| (percentile, self.percentile(percentile)))
                .to_vec(),
        }
    }

    /// Returns the figure of `p99`, `min`, `mean`, `stdev` or `max`, in microseconds; `None` for another name.
    pub(super) fn figure(&self, name: &str) -> Option<Figure> {
        let microseconds = match name {
            "min" => self.min().map(|value| value as f64),
            "max" => self.max().map(|value| value as f64),
            "mean" => self.mean(),
            "stdev" => self.stdev(),
            _ => {
                let percentile = Percentile::parse(name.strip_prefix('p')?)?;
                self.percentile(percentile).map(|value| value as f64)
            }
        };
        Some(Figure::known(microseconds))
    }
}

fn rounded(microseconds: f64) -> u64 {
    microseconds.round() as u64
}

/// A distribution as JSON shows it: integer microseconds, `null` where the sample does not support a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The smallest sample.
    pub min: Option<u64>,
    /// The mean.
    pub mean: Option<u64>,
    /// The standard deviation.
    pub stdev: Option<u64>,
    /// The largest sample.
    pub max: Option<u64>,
    /// [`Percentile::SHOWN`], written as `{"50": …, "99.9": …}`.
    #[serde(serialize_with = "serialize_percentiles")]
    pub percentiles: Vec<(Percentile, Option<u64>)>,
}

fn serialize_percentiles<S: Serializer>(
    percentiles: &[(Percentile, Option<u64>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(percentiles.len()))?;
    for (percentile, value) in percentiles {
        map.serialize_entry(&percentile.to_string(), value)?;
    }
    map.end()
}

/// A step of opening a connection, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Name lookup.
    Dns,
    /// TCP or UNIX connect.
    Tcp,
    /// TLS handshake.
    Tls,
    /// Authentication.
    Auth,
    /// The first operation.
    FirstOp,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Tcp, Self::Tls, Self::Auth, Self::FirstOp];

    /// Returns its name in JSON and expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::FirstOp => "first_op",
        }
    }
}

/// How long fresh connections took, phase by phase.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    phases: [Option<Box<Distribution>>; 5],
    total: Distribution,
}

impl Connections {
    /// Records one connection by the phases that it had, each at most once.
    pub fn record(&mut self, phases: &[(Phase, Duration)]) {
        for (phase, time) in phases {
            if let Some(slot) = self.phases.get_mut(*phase as usize) {
                slot.get_or_insert_default().record(*time);
            }
        }
        self.total.record(phases.iter().fold(Duration::ZERO, |sum, (_, time)| sum.saturating_add(*time)));
    }

    /// Adds the connections of another.
    pub fn merge(&mut self, other: &Self) {
        for (slot, other) in self.phases.iter_mut().zip(&other.phases) {
            if let Some(other) = other {
                slot.get_or_insert_default().merge(other);
            }
        }
        self.total.merge(&other.total);
    }

    /// Returns the times of a phase; `None` if no connection had it.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> Option<&Distribution> {
        self.phases.get(phase as usize)?.as_deref()
    }

    /// Returns the times of all phases of a connection together.
    #[must_use]
    pub fn total(&self) -> &Distribution {
        &self.total
    }
}

impl Serialize for Connections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Phase::ALL.len()))?;
        for phase in Phase::ALL {
            map.serialize_entry(phase.name(), &self.phase(phase).map(Distribution::summary))?;
        }
        map.end()
    }
}
