//! The server list as an application has it in its configuration.
//!
//! Rings hash the text of an entry, so nothing here resolves, lower-cases, sorts or removes anything.

use std::fmt;

use thiserror::Error;

use super::entry;
use super::notes;
use super::spec::Routing;

/// The port of an entry that names none.
pub const DEFAULT_PORT: u16 = 11211;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A host name or address, IPv6 without brackets.
    Tcp {
        /// As written.
        host: String,
        /// Never 0.
        port: u16,
    },
    /// The path of a UNIX socket.
    Unix(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => formatter.write_str(path),
        }
    }
}

/// One entry of a server list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The entry as written, without blanks around it and without the user information of a `memcached://` address.
    pub text: String,
    /// Where the server listens.
    pub endpoint: Endpoint,
    /// The weight as written, up to 65535.
    pub weight: Option<u32>,
    /// The name behind a blank (twemproxy).
    pub name: Option<String>,
    /// Sentences for the list's notes.
    pub(super) remarks: Vec<String>,
}

/// The servers of a pool in order, and what their owner should know about the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerList {
    /// At least one.
    pub servers: Vec<Server>,
    /// Sentences for stderr: blanks that were cut, duplicates, one host spelled in two ways, ….
    pub notes: Vec<String>,
}

/// Why a server list cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ServersError {
    /// Nothing between two commas, or no text at all.
    #[error(
        "entry {position} of the server list is empty, which pylibmc would take for localhost:11211; remove the comma too many or write the server"
    )]
    Empty {
        /// Counted from 1.
        position: usize,
    },
    /// An entry that means nothing.
    #[error("server \"{entry}\": {fault}")]
    Entry {
        /// As written, control characters escaped and user information left out.
        entry: String,
        /// What is wrong with it.
        fault: EntryFault,
    },
}

/// What is wrong with an entry of a server list, with the remedy.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EntryFault {
    /// A character that no host name has.
    #[error("{0:?} cannot be part of a host name")]
    BadCharacter(char),
    /// `user:password@` outside of a `memcached://` address.
    #[error("credentials do not belong into the server list; give them with --username and --password-file")]
    Credentials,
    /// No host before the port.
    #[error("the host is missing; write host:port")]
    NoHost,
    /// A colon with nothing behind it.
    #[error("the {0} is missing; write it or remove the colon")]
    NoNumber(&'static str),
    /// No path behind `unix:`.
    #[error("the path is missing; write unix:/path/to.sock")]
    NoPath,
    /// What stands in brackets is not an IPv6 address.
    #[error("what stands in brackets is not an IPv6 address; write [::1]:11211")]
    NotIpv6,
    /// Something else than digits where a number belongs.
    #[error("\"{text}\" is not a {what}; write host:port or host:port:weight")]
    NotANumber {
        /// `port` or `weight`.
        what: &'static str,
        /// As written.
        text: String,
    },
    /// Behind `memcached://` stands something else than an address; what, is not told, for it may be a password.
    #[error(
        "behind memcached:// stands something else than host or host:port; a comma in a password is written %2C"
    )]
    NotAnAddress,
    /// A name without a weight before it.
    #[error("a blank stands only before a twemproxy name; write host:port:weight name")]
    NameWithoutWeight,
    /// A port or weight above 65535, which pylibmc would take modulo 65536.
    #[error("the {what} {text} is greater than 65535")]
    OutOfRange {
        /// `port` or `weight`.
        what: &'static str,
        /// As written.
        text: String,
    },
    /// Some other kind of address.
    #[error("{0}:// addresses are not servers; write host:port, and --tls for TLS")]
    Scheme(String),
    /// More than host, port and weight.
    #[error("too many fields; write host, host:port or host:port:weight")]
    TooManyFields,
    /// pylibmc's datagram form.
    #[error("memcached is reached over TCP or UNIX sockets here; write host:port without udp:")]
    Udp,
    /// `[` without `]`.
    #[error("the bracket is not closed; write [::1] or [::1]:11211")]
    UnclosedBracket,
    /// An IPv6 address without brackets.
    #[error("an IPv6 address stands in brackets; write [{0}] or [{0}]:11211")]
    Unbracketed(String),
}

