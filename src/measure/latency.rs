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

    /// Returns between which samples the true percentile lies in 19 of 20 cases, in microseconds; `None` where there is no
    /// [`Distribution::percentile`].
    ///
    /// The number of samples below a percentile is binomial, so the ranks are 1.96 deviations to either side.
    #[must_use]
    pub fn range(&self, percentile: Percentile) -> Option<(u64, u64)> {
        let middle = self.percentile(percentile)?;
        let count = self.count() as f64;
        let share = percentile.share();
        let deviation = 1.96 * (count * share * (1.0 - share)).sqrt();
        let at = |rank: f64| {
            let quantile = (rank.clamp(1.0, count) - 0.5) / count;
            self.histogram.value_at_quantile(quantile).clamp(self.smallest, self.largest)
        };
        let (low, high) =
            (at((count * share - deviation).floor()), at((count * share + deviation).ceil() + 1.0));
        Some((low.min(middle), high.max(middle)))
    }

    /// Returns how many samples lie in each of `number` ranges of equal width on a logarithmic scale, from the smallest to
    /// the largest; one range if all are equal, none if there are none.
    #[must_use]
    pub fn buckets(&self, number: usize) -> Vec<Bucket> {
        let (Some(min), Some(max)) = (self.min(), self.max()) else { return Vec::new() };
        let number = if min == max { 1 } else { number.max(1) };
        let (low, span) = ((min as f64).ln(), (max as f64 / min as f64).ln());
        let edge = |index: usize| (low + span * index as f64 / number as f64).exp();
        let mut buckets: Vec<Bucket> =
            (0..number).map(|index| Bucket { low: edge(index), high: edge(index + 1), count: 0 }).collect();
        for value in self.histogram.iter_recorded() {
            let sample = value.value_iterated_to().clamp(min, max) as f64;
            let place = if span > 0.0 { (sample.ln() - low) / span * number as f64 } else { 0.0 };
            if let Some(bucket) = buckets.get_mut((place as usize).min(number - 1)) {
                bucket.count += value.count_at_value();
            }
        }
        buckets
    }

    /// Returns the sum of all samples in microseconds.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
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
            ranges: Percentile::SHOWN.map(|percentile| (percentile, self.range(percentile))).to_vec(),
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
    /// Where each of them lies in 19 of 20 cases ([`Distribution::range`]), written as `{"50": [from, to], …}`.
    #[serde(serialize_with = "serialize_percentiles")]
    pub ranges: Vec<(Percentile, Option<(u64, u64)>)>,
}

/// The samples of one part of the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where it begins, in microseconds.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How many samples are in it.
    pub count: u64,
}

