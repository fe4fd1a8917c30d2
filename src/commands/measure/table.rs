//! The table of `measure`.

use super::traffic::COUNTS;
use super::traffic::Traffic;
use crate::commands::figures::humane;
use crate::commands::figures::plain;
use crate::commands::sampler::Sampled;
use crate::measure::Dimension;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// One row a server and one for all.
pub(super) fn traffic(servers: &[Sampled], traffic: &[Traffic], total: &Traffic, format: Format) -> Table {
    let mut table = Table::new(&["server"]);
    table.columns.extend(COUNTS.iter().map(|(name, _, _)| *name));
    table.columns.push("hit_ratio");
    let figure = |number: Option<f64>, dimension: Dimension| match number {
        Some(number) if format == Format::Table => Cell::Number(humane(number, dimension)),
        number => Cell::number(number.map(plain)),
    };
    let row = |name: &str, traffic: &Traffic| {
        let mut row = vec![Cell::text(name)];
        row.extend(
            COUNTS
                .iter()
                .zip(traffic.numbers())
                .map(|((_, dimension, _), number)| figure(number, *dimension)),
        );
        row.push(figure(traffic.hit_ratio(), Dimension::Ratio));
        row
    };
    table.rows.extend(servers.iter().zip(traffic).map(|(server, traffic)| row(&server.name, traffic)));
    if servers.len() > 1 {
        table.rows.push(row("total", total));
    }
    table
}
