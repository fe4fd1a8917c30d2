//! A probe in Prometheus' text format, in seconds.

use std::fmt::Write as _;

use super::report::Measured;
use crate::measure::Distribution;
use crate::measure::Percentile;
use crate::measure::Phase;
use crate::measure::Probe;

/// The counters: name, what it counts, and the number.
type Counter = (&'static str, &'static str, fn(&Probe) -> u64);

const COUNTERS: [Counter; 4] = [
    ("cachier_probe_requests_total", "Requests that were sent.", Probe::requests),
    ("cachier_probe_timeouts_total", "Requests without a reply in time.", |probe| probe.timeouts),
    ("cachier_probe_errors_total", "Requests that were refused or whose connection broke.", |probe| {
        probe.errors
    }),
    ("cachier_probe_skipped_total", "Requests that were due and not sent.", |probe| probe.skipped),
];

/// Returns the metrics of every server.
#[must_use]
pub(super) fn metrics(servers: &[(String, Measured)], operation: &str) -> String {
    let mut text = String::new();
    family(&mut text, "cachier_probe_success", "gauge", "Whether the server answered the probe.");
    for (name, measured) in servers {
        let success = u8::from(measured.probe.ok > 0);
        sample(&mut text, "cachier_probe_success", &[("server", name)], &success.to_string());
    }
    let durations = [
        ("cachier_probe_duration_seconds", "From the intended moment of sending to the reply."),
        ("cachier_probe_service_seconds", "From the actual sending to the reply."),
    ];
    for (family_name, help) in durations {
        family(&mut text, family_name, "summary", help);
        for (name, Measured { probe, .. }) in
            servers.iter().filter(|(_, measured)| measured.probe.requests() > 0)
        {
            let times = if family_name.contains("service") { &probe.service } else { &probe.response };
            summary(&mut text, family_name, &[("server", name), ("op", operation)], times);
        }
    }
    family(
        &mut text,
        "cachier_probe_connect_seconds",
        "gauge",
        "Median time of a phase of fresh connections.",
    );
    for (name, measured) in servers {
        for phase in Phase::ALL {
            let times = measured.probe.connections.phase(phase);
            if let Some(median) = times.and_then(|times| times.percentile(Percentile::P50)) {
                let labels = [("server", name.as_str()), ("phase", phase.name())];
                sample(&mut text, "cachier_probe_connect_seconds", &labels, &seconds(u128::from(median)));
            }
        }
    }
    for (counter, help, count) in COUNTERS {
        family(&mut text, counter, "counter", help);
        for (name, measured) in servers {
            let labels = [("server", name.as_str()), ("op", operation)];
            sample(&mut text, counter, &labels, &count(&measured.probe).to_string());
        }
    }
    text
}

/// The quantiles that the sample supports, the sum and the count.
fn summary(text: &mut String, name: &str, labels: &[(&str, &str)], times: &Distribution) {
    for percentile in Percentile::SHOWN {
        if let Some(value) = times.percentile(percentile) {
            let quantile = percentile.share().to_string();
            let labels = [labels, &[("quantile", quantile.as_str())]].concat();
            sample(text, name, &labels, &seconds(u128::from(value)));
        }
    }
    sample(text, &format!("{name}_sum"), labels, &seconds(times.sum()));
    sample(text, &format!("{name}_count"), labels, &times.count().to_string());
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: &str) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{label}=\"{value}\"")
        })
        .collect();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

/// Microseconds as seconds, exactly.
fn seconds(microseconds: u128) -> String {
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}
