//! A probe beside an earlier one.

use super::document::Config;
use super::report::Measured;
use crate::commands::context::Context;
use crate::measure::comparison::Change;
use crate::measure::comparison::Earlier;

/// What became of the percentiles of each server; `None` for one that was not there then.
#[must_use]
pub(super) fn changes(
    earlier: &Earlier,
    servers: &[(String, Measured)],
) -> Vec<(String, Option<Vec<Change>>)> {
    let compare = |(name, measured): &(String, Measured)| {
        (name.clone(), earlier.compare(Some(name), &measured.probe.response))
    };
    servers.iter().map(compare).collect()
}

/// Says where the two probes were not alike.
pub(super) fn note_differences(
    context: &mut Context,
    earlier: &Earlier,
    config: &Config,
    servers: &[(String, Measured)],
) {
    let now = serde_json::to_value(config).unwrap_or_default();
    for setting in ["op", "loop", "rate_per_server", "timeout_us", "protocol", "tls", "auth"] {
        if let (Some(before), Some(now)) = (earlier.setting(setting), now.get(setting))
            && before != now
        {
            context.output.note(&format!("the earlier probe had {setting} {before}, this one {now}"));
        }
    }
    let names: Vec<&str> = servers.iter().map(|(name, _)| name.as_str()).collect();
    for name in earlier.servers().filter(|name| !names.contains(name)) {
        context.output.note(&format!("{name} was only in the earlier probe"));
    }
    for name in names.iter().filter(|name| !earlier.servers().any(|earlier| earlier == **name)) {
        context.output.note(&format!("{name} was not in the earlier probe"));
    }
}
