//! Figures as they are shown, to programs and to people.

use crate::measure::Dimension;

/// A number for programs.
#[must_use]
pub fn plain(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.6}") }
}

/// A number for people, with its unit.
#[must_use]
pub fn humane(number: f64, dimension: Dimension) -> String {
    match dimension {
        Dimension::Ratio => format!("{:.1}%", number * 100.0),
        Dimension::Seconds => time(number),
        Dimension::Bytes => size(number),
        Dimension::Rate if number >= 100.0 => format!("{number:.0}"),
        Dimension::Rate => format!("{number:.2}"),
        Dimension::Microseconds => format!("{:.2}ms", number / 1000.0),
        Dimension::Count => plain(number),
    }
}

/// Seconds for people; `None` is never.
#[must_use]
pub fn span(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "never".to_owned(), |seconds| time(seconds as f64))
}

/// Seconds as the two largest units that matter.
fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Bytes in the largest 1024-based unit.
fn size(bytes: f64) -> String {
    let mut number = bytes;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if number < 1024.0 {
            break;
        }
        number /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{number:.0} B") } else { format!("{number:.1} {unit}") }
}
