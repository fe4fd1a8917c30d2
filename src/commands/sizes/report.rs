//! What lies under which prefix, in JSON, and how good the figures are.

use serde::Serialize;

use super::split::Split;
use crate::commands::context::Context;
use crate::commands::figures::humane;
use crate::commands::outcome::UnreachedRecord;
use crate::failure::Failure;
use crate::measure::Dimension;
use crate::measure::prefixes::Branch;
use crate::measure::prefixes::Spread;
use crate::measure::prefixes::Sum;
use crate::measure::prefixes::Tree;
use crate::output::Format;
use crate::output::record::KeyRecord;

/// What was measured, and of what.
pub(super) struct Measured<'a> {
    pub(super) tree: Tree,
    pub(super) split: Split,
    pub(super) depth: u8,
    /// The servers' names by index.
    pub(super) names: Vec<String>,
    pub(super) interrupted: bool,
    pub(super) failures: &'a [Failure],
}

/// Quartiles in seconds; `null` is never.
#[derive(Debug, Serialize)]
struct Quartiles {
    #[serde(rename = "25")]
    first: Option<u64>,
    #[serde(rename = "50")]
    second: Option<u64>,
    #[serde(rename = "75")]
    third: Option<u64>,
}

/// What some items come to.
#[derive(Debug, Serialize)]
struct SumRecord {
    items: u64,
    bytes: u64,
    /// Of all bytes, from 0 to 1.
    share: f64,
    never_expire: u64,
    ttl: Quartiles,
    idle: Quartiles,
}

#[derive(Debug, Serialize)]
struct BranchRecord {
    #[serde(flatten)]
    prefix: PrefixRecord,
    level: usize,
    #[serde(flatten)]
    sum: SumRecord,
    /// At most so many bytes more are there.
    bytes_missed: u64,
}

/// A prefix in JSON: `prefix` if it is UTF-8, else `prefix_b64`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum PrefixRecord {
    Prefix(String),
    PrefixB64(String),
}

#[derive(Debug, Serialize)]
struct LargeRecord {
    #[serde(flatten)]
    key: KeyRecord,
    server: String,
    size: u64,
    ttl: Option<u64>,
    idle: u64,
}

#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    separators: Vec<String>,
    depth: u8,
    total: SumRecord,
    without_prefix: SumRecord,
    prefixes: Vec<BranchRecord>,
    hidden: usize,
    /// No prefix of more bytes than this was forgotten.
    forgotten_below: u64,
    largest: Vec<LargeRecord>,
    interrupted: bool,
    unreached: Vec<UnreachedRecord>,
}

impl Measured<'_> {
    /// Writes everything, and says how good it is.
    pub(super) fn print(self, context: &mut Context, format: Format) {
        let forgotten = self.tree.forgotten;
        let hidden = self.tree.hidden;
        match format {
            Format::Json => context.output.document(&self.document()),
            Format::Jsonl => {
                for branch in &self.tree.branches {
                    context.output.object(&self.branch(branch));
                }
            }
            _ => {
                let bars = context.output.is_terminal();
                context.output.table(format, &self.table(format, bars));
                if format == Format::Table && !self.tree.largest.is_empty() {
                    context.output.raw(b"\n");
                    context.output.table(format, &self.largest());
                }
            }
        }
        if hidden > 0 {
            context.output.note(&format!(
                "{hidden} smaller prefixes are not shown (--min-share, --limit and --depth say which are)"
            ));
        }
        if forgotten > 0 {
            context.output.note(&format!(
                "there are too many prefixes to keep all: each shown one may lack up to {}, as \"missed\" tells, and none with \
                 more than that was forgotten",
                humane(forgotten as f64, Dimension::Bytes)
            ));
        }
    }

    fn sum(&self, sum: &Sum) -> SumRecord {
        SumRecord {
            items: sum.items,
            bytes: sum.bytes,
            share: self.share(sum),
            never_expire: sum.ttl.endless,
            ttl: quartiles(&sum.ttl),
            idle: quartiles(&sum.idle),
        }
    }

    pub(super) fn share(&self, sum: &Sum) -> f64 {
        if self.tree.total.bytes == 0 { 0.0 } else { sum.bytes as f64 / self.tree.total.bytes as f64 }
    }

    fn branch(&self, branch: &Branch) -> BranchRecord {
        let prefix = match KeyRecord::from(branch.prefix.as_slice()) {
            KeyRecord::Key(text) => PrefixRecord::Prefix(text),
            KeyRecord::KeyB64(text) => PrefixRecord::PrefixB64(text),
        };
        BranchRecord { prefix, level: branch.level, sum: self.sum(&branch.sum), bytes_missed: branch.missed }
    }

    pub(super) fn name(&self, server: usize) -> String {
        self.names.get(server).cloned().unwrap_or_default()
    }

    fn document(&self) -> Document {
        let large = self.tree.largest.iter().map(|large| LargeRecord {
            key: large.key.as_slice().into(),
            server: self.name(large.server),
            size: large.size,
            ttl: large.ttl,
            idle: large.idle,
        });
        Document {
            schema: "cachier/sizes/1",
            separators: self.split.separators(),
            depth: self.depth,
            total: self.sum(&self.tree.total),
            without_prefix: self.sum(&self.tree.bare),
            prefixes: self.tree.branches.iter().map(|branch| self.branch(branch)).collect(),
            hidden: self.tree.hidden,
            forgotten_below: self.tree.forgotten,
            largest: large.collect(),
            interrupted: self.interrupted,
            unreached: self.failures.iter().map(UnreachedRecord::from).collect(),
        }
    }
}

fn quartiles(spread: &Spread) -> Quartiles {
    let [first, second, third] = spread.quartiles();
    Quartiles { first, second, third }
}
