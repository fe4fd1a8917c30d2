//! The line of a monitoring plugin: a word, what is wrong, and figures behind a bar.

use super::made::Made;
use super::made::Status;
use crate::failure::Failure;
use crate::measure::Dimension;
use crate::measure::Total;

/// The figures of all servers that are handed over, with their units.
const FIGURES: [(&str, Dimension); 8] = [
    ("gets_per_second", Dimension::Rate),
    ("hit_ratio", Dimension::Ratio),
    ("sets_per_second", Dimension::Rate),
    ("evictions_per_second", Dimension::Rate),
    ("evicted_age", Dimension::Seconds),
    ("items", Dimension::Count),
    ("bytes", Dimension::Bytes),
    ("connections", Dimension::Count),
];

/// The line and the exit code.
#[must_use]
pub(super) fn line(made: &[Made], total: &Total, failures: &[Failure]) -> (String, u8) {
    let of = |status| made.iter().filter(move |made| made.status == status);
    // A server of which nothing is known is none that is well.
    let (word, code) = match () {
        () if of(Status::Fail).next().is_some() || total.up == 0 => ("CRITICAL", 2),
        () if of(Status::Warn).next().is_some() || !failures.is_empty() => ("WARNING", 1),
        () => ("OK", 0),
    };
    let wrong = of(Status::Fail).chain(of(Status::Warn)).map(|made| made.check.in_words());
    let wrong: Vec<String> = failures.iter().map(|failure| failure.message.clone()).chain(wrong).collect();
    let text = if wrong.is_empty() {
        format!("{} checks of {} servers passed", of(Status::Ok).count(), total.servers)
    } else {
        wrong.join("; ")
    };
    (format!("CACHIER {word} - {} | {}", plain(&text), figures(total)), code)
}

/// The line where nothing could be found out.
#[must_use]
pub(super) fn unknown(reason: &str) -> String {
    format!("CACHIER UNKNOWN - {}", plain(reason))
}

/// What the plugin convention allows before the bar: one line without bars.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() || character == '|' { ' ' } else { character })
        .collect()
}

fn figures(total: &Total) -> String {
    let mut words = vec![format!("servers_up={};;;0;{}", total.up, total.servers)];
    for (name, dimension) in FIGURES {
        let Some(number) = total.figure(name).number() else { continue };
        words.push(match dimension {
            Dimension::Ratio => format!("{name}={:.2}%", number * 100.0),
            Dimension::Seconds => format!("{name}={number:.0}s"),
            Dimension::Bytes => format!("{name}={number:.0}B"),
            Dimension::Count => format!("{name}={number:.0}"),
            Dimension::Rate | Dimension::Microseconds => format!("{name}={number:.3}"),
        });
    }
    words.join(" ")
}
