//! Two probes held against each other: which percentiles changed by more than chance and noise explain.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

use super::latency::Distribution;
use super::percentile::Percentile;

/// The schema that an earlier document must have.
pub const SCHEMA: &str = "cachier/latency/1";

/// Two runs on an unchanged machine differ by this share; less is no change.
const NOISE: f64 = 0.10;

/// The same where the earlier document tells no ranges.
const NOISE_WITHOUT_RANGE: f64 = 0.25;

/// What a scheduler adds or not, in microseconds; less is no change.
const JITTER: f64 = 20.0;

/// Why a document cannot be compared with.
#[derive(Debug, Error, PartialEq)]
pub enum EarlierError {
    /// It is no JSON.
    #[error("is not a JSON document: {0}")]
    Json(String),
    /// It is a document of something else.
    #[error("has {}, not \"{SCHEMA}\"", schema_words(.0.as_deref()))]
    Schema(Option<String>),
    /// A part of it is missing or of the wrong type.
    #[error("is not the document of a latency probe: {0}")]
    Shape(String),
}

fn schema_words(schema: Option<&str>) -> String {
    schema.map_or_else(|| "no \"schema\"".to_owned(), |schema| format!("the schema {schema:?}"))
}

/// An earlier document of a latency probe, as far as it is compared.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Earlier {
    /// When it was measured (RFC 3339).
    pub started_at: String,
    config: Map<String, Value>,
    servers: Vec<EarlierServer>,
    total: EarlierTimes,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct EarlierServer {
    server: String,
    response_us: EarlierSummary,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct EarlierTimes {
    response_us: EarlierSummary,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct EarlierSummary {
    percentiles: Map<String, Value>,
    #[serde(default)]
    ranges: Map<String, Value>,
}

impl EarlierSummary {
    fn percentile(&self, name: &str) -> Option<u64> {
        self.percentiles.get(name)?.as_u64()
    }

    fn range(&self, name: &str) -> Option<(u64, u64)> {
        let range = self.ranges.get(name)?.as_array()?;
        Some((range.first()?.as_u64()?, range.get(1)?.as_u64()?))
    }
}

impl Earlier {
    /// Reads the text of a document.
    ///
    /// # Errors
    /// [`EarlierError`] tells what it is instead.
    pub fn parse(text: &[u8]) -> Result<Self, EarlierError> {
        let document: Value =
            serde_json::from_slice(text).map_err(|error| EarlierError::Json(error.to_string()))?;
        let schema = document.get("schema").and_then(Value::as_str);
        if schema != Some(SCHEMA) {
            return Err(EarlierError::Schema(schema.map(str::to_owned)));
        }
        let earlier: Self =
            serde_json::from_value(document).map_err(|error| EarlierError::Shape(error.to_string()))?;
        let summaries = earlier.servers.iter().map(|server| &server.response_us);
        for summary in summaries.chain([&earlier.total.response_us]) {
            for (name, value) in &summary.percentiles {
                if !value.is_null() && value.as_u64().is_none() {
                    return Err(EarlierError::Shape(format!(
                        "percentile \"{name}\" is {value}, not a number of microseconds"
                    )));
                }
            }
        }
        Ok(earlier)
    }

    /// Returns a setting of how it was measured, as JSON writes it.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.config.get(name)
    }

    /// Returns the names of its servers.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.server.as_str())
    }

    /// Compares the response times of a server (`None`: of all together); `None` if the document does not have it.
    #[must_use]
    pub fn compare(&self, server: Option<&str>, now: &Distribution) -> Option<Vec<Change>> {
        let earlier = match server {
            None => &self.total.response_us,
            Some(name) => &self.servers.iter().find(|server| server.server == name)?.response_us,
        };
        Some(Percentile::SHOWN.map(|percentile| change(percentile, earlier, now)).to_vec())
    }
}

/// What became of one percentile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// `50`, `99.9`.
    pub percentile: String,
    /// Then, in microseconds.
    pub before_us: Option<u64>,
    /// Now, in microseconds.
    pub now_us: Option<u64>,
    /// The difference as a share of what it was.
    pub change: Option<f64>,
    /// What to make of it.
    pub verdict: Verdict,
}

/// What to make of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Less than before, beyond chance and noise.
    Faster,
    /// Nothing beyond chance and noise.
    Same,
    /// More than before, beyond chance and noise.
    Slower,
    /// One of the two samples does not support the percentile.
    Unknown,
}

impl Verdict {
    /// Returns the word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Same => "same",
            Self::Slower => "slower",
            Self::Unknown => "unknown",
        }
    }
}

