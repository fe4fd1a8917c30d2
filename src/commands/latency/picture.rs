//! The picture of `--plot`.

use super::document::Config;
use super::report::Measured;
use crate::measure::Probe;
use crate::measure::plot;
use crate::measure::plot::Line;

/// How many servers have a line each.
const LINES: usize = 5;

/// Draws the response times of all, of each server if they are few, and the service times.
#[must_use]
pub(super) fn draw(
    started_at: jiff::Timestamp,
    config: &Config,
    servers: &[(String, Measured)],
    total: &Probe,
) -> String {
    let Config { op, r#loop, rate_per_server, .. } = config;
    let subtitle = format!(
        "{} {}, {} requests of {op}, {loop} loop of {rate_per_server}/s each, {}",
        servers.len(),
        if servers.len() == 1 { "server" } else { "servers" },
        total.requests(),
        started_at.strftime("%Y-%m-%d %H:%M:%SZ"),
    );
    let mut lines = vec![
        Line { name: "response time", times: &total.response, is_dashed: false },
        Line { name: "service time", times: &total.service, is_dashed: true },
    ];
    if (2..=LINES).contains(&servers.len()) {
        lines.extend(servers.iter().map(|(name, measured)| Line {
            name,
            times: &measured.probe.response,
            is_dashed: false,
        }));
    }
    plot::svg("How fast the servers answer", &subtitle, &lines, &total.response)
}
