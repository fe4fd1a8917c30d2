//! Durations and sizes as people type them.

use std::time::Duration;

/// Reads a duration: a number and `ms`, `s`, `m`, `h`, `d` or `w`; a bare number is seconds.
///
/// # Errors
/// A sentence that names the text and shows how a duration is written.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a duration like 250ms, 90s, 15m, 2h or 7d");
    let digits =
        text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64((number * seconds * 1e9).round() / 1e9).map_err(|_| wrong())
}

/// Reads a size in bytes: a number and optionally `k`, `M` or `G`, 1024-based.
///
/// # Errors
/// A sentence that names the text and shows how a size is written.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is not a size like 512, 10k or 1M");
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// Reads an RFC 3339 date as UNIX seconds.
///
/// # Errors
/// A sentence that names the text and shows how a date is written, or that memcached has no such date.
pub fn date(text: &str) -> Result<u64, String> {
    let date: jiff::Timestamp =
        text.parse().map_err(|_| format!("\"{text}\" is no RFC 3339 date like 2030-01-31T12:00:00Z"))?;
    let seconds = u64::try_from(date.as_second()).unwrap_or(0);
    if seconds > u64::from(u32::MAX) {
        return Err(format!("\"{text}\" is later than memcached can tell (2106-02-07)"));
    }
    Ok(seconds)
}

/// A duration in the shortest of these notations, exact to the millisecond.
#[must_use]
pub fn show(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if milliseconds > 0 && milliseconds.is_multiple_of(length) {
            return format!("{}{unit}", milliseconds / length);
        }
    }
    format!("{milliseconds}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, milliseconds, shown) in [
            ("250ms", 250, "250ms"),
            ("90s", 90_000, "90s"),
            ("15m", 900_000, "15m"),
            ("2h", 7_200_000, "2h"),
            ("7d", 604_800_000, "7d"),
            ("1.5s", 1500, "1500ms"),
            ("300", 300_000, "5m"),
            ("0", 0, "0ms"),
        ] {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
            assert_eq!(show(duration(text).unwrap()), shown);
        }
        for text in ["", "s", "-1s", "1y", "1.2.3s", "1e9s", "99999999999999999999999d", "5 m", "é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_1024_based() {
        for (text, bytes) in [("512", 512), ("10k", 10_240), ("1M", 1 << 20), ("2G", 2 << 30), ("1KiB", 1024)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "1.5k", "-1", "1T", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
