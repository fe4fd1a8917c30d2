//! Which client is at the other end of a server's connections.

use std::collections::HashMap;

use crate::protocol::watch::Event;
use crate::protocol::watch::Kind;

/// How many connections are remembered; memcached's own limit is 1,024 unless it is told otherwise.
const MOST: usize = 200_000;

/// Addresses by the number of the connection.
#[derive(Debug, Default)]
pub(super) struct Clients(HashMap<u32, Box<str>>);

impl Clients {
    /// Learns from a row of `stats conns`: `16:addr tcp:127.0.0.1:59398`, `17:addr tcp6:[::1]:59398`, `18:addr unix:/path`.
    pub(super) fn learn(&mut self, name: &[u8], value: &[u8]) {
        let Some(number) = name.strip_suffix(b":addr") else { return };
        let Some(number) = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()) else {
            return;
        };
        let Some((transport, address)) =
            std::str::from_utf8(value).ok().and_then(|value| value.split_once(':'))
        else {
            return;
        };
        let address = if transport == "unix" { "unix" } else { address };
        self.insert(number, address.to_owned());
    }

    /// The client of an event; those that tell of a connection are learned from.
    pub(super) fn of(&mut self, event: &Event<'_>) -> Option<&str> {
        let number = event.connection?;
        if event.kind == Kind::Connections && !event.address.is_empty() {
            let address = match event.port {
                Some(port) if event.address.contains(':') => format!("[{}]:{port}", event.address),
                Some(port) if event.address != "unix" => format!("{}:{port}", event.address),
                _ => event.address.to_owned(),
            };
            // One that is gone stays until its number is used again: the log may tell its last event late.
            self.insert(number, address);
        }
        self.0.get(&number).map(AsRef::as_ref)
    }

    fn insert(&mut self, number: u32, address: String) {
        if self.0.len() < MOST || self.0.contains_key(&number) {
            self.0.insert(number, address.into_boxed_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Limits;
    use crate::protocol::watch;

    fn of(clients: &mut Clients, line: &str) -> Option<String> {
        let (mut scratch, line) = (Vec::new(), format!("ts=1.1 gid=1 {line}\n"));
        match watch::next(&Limits::default(), line.as_bytes(), &mut scratch) {
            Ok(Some((watch::Line::Event(event), _))) => clients.of(&event).map(str::to_owned),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clients_are_learned_from_statistics_and_events() {
        let mut clients = Clients::default();
        for (name, value) in [
            ("14:addr", "tcp:127.0.0.1:11211"),
            ("15:addr", "tcp6:[::1]:59398"),
            ("16:addr", "unix:/run/memcached.sock"),
            ("16:state", "conn_read"),
            ("x:addr", "tcp:1.1.1.1:1"),
            ("17:addr", "nonsense"),
        ] {
            clients.learn(name.as_bytes(), value.as_bytes());
        }
        let get = |number: u32| format!("type=item_get key=a status=found clsid=1 cfd={number} size=1");
        assert_eq!(of(&mut clients, &get(14)).as_deref(), Some("127.0.0.1:11211"));
        assert_eq!(of(&mut clients, &get(15)).as_deref(), Some("[::1]:59398"));
        assert_eq!(of(&mut clients, &get(16)).as_deref(), Some("unix"));
        assert_eq!(of(&mut clients, &get(17)), None);
        let opened = "type=conn_new rip=10.0.0.7 rport=4000 transport=tcp cfd=17";
        assert_eq!(of(&mut clients, opened).as_deref(), Some("10.0.0.7:4000"));
        assert_eq!(of(&mut clients, &get(17)).as_deref(), Some("10.0.0.7:4000"));
        let opened = "type=conn_new rip=fe80::1 rport=4000 transport=tcp cfd=17";
        assert_eq!(of(&mut clients, opened).as_deref(), Some("[fe80::1]:4000"));
        let opened = "type=conn_new rip=unix rport=0 transport=local cfd=18";
        assert_eq!(of(&mut clients, opened).as_deref(), Some("unix"));
    }
}