impl Server {
    /// Reads one entry: `host`, `host:port`, `host:port:weight`, the same with `[v6]`, `/path.sock`, `unix:/path`,
    /// `inet:` and `inet6:` before an address (python-memcached), `memcached://host:port` (Dalli),
    /// `host:port:weight name` (twemproxy).
    ///
    /// A port that is missing or 0 is 11211. The weight of a socket (`/path.sock:3`) is part of the path until
    /// [`ServerList::for_routing`] says that the client knows such a thing.
    ///
    /// # Errors
    /// [`ServersError`] names the entry and the remedy.
    pub fn parse(entry: &str) -> Result<Self, ServersError> {
        let entry = entry.trim();
        if entry.is_empty() {
            return Err(ServersError::Empty { position: 1 });
        }
        entry::parsed(entry).map_err(|fault| ServersError::Entry { entry: entry::printable(entry), fault })
    }

    /// The entry without weight and name.
    pub(super) fn address_text(&self) -> &str {
        let text = self.text.split(char::is_whitespace).next().unwrap_or_default();
        if self.weight.is_none() {
            return text;
        }
        text.rsplit_once(':').map_or(text, |(address, _)| address)
    }

    /// The host as C clients keep it (a socket's path for a socket), and the port (0 for a socket).
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        match &self.endpoint {
            Endpoint::Tcp { host, port } => (host, *port),
            Endpoint::Unix(path) => (path, 0),
        }
    }

    /// Takes the weight off a socket's path.
    pub(super) fn with_socket_weight(mut self) -> Self {
        if let (Endpoint::Unix(path), None) = (&self.endpoint, self.weight)
            && let Some((socket, digits)) = path.rsplit_once(':')
            && !socket.is_empty()
            && let Ok(weight) = entry::number("weight", digits)
        {
            self.endpoint = Endpoint::Unix(socket.to_owned());
            self.weight = Some(u32::from(weight));
        }
        self
    }
}

impl ServerList {
    /// Reads the weights of sockets (`/path.sock:3`) if the client of this routing has them: Dalli, PHP memcached,
    /// python-memcached and twemproxy do, elsewhere the digits are part of the path.
    #[must_use]
    pub fn for_routing(mut self, routing: &Routing) -> Self {
        if routing.has_socket_weights() {
            self.servers = self.servers.into_iter().map(Server::with_socket_weight).collect();
        }
        self
    }
}

/// Reads a comma-separated server list.
///
/// # Errors
/// [`ServersError`] names the first entry that cannot be read, or the position of an empty one.
pub fn parse_list(text: &str) -> Result<ServerList, ServersError> {
    collected(text.split(','))
}

/// Reads the entries of a profile's array.
///
/// # Errors
/// [`ServersError`] names the first entry that cannot be read, or the position of an empty one.
pub fn from_entries(entries: &[String]) -> Result<ServerList, ServersError> {
    if entries.is_empty() {
        return Err(ServersError::Empty { position: 1 });
    }
    collected(entries.iter().map(String::as_str))
}

fn collected<'a>(entries: impl Iterator<Item = &'a str>) -> Result<ServerList, ServersError> {
    let mut servers = Vec::new();
    let mut notes = Vec::new();
    for (index, entry) in entries.enumerate() {
        if entry.trim().is_empty() {
            return Err(ServersError::Empty { position: index + 1 });
        }
        let mut server = Server::parse(entry)?;
        if entry.trim() != entry {
            notes.push(notes::blanks_cut(&server));
        }
        notes.append(&mut server.remarks);
        servers.push(server);
    }
    notes.extend(notes::duplicates(&servers));
    notes.extend(notes::mixed_spellings(&servers));
    Ok(ServerList { servers, notes })
}

#[cfg(test)]
mod tests {
    use super::Endpoint;
    use super::Server;
    use super::ServerList;
    use super::ServersError;
    use super::from_entries;
    use super::parse_list;
    use crate::routing::Routing;

