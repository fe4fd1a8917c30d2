//! What arrives, for whoever runs the server and looks on.

/// As many different operations as are kept from one look to the next; a busy server pays for no more.
const KEPT: usize = 10;

/// One operation on one key, or several alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What was asked for, such as `get`.
    pub operation: &'static str,
    /// On which key; empty for all keys.
    pub key: Vec<u8>,
    /// What came of it, such as `hit`.
    pub outcome: &'static str,
    /// How often.
    pub times: u64,
}

/// What somebody who looks sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The first different operations since the last look, at most ten.
    pub arrivals: Vec<Arrival>,
    /// How many operations came besides.
    pub others: u64,
    /// Keys asked for, since the start.
    pub gets: u64,
    /// Keys that were there, since the start.
    pub hits: u64,
    /// Values that came, since the start.
    pub sets: u64,
    /// Items stored now.
    pub items: u64,
}

/// What is kept for the next look; nothing until somebody has looked once.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    is_wanted: bool,
    kept: Vec<Arrival>,
    others: u64,
}

impl Arrivals {
    pub(super) fn note(&mut self, operation: &'static str, key: &[u8], outcome: &'static str) {
        if !self.is_wanted {
            return;
        }
        let alike = self
            .kept
            .iter_mut()
            .find(|kept| kept.operation == operation && kept.outcome == outcome && kept.key == key);
        if let Some(alike) = alike {
            alike.times += 1;
        } else if self.kept.len() < KEPT {
            self.kept.push(Arrival { operation, key: key.to_vec(), outcome, times: 1 });
        } else {
            self.others += 1;
        }
    }

    /// Takes what was kept and its company; from now on there will be some.
    pub(super) fn take(&mut self) -> (Vec<Arrival>, u64) {
        self.is_wanted = true;
        (std::mem::take(&mut self.kept), std::mem::take(&mut self.others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_shown_all_are_counted_and_nobody_pays_before_a_look() {
        let mut arrivals = Arrivals::default();
        arrivals.note("get", b"early", "hit");
        assert_eq!(arrivals.take(), (Vec::new(), 0));
        for number in 0..100 {
            arrivals.note("get", b"same", "hit");
            arrivals.note("set", format!("key{number}").as_bytes(), "stored");
        }
        let (kept, others) = arrivals.take();
        assert_eq!((kept.len(), others), (KEPT, 91));
        assert_eq!(kept[0], Arrival { operation: "get", key: b"same".to_vec(), outcome: "hit", times: 100 });
        assert_eq!(arrivals.take(), (Vec::new(), 0));
    }
}
