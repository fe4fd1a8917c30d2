//! What lies under which prefix, as a tree of rows.

use super::report::Measured;
use crate::commands::figures::humane;
use crate::commands::figures::span;
use crate::measure::Dimension;
use crate::measure::prefixes::Sum;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// How wide the bar of everything is, in characters.
const BAR: f64 = 20.0;

impl Measured<'_> {
    /// A row a prefix; for people indented and with units, and between those without a prefix and all of them.
    pub(super) fn table(&self, format: Format, bars: bool) -> Table {
        let mut table = Table::new(&["prefix", "items", "bytes", "share"]);
        let is_for_people = format == Format::Table;
        if is_for_people {
            table.columns.extend(bars.then_some(""));
            table.columns.extend(["ttl_25", "50", "75", "idle_25", "50", "75"]);
        } else {
            table.columns.extend(["ttl_25", "ttl_50", "ttl_75", "idle_25", "idle_50", "idle_75"]);
        }
        let lacks = self.tree.forgotten > 0;
        table.columns.extend((lacks || !is_for_people).then_some("missed"));
        let mut push = |prefix: Vec<u8>, sum: &Sum, missed: u64| {
            let mut row = vec![Cell::text(prefix), Cell::number(Some(sum.items))];
            row.extend(self.figures(sum, is_for_people, bars));
            if !is_for_people {
                row.push(Cell::number(Some(missed)));
            } else if lacks {
                row.push(Cell::Number(humane(missed as f64, Dimension::Bytes)));
            }
            table.rows.push(row);
        };
        for branch in &self.tree.branches {
            let indent = if is_for_people { branch.level * 2 } else { 0 };
            push([" ".repeat(indent).as_bytes(), &branch.prefix].concat(), &branch.sum, branch.missed);
        }
        if is_for_people && self.tree.total.items > 0 {
            if self.tree.bare.items > 0 {
                push(b"(no prefix)".to_vec(), &self.tree.bare, 0);
            }
            push(b"total".to_vec(), &self.tree.total, 0);
        }
        table
    }

    fn figures(&self, sum: &Sum, is_for_people: bool, bars: bool) -> Vec<Cell> {
        let share = self.share(sum);
        if !is_for_people {
            let mut cells = vec![Cell::number(Some(sum.bytes)), Cell::Number(format!("{share:.6}"))];
            cells
                .extend([&sum.ttl, &sum.idle].iter().flat_map(|spread| spread.quartiles()).map(Cell::number));
            return cells;
        }
        let mut cells = vec![
            Cell::Number(humane(sum.bytes as f64, Dimension::Bytes)),
            Cell::Number(humane(share, Dimension::Ratio)),
        ];
        cells.extend(bars.then(|| Cell::text("█".repeat((share * BAR).round() as usize))));
        cells.extend(sum.ttl.quartiles().map(|seconds| Cell::Number(span(seconds))));
        cells.extend(sum.idle.quartiles().map(|seconds| Cell::Number(span(seconds))));
        cells
    }

    pub(super) fn largest(&self) -> Table {
        let mut table = Table::new(&["largest", "server", "bytes", "ttl", "idle"]);
        table.rows = self
            .tree
            .largest
            .iter()
            .map(|large| {
                vec![
                    Cell::text(large.key.as_slice()),
                    Cell::text(self.name(large.server)),
                    Cell::Number(humane(large.size as f64, Dimension::Bytes)),
                    Cell::Number(span(large.ttl)),
                    Cell::Number(span(Some(large.idle))),
                ]
            })
            .collect();
        table
    }
}
