//! The statistics of all servers together.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::derive::Combine;
use super::derive::DERIVATIONS;
use super::derive::Figures;
use super::figure::Dimension;
use super::figure::Field;
use super::figure::Fields;
use super::figure::Figure;
use super::period::Period;
use super::sample::is_additive;
use super::sample::is_state;
use super::sample::raw_dimension;
use super::stats::Derived;
use super::stats::ServerStats;

/// The figures that only several servers have: the largest over the mean of items, bytes and gets.
pub(super) const NAMES: [&str; 3] = ["skew_items", "skew_bytes", "skew_gets"];

/// All servers together; in JSON the object `total`.
///
/// It is about the servers that are up. A figure that one of them does not offer is unavailable, since the sum of
/// the others would pass for the sum of all.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// How many servers there are.
    pub servers: usize,
    /// How many of them are up.
    pub up: usize,
    /// The versions in use, each once, in order of their text.
    pub versions: Vec<String>,
    /// Since each server started.
    pub lifetime: Derived,
    /// Since the samples before; `None` if a server that is up has none.
    pub interval: Option<Derived>,
    mixed_versions: Figure,
}

impl Total {
    /// Adds up servers; `None` is one that is down.
    #[must_use]
    pub fn new(servers: &[Option<&ServerStats>]) -> Self {
        let up: Vec<&ServerStats> = servers.iter().copied().flatten().collect();
        let told: Vec<Option<&str>> = up.iter().map(|server| server.sample.version()).collect();
        let mut versions: Vec<String> = told.iter().flatten().map(|version| (*version).to_owned()).collect();
        versions.sort_unstable();
        versions.dedup();
        let mixed_versions = match versions.len() {
            2.. => Figure::Number(1.0),
            1 if !told.contains(&None) => Figure::Number(0.0),
            _ => Figure::Unavailable,
        };
        let lifetime: Vec<&Derived> = up.iter().map(|server| &server.lifetime).collect();
        let interval: Option<Vec<&Derived>> = up.iter().map(|server| server.interval.as_ref()).collect();
        Self {
            servers: servers.len(),
            up: up.len(),
            versions,
            lifetime: combined(&lifetime),
            interval: interval.filter(|interval| !interval.is_empty()).map(|interval| combined(&interval)),
            mixed_versions,
        }
    }

    /// Returns the derived figure that matters: that of the interval if there is one.
    #[must_use]
    pub fn figure(&self, name: &str) -> Figure {
        let derived = self.interval.as_ref().unwrap_or(&self.lifetime);
        derived.figures.get(name).map_or(Figure::Unavailable, |field| field.figure)
    }

    fn raw(&self, name: &str) -> Option<Field> {
        let number = self.lifetime.period.value(name).filter(|_| is_additive(name))?;
        Some(Field::new(Figure::Number(number), raw_dimension(name)))
    }
}

fn combined(servers: &[&Derived]) -> Derived {
    let periods: Vec<&Period> = servers.iter().map(|server| &server.period).collect();
    let period = Period::sum(&periods);
    let figures_of = |name: &str| -> Vec<Figure> {
        let known = servers.iter().map(|server| server.figures.get(name));
        known.map(|field| field.map_or(Figure::Unavailable, |field| field.figure)).collect()
    };
    let mut figures: Vec<(&'static str, Dimension, Figure)> = DERIVATIONS
        .iter()
        .map(|rule| {
            let figures = figures_of(rule.name);
            let figure = match rule.combine {
                // A sum of classes must not pass over a server that tells none.
                Combine::Formula if figures.contains(&Figure::Unavailable) => Figure::Unavailable,
                Combine::Formula => (rule.formula)(&period),
                Combine::Max => fold(&figures, f64::max),
                Combine::Min => fold(&figures, f64::min),
                Combine::Sum => fold(&figures, |left, right| left + right),
            };
            (rule.name, rule.dimension, figure)
        })
        .collect();
    let gets = Some(figures_of("gets_per_second")).filter(|rates| !rates.contains(&Figure::Unavailable));
    // Without an uptime there is no rate, but the counts are as good a comparison.
    let gets = gets.unwrap_or_else(|| {
        servers.iter().map(|server| Figure::known(server.period.value("cmd_get"))).collect()
    });
    let skews = [figures_of("items"), figures_of("bytes"), gets];
    figures.extend(NAMES.into_iter().zip(skews).map(|(name, of)| (name, Dimension::Ratio, skew(&of))));
    Derived { period, figures: Figures(figures) }
}

/// Folds the numbers; idle servers are passed over, one that cannot tell makes the whole unavailable.
fn fold(figures: &[Figure], combine: fn(f64, f64) -> f64) -> Figure {
    if figures.is_empty() || figures.contains(&Figure::Unavailable) {
        return Figure::Unavailable;
    }
    figures.iter().filter_map(|figure| figure.number()).reduce(combine).map_or(Figure::Idle, Figure::Number)
}

/// Returns the largest over the mean.
fn skew(figures: &[Figure]) -> Figure {
    let numbers: Option<Vec<f64>> = figures.iter().map(|figure| figure.number()).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            Figure::quotient(numbers.iter().copied().max_by(f64::total_cmp), Some(mean))
        }
        _ => Figure::Unavailable,
    }
}

impl Serialize for Total {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("servers", &self.servers)?;
        map.serialize_entry("up", &self.up)?;
        map.serialize_entry("versions", &self.versions)?;
        map.serialize_entry("mixed_versions", &self.mixed_versions)?;
        self.lifetime.figures.serialize_into::<S>(&mut map)?;
        if let Some(interval) = &self.interval {
            map.serialize_entry("interval", &interval.figures)?;
        }
        map.end()
    }
}

/// The names of a server, with raw ones added up, and `servers`, `mixed_versions` (1 or 0), `skew_items`,
/// `skew_bytes`, `skew_gets`.
impl Fields for Total {
    fn field(&self, name: &str) -> Option<Field> {
        let interval = self.interval.as_ref();
        match name {
            "servers" => return Some(Field::new(Figure::Number(self.servers as f64), Dimension::Count)),
            "mixed_versions" => return Some(Field::new(self.mixed_versions, Dimension::Count)),
            _ => {}
        }
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
        let own = NAMES.into_iter().chain(["servers", "mixed_versions"]);
        super::stats::derived_names().chain(own).map(str::to_owned).collect()
    }
}
