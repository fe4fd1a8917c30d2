//! One sentence on what the figures of a probe mean for an application.

use super::latency::Phase;
use super::percentile::Percentile;
use super::probe::Probe;

/// How long pylibmc waits for a reply with the settings that MemCachier recommends, in microseconds.
const REPLY_TIMEOUT: u64 = 750_000;

/// How long it waits for a connection, in microseconds.
const CONNECT_TIMEOUT: u64 = 2_000_000;

/// From which response time on a queue is worth a word, in microseconds.
const STALL: u64 = 10_000;

/// Returns what the figures of all servers mean; `None` if nothing was answered. `is_local` says that all of them are on this
/// machine.
///
/// Three things are said: where the servers seem to be or what held them up, what a fresh connection costs beside a request,
/// and how the slowest request stands to the timeouts of an application.
#[must_use]
pub fn sentence(total: &Probe, is_local: bool) -> Option<String> {
    let median = total.service.percentile(Percentile::P50)?;
    if total.ok == 0 {
        return None;
    }
    let clauses = [
        stall(total).or_else(|| Some(distance(median, is_local))),
        connection(total, median),
        timeouts(total),
    ];
    Some(clauses.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// Writes a time with three digits.
#[must_use]
pub fn time(microseconds: u64) -> String {
    let milliseconds = microseconds as f64 / 1000.0;
    match microseconds {
        0..100 => format!("{milliseconds:.3}ms"),
        100..10_000 => format!("{milliseconds:.2}ms"),
        10_000..100_000 => format!("{milliseconds:.1}ms"),
        _ => format!("{milliseconds:.0}ms"),
    }
}

/// The highest percentile that the sample supports.
fn highest(total: &Probe) -> Option<Percentile> {
    Percentile::SHOWN.into_iter().rev().find(|percentile| total.response.percentile(*percentile).is_some())
}

/// Requests that waited for others: the server looks fast to a closed loop.
fn stall(total: &Probe) -> Option<String> {
    let percentile = highest(total)?;
    let (response, service) = (total.response.percentile(percentile)?, total.service.percentile(percentile)?);
    (response > STALL && response / 10 > service).then(|| {
        let (response, service) = (time(response), time(service));
        format!("requests queued behind a stall: p{percentile} is {response} from the intended moment, {service} from the sending")
    })
}

/// Where a server with such a median usually is (figures of MemCachier for Amazon's network).
fn distance(median: u64, is_local: bool) -> String {
    if is_local && median >= 200 {
        return format!(
            "a median of {} is much for a server on this machine, which seems to be busy",
            time(median)
        );
    }
    let place = match median {
        0..200 => "a server on this machine or next to it",
        200..500 => "a server in the same zone",
        500..2_000 => "a server in another zone of the same region",
        _ => "a server in another region",
    };
    format!("a median of {} is usual for {place}", time(median))
}

fn connection(total: &Probe, median: u64) -> Option<String> {
    let whole = total.connections.total().percentile(Percentile::P50)?;
    let slowest = Phase::ALL
        .into_iter()
        .filter_map(|phase| Some((phase, total.connections.phase(phase)?.percentile(Percentile::P50)?)))
        .max_by_key(|(_, time)| *time)?;
    let name = match slowest.0 {
        Phase::Dns => "name lookup",
        Phase::Tcp => "TCP",
        Phase::Tls => "TLS",
        Phase::Auth => "authentication",
        Phase::FirstOp => "the first request",
    };
    let times = whole / median.max(1);
    let keep =
        if times >= 3 { format!(", {times} times a request: keep connections open") } else { String::new() };
    Some(format!("a fresh connection takes {}, the most of it {name}{keep}", time(whole)))
}

fn timeouts(total: &Probe) -> Option<String> {
    let slowest = total.response.max()?;
    let limits = "the 750ms that MemCachier's settings for pylibmc allow";
    let open = total.connections.total().max().unwrap_or(0);
    Some(if total.timeouts > 0 {
        let (timeouts, requests) = (total.timeouts, total.requests());
        format!(
            "{timeouts} of {requests} requests had no answer in time, where an application reports an error or a miss"
        )
    } else if slowest >= REPLY_TIMEOUT {
        format!("the slowest request, {}, is beyond {limits}", time(slowest))
    } else if open >= CONNECT_TIMEOUT {
        format!("the slowest connection, {}, is beyond the 2s that pylibmc waits for one", time(open))
    } else {
        format!("the slowest request, {}, is within {limits}", time(slowest))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn probe(micros: u64, count: u64) -> Probe {
        let mut probe = Probe::default();
        for _ in 0..count {
            probe.answered(Duration::from_micros(micros), Duration::from_micros(micros));
        }
        probe
    }

    #[test]
    fn the_distance_of_a_median_is_named() {
        let cases = [
            (50, "on this machine or next to it"),
            (310, "in the same zone"),
            (900, "in another zone"),
            (9_000, "in another region"),
        ];
        for (median, expected) in cases {
            let sentence = sentence(&probe(median, 10), false).unwrap();
            assert!(sentence.contains(expected), "{sentence}");
            assert!(sentence.contains("is within the 750ms"), "{sentence}");
        }
    }

    #[test]
    fn a_slow_server_on_this_machine_is_in_no_other_region() {
        assert!(
            sentence(&probe(9_000, 10), true)
                .unwrap()
                .contains("9.00ms is much for a server on this machine")
        );
        assert!(sentence(&probe(50, 10), true).unwrap().contains("on this machine or next to it"));
    }

    #[test]
    fn a_stall_is_named_instead_of_a_distance() {
        let mut probe = probe(100, 900);
        for _ in 0..100 {
            probe.answered(Duration::from_millis(600), Duration::from_micros(300));
        }
        assert_eq!(
            sentence(&probe, false).unwrap(),
            "requests queued behind a stall: p99 is 600ms from the intended moment, 0.30ms from the sending; the slowest \
             request, 600ms, is within the 750ms that MemCachier's settings for pylibmc allow"
        );
    }

    #[test]
    fn a_connection_is_compared_with_a_request() {
        let mut probe = probe(300, 10);
        for _ in 0..5 {
            probe.connections.record(&[
                (Phase::Tcp, Duration::from_micros(500)),
                (Phase::Auth, Duration::from_micros(900)),
            ]);
        }
        let sentence = sentence(&probe, false).unwrap();
        let expected = "a fresh connection takes 1.40ms, the most of it authentication, 4 times a request: keep connections open";
        assert!(sentence.contains(expected), "{sentence}");
    }

    #[test]
    fn what_an_application_would_not_have_waited_for_is_named() {
        let mut slow = probe(300, 10);
        slow.answered(Duration::from_millis(995), Duration::from_millis(995));
        assert!(sentence(&slow, false).unwrap().contains("the slowest request, 995ms, is beyond the 750ms"));
        slow.timed_out(Duration::from_secs(1));
        assert!(sentence(&slow, false).unwrap().contains("1 of 12 requests had no answer in time"));
        let mut connecting = probe(300, 10);
        connecting.connections.record(&[(Phase::Tcp, Duration::from_secs(3))]);
        assert!(
            sentence(&connecting, false)
                .unwrap()
                .contains("the slowest connection, 3000ms, is beyond the 2s")
        );
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(sentence(&Probe::default(), false), None);
        let mut silent = Probe::default();
        (0..10).for_each(|_| silent.timed_out(Duration::from_secs(1)));
        assert_eq!(sentence(&silent, false), None);
    }

    #[test]
    fn times_have_three_digits() {
        let shown = [7, 99, 100, 1_184, 11_340, 750_000].map(time);
        assert_eq!(shown, ["0.007ms", "0.099ms", "0.10ms", "1.18ms", "11.3ms", "750ms"]);
    }
}
