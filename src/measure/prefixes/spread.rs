//! How a time is spread over items: its quartiles, of any number of items in a kilobyte.

use hdrhistogram::Histogram;

/// Seconds of many items, some of which may be endless.
#[derive(Clone, Debug)]
pub struct Spread {
    finite: Histogram<u32>,
    shortest: u64,
    longest: u64,
    /// How many never end.
    pub endless: u64,
}

impl Default for Spread {
    fn default() -> Self {
        // One significant digit is within the 0 to 5 that a histogram can have, so this cannot fail.
        let finite = Histogram::new(1).expect("1 is a legal number of significant digits");
        Self { finite, shortest: u64::MAX, longest: 0, endless: 0 }
    }
}

impl Spread {
    /// Adds one; `None` is endless.
    pub fn add(&mut self, seconds: Option<u64>) {
        match seconds {
            Some(seconds) => {
                // A histogram that grows takes every value.
                if self.finite.record(seconds).is_err() {
                    return;
                }
                self.shortest = self.shortest.min(seconds);
                self.longest = self.longest.max(seconds);
            }
            None => self.endless += 1,
        }
    }

    /// The first, second and third quartile, endless ones counted as longest; within a sixteenth, `None` where it is endless.
    #[must_use]
    pub fn quartiles(&self) -> [Option<u64>; 3] {
        let finite = self.finite.len();
        let all = finite + self.endless;
        [1, 2, 3].map(|quarter| {
            let rank = (all * quarter).div_ceil(4);
            (rank > 0 && rank <= finite).then(|| {
                let near = self.finite.value_at_quantile(rank as f64 / finite as f64);
                self.finite.median_equivalent(near).clamp(self.shortest, self.longest)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: &[Option<u64>], expected: [Option<u64>; 3]) {
        let mut spread = Spread::default();
        seconds.iter().for_each(|&one| spread.add(one));
        assert_eq!(spread.quartiles(), expected, "{seconds:?}");
    }

    #[test]
    fn quartiles_are_those_of_the_sorted_items() {
        check(&[], [None; 3]);
        check(&[Some(7)], [Some(7); 3]);
        check(&[Some(4), Some(1), Some(3), Some(2)], [Some(1), Some(2), Some(3)]);
        check(&[Some(0), None, Some(5), None], [Some(0), Some(5), None]);
        check(&[None, None], [None; 3]);
    }

    #[test]
    fn large_values_are_within_a_sixteenth() {
        for seconds in [100, 3_600, 86_400, 2_592_000, u64::from(u32::MAX)] {
            let mut spread = Spread::default();
            spread.add(Some(seconds));
            assert_eq!(spread.quartiles(), [Some(seconds); 3]);
            spread.add(Some(0));
            spread.add(Some(seconds * 2));
            let [_, Some(quartile), _] = spread.quartiles() else { panic!("{seconds}") };
            assert!(quartile.abs_diff(seconds) * 16 <= seconds, "{seconds}: {quartile}");
        }
    }
}
