//! Where the settings come from, and what the application may read instead.

use super::Finding;
use super::Status;
use crate::commands::context::Context;
use crate::settings::explain::hide_user_info;

const TOPIC: &str = "environment";

/// The prefixes of the variables that providers set, strongest first.
const PROVIDERS: [&str; 3] = ["MEMCACHIER", "MEMCACHEDCLOUD", "MEMCACHE"];

/// What the environment and the server list show.
pub(super) fn findings(context: &Context) -> Vec<Finding> {
    let mut findings = variables(context);
    let settings = &context.settings;
    match settings.server_list() {
        Err(error) => {
            let finding = Finding::new(Status::Fail, "servers", error.to_string());
            findings.push(finding.fix("correct the list where it is set (cachier config explain)"));
        }
        Ok(list) => {
            let count = list.servers.len();
            let evidence = format!("{count} from {}", settings.servers.source);
            findings.push(Finding::new(Status::Ok, "servers", evidence));
            for note in list.notes {
                findings.push(
                    Finding::new(Status::Warn, "servers", note)
                        .fix("correct the list in the application as well"),
                );
            }
        }
    }
    findings
}

fn variables(context: &Context) -> Vec<Finding> {
    let get = |prefix: &str, name: &str| context.environment.get(&format!("{prefix}_{name}"));
    let set: Vec<&str> = PROVIDERS.into_iter().filter(|prefix| get(prefix, "SERVERS").is_some()).collect();
    let mut findings = Vec::new();
    for prefix in &set {
        for (have, lack) in [("USERNAME", "PASSWORD"), ("PASSWORD", "USERNAME")] {
            if get(prefix, have).is_some() && get(prefix, lack).is_none() {
                let evidence = format!("{prefix}_{have} is set and {prefix}_{lack} is not");
                findings
                    .push(Finding::new(Status::Fail, TOPIC, evidence).fix(format!("set {prefix}_{lack}")));
            }
        }
        if *prefix != "MEMCACHE" && get(prefix, "USERNAME").is_none() {
            let evidence =
                format!("{prefix}_SERVERS is set without {prefix}_USERNAME, and that provider wants a login");
            findings.push(
                Finding::new(Status::Warn, TOPIC, evidence)
                    .fix(format!("set {prefix}_USERNAME and {prefix}_PASSWORD")),
            );
        }
    }
    findings.extend(sources(context, &set));
    for note in &context.settings.notes {
        findings.push(Finding::new(Status::Note, TOPIC, note.as_str()).fix("cachier config explain"));
    }
    findings
}

/// Which of several sources there are, and which of them counts.
fn sources(context: &Context, set: &[&str]) -> Vec<Finding> {
    let get = |prefix: &str, name: &str| context.environment.get(&format!("{prefix}_{name}"));
    let mut findings = Vec::new();
    match set {
        [first, others @ ..] if !others.is_empty() => {
            for other in others {
                let same = ["SERVERS", "USERNAME", "PASSWORD"]
                    .iter()
                    .all(|name| get(first, name) == get(other, name));
                let (one, two) = (shown(get(first, "SERVERS")), shown(get(other, "SERVERS")));
                findings.push(if same {
                    Finding::new(Status::Ok, TOPIC, format!("{first}_* and {other}_* say the same"))
                } else {
                    Finding::new(
                        Status::Warn,
                        TOPIC,
                        format!("{first}_SERVERS is {one} and {other}_SERVERS is {two}: cachier reads {first}_*, the application may read the other"),
                    )
                    .fix(format!("unset the one that the application does not read, or use --profile for {other}"))
                });
            }
        }
        [only] if *only != "MEMCACHE" => {
            let evidence = format!(
                "{only}_* is set and MEMCACHE_* is not: a library that reads MEMCACHE_SERVERS by itself falls back to localhost"
            );
            let fix = format!(
                "export MEMCACHE_SERVERS=\"${only}_SERVERS\", and _USERNAME and _PASSWORD likewise, if the application needs them"
            );
            findings.push(Finding::new(Status::Note, TOPIC, evidence).fix(fix));
        }
        [] if context.has_no_servers() => {
            let evidence = "no servers are named anywhere, so the one on this machine is asked";
            findings.push(
                Finding::new(Status::Warn, TOPIC, evidence)
                    .fix("set MEMCACHIER_SERVERS, or use --servers or --profile"),
            );
        }
        _ => findings.push(Finding::new(Status::Ok, TOPIC, "one source of servers")),
    }
    findings
}

/// A server list without what a user information may hold.
fn shown(list: Option<String>) -> String {
    list.map_or_else(|| "unset".to_owned(), |list| hide_user_info(&list))
}
