//! The way to each server, step by step, and what the application's client calls a failure.

use std::time::Duration;

use super::Finding;
use super::Status;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::ping;
use crate::pool::Cause;
use crate::pool::Opening;
use crate::pool::Phase;
use crate::pool::Server;
use crate::pool::ServerError;

/// What came of going all the way to a server.
type Attempt = Result<(Opening, Server), ServerError>;

/// Goes all the way to each server; returns the servers that answer.
pub(super) fn findings(context: &mut Context, cluster: &Cluster, findings: &mut Vec<Finding>) -> Vec<usize> {
    let pool = &cluster.pool;
    let all: Vec<usize> = (0..pool.endpoints().len()).collect();
    let attempt = |index: usize| {
        let (mut server, opening) = pool.open(index)?;
        ping::knock(&mut server)?;
        Ok((opening, server))
    };
    let answers: Vec<(usize, Attempt)> = std::thread::scope(|scope| {
        let running: Vec<_> = all.iter().map(|&index| (index, scope.spawn(move || attempt(index)))).collect();
        running.into_iter().filter_map(|(index, thread)| Some((index, thread.join().ok()?))).collect()
    });
    let mut up = Vec::new();
    for (index, answer) in answers {
        match answer {
            Ok((opening, server)) => {
                findings
                    .push(Finding::new(Status::Ok, "connection", steps(opening)).server(pool.name(index)));
                if server.needed_no_login() {
                    let evidence = "has no authentication, and credentials are set: pylibmc fails there with UnknownReadFailure (7)";
                    findings.push(
                        Finding::new(Status::Warn, "login", evidence)
                            .server(pool.name(index))
                            .fix("take the user name away, or start memcached with -S"),
                    );
                }
                up.push(index);
            }
            Err(error) => findings.push(failed(context, error)),
        }
    }
    routing(context, cluster, findings);
    up
}

fn steps(opening: Opening) -> String {
    let time = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let steps = [
        ("name lookup", opening.name_lookup),
        ("connect", Some(opening.connect)),
        ("TLS", opening.tls),
        ("login", opening.authentication),
    ];
    let told = steps.into_iter().filter_map(|(name, taken)| Some(format!("{name} {}", time(taken?))));
    told.collect::<Vec<_>>().join(", ")
}

/// A step that failed, with the number that libmemcached has for it.
fn failed(context: &Context, error: ServerError) -> Finding {
    let (topic, client) = match (error.phase, &error.cause) {
        (_, Cause::AuthenticationRefused(_)) => ("login", "pylibmc raises Error 40 or 41 here"),
        (Phase::Authentication, _) => ("login", "pylibmc raises Error 40 or 31 here"),
        (Phase::NameLookup, _) => ("name lookup", "pylibmc raises HostLookupError (2) here"),
        (Phase::Tls, _) => ("TLS", "pylibmc speaks no TLS and raises Error 31 or ConnectionError (3)"),
        (Phase::Connect, _) => (
            "connection",
            "pylibmc raises ConnectionError (3), then ServerDown (47) until its retry_timeout, and with ejection ServerDead (35)",
        ),
        (Phase::Reply, Cause::Timeout(_)) => ("connection", "pylibmc raises Error 31 (a timeout) here"),
        (Phase::Reply, _) => {
            ("connection", "pylibmc raises ConnectionError (3) or UnknownReadFailure (7) here")
        }
    };
    let login = "check the user name and password; where only the application gets 40, SASL_PATH must name the plugins of its libsasl";
    let fix = match topic {
        "login" => Some(login),
        "name lookup" => Some("check the spelling, /etc/hosts and the resolver"),
        "connection" => Some("check the port, that memcached runs (-l, -p), and the firewall"),
        _ => None,
    };
    let mut finding = Finding::failed(topic, context.failure(error));
    finding.fix = finding.fix.or_else(|| fix.map(str::to_owned));
    finding.evidence = format!("{}; {client}", finding.evidence);
    finding
}

/// How the keys are spread.
fn routing(context: &Context, cluster: &Cluster, findings: &mut Vec<Finding>) {
    let Ok(routing) = context.settings.routing() else { return };
    let shares = cluster.router.shares();
    if shares.len() < 2 {
        return;
    }
    let shown: Vec<String> = shares.iter().map(|share| format!("{:.0}%", share * 100.0)).collect();
    let evidence = format!("{routing} gives the servers {} of the keys", shown.join(" "));
    let mean = 1.0 / shares.len() as f64;
    let is_even = shares.iter().all(|share| *share > mean * 0.5 && *share < mean * 2.0);
    let status = if is_even { Status::Ok } else { Status::Warn };
    findings.push(
        Finding::new(status, "routing", evidence)
            .fix("cachier where --audit tells whether the application does the same"),
    );
    for note in cluster.router.notes() {
        findings.push(Finding::new(Status::Note, "routing", note));
    }
}