    #[test]
    fn entries_are_read_as_the_clients_read_them() {
        for (entry, shown, weight, name) in [
            ("localhost", "localhost:11211", None, None),
            ("mc1.ec2.memcachier.com", "mc1.ec2.memcachier.com:11211", None, None),
            ("CACHE:11212", "CACHE:11212", None, None),
            ("10.0.0.1:11212:3", "10.0.0.1:11212", Some(3), None),
            ("10.0.0.1:11212:0", "10.0.0.1:11212", Some(0), None),
            ("a:0", "a:11211", None, None),
            ("a:65535:65535", "a:65535", Some(65535), None),
            ("[::1]", "[::1]:11211", None, None),
            ("[::1]:11212", "[::1]:11212", None, None),
            ("[2001:db8::a]:11212:3", "[2001:db8::a]:11212", Some(3), None),
            ("[fe80::1%eth0]:11212", "[fe80::1%eth0]:11212", None, None),
            ("/run/a.sock", "/run/a.sock", None, None),
            ("/run/a.sock:3", "/run/a.sock:3", None, None),
            ("unix:/run/a.sock", "/run/a.sock", None, None),
            ("inet6:[::1]:11212", "[::1]:11212", None, None),
            ("inet:a:11212", "a:11212", None, None),
            ("memcached://a", "a:11211", None, None),
            ("memcached://a:11212/", "a:11212", None, None),
            ("a:11211:1 alpha", "a:11211", Some(1), Some("alpha")),
            ("[::1]:11211:2   alpha", "[::1]:11211", Some(2), Some("alpha")),
            ("/run/a.sock:2 alpha", "/run/a.sock", Some(2), Some("alpha")),
            ("  a:11212\t", "a:11212", None, None),
        ] {
            let server = Server::parse(entry).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(server.endpoint.to_string(), shown, "{entry}");
            assert_eq!((server.weight, server.name.as_deref()), (weight, name), "{entry}");
            assert_eq!(server.text, entry.trim().trim_end_matches('/'), "{entry}");
        }
    }

