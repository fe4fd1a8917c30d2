//! What a server did while a program ran.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use crate::measure::Dimension;
use crate::measure::Field;
use crate::measure::Fields;
use crate::measure::Figure;
use crate::measure::Rows;
use crate::measure::Sample;
use crate::measure::ServerStats;
use crate::measure::Vocabulary;
use crate::protocol::Wire;

/// What is counted: name, what it counts, and the server's fields that add up to it.
pub(super) const COUNTS: [(&str, Dimension, &[&str]); 8] = [
    ("gets", Dimension::Count, &["cmd_get"]),
    ("hits", Dimension::Count, &["get_hits"]),
    ("misses", Dimension::Count, &["get_misses"]),
    ("sets", Dimension::Count, &["cmd_set"]),
    ("deletes", Dimension::Count, &["delete_hits", "delete_misses"]),
    ("evictions", Dimension::Count, &["evictions"]),
    ("bytes_read", Dimension::Bytes, &["bytes_read"]),
    ("bytes_written", Dimension::Bytes, &["bytes_written"]),
];

/// The traffic of one server, or of all; `None` where it is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traffic([Option<f64>; COUNTS.len()]);

impl Traffic {
    /// What happened between two samples, without the second of them asking and the first one's answers.
    pub(super) fn between(before: &Sample, stats: &ServerStats, wire: Wire) -> Self {
        let period = stats.interval.as_ref().map(|interval| &interval.period);
        let own = own_bytes(before, wire);
        Self(COUNTS.map(|(name, _, fields)| {
            let sum: Option<f64> = fields.iter().map(|field| period?.value(field)).sum();
            let own = match name {
                "bytes_read" => own.0,
                "bytes_written" => own.1,
                _ => 0.0,
            };
            sum.map(|sum| (sum - own).max(0.0))
        }))
    }

    /// All servers together; a number that one of them does not know is not known.
    pub(super) fn sum(all: &[&Self]) -> Self {
        let mut sum = Self::default();
        for (index, slot) in sum.0.iter_mut().enumerate() {
            *slot = all.iter().map(|traffic| traffic.0.get(index).copied().flatten()).sum();
        }
        sum
    }

    /// Numbers in the order of [`COUNTS`].
    pub(super) fn numbers(&self) -> [Option<f64>; COUNTS.len()] {
        self.0
    }

    pub(super) fn hit_ratio(&self) -> Option<f64> {
        let [_, hits, misses, ..] = self.0;
        Figure::quotient(hits, hits.zip(misses).map(|(hits, misses)| hits + misses)).number()
    }

    /// One of its own fields.
    fn own(&self, name: &str) -> Option<Field> {
        if name == "hit_ratio" {
            let figure = match (self.hit_ratio(), self.0) {
                (None, [_, Some(_), Some(_), ..]) => Figure::Idle,
                (ratio, _) => Figure::known(ratio),
            };
            return Some(Field::new(figure, Dimension::Ratio));
        }
        let place = COUNTS.iter().position(|(known, _, _)| *known == name)?;
        let (_, dimension, _) = COUNTS.get(place)?;
        Some(Field::new(Figure::known(self.0.get(place).copied().flatten()), *dimension))
    }
}

impl Serialize for Traffic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for ((name, _, _), number) in COUNTS.iter().zip(self.0) {
            map.serialize_entry(name, &number.map(|number| number as u64))?;
        }
        map.serialize_entry("hit_ratio", &self.hit_ratio())?;
        map.end()
    }
}

/// What checks ask: the traffic by its own names, everything else as the difference between the samples.
pub(super) struct Asked<'a> {
    pub traffic: &'a Traffic,
    pub stats: &'a dyn Fields,
}

impl Fields for Asked<'_> {
    fn field(&self, name: &str) -> Option<Field> {
        let own = self.traffic.own(name);
        let changed = || {
            let field = self.stats.field(&format!("interval.{name}"))?;
            (field.figure != Figure::Unavailable).then_some(field)
        };
        own.or_else(changed).or_else(|| self.stats.field(name))
    }

    fn names(&self) -> Vec<String> {
        let own = COUNTS.iter().map(|(name, _, _)| (*name).to_owned());
        own.chain(self.stats.names()).collect()
    }
}

/// The names that checks may use, before any server is asked.
pub(super) struct Names;

impl Fields for Names {
    fn field(&self, name: &str) -> Option<Field> {
        Traffic::default().own(name).or_else(|| Vocabulary.field(name))
    }

    fn names(&self) -> Vec<String> {
        Asked { traffic: &Traffic::default(), stats: &Vocabulary }.names()
    }
}

/// The bytes read and written by the server for the samples themselves: the answers of the first one come after its
/// numbers, and the questions of both but the very first come before the second one's.
fn own_bytes(before: &Sample, wire: Wire) -> (f64, f64) {
    let groups = [
        ("", Some(&before.general)),
        ("items", before.items.as_ref()),
        ("slabs", before.slabs.as_ref()),
        ("settings", before.settings.as_ref()),
    ];
    let (mut asked, mut answered) = (0, 0);
    for (name, rows) in groups {
        let (question, refusal) = match wire {
            Wire::Text if name.is_empty() => ("stats\r\n".len(), 0),
            Wire::Text => ("stats \r\n".len() + name.len(), "ERROR\r\n".len()),
            Wire::Binary => (24 + name.len(), 24 + "Unknown command".len()),
        };
        asked += question;
        answered += rows.map_or(refusal, |rows| length(rows, wire));
    }
    (asked as f64, answered as f64)
}

/// The length of an answer: `STAT NAME VALUE` and `END`, or a packet a row and an empty one.
fn length(rows: &Rows, wire: Wire) -> usize {
    let (each, end) = match wire {
        Wire::Text => ("STAT  \r\n".len(), "END\r\n".len()),
        Wire::Binary => (24, 24),
    };
    rows.iter().map(|(name, value)| each + name.len() + value.len()).sum::<usize>() + end
}
