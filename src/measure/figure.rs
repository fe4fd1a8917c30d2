//! Measured numbers, their dimension, and what stands where there is none.

use serde::Serialize;
use serde::Serializer;

/// What a number counts, in the unit that JSON shows it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Bytes.
    Bytes,
    /// Things: items, commands, servers.
    Count,
    /// Integer microseconds.
    Microseconds,
    /// Things or bytes a second.
    Rate,
    /// A part of a whole as a fraction: 0.8 where a person says 80 %.
    Ratio,
    /// Seconds.
    Seconds,
}

impl Dimension {
    /// Returns the words of messages: "`hit_ratio` is {a ratio}".
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Bytes => "a number of bytes",
            Self::Count => "a count",
            Self::Microseconds | Self::Seconds => "a time",
            Self::Rate => "a rate per second",
            Self::Ratio => "a ratio",
        }
    }
}

/// One measured number, or why there is none; both of the latter are `null` in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Nothing has happened that it could be measured by: the hit ratio of no gets, the age of no victims.
    Idle,
    /// The number, finite.
    Number(f64),
    /// The server does not offer it, or it is withheld: a rate across a restart, a percentile of too small a sample.
    Unavailable,
}

impl Figure {
    /// Returns the number, if there is one.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Idle | Self::Unavailable => None,
        }
    }

    /// Returns the figure of a field that is there or not; what is not finite is not there.
    #[must_use]
    pub fn known(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Unavailable, Self::Number)
    }

    /// Returns `part / whole`: idle if the whole is zero, unavailable if either is not there.
    #[must_use]
    pub fn quotient(part: Option<f64>, whole: Option<f64>) -> Self {
        match (part, whole) {
            (Some(_), Some(0.0)) => Self::Idle,
            (Some(part), Some(whole)) => Self::known(Some(part / whole)),
            _ => Self::Unavailable,
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(&self.number(), serializer)
    }
}

/// Writes a number as JSON has it everywhere in cachier: without a fraction if it has none, `null` if there is none.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_number<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    // Up to 2^53 every integer has its own f64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match *number {
        None => serializer.serialize_none(),
        Some(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
            serializer.serialize_i64(number as i64)
        }
        Some(number) => serializer.serialize_f64(number),
    }
}

/// What a name stands for on one server or on all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// The number, in the unit of the dimension.
    pub figure: Figure,
    /// What it counts.
    pub dimension: Dimension,
    /// What `%` is taken of, for a count that is part of something: the requests for `timeouts`.
    pub whole: Option<f64>,
}

impl Field {
    /// Returns a field that is no part of a whole.
    #[must_use]
    pub fn new(figure: Figure, dimension: Dimension) -> Self {
        Self { figure, dimension, whole: None }
    }

    /// Returns the field `up` of a server, which every server has, down or not.
    #[must_use]
    pub fn up(is_up: bool) -> Self {
        let figure = Figure::Number(f64::from(u8::from(is_up)));
        Self { figure, dimension: Dimension::Count, whole: Some(1.0) }
    }
}

/// Something that has named numbers: one server's statistics, its latency, or the total of all servers.
pub trait Fields {
    /// Returns what a name stands for; `None` if it stands for no number here.
    fn field(&self, name: &str) -> Option<Field>;

    /// Returns the names that [`Fields::field`] knows, for suggestions; where they are endless, the usual ones.
    fn names(&self) -> Vec<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotient_tells_idle_from_unavailable() {
        let cases = [
            (Some(1.0), Some(4.0), Figure::Number(0.25)),
            (Some(0.0), Some(4.0), Figure::Number(0.0)),
            (Some(0.0), Some(0.0), Figure::Idle),
            (None, Some(4.0), Figure::Unavailable),
            (None, Some(0.0), Figure::Unavailable),
            (Some(1.0), None, Figure::Unavailable),
            (Some(1e308), Some(1e-308), Figure::Unavailable),
        ];
        for (part, whole, expected) in cases {
            assert_eq!(Figure::quotient(part, whole), expected, "{part:?} / {whole:?}");
        }
    }

    #[test]
    fn numbers_without_a_fraction_are_json_integers() {
        let cases = [
            (Figure::Number(12.0), "12"),
            (Figure::Number(0.0), "0"),
            (Figure::Number(-3.0), "-3"),
            (Figure::Number(0.5), "0.5"),
            (Figure::Number(1e300), "1e+300"),
            (Figure::Idle, "null"),
            (Figure::Unavailable, "null"),
        ];
        for (figure, expected) in cases {
            assert_eq!(serde_json::to_string(&figure).unwrap(), expected);
        }
    }
}
