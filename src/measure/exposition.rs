//! Prometheus' text format (version 0.0.4): families of samples, each named and explained once.

use std::fmt;

/// How the numbers of a family behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// They only rise, but for a restart.
    Counter,
    /// They rise and fall.
    Gauge,
}

/// A family of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How its numbers behave.
    pub kind: Kind,
    /// What they count.
    pub help: &'static str,
}

/// Samples in the order of their families; shown as the text that is scraped.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    families: Vec<(Metric, String)>,
}

impl Exposition {
    /// Adds a sample; label values may hold anything.
    pub fn add(&mut self, metric: Metric, labels: &[(&str, &str)], value: f64) {
        let known = self.families.iter().position(|(family, _)| family.name == metric.name);
        let index = known.unwrap_or_else(|| {
            self.families.push((metric, String::new()));
            self.families.len() - 1
        });
        let Some((_, samples)) = self.families.get_mut(index) else { return };
        samples.push_str(metric.name);
        for (position, (name, value)) in labels.iter().enumerate() {
            samples.push(if position == 0 { '{' } else { ',' });
            samples.push_str(name);
            samples.push_str("=\"");
            escape(value, samples);
            samples.push('"');
        }
        if !labels.is_empty() {
            samples.push('}');
        }
        samples.push(' ');
        samples.push_str(&value.to_string());
        samples.push('\n');
    }
}

impl fmt::Display for Exposition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Metric { name, kind, help }, samples) in &self.families {
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
            };
            write!(formatter, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}")?;
        }
        Ok(())
    }
}

/// Appends a label value as it stands between quotes.
fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_together_under_one_explanation_and_labels_are_escaped() {
        const UP: Metric = Metric { name: "up", kind: Kind::Gauge, help: "Whether it answers." };
        const GETS: Metric = Metric { name: "gets_total", kind: Kind::Counter, help: "Gets." };
        let mut exposition = Exposition::default();
        exposition.add(UP, &[("server", "a\\b\"c\nd")], 1.0);
        exposition.add(GETS, &[("server", "a"), ("status", "hit")], 12.0);
        exposition.add(UP, &[("server", "b")], 0.0);
        exposition.add(GETS, &[], 0.25);
        assert_eq!(
            exposition.to_string(),
            "# HELP up Whether it answers.\n# TYPE up gauge\nup{server=\"a\\\\b\\\"c\\nd\"} 1\nup{server=\"b\"} 0\n\
            # HELP gets_total Gets.\n# TYPE gets_total counter\ngets_total{server=\"a\",status=\"hit\"} 12\ngets_total 0.25\n"
        );
    }
}
