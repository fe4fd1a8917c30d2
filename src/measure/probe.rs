//! What a latency probe found out about one server, or about all of them.

use std::time::Duration;

use serde::Serialize;

use super::figure::Dimension;
use super::figure::Field;
use super::figure::Fields;
use super::figure::Figure;
use super::latency::Connections;
use super::latency::Distribution;
use super::latency::Phase;
use super::latency::Summary;

/// The requests of a probe, and its fresh connections.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// From the intended moment of sending to the reply; timeouts are in it, errors are not.
    pub response: Distribution,
    /// From the actual sending to the reply.
    pub service: Distribution,
    /// Requests that were answered as they should be.
    pub ok: u64,
    /// Requests that were not answered within the timeout.
    pub timeouts: u64,
    /// Requests that were refused, or whose connection broke.
    pub errors: u64,
    /// Requests that were due and not sent, since too many were still unanswered.
    pub skipped: u64,
    /// The phases of fresh connections.
    pub connections: Connections,
}

impl Probe {
    /// Records a reply.
    pub fn answered(&mut self, response: Duration, service: Duration) {
        self.response.record(response);
        self.service.record(service);
        self.ok += 1;
    }

    /// Records a request without a reply as a sample of the time that was waited.
    pub fn timed_out(&mut self, timeout: Duration) {
        self.response.record(timeout);
        self.service.record(timeout);
        self.timeouts += 1;
    }

    /// Records a request that failed: counted, but no sample of the latency.
    pub fn failed(&mut self) {
        self.errors += 1;
    }

    /// Records a request that was due and not sent.
    pub fn skipped(&mut self) {
        self.skipped += 1;
    }

    /// Adds what another probe found, for the total.
    pub fn merge(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.ok += other.ok;
        self.timeouts += other.timeouts;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.connections.merge(&other.connections);
    }

    /// Returns the number of requests that were sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.ok + self.timeouts + self.errors
    }

    /// Returns what JSON shows; a server that was never reached has only zero counts and nulls.
    #[must_use]
    pub fn record(&self) -> ProbeRecord<'_> {
        ProbeRecord {
            n: self.requests(),
            ok: self.ok,
            timeouts: self.timeouts,
            errors: self.errors,
            skipped: self.skipped,
            response_us: self.response.summary(),
            service_us: self.service.summary(),
            connect_us: &self.connections,
        }
    }

    fn count(&self, count: u64, of: u64) -> Field {
        // A count of nothing that was tried says nothing: `timeouts>0` must not pass on a server nobody could ask.
        let figure = if of == 0 { Figure::Unavailable } else { Figure::Number(count as f64) };
        Field { figure, dimension: Dimension::Count, whole: Some(of as f64) }
    }

    fn phase_figure(&self, phase: Phase, name: &str) -> Option<Figure> {
        match self.connections.phase(phase) {
            Some(distribution) => distribution.figure(name),
            // Connections without that phase: there was nothing that could have been slow.
            None if self.connections.total().count() > 0 => {
                self.connections.total().figure(name).map(|_| Figure::Idle)
            }
            None => self.connections.total().figure(name),
        }
    }
}

/// `p99`, `max`, `mean`… of the response time, `service.p99`, `connect.max` (all phases of a connection together),
/// `dns.max`, `tcp.…`, `tls.…`, `auth.…`, `first_op.…`; `n`, `ok`, `timeouts`, `errors`, `skipped`, of which `%` is
/// that of the requests. An empty probe knows all these names: it is the vocabulary.
impl Fields for Probe {
    fn field(&self, name: &str) -> Option<Field> {
        let sent = self.requests();
        let count = match name {
            "n" => Some(self.count(sent, sent)),
            "ok" => Some(self.count(self.ok, sent)),
            "timeouts" => Some(self.count(self.timeouts, sent)),
            "errors" => Some(self.count(self.errors, sent)),
            "skipped" => Some(self.count(self.skipped, sent + self.skipped)),
            _ => None,
        };
        if count.is_some() {
            return count;
        }
        // `p99.9` has a dot as well, so a part is only what is one.
        let figure = match name.split_once('.') {
            Some(("response", rest)) => self.response.figure(rest),
            Some(("service", rest)) => self.service.figure(rest),
            Some(("connect", rest)) => self.connections.total().figure(rest),
            Some((part, rest)) => match Phase::ALL.into_iter().find(|phase| phase.name() == part) {
                Some(phase) => self.phase_figure(phase, rest),
                None => self.response.figure(name),
            },
            None => self.response.figure(name),
        };
        figure.map(|figure| Field::new(figure, Dimension::Microseconds))
    }

