//! Sentences about a server list or a routing that its owner should read.

use std::collections::HashMap;

use super::servers::Endpoint;
use super::servers::Server;

/// Blanks stood around an entry.
pub(super) fn blanks_cut(server: &Server) -> String {
    format!(
        "blanks around the server \"{}\" were cut; a client that keeps them looks for another host name",
        server.text
    )
}

/// A `memcached://` address had a user name.
pub(super) fn user_information(server: &Server) -> String {
    format!(
        "the user information of the server {} is not used; give it with --username and --password-file",
        server.endpoint
    )
}

/// Port 0 was written.
pub(super) fn port_zero(server: &Server) -> String {
    format!("port 0 of the server {} means 11211, as in pylibmc", server.endpoint)
}

/// Servers that are listed more than once, one sentence each.
pub(super) fn duplicates(servers: &[Server]) -> Vec<String> {
    let mut times = HashMap::new();
    for server in servers {
        *times.entry(&server.endpoint).or_insert(0_usize) += 1;
    }
    let once_each = servers.iter().filter_map(|server| Some((server, times.remove(&server.endpoint)?)));
    once_each
        .filter(|&(_, times)| times > 1)
        .map(|(server, times)| format!("the server {} is listed {times} times", server.endpoint))
        .collect()
}

/// Hosts that are written in more than one way, one sentence each.
pub(super) fn mixed_spellings(servers: &[Server]) -> Vec<String> {
    let mut spellings: HashMap<String, Vec<&str>> = HashMap::new();
    let mut notes = Vec::new();
    for server in servers {
        let Endpoint::Tcp { host, .. } = &server.endpoint else { continue };
        let known = spellings.entry(machine(host)).or_default();
        if known.contains(&host.as_str()) {
            continue;
        }
        if let Some(first) = known.first() {
            notes.push(format!(
                "the servers spell one host as \"{first}\" and as \"{host}\"; clients that hash the text see two hosts"
            ));
        }
        known.push(host);
    }
    notes
}

/// What a host text most likely means, for comparison only.
fn machine(host: &str) -> String {
    let plain = host.trim_end_matches('.').to_lowercase();
    match plain.as_str() {
        "localhost" | "127.0.0.1" | "::1" | "localhost.localdomain" | "ip6-localhost" => {
            "localhost".to_owned()
        }
        _ => plain,
    }
}
