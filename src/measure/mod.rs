//! Samples to percentiles, statistics to rates, and the checks on both; no socket, clock or environment.
//!
//! [`stats`] turns what a server counts into what it means, for its lifetime or an interval, for one server or all;
//! [`probe`] keeps the [`latency`] of a server, [`schedule`] tells when to send, [`comparison`], [`interpretation`],
//! [`plot`] and [`hdr_log`] are what becomes of it; [`expression`] and [`check`]
//! compare a [`Field`] of either with a limit.

pub mod check;
pub mod comparison;
pub mod copies;
pub mod derive;
pub mod exposition;
pub mod expression;
pub mod expression_error;
pub mod figure;
pub mod hdr_log;
pub mod hot;
pub mod interpretation;
pub mod latency;
pub mod percentile;
pub mod period;
pub mod plot;
pub mod prefixes;
pub mod probe;
pub mod prometheus;
pub mod sample;
pub mod schedule;
pub mod stats;
pub mod total;
pub mod vocabulary;

pub use check::{Check, Source, Verdict};
pub use derive::Figures;
pub use exposition::{Exposition, Kind, Metric};
pub use expression::{Expression, Operator, Scope, Unit};
pub use expression_error::{ExpressionError, Part};
pub use figure::{Dimension, Field, Fields, Figure};
pub use latency::{Bucket, Connections, Distribution, Phase, Summary};
pub use percentile::Percentile;
pub use period::{Period, Withheld};
pub use probe::{Probe, ProbeRecord};
pub use prometheus::{Scraped, exposition};
pub use sample::{Class, Rows, Sample};
pub use schedule::{Extent, Schedule, ScheduleError};
pub use stats::{Derived, ServerStats};
pub use total::Total;
pub use vocabulary::Vocabulary;

#[cfg(test)]
mod tests;