    fn names(&self) -> Vec<String> {
        const TIMES: [&str; 9] = ["p50", "p90", "p95", "p99", "p99.9", "min", "mean", "stdev", "max"];
        let mut names: Vec<String> = ["n", "ok", "timeouts", "errors", "skipped"]
            .iter()
            .chain(&TIMES)
            .map(ToString::to_string)
            .collect();
        let parts = ["response", "service", "connect"].into_iter().chain(Phase::ALL.map(Phase::name));
        names.extend(parts.flat_map(|part| TIMES.map(|time| format!("{part}.{time}"))));
        names
    }
}

/// A probe as JSON shows it, to be flattened behind `server`, `up` and `error`, or alone as the total.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeRecord<'a> {
    /// Requests that were sent.
    pub n: u64,
    /// Requests that were answered as they should be.
    pub ok: u64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests that were due and not sent.
    pub skipped: u64,
    /// From the intended moment of sending.
    pub response_us: Summary,
    /// From the actual sending.
    pub service_us: Summary,
    /// The phases of fresh connections; `null` for one that no connection had.
    pub connect_us: &'a Connections,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn probe() -> Probe {
        let mut probe = Probe::default();
        for n in 1..=990 {
            probe.answered(Duration::from_micros(n), Duration::from_micros(n / 2));
        }
        for _ in 0..10 {
            probe.timed_out(Duration::from_millis(750));
        }
        probe.failed();
        probe.skipped();
        probe
    }

    #[test]
    fn timeouts_are_samples_and_errors_are_not() {
        let record = serde_json::to_value(probe().record()).unwrap();
        let expected = serde_json::json!({"n": 1001, "ok": 990, "timeouts": 10, "errors": 1, "skipped": 1});
        for (name, count) in expected.as_object().unwrap() {
            assert_eq!(record[name], *count, "{name}");
        }
        assert_eq!(record["response_us"]["max"], 750_000);
        assert_eq!(record["response_us"]["percentiles"]["99"], 990);
        assert_eq!(record["service_us"]["percentiles"]["99"], 495);
        assert_eq!(record["response_us"]["percentiles"]["99.9"], serde_json::Value::Null);
        let names: Vec<&String> = record.as_object().unwrap().keys().collect();
        let contract =
            ["n", "ok", "timeouts", "errors", "skipped", "response_us", "service_us", "connect_us"];
        assert_eq!(names, contract);
    }

    #[test]
    fn merging_adds_counts_and_samples() {
        let mut total = probe();
        total.merge(&probe());
        assert_eq!(
            (total.requests(), total.ok, total.timeouts, total.errors, total.skipped),
            (2002, 1980, 20, 2, 2)
        );
        assert_eq!(total.response.count(), 2000);
    }

    #[test]
    fn fields_are_those_of_the_response_unless_another_part_is_named() {
        let mut probe = probe();
        probe.connections.record(&[(Phase::Tcp, MILLISECOND), (Phase::Auth, 2 * MILLISECOND)]);
        let cases = [
            ("p50", Some(Figure::Number(500.0))),
            ("response.p99", Some(Figure::Number(990.0))),
            ("service.p99", Some(Figure::Number(495.0))),
            ("p99.9", Some(Figure::Unavailable)),
            ("service.p99.9", Some(Figure::Unavailable)),
            ("max", Some(Figure::Number(750_000.0))),
            ("n", Some(Figure::Number(1001.0))),
            ("timeouts", Some(Figure::Number(10.0))),
            ("errors", Some(Figure::Number(1.0))),
            ("skipped", Some(Figure::Number(1.0))),
            ("connect.max", Some(Figure::Number(3000.0))),
            ("connect.p99", Some(Figure::Unavailable)),
            ("auth.max", Some(Figure::Number(2000.0))),
            ("tls.max", Some(Figure::Idle)),
            ("tls.nothing", None),
            ("connect", None),
            ("p", None),
            ("p101", None),
            ("hit_ratio", None),
        ];
        for (name, expected) in cases {
            assert_eq!(probe.field(name).map(|field| field.figure), expected, "{name}");
        }
        assert_eq!(probe.field("timeouts").and_then(|field| field.whole), Some(1001.0));
        assert_eq!(probe.field("skipped").and_then(|field| field.whole), Some(1002.0));
    }

    #[test]
    fn a_server_that_was_never_asked_has_no_figures() {
        let probe = Probe::default();
        for name in probe.names() {
            assert_eq!(probe.field(&name).map(|field| field.figure), Some(Figure::Unavailable), "{name}");
        }
    }
}
