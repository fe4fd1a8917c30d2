//! What can be wrong with the text of a check, and what to write instead.

use thiserror::Error;

use super::expression::Unit;
use super::figure::Dimension;

/// Why a text is no check, or none of these servers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExpressionError {
    /// A part is missing or is not what may stand there.
    #[error("bad expression {text:?}: {}", expectation(*.wanted, .piece, *.offset))]
    Part {
        /// The whole expression.
        text: String,
        /// What was due.
        wanted: Part,
        /// What stands there; empty at the end of the text.
        piece: String,
        /// Where it stands, in bytes from 0.
        offset: usize,
    },
    /// Something is left over.
    #[error("bad expression {text:?}: {piece:?} at offset {offset} is left over")]
    Rest {
        /// The whole expression.
        text: String,
        /// What is left.
        piece: String,
        /// Where it stands, in bytes from 0.
        offset: usize,
    },
    /// The unit cannot measure the field.
    #[error("bad expression {text:?}: {field:?} is {}, {:?} does not fit", .dimension.description(), .unit.symbol())]
    UnitMismatch {
        /// The whole expression.
        text: String,
        /// The field.
        field: String,
        /// The unit after the number.
        unit: Unit,
        /// What the field counts.
        dimension: Dimension,
    },
    /// Nobody knows a number of this name.
    #[error("bad expression {text:?}: no server has a number called {field:?}")]
    UnknownField {
        /// The whole expression.
        text: String,
        /// The field.
        field: String,
        /// The known name nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// Only the total has this field, and another scope is asked for.
    #[error("bad expression {text:?}: {field:?} is a number of all servers together")]
    OnlyTotal {
        /// The whole expression.
        text: String,
        /// The field.
        field: String,
    },
}

/// The parts that an expression must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The name of a number.
    Field,
    /// The number to compare with.
    Number,
    /// The comparison.
    Operator,
    /// The name after `@`.
    Scope,
    /// What follows the number.
    Unit,
}

impl ExpressionError {
    /// Returns what to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Part { wanted, piece, .. } => part_hint(*wanted, piece),
            Self::Rest { piece, .. } if piece.starts_with('@') => "name one scope, once".to_owned(),
            Self::Rest { .. } => "write one comparison in each expression, as in 'p99>5ms'".to_owned(),
            Self::UnitMismatch { unit: Unit::Minutes, dimension, .. } if !is_time(*dimension) => {
                "m is minutes, M is 1024 × 1024".to_owned()
            }
            Self::UnitMismatch { dimension, .. } => unit_hint(*dimension).to_owned(),
            Self::UnknownField { nearest: Some(nearest), .. } => format!("did you mean {nearest}?"),
            Self::UnknownField { .. } => "the JSON output (-o json) names every field".to_owned(),
            Self::OnlyTotal { field, .. } => format!("write {field}@total"),
        }
    }
}

fn expectation(wanted: Part, piece: &str, offset: usize) -> String {
    let wanted = match wanted {
        Part::Field => "a field",
        Part::Number => "a number",
        Part::Operator => "one of < <= > >= ==",
        Part::Scope => "any, all or total",
        Part::Unit => "a unit (% us ms s m h k M)",
    };
    if piece.is_empty() {
        format!("{wanted} is missing at the end")
    } else {
        format!("{wanted} is due at offset {offset}, not {piece:?}")
    }
}

fn part_hint(wanted: Part, piece: &str) -> String {
    match (wanted, piece) {
        // An unquoted > or < was taken by the shell, which leaves the bare field.
        (Part::Operator, "") => "quote the expression for the shell, as in 'p99>5ms'".to_owned(),
        (Part::Operator, piece) if piece.starts_with("=<") => "write <=".to_owned(),
        (Part::Operator, piece) if piece.starts_with("=>") => "write >=".to_owned(),
        (Part::Operator, piece) if piece.starts_with('=') => "write ==".to_owned(),
        (Part::Operator, piece) if piece.starts_with('!') => {
            "there is no such comparison: state the failing condition with < <= > >= ==".to_owned()
        }
        (Part::Unit, "µs" | "μs" | "usec") => "write us".to_owned(),
        (Part::Unit, "msec") => "write ms".to_owned(),
        (Part::Unit, "sec" | "second" | "seconds") => "write s".to_owned(),
        (Part::Unit, "min" | "minute" | "minutes") => "write m".to_owned(),
        (Part::Unit, "d" | "day" | "days") => "write hours: 24h is a day".to_owned(),
        (Part::Unit, "K" | "kB" | "KB" | "KiB" | "kb") => "write k".to_owned(),
        (Part::Unit, "MB" | "MiB" | "mb") => "write M".to_owned(),
        (Part::Unit, "G" | "GB" | "GiB") => "write 1024M for each of them".to_owned(),
        _ => "an expression is FIELD OP NUMBER[UNIT], as in 'hit_ratio<80%' or 'p99>5ms@total'".to_owned(),
    }
}

fn is_time(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::Microseconds | Dimension::Seconds)
}

fn unit_hint(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Bytes => "write it with k, M or nothing",
        Dimension::Count | Dimension::Rate => "write it without a unit, or with k or M",
        Dimension::Microseconds | Dimension::Seconds => "write it with us, ms, s, m or h",
        Dimension::Ratio => "write it with %, or as a fraction such as 0.8",
    }
}

/// Returns the name with the fewest changed characters, at most a third of the field's.
pub(super) fn nearest(field: &str, names: Vec<String>) -> Option<String> {
    // No field of memcached is longer; the cost of comparing grows with the product of the lengths.
    const LONGEST: usize = 64;
    if field.len() > LONGEST {
        return None;
    }
    names
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (distance(field.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, _)| *distance <= field.len().div_ceil(3))
        .min()
        .map(|(_, name)| name)
}

/// Returns the Levenshtein distance.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_byte) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (right_byte, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(left_byte != right_byte);
            diagonal = *cell;
            *cell = changed.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
