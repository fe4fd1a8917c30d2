//! Stretches of a server's time: its lifetime, or the interval between two samples.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::sample::Class;
use super::sample::Sample;
use super::sample::is_state;

/// Counted events and the state at the end of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Period {
    /// How long it was; `None` if the server does not tell its uptime.
    pub seconds: Option<f64>,
    /// Its slab classes.
    pub classes: Vec<Class>,
    /// Why the events of an interval are not known.
    pub withheld: Option<Withheld>,
    values: HashMap<String, f64>,
}

/// Why there are no rates for an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// The counters went back though the server did not restart: `stats reset`.
    Reset,
    /// The server restarted within the interval.
    Restart,
}

impl Period {
    /// Returns the lifetime of a server up to a sample.
    #[must_use]
    pub fn lifetime(sample: &Sample) -> Self {
        let numbers = sample.general.iter().map(|(name, _)| (name, sample.general.number(name)));
        let mut values: HashMap<String, f64> =
            numbers.filter_map(|(name, number)| Some((name.to_owned(), number?))).collect();
        // The limit is in the general statistics since 1.4.24 only.
        if let Some(limit) = sample.settings.as_ref().and_then(|settings| settings.number("maxconns")) {
            values.entry("max_connections".to_owned()).or_insert(limit);
        }
        // Tells a server without a single page from one that offers no classes at all.
        values.extend(
            sample
                .slabs
                .as_ref()
                .and_then(|slabs| Some(("active_slabs".to_owned(), slabs.number("active_slabs")?))),
        );
        Self { seconds: values.get("uptime").copied(), classes: sample.classes(), withheld: None, values }
    }

    /// Returns what happened between two samples of one server, `elapsed` being measured by the one who asked.
    ///
    /// After a restart or a reset of the counters the events are unknown, and the state is what remains.
    #[must_use]
    pub fn between(old: &Sample, new: &Sample, elapsed: Duration) -> Self {
        let (before, mut now) = (Self::lifetime(old), Self::lifetime(new));
        let seconds = elapsed.as_secs_f64();
        now.withheld = withheld(&before, &now, seconds);
        now.seconds = Some(seconds);
        let is_known = now.withheld.is_none();
        now.values.retain(|name, value| {
            if is_state(name) {
                return true;
            }
            *value -= before.value(name).unwrap_or(f64::NAN);
            // A counter that one sample lacks, or that went back alone, tells nothing.
            is_known && *value >= 0.0
        });
        for class in &mut now.classes {
            let earlier = before.classes.iter().find(|earlier| earlier.id == class.id);
            class.evicted = change(class.evicted, earlier.map(|class| class.evicted), is_known);
            class.out_of_memory =
                change(class.out_of_memory, earlier.map(|class| class.out_of_memory), is_known);
        }
        now
    }

    /// Returns the period of several servers together: values that all of them have, added up.
    #[must_use]
    pub fn sum(periods: &[&Self]) -> Self {
        let mut values: HashMap<String, f64> = HashMap::new();
        if let Some((first, others)) = periods.split_first() {
            for name in first.values.keys() {
                let sum: Option<f64> =
                    others.iter().map(|period| period.value(name)).chain([first.value(name)]).sum();
                values.extend(sum.map(|sum| (name.clone(), sum)));
            }
        }
        let classes = periods.iter().flat_map(|period| period.classes.iter().cloned()).collect();
        Self { seconds: None, classes, withheld: None, values }
    }

    /// Returns the classes that starve: those with at least a twentieth of all evictions, and three times their part of
    /// the pages. Where one class has all the pages nobody keeps any from it.
    pub fn starving(&self) -> impl Iterator<Item = &Class> {
        let sum = |of: fn(&Class) -> Option<f64>| self.classes.iter().filter_map(of).sum::<f64>();
        let (evicted, pages) = (sum(|class| class.evicted), sum(|class| class.pages));
        self.classes.iter().filter(move |class| {
            let part = class.evicted.unwrap_or_default() / evicted;
            // Without evictions the part is no number, and no comparison with it holds.
            part >= 0.05 && class.pages.is_some_and(|own| part >= 3.0 * own / pages)
        })
    }

    /// Returns a general field: the events of the period, or the state at its end.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }
}

fn withheld(before: &Period, now: &Period, elapsed: f64) -> Option<Withheld> {
    // Events that every server counts and that only a restart or `stats reset` takes back.
    const COUNTERS: [&str; 8] = [
        "bytes_read",
        "bytes_written",
        "cmd_get",
        "cmd_set",
        "get_hits",
        "get_misses",
        "total_connections",
        "total_items",
    ];
    let pair = |name| before.value(name).zip(now.value(name));
    let went_back = |name| pair(name).is_some_and(|(before, now)| now < before);
    let other_process = pair("pid").is_some_and(|(before, now)| before != now);
    // The clock of memcached ticks in seconds, and may be a tick behind.
    let is_younger = now.value("uptime").is_some_and(|uptime| uptime + 2.0 < elapsed);
    if other_process || is_younger || went_back("uptime") {
        Some(Withheld::Restart)
    } else {
        COUNTERS.into_iter().any(went_back).then_some(Withheld::Reset)
    }
}

/// Returns the events of a class; one that was not listed before had no items, most often because it is used only now.
fn change(now: Option<f64>, before: Option<Option<f64>>, is_known: bool) -> Option<f64> {
    let change = now? - before.unwrap_or(Some(0.0))?;
    (is_known && change >= 0.0).then_some(change)
}
