//! What the counters of a server mean: for its lifetime, and for an interval between two samples.

use std::time::Duration;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::derive::DERIVATIONS;
use super::derive::Figures;
use super::figure::Field;
use super::figure::Fields;
use super::figure::Figure;
use super::period::Period;
use super::sample::Sample;
use super::sample::is_state;
use super::sample::number;
use super::sample::raw_dimension;

/// What a period means.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// What was counted.
    pub period: Period,
    /// What follows from it.
    pub figures: Figures,
}

impl Derived {
    /// Derives all that can be derived.
    #[must_use]
    pub fn new(period: Period) -> Self {
        let figures =
            DERIVATIONS.iter().map(|rule| (rule.name, rule.dimension, (rule.formula)(&period))).collect();
        Self { period, figures: Figures(figures) }
    }
}

/// One server's statistics; in JSON the object `derived`.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerStats {
    /// What the server answered last.
    pub sample: Sample,
    /// What it means since the server started.
    pub lifetime: Derived,
    /// What it means since the sample before; `None` after the first.
    pub interval: Option<Derived>,
}

impl ServerStats {
    /// Derives the statistics of a single sample.
    #[must_use]
    pub fn single(sample: Sample) -> Self {
        Self { lifetime: Derived::new(Period::lifetime(&sample)), sample, interval: None }
    }

    /// Derives the statistics of a sample and of the time since the one before.
    #[must_use]
    pub fn sampled(before: &Sample, sample: Sample, elapsed: Duration) -> Self {
        let interval = Derived::new(Period::between(before, &sample, elapsed));
        Self { interval: Some(interval), ..Self::single(sample) }
    }

    /// Returns the derived figure that matters: that of the interval if there is one.
    #[must_use]
    pub fn figure(&self, name: &str) -> Figure {
        let derived = self.interval.as_ref().unwrap_or(&self.lifetime);
        derived.figures.get(name).map_or(Figure::Unavailable, |field| field.figure)
    }
}

impl Serialize for ServerStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &self.sample.version())?;
        self.lifetime.figures.serialize_into::<S>(&mut map)?;
        if let Some(interval) = &self.interval {
            map.serialize_entry("interval", &IntervalRecord(interval))?;
        }
        map.end()
    }
}

struct IntervalRecord<'a>(&'a Derived);

impl Serialize for IntervalRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seconds", &self.0.period.seconds)?;
        map.serialize_entry("withheld", &self.0.period.withheld)?;
        self.0.figures.serialize_into::<S>(&mut map)?;
        map.end()
    }
}

/// A derived name stands for the interval if there is one, else for the lifetime; `interval.NAME` and `lifetime.NAME`
/// say which. A raw name stands for what the server answered, `interval.RAW` for the events since the sample before.
impl Fields for ServerStats {
    fn field(&self, name: &str) -> Option<Field> {
        let interval = self.interval.as_ref();
        if let Some(name) = name.strip_prefix("lifetime.") {
            return self.lifetime.figures.get(name).or_else(|| self.raw(name));
        }
        if let Some(name) = name.strip_prefix("interval.") {
            let known = self.lifetime.figures.get(name).or_else(|| self.raw(name))?;
            let derived = interval.and_then(|interval| interval.figures.get(name));
            let raw =
                || interval.and_then(|interval| interval.period.value(name)).filter(|_| !is_state(name));
            let figure = derived.map_or_else(|| Figure::known(raw()), |field| field.figure);
            return Some(Field { figure, ..known });
        }
        interval.unwrap_or(&self.lifetime).figures.get(name).or_else(|| self.raw(name))
    }

    fn names(&self) -> Vec<String> {
        let general = &self.sample.general;
        let raw =
            general.iter().filter(|(_, value)| number(value).is_some()).map(|(name, _)| name.to_owned());
        derived_names().map(str::to_owned).chain(raw).collect()
    }
}

impl ServerStats {
    fn raw(&self, name: &str) -> Option<Field> {
        let number = self.sample.number(name)?;
        Some(Field::new(Figure::Number(number), raw_dimension(name)))
    }
}

/// Returns the names of all derived figures of a server.
pub fn derived_names() -> impl Iterator<Item = &'static str> {
    DERIVATIONS.iter().map(|rule| rule.name)
}