fn serialize_percentiles<T: Serialize, S: Serializer>(
    percentiles: &[(Percentile, T)],
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(microseconds: impl IntoIterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::default();
        for sample in microseconds {
            distribution.record(Duration::from_micros(sample));
        }
        distribution
    }

    #[test]
    fn percentiles_need_their_samples() {
        let cases = [
            (0, [None, None, None, None]),
            (4, [None, None, None, None]),
            (5, [Some(3), None, None, None]),
            (99, [Some(50), None, None, None]),
            (100, [Some(50), Some(90), None, None]),
            (999, [Some(500), Some(900), None, None]),
            (1_000, [Some(500), Some(900), Some(990), None]),
        ];
        for (count, expected) in cases {
            let distribution = of(1..=count);
            assert_eq!(
                Percentile::SHOWN.map(|percentile| distribution.percentile(percentile)),
                expected,
                "{count}"
            );
        }
        let many = of(1..=10_000);
        // Three digits: 9,990 is in the bucket that ends at 9,991.
        assert!((9_990..10_000).contains(&many.percentile(Percentile::P999).unwrap()));
        assert_eq!(of(1..=9_999).percentile(Percentile::P999), None);
    }

    #[test]
    fn samples_are_kept_to_three_digits_and_extremes_exactly() {
        let distribution = of([750_000; 1000]);
        assert_eq!((distribution.min(), distribution.max()), (Some(750_000), Some(750_000)));
        assert_eq!(distribution.percentile(Percentile::P99), Some(750_000));
        assert_eq!((distribution.mean(), distribution.stdev()), (Some(750_000.0), Some(0.0)));
        for sample in [1, 999, 1_001, 12_345, 987_654, 59_999_999] {
            // One sample above keeps the percentile from being clamped to the largest.
            let median =
                of([sample, sample, sample, sample, LONGEST.as_micros() as u64]).percentile(Percentile::P50);
            let error = median.unwrap().abs_diff(sample) as f64 / sample as f64;
            assert!(error <= 0.001, "{sample} became {median:?}");
        }
    }

    #[test]
    fn times_are_rounded_and_bounded() {
        let cases = [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_nanos(1_499), 1),
            (Duration::from_nanos(1_500), 2),
            (Duration::from_secs(60), 60_000_000),
            (Duration::from_secs(61), 60_000_000),
            (Duration::MAX, 60_000_000),
        ];
        for (time, expected) in cases {
            let mut distribution = Distribution::default();
            distribution.record(time);
            assert_eq!(distribution.max(), Some(expected), "{time:?}");
            assert_eq!(distribution.min(), Some(expected), "{time:?}");
        }
    }

    #[test]
    fn mean_and_deviation_are_exact() {
        let distribution = of([2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!((distribution.mean(), distribution.stdev()), (Some(5.0), Some(2.0)));
        let far = of([59_999_998, 60_000_000]);
        assert_eq!((far.mean(), far.stdev()), (Some(59_999_999.0), Some(1.0)));
    }

    #[test]
    fn merging_is_the_same_as_recording_together() {
        let (left, right) = (of((1..500).map(|n| n * 3)), of((1..700).map(|n| n * n)));
        let together = of((1..500).map(|n| n * 3).chain((1..700).map(|n| n * n)));
        let mut merged = left.clone();
        merged.merge(&right);
        assert_eq!(merged.summary(), together.summary());
        merged.merge(&Distribution::default());
        assert_eq!(merged.summary(), together.summary());
        let mut from_empty = Distribution::default();
        from_empty.merge(&left);
        assert_eq!(from_empty.summary(), left.summary());
    }

    #[test]
    fn nothing_measured_is_null_and_never_zero() {
        assert_eq!(
            serde_json::to_string(&Distribution::default().summary()).unwrap(),
            r#"{"min":null,"mean":null,"stdev":null,"max":null,"percentiles":{"50":null,"90":null,"99":null,"99.9":null},"ranges":{"50":null,"90":null,"99":null,"99.9":null}}"#
        );
    }

    #[test]
    fn json_has_integer_microseconds() {
        let samples = (1..=100).map(|n| n * 2 + n % 2);
        assert_eq!(
            serde_json::to_string(&of(samples).summary()).unwrap(),
            r#"{"min":3,"mean":102,"stdev":58,"max":200,"percentiles":{"50":100,"90":180,"99":null,"99.9":null},"ranges":{"50":[80,123],"90":[168,195],"99":null,"99.9":null}}"#
        );
    }

    #[test]
    fn a_range_narrows_with_the_sample_and_holds_its_percentile() {
        let mut widths = Vec::new();
        for count in [1_000, 100_000] {
            let distribution = of((1..=count).map(|n| n * 100_000 / count));
            let (low, high) = distribution.range(Percentile::P50).unwrap();
            let median = distribution.percentile(Percentile::P50).unwrap();
            assert!(low <= median && median <= high, "{low} {median} {high}");
            widths.push(high - low);
        }
        // A hundred times the samples, a tenth of the width: 6.2 % and 0.62 % of the scale.
        assert!((5_900..6_500).contains(&widths[0]) && (500..800).contains(&widths[1]), "{widths:?}");
        assert_eq!(of(1..=999).range(Percentile::P99), None);
    }

    #[test]
    fn buckets_hold_every_sample_once() {
        let distribution = of([10, 10, 20, 99, 100, 1_000, 10_000]);
        let buckets = distribution.buckets(3);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [4, 1, 2]);
        assert_eq!(
            buckets.iter().map(|bucket| bucket.low.round()).collect::<Vec<_>>(),
            [10.0, 100.0, 1_000.0]
        );
        assert_eq!(buckets.last().map(|bucket| bucket.high.round()), Some(10_000.0));
        let alike = of([7; 5]).buckets(10);
        assert_eq!(alike, [Bucket { low: 7.0_f64.ln().exp(), high: 7.0_f64.ln().exp(), count: 5 }]);
        assert_eq!(Distribution::default().buckets(10), []);
    }

    #[test]
    fn connections_have_the_phases_they_had() {
        let mut connections = Connections::default();
        for n in 1..=5 {
            let (tcp, first_op) = (Duration::from_micros(100 * n), Duration::from_micros(n));
            connections.record(&[(Phase::Tcp, tcp), (Phase::FirstOp, first_op)]);
        }
        let mut other = Connections::default();
        other.record(&[(Phase::Tls, Duration::from_millis(1)), (Phase::Tcp, Duration::from_micros(50))]);
        connections.merge(&other);
        assert_eq!(connections.phase(Phase::Tcp).map(Distribution::count), Some(6));
        assert_eq!(connections.phase(Phase::Tls).map(Distribution::count), Some(1));
        assert!(connections.phase(Phase::Auth).is_none());
        assert_eq!((connections.total().min(), connections.total().max()), (Some(101), Some(1_050)));
        let json = serde_json::to_value(&connections).unwrap();
        assert_eq!(json["dns"], serde_json::Value::Null);
        assert_eq!(json["auth"], serde_json::Value::Null);
        assert_eq!(json["first_op"]["percentiles"]["50"], 3);
        assert_eq!(json["tcp"]["min"], 50);
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["dns", "tcp", "tls", "auth", "first_op"]);
    }
}
