//! Percentiles, and how many samples it takes to speak of one.

use std::fmt;

/// A percentile between 0 and 100, both excluded, with at most three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Percentile(u32);

/// 100 % in the unit of [`Percentile`].
const WHOLE: u32 = 100_000;

impl Percentile {
    /// The median.
    pub const P50: Self = Self(50_000);
    /// 9 of 10 are at most this.
    pub const P90: Self = Self(90_000);
    /// 95 of 100.
    pub const P95: Self = Self(95_000);
    /// 99 of 100.
    pub const P99: Self = Self(99_000);
    /// 999 of 1,000.
    pub const P999: Self = Self(99_900);
    /// What tables and JSON show.
    pub const SHOWN: [Self; 4] = [Self::P50, Self::P90, Self::P99, Self::P999];

    /// Reads `99.9`; `None` if it is no percentile.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (integer, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(integer) || !all_digits(decimals) || integer.len() > 2 || decimals.len() > 3 {
            return None;
        }
        let thousandths = format!("{decimals:0<3}").parse::<u32>().ok()?;
        let value = integer.parse::<u32>().ok()? * 1000 + thousandths;
        (value > 0).then_some(Self(value))
    }

    /// Returns how many samples it takes.
    ///
    /// Ten of them must lie beyond it: 100 for p90, 1,000 for p99, 10,000 for p99.9. The median takes five: their
    /// range holds the true median in 15 of 16 cases.
    #[must_use]
    pub fn needed(self) -> u64 {
        if self == Self::P50 {
            return 5;
        }
        let beyond = self.0.min(WHOLE - self.0);
        (10 * u64::from(WHOLE)).div_ceil(u64::from(beyond))
    }

    /// Returns it as a share between 0 and 1, both excluded.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// Returns how many of `count` samples are at or below it, at least one.
    pub(super) fn rank(self, count: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(self.0)).div_ceil(u128::from(WHOLE));
        u64::try_from(rank).unwrap_or(u64::MAX).max(1)
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0 / 1000)?;
        match self.0 % 1000 {
            0 => Ok(()),
            decimals => {
                let decimals = format!("{decimals:03}");
                write!(formatter, ".{}", decimals.trim_end_matches('0'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_and_shown() {
        let cases = [
            ("50", Some("50")),
            ("99.9", Some("99.9")),
            ("99.90", Some("99.9")),
            ("99.999", Some("99.999")),
            ("99.05", Some("99.05")),
            ("1", Some("1")),
            ("0.5", Some("0.5")),
            ("0", None),
            ("0.0", None),
            ("100", None),
            ("99.9999", None),
            ("", None),
            (".9", None),
            ("99.", None),
            ("-1", None),
            ("+5", None),
            ("9a", None),
        ];
        for (text, expected) in cases {
            let shown = Percentile::parse(text).map(|percentile| percentile.to_string());
            assert_eq!(shown.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn ten_samples_must_lie_beyond() {
        let cases = [
            ("50", 5),
            ("75", 40),
            ("90", 100),
            ("95", 200),
            ("99", 1_000),
            ("99.9", 10_000),
            ("99.99", 100_000),
            ("99.999", 1_000_000),
            ("10", 100),
        ];
        for (text, needed) in cases {
            assert_eq!(Percentile::parse(text).unwrap().needed(), needed, "p{text}");
        }
    }

    #[test]
    fn rank_is_exact() {
        // 99.9 / 100 is a little more than 0.999 as a double: that would be rank 9,991.
        let cases =
            [(Percentile::P999, 10_000, 9_990), (Percentile::P99, 1_000, 990), (Percentile::P50, 5, 3)];
        for (percentile, count, rank) in cases {
            assert_eq!(percentile.rank(count), rank, "p{percentile} of {count}");
        }
        assert_eq!(Percentile::P50.rank(0), 1);
        assert!(Percentile::P999.rank(u64::MAX) < u64::MAX);
    }
}
