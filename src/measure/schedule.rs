//! When an open-loop probe means to send: a fixed schedule that no reply can hold up.

use std::time::Duration;

use thiserror::Error;

/// How far a moment may be off its place, in parts of the time between two.
const JITTER: f64 = 0.1;

/// The slowest schedule, in requests per second.
pub const MIN_RATE: f64 = 0.001;

/// The fastest schedule, in requests per second.
pub const MAX_RATE: f64 = 1_000_000.0;

/// How long a schedule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// This many requests.
    Count(u64),
    /// Every request whose place is before this; `rate × duration` of them.
    Duration(Duration),
    /// Until nobody asks any more.
    Endless,
}

/// A rate that nothing can be scheduled at.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error("a rate of {rate} requests per second is not between {MIN_RATE} and {MAX_RATE}")]
pub struct ScheduleError {
    /// The rate.
    pub rate: f64,
}

/// The intended moments of sending, counted from the start of the probe.
///
/// The places are `1/rate` apart, so that count and average rate are exact and nothing drifts; each moment is off its
/// place by up to ±10 % of that, so that the probe does not beat in time with what else runs on the machine. The
/// moments never go back. The same seed gives the same moments; give every server its own.
#[derive(Clone, Debug)]
pub struct Schedule {
    rate: f64,
    extent: Extent,
    next: u64,
    random: u64,
}

impl Schedule {
    /// Returns the schedule of `rate` requests per second.
    ///
    /// # Errors
    /// [`ScheduleError`] if the rate is not between [`MIN_RATE`] and [`MAX_RATE`].
    pub fn new(rate: f64, extent: Extent, seed: u64) -> Result<Self, ScheduleError> {
        if (MIN_RATE..=MAX_RATE).contains(&rate) {
            Ok(Self { rate, extent, next: 0, random: seed })
        } else {
            Err(ScheduleError { rate })
        }
    }

    /// Returns the next number of the SplitMix64 generator, from -1 up to 1 (Steele, Lea, Flood, OOPSLA 2014).
    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // 53 bits are what a double holds.
        (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let place = self.next as f64 / self.rate;
        let is_due = match self.extent {
            Extent::Count(count) => self.next < count,
            Extent::Duration(duration) => place < duration.as_secs_f64(),
            Extent::Endless => true,
        };
        if !is_due {
            return None;
        }
        // The first place is one jitter after the start, so that no moment is before it.
        let moment = place + JITTER * (1.0 + self.random()) / self.rate;
        self.next += 1;
        Duration::try_from_secs_f64(moment).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(rate: f64, extent: Extent, seed: u64) -> Vec<Duration> {
        Schedule::new(rate, extent, seed).unwrap().collect()
    }

    #[test]
    fn the_number_of_moments_is_exact() {
        let cases = [
            (50.0, Extent::Duration(Duration::from_secs(5)), 250),
            (500.0, Extent::Duration(Duration::from_secs(5)), 2500),
            (3.0, Extent::Duration(Duration::from_millis(1100)), 4),
            (0.5, Extent::Duration(Duration::from_secs(5)), 3),
            (50.0, Extent::Duration(Duration::ZERO), 0),
            (50.0, Extent::Count(7), 7),
            (50.0, Extent::Count(0), 0),
            (MIN_RATE, Extent::Duration(Duration::from_secs(1)), 1),
        ];
        for (rate, extent, expected) in cases {
            assert_eq!(moments(rate, extent, 1).len(), expected, "{rate}/s {extent:?}");
        }
    }

    #[test]
    fn moments_stay_within_a_tenth_of_their_places() {
        for seed in [0, 1, 42, u64::MAX] {
            let moments = moments(100.0, Extent::Count(10_000), seed);
            let mut offsets = Vec::new();
            for (index, moment) in moments.iter().enumerate() {
                let offset = moment.as_secs_f64() - (index as f64 / 100.0 + 0.001);
                assert!(offset.abs() <= 0.001 + 1e-9, "moment {index} is off by {offset}");
                offsets.push(offset);
            }
            assert!(moments.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(offsets.iter().any(|offset| *offset < -0.0009), "the jitter reaches down");
            assert!(offsets.iter().any(|offset| *offset > 0.0009), "the jitter reaches up");
            let mean = offsets.iter().sum::<f64>() / offsets.len() as f64;
            assert!(mean.abs() < 0.000_05, "the jitter has a bias of {mean}");
        }
    }

    #[test]
    fn a_seed_gives_its_own_moments_again() {
        let once = moments(50.0, Extent::Count(20), 7);
        assert_eq!(once, moments(50.0, Extent::Count(20), 7));
        assert_ne!(once, moments(50.0, Extent::Count(20), 8));
    }

    #[test]
    fn impossible_rates_are_refused() {
        for rate in [0.0, 1e-300, -1.0, f64::NAN, f64::INFINITY, 1_000_001.0] {
            assert!(Schedule::new(rate, Extent::Endless, 1).is_err(), "{rate}");
        }
        assert!(Schedule::new(MAX_RATE, Extent::Endless, 1).is_ok());
    }
}