fn change(percentile: Percentile, earlier: &EarlierSummary, now: &Distribution) -> Change {
    let name = percentile.to_string();
    let (before, after) = (earlier.percentile(&name), now.percentile(percentile));
    let (Some(old), Some(new), Some(range)) = (before, after, now.range(percentile)) else {
        return Change {
            percentile: name,
            before_us: before,
            now_us: after,
            change: None,
            verdict: Verdict::Unknown,
        };
    };
    let change = (old > 0).then(|| (new as f64 - old as f64) / old as f64);
    let (old_range, noise) = match earlier.range(&name) {
        Some(range) => (range, NOISE),
        None => ((old, old), NOISE_WITHOUT_RANGE),
    };
    let difference = new as f64 - old as f64;
    let verdict = if difference.abs() < (old as f64 * noise).max(JITTER) {
        Verdict::Same
    } else if range.0 > old_range.1 {
        Verdict::Slower
    } else if range.1 < old_range.0 {
        Verdict::Faster
    } else {
        Verdict::Same
    };
    Change { percentile: name, before_us: before, now_us: after, change, verdict }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn around(middle: u64, count: u64) -> Distribution {
        let mut distribution = Distribution::default();
        for sample in 0..count {
            distribution.record(Duration::from_micros(middle + sample % 21 - 10));
        }
        distribution
    }

    fn document(distribution: &Distribution) -> Value {
        let summary = serde_json::to_value(distribution.summary()).unwrap();
        json!({
            "schema": SCHEMA, "started_at": "2026-01-01T00:00:00Z", "config": {"op": "noop"},
            "servers": [{"server": "a:1", "up": true, "response_us": summary}],
            "total": {"response_us": summary},
        })
    }

    fn verdicts(document: &Value, now: &Distribution) -> Vec<Verdict> {
        let earlier = Earlier::parse(document.to_string().as_bytes()).unwrap();
        let changes = earlier.compare(Some("a:1"), now).unwrap();
        assert_eq!(earlier.compare(None, now).unwrap(), changes);
        changes.iter().map(|change| change.verdict).collect()
    }

    #[test]
    fn only_what_chance_and_noise_do_not_explain_is_a_change() {
        use Verdict::{Faster, Same, Slower, Unknown};
        let before = document(&around(500, 1_000));
        let cases = [
            (around(500, 1_000), [Same, Same, Same, Unknown]),
            // Far beyond chance, but within a tenth.
            (around(540, 1_000), [Same, Same, Same, Unknown]),
            (around(700, 1_000), [Slower, Slower, Slower, Unknown]),
            (around(300, 1_000), [Faster, Faster, Faster, Unknown]),
            (around(700, 10), [Slower, Unknown, Unknown, Unknown]),
        ];
        for (now, expected) in cases {
            assert_eq!(verdicts(&before, &now), expected, "{:?}", now.summary());
        }
        // Twice as much, but what a scheduler adds.
        assert_eq!(verdicts(&document(&around(15, 1_000)), &around(30, 1_000))[0], Same);
    }

    #[test]
    fn a_wide_range_makes_no_change() {
        let mut before = document(&around(500, 1_000));
        for part in ["/total/response_us/ranges", "/servers/0/response_us/ranges"] {
            *before.pointer_mut(part).unwrap() = json!({"50": [100, 900]});
        }
        assert_eq!(verdicts(&before, &around(700, 1_000))[0], Verdict::Same);
        assert_eq!(verdicts(&before, &around(1_000, 1_000))[0], Verdict::Slower);
    }

    #[test]
    fn a_document_without_ranges_needs_a_larger_difference() {
        let mut before = document(&around(500, 1_000));
        for part in ["/total/response_us", "/servers/0/response_us"] {
            before.pointer_mut(part).unwrap().as_object_mut().unwrap().remove("ranges");
        }
        assert_eq!(verdicts(&before, &around(600, 1_000))[0], Verdict::Same);
        assert_eq!(verdicts(&before, &around(700, 1_000))[0], Verdict::Slower);
    }

    #[test]
    fn what_is_no_earlier_probe_is_named() {
        let message = |text: &str| Earlier::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(message("no json").starts_with("is not a JSON document: "));
        assert_eq!(message("{}"), "has no \"schema\", not \"cachier/latency/1\"");
        assert_eq!(
            message(r#"{"schema": "cachier/stats/1"}"#),
            "has the schema \"cachier/stats/1\", not \"cachier/latency/1\""
        );
        let mut without = document(&around(500, 10));
        without.as_object_mut().unwrap().remove("total");
        assert_eq!(
            message(&without.to_string()),
            "is not the document of a latency probe: missing field `total`"
        );
        let mut wrong = document(&around(500, 10));
        *wrong.pointer_mut("/total/response_us/percentiles/50").unwrap() = json!("fast");
        assert_eq!(
            message(&wrong.to_string()),
            "is not the document of a latency probe: percentile \"50\" is \"fast\", not a number of microseconds"
        );
    }

    #[test]
    fn a_server_that_was_not_there_is_not_compared() {
        let earlier = Earlier::parse(document(&around(500, 10)).to_string().as_bytes()).unwrap();
        assert_eq!(earlier.compare(Some("b:1"), &around(500, 10)), None);
        assert_eq!(earlier.servers().collect::<Vec<_>>(), ["a:1"]);
        assert_eq!(earlier.setting("op"), Some(&json!("noop")));
    }
}
