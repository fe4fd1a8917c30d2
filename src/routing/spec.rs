//! The routing text: which client the application uses, and how it is set up.

use std::fmt;

use thiserror::Error;

use super::clients;
use super::families::Family;
use super::hash::Chars;
use super::options;
use super::options::Spelling;
use super::options::Written;
use super::servers::Endpoint;
use super::servers::Server;
use super::servers::ServersError;

/// Options that every client takes.
const COMMON_OPTIONS: [&str; 2] = ["dead", "unsigned_char"];

/// A client with its options, read from `CLIENT[:OPTION[=VALUE],…][;OPTION,…]`.
///
/// Options behind `;` are applied after the servers were added. A bare option is on, blanks of a word may be `_`.
/// [`fmt::Display`] writes the canonical text, which reads back as the same routing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    client: &'static str,
    text: String,
    pub(super) family: Family,
    pub(super) dead: Vec<Endpoint>,
    pub(super) chars: Chars,
}

/// Why a routing text cannot be read, or does not go with the servers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RoutingError {
    /// Every server is named as dead.
    #[error("routing: every server of the list is given as dead")]
    AllDead,
    /// A server given as dead is not in the list.
    #[error("routing: dead={server} is not in the server list; write it as the list does: {}", .known.join(", "))]
    DeadUnknown {
        /// As cachier names it.
        server: Endpoint,
        /// The names of up to eight servers of the list.
        known: Vec<String>,
    },
    /// Two servers of twemproxy have one name, with which it does not start.
    #[error("routing: twemproxy refuses two servers with the name \"{name}\"; give each a name of its own")]
    DuplicateName {
        /// The name on the ring.
        name: String,
    },
    /// Nothing between two commas.
    #[error("routing: an option is empty; remove the comma too many")]
    EmptyOption,
    /// An option that can be given once only is there again.
    #[error("routing: option {option} is given twice")]
    GivenTwice {
        /// The option.
        option: String,
    },
    /// The value of an option does not have the right form.
    #[error("routing: {option}={value}: {fault}")]
    IllegalValue {
        /// The option.
        option: String,
        /// As written.
        value: String,
        /// What is wrong, with the remedy.
        fault: &'static str,
    },
    /// An option that needs a value has none.
    #[error("routing: option {option} needs a value; write {option}=VALUE")]
    MissingValue {
        /// The option.
        option: String,
    },
    /// libmemcached takes servers of one kind only.
    #[error(
        "routing: {client} cannot mix TCP servers and UNIX sockets in one list; {server} is of the other kind"
    )]
    MixedTransports {
        /// The client.
        client: &'static str,
        /// The first server that is not like the one before.
        server: Endpoint,
    },
    /// spymemcached's ring hashes what the name lookup answered.
    #[error(
        "routing: spymemcached's ketama ring hashes the address of {host} too; add address={host}/ADDRESS as the application resolves it"
    )]
    NeedsAddress {
        /// The host name.
        host: String,
    },
    /// The pool is empty.
    #[error("routing: there is no server")]
    NoServers,
    /// No server has a weight.
    #[error("routing: no server gets any key, their weights are all too small")]
    NoWeight,
    /// Something else than digits where a number belongs.
    #[error("routing: {option}={value} is not a number")]
    NotANumber {
        /// The option.
        option: String,
        /// As written.
        value: String,
    },
    /// The server given as dead cannot be read.
    #[error("routing: dead: {0}")]
    Server(#[from] ServersError),
    /// No such client.
    #[error("routing: unknown client \"{client}\"{}; known are {}", suggested(*.suggestion), .known.join(", "))]
    UnknownClient {
        /// As written.
        client: String,
        /// The client that was probably meant.
        suggestion: Option<&'static str>,
        /// All clients.
        known: Vec<&'static str>,
    },
    /// The client has no such option.
    #[error("routing: {client} has no option \"{option}\"{}; it has {}", suggested(*.suggestion), .known.join(", "))]
    UnknownOption {
        /// The client.
        client: &'static str,
        /// As written.
        option: String,
        /// The option that was probably meant.
        suggestion: Option<&'static str>,
        /// All options.
        known: Vec<&'static str>,
    },
    /// The option has no such value.
    #[error("routing: {option} cannot be \"{value}\"{}; it can be {}", suggested(*.suggestion), .known.join(", "))]
    UnknownValue {
        /// The option.
        option: String,
        /// As written.
        value: String,
        /// The value that was probably meant.
        suggestion: Option<&'static str>,
        /// All values.
        known: Vec<&'static str>,
    },
    /// twemproxy does not start with such a server.
    #[error("routing: twemproxy refuses the weight 0 of {server}; remove the server or give it 1")]
    ZeroWeight {
        /// The server.
        server: Endpoint,
    },
}