    #[test]
    fn refusals_name_the_entry_and_the_remedy() {
        for (entry, message) in [
            ("host:", "server \"host:\": the port is missing; write it or remove the colon"),
            ("a:b", "server \"a:b\": \"b\" is not a port; write host:port or host:port:weight"),
            ("a:11211:x", "server \"a:11211:x\": \"x\" is not a weight; write host:port or host:port:weight"),
            ("a:+1", "server \"a:+1\": \"+1\" is not a port; write host:port or host:port:weight"),
            ("a:11211:", "server \"a:11211:\": the weight is missing; write it or remove the colon"),
            ("z::3", "server \"z::3\": the port is missing; write it or remove the colon"),
            ("::1", "server \"::1\": an IPv6 address stands in brackets; write [::1] or [::1]:11211"),
            ("a:1:2:3", "server \"a:1:2:3\": too many fields; write host, host:port or host:port:weight"),
            (
                "[::1]:1:2:3",
                "server \"[::1]:1:2:3\": too many fields; write host, host:port or host:port:weight",
            ),
            ("[::1", "server \"[::1\": the bracket is not closed; write [::1] or [::1]:11211"),
            ("[a]:1", "server \"[a]:1\": what stands in brackets is not an IPv6 address; write [::1]:11211"),
            ("[::1]1", "server \"[::1]1\": too many fields; write host, host:port or host:port:weight"),
            (
                "inet6:a",
                "server \"inet6:a\": what stands in brackets is not an IPv6 address; write [::1]:11211",
            ),
            ("a:65536", "server \"a:65536\": the port 65536 is greater than 65535"),
            (
                "a:99999999999999999999",
                "server \"a:99999999999999999999\": the port 99999999999999999999 is greater than 65535",
            ),
            ("a:1:65536", "server \"a:1:65536\": the weight 65536 is greater than 65535"),
            (
                "udp:a:11211",
                "server \"udp:a:11211\": memcached is reached over TCP or UNIX sockets here; write host:port without udp:",
            ),
            (":11211", "server \":11211\": the host is missing; write host:port"),
            ("unix:", "server \"unix:\": the path is missing; write unix:/path/to.sock"),
            (
                "a b",
                "server \"a b\": a blank stands only before a twemproxy name; write host:port:weight name",
            ),
            (
                "a:1:1 b c",
                "server \"a:1:1 b c\": a blank stands only before a twemproxy name; write host:port:weight name",
            ),
            ("a/b", "server \"a/b\": '/' cannot be part of a host name"),
            ("\"a\"", "server \"\"a\"\": '\"' cannot be part of a host name"),
            ("a\u{1b}b", "server \"a\\u{1b}b\": '\\u{1b}' cannot be part of a host name"),
            (
                "redis://a",
                "server \"redis://a\": redis:// addresses are not servers; write host:port, and --tls for TLS",
            ),
            (
                "",
                "entry 1 of the server list is empty, which pylibmc would take for localhost:11211; remove the comma too many or write the server",
            ),
        ] {
            assert_eq!(Server::parse(entry).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn credentials_show_up_nowhere() {
        let list = parse_list("memcached://user:hunter2@a:11212,b").unwrap();
        assert_eq!(list.servers[0].text, "memcached://a:11212");
        assert_eq!(list.notes.len(), 1);
        assert!(!format!("{list:?}").contains("hunter2"));
        for text in [
            "user:hunter2@a:11211",
            "memcached://user:hunter2@a:b",
            "memcached://user:hunter2",
            "memcached://user:hun,ter2@a",
            "redis://user:hunter2@a",
        ] {
            let error = parse_list(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hun"), "{error:?}");
        }
    }

    #[test]
    fn an_empty_entry_tells_what_pylibmc_would_do() {
        for (text, position) in [("", 1), ("a:11211,", 2), ("a,,b", 2), (" ,a", 1)] {
            let error = parse_list(text).unwrap_err();
            assert_eq!(error, ServersError::Empty { position }, "{text}");
            assert!(error.to_string().contains("localhost:11211"));
        }
        assert_eq!(from_entries(&[]).unwrap_err(), ServersError::Empty { position: 1 });
        assert!(from_entries(&["a,b".to_owned()]).is_err());
    }

    #[test]
    fn notes_tell_what_rings_would_trip_over() {
        for (text, words) in [
            ("a:11211, b:11211", vec!["blanks around the server \"b:11211\" were cut"]),
            ("a:0", vec!["port 0 of the server a:11211 means 11211"]),
            ("a,b,a:11211,a", vec!["the server a:11211 is listed 3 times"]),
            ("CACHE:1,cache:2", vec!["\"CACHE\" and as \"cache\""]),
            ("localhost,127.0.0.1:11212", vec!["\"localhost\" and as \"127.0.0.1\""]),
            ("a,b:11212,/run/a.sock", vec![]),
        ] {
            let notes = parse_list(text).unwrap().notes;
            assert_eq!(notes.len(), words.len(), "{notes:?}");
            for (note, words) in notes.iter().zip(words) {
                assert!(note.contains(words), "{note}");
            }
        }
    }

    #[test]
    fn sockets_have_weights_only_for_clients_that_know_such_a_thing() {
        let read = |routing: &str| -> ServerList {
            parse_list("/run/a.sock:3,/run/b.sock").unwrap().for_routing(&Routing::parse(routing).unwrap())
        };
        let socket = |path: &str| Endpoint::Unix(path.to_owned());
        assert_eq!(read("pylibmc").servers[0].endpoint, socket("/run/a.sock:3"));
        for client in ["dalli", "php-memcached", "python-memcached", "twemproxy"] {
            let servers = read(client).servers;
            assert_eq!(
                (&servers[0].endpoint, servers[0].weight),
                (&socket("/run/a.sock"), Some(3)),
                "{client}"
            );
            assert_eq!((&servers[1].endpoint, servers[1].weight), (&socket("/run/b.sock"), None), "{client}");
        }
    }
}