/// The question that goes with a suggestion.
fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map(|word| format!(", did you mean {word}?")).unwrap_or_default()
}

impl Routing {
    /// Reads a routing text.
    ///
    /// # Errors
    /// [`RoutingError`] names the client, option or value that is not known, and those that are.
    pub fn parse(text: &str) -> Result<Self, RoutingError> {
        let parts = options::parts(text)?;
        let client = clients::find(&parts.client).ok_or_else(|| unknown_client(&parts.client))?;
        let mut routing = Self {
            client: client.name,
            text: String::new(),
            family: Family::of(client.name),
            dead: Vec::new(),
            chars: Chars::Signed,
        };
        let mut spelling = Spelling::default();
        let mut seen: Vec<String> = Vec::new();
        for (index, group) in parts.groups.iter().enumerate() {
            if index == 0 || routing.family.has_later_options() {
                spelling.open_group();
                seen.clear();
            }
            if index > 0 {
                routing.family.servers_added();
            }
            for option in group {
                let option = &option.without_prefix(client.option_prefix());
                if routing.once(option) && seen.contains(&option.name) {
                    return Err(RoutingError::GivenTwice { option: option.name.clone() });
                }
                seen.push(option.name.clone());
                routing.set(option, &mut spelling, client)?;
            }
        }
        routing.family.finish();
        routing.text = spelling.finish(client.name);
        Ok(routing)
    }

    /// Returns the name of the client, `pylibmc` for instance.
    #[must_use]
    pub fn client(&self) -> &str {
        self.client
    }

    /// Says whether `/path.sock:3` is a socket with a weight for this client.
    pub(super) fn has_socket_weights(&self) -> bool {
        matches!(self.client, "dalli" | "php-memcached" | "python-memcached" | "twemproxy")
    }

    /// Says whether an option may stand only once in its group.
    fn once(&self, option: &Written<'_>) -> bool {
        // A PHP script may well set an option and set it again.
        !matches!(option.name.as_str(), "dead" | "address") && self.client != "php-memcached"
    }

    fn set(
        &mut self,
        option: &Written<'_>,
        spelling: &mut Spelling,
        client: &'static clients::KnownClient,
    ) -> Result<(), RoutingError> {
        match option.name.as_str() {
            "dead" => {
                let server = Server::parse(option.given()?)?.endpoint;
                spelling.rewritten(option, &server.to_string());
                if !self.dead.contains(&server) {
                    self.dead.push(server);
                }
            }
            "unsigned_char" => {
                self.chars = if spelling.switch(option)? { Chars::Unsigned } else { Chars::Signed };
            }
            _ => {
                let known = self.family.set(option, spelling)?;
                if !known && client.without_influence.contains(&option.name.as_str()) {
                    spelling.no_influence(option);
                } else if !known {
                    return Err(unknown_option(client, &option.name));
                }
            }
        }
        Ok(())
    }
}

impl Default for Routing {
    /// Returns `pylibmc:ketama`.
    fn default() -> Self {
        let mut family = Family::of("pylibmc");
        family.ketama();
        family.finish();
        Self {
            client: "pylibmc",
            text: "pylibmc:ketama".to_owned(),
            family,
            dead: Vec::new(),
            chars: Chars::Signed,
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn unknown_client(client: &str) -> RoutingError {
    let known: Vec<&'static str> = clients::known_clients().iter().map(|client| client.name).collect();
    RoutingError::UnknownClient {
        client: client.to_owned(),
        suggestion: clients::meant(client).or_else(|| options::nearest(client, &known)),
        known,
    }
}

fn unknown_option(client: &'static clients::KnownClient, option: &str) -> RoutingError {
    let every: Vec<&'static str> =
        client.options.iter().chain(client.without_influence).chain(&COMMON_OPTIONS).copied().collect();
    let known: Vec<&'static str> = client.options.iter().chain(&COMMON_OPTIONS).copied().collect();
    RoutingError::UnknownOption {
        client: client.name,
        option: option.to_owned(),
        suggestion: options::nearest(option, &every),
        known,
    }
}

#[cfg(test)]
mod tests {
    use super::Routing;
    use crate::routing::known_clients;

    #[test]
    fn the_canonical_text_reads_back_as_the_same_routing() {
        for (text, canonical) in [
            ("pylibmc", "pylibmc"),
            ("pylibmc:", "pylibmc"),
            ("pylibmc:ketama", "pylibmc:ketama"),
            ("pylibmc:ketama=true,hash=MD5", "pylibmc:ketama,hash=md5"),
            ("pylibmc:distribution=consistent ketama spy", "pylibmc:distribution=consistent_ketama_spy"),
            ("pylibmc;ketama", "pylibmc:;ketama"),
            ("pylibmc:;ketama;hash=md5;", "pylibmc:;ketama;hash=md5"),
            ("pylibmc:ketama = 0 , tcp_nodelay", "pylibmc:ketama=false,tcp_nodelay"),
            ("pylibmc:ketama,dead=[::1],dead=b:1", "pylibmc:ketama,dead=[::1]:11211,dead=b:1"),
            ("pymemcache:key_prefix=Pfx_:", "pymemcache:key_prefix=Pfx_:"),
            ("php-memcached:OPT_HASH=HASH_CRC,hash=md5", "php-memcached:hash=crc,hash=md5"),
            ("php-memcached:opt_tcp_nodelay", "php-memcached:tcp_nodelay"),
            ("dalli:failover=no;namespace=x", "dalli:failover=false,namespace=x"),
            ("twemproxy:hash_tag={}", "twemproxy:hash_tag={}"),
            ("Mc:unsigned_char", "mc:unsigned_char"),
        ] {
            let routing = Routing::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(routing.to_string(), canonical);
            assert_eq!(Routing::parse(canonical).unwrap(), routing, "{text}");
        }
        assert_eq!(Routing::default(), Routing::parse("pylibmc:ketama").unwrap());
    }

    #[test]
    fn what_is_unknown_is_named_with_what_exists() {
        for (text, words) in [
            (
                "pylibmcc",
                "unknown client \"pylibmcc\", did you mean pylibmc?; known are pylibmc, pymemcache,",
            ),
            ("php", "did you mean php-memcached?"),
            ("node-memcached:x", "did you mean memcached-node?"),
            ("", "unknown client \"\"; known are pylibmc"),
            ("pylibmc:ketma", "pylibmc has no option \"ketma\", did you mean ketama?; it has hash, ketama,"),
            ("pylibmc:sort_hosts", "did you mean _sort_hosts?"),
            ("pylibmc:conect_timeout=3", "did you mean connect_timeout?"),
            ("memjs:hash=md5", "memjs has no option \"hash\"; it has failover, dead, unsigned_char"),
            ("pylibmc:hash=md6", "hash cannot be \"md6\", did you mean md5?; it can be default, md5, crc,"),
            ("pylibmc:hash=murmur3", "did you mean murmur?"),
            ("pylibmc:distribution=consistent_max", "it can be modula, consistent,"),
            ("pylibmc:hash", "option hash needs a value; write hash=VALUE"),
            ("pylibmc:hash=", "option hash needs a value"),
            ("pylibmc:ketama=maybe", "ketama cannot be \"maybe\"; it can be true, false"),
            ("pylibmc:ketama,,hash=md5", "an option is empty"),
            ("pylibmc:ketama,ketama=false", "option ketama is given twice"),
            ("pylibmc:num_replicas=-1", "num_replicas=-1 is not a number"),
            ("pylibmc:libmemcached=new", "libmemcached=new: write a version, 1.0.16 or 1.1.4 for instance"),
            ("pylibmc:dead=a:b", "dead: server \"a:b\": \"b\" is not a port"),
            ("twemproxy:hash_tag={", "twemproxy wants exactly two characters"),
            ("spymemcached:ketama,address=a", "write the host name, a slash and its IP address"),
        ] {
            let error = Routing::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        let long = "n".repeat(128);
        assert!(Routing::parse(&format!("pylibmc:namespace={long}")).is_err());
    }

    #[test]
    fn known_clients_list_routings_and_options_that_can_be_read() {
        for client in known_clients() {
            for routing in client.routings {
                let parsed = Routing::parse(routing).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!((parsed.client(), parsed.to_string().as_str()), (client.name, *routing));
            }
            for option in client.options.iter().chain(client.without_influence) {
                let error =
                    Routing::parse(&format!("{}:{option}", client.name)).err().map(|error| error.to_string());
                assert!(
                    error.is_none_or(|error| error.contains("needs a value")),
                    "{} {option}",
                    client.name
                );
            }
        }
    }

    #[test]
    fn a_walk_follows_the_table_of_pylibmc_and_a_script_its_own_order() {
        let same = |one: &str, other: &str| {
            let (one, other) = (Routing::parse(one).unwrap(), Routing::parse(other).unwrap());
            one.family == other.family
        };
        assert!(same("pylibmc:ketama_weighted,hash=crc", "pylibmc:hash=crc,ketama_weighted"));
        assert!(!same("pylibmc:hash=crc;ketama_weighted", "pylibmc:ketama_weighted;hash=crc"));
        assert!(!same(
            "php-memcached:libketama_compatible,hash=crc",
            "php-memcached:hash=crc,libketama_compatible"
        ));
        assert!(!same("php-memcached:add_servers,hash=crc", "php-memcached:hash=crc,add_servers"));
    }
}
