//! The clients whose placement is known.

/// A client that a routing text can name.
#[derive(Debug)]
pub struct KnownClient {
    /// As a routing text names it.
    pub name: &'static str,
    /// Language and package, for a list.
    pub about: &'static str,
    /// Routing texts as applications commonly have it, the most common first; the candidates of an audit.
    pub routings: &'static [&'static str],
    /// Options that move keys.
    pub options: &'static [&'static str],
    /// Options that are accepted and move nothing.
    pub without_influence: &'static [&'static str],
}

impl KnownClient {
    /// What stands before the names of options where the application sets them.
    pub(super) fn option_prefix(&self) -> &'static str {
        if self.name == "php-memcached" { "opt_" } else { "" }
    }
}

/// Returns every client, those of Python first.
#[must_use]
pub fn known_clients() -> &'static [KnownClient] {
    &CLIENTS
}

/// Returns the client of this name.
pub(super) fn find(name: &str) -> Option<&'static KnownClient> {
    CLIENTS.iter().find(|client| client.name == name)
}

/// Returns the client that people mean by another name.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    const OTHER_NAMES: [(&str, &str); 14] = [
        ("flask-caching", "pylibmc"),
        ("libmemcached", "pylibmc"),
        ("memcache", "python-memcached"),
        ("memcached", "memcached-node"),
        ("node-memcached", "memcached-node"),
        ("memcachier/mc", "mc"),
        ("nutcracker", "twemproxy"),
        ("php", "php-memcached"),
        ("php_memcached", "php-memcached"),
        ("pylibmc3", "pylibmc"),
        ("python-binary-memcached", "bmemcached"),
        ("python_memcached", "python-memcached"),
        ("ruby", "dalli"),
        ("spy", "spymemcached"),
    ];
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, client)| *client)
}

static CLIENTS: [KnownClient; 13] = [
    KnownClient {
        name: "pylibmc",
        about: "Python, pylibmc on libmemcached",
        routings: &[
            "pylibmc:ketama",
            "pylibmc",
            "pylibmc:ketama_weighted",
            "pylibmc:ketama,hash=md5",
            "pylibmc:hash=md5",
            "pylibmc:hash=crc",
            "pylibmc:hash=fnv1a_32",
            "pylibmc:distribution=consistent_ketama_spy",
            "pylibmc:distribution=consistent_weighted",
        ],
        options: &[
            "hash",
            "ketama",
            "ketama_weighted",
            "distribution",
            "namespace",
            "num_replicas",
            "_hash_with_prefix_key",
            "_sort_hosts",
            "libmemcached",
            "binary",
        ],
        without_influence: &[
            "auto_eject",
            "buffer_requests",
            "cas",
            "connect_timeout",
            "dead_timeout",
            "failure_limit",
            "ketama_hash",
            "no_block",
            "pickle_protocol",
            "receive_timeout",
            "remove_failed",
            "retry_timeout",
            "send_timeout",
            "tcp_keepalive",
            "tcp_nodelay",
            "verify_keys",
            "_io_bytes_watermark",
            "_io_key_prefetch",
            "_io_msg_watermark",
            "_noreply",
            "_poll_timeout",
            "_socket_recv_size",
            "_socket_send_size",
        ],
    },
    KnownClient {
        name: "pymemcache",
        about: "Python, pymemcache HashClient",
        routings: &["pymemcache", "pymemcache:bytes_keys"],
        options: &["key_prefix", "bytes_keys"],
        without_influence: &[
            "allow_unicode_keys",
            "connect_timeout",
            "dead_timeout",
            "default_noreply",
            "encoding",
            "ignore_exc",
            "max_pool_size",
            "no_delay",
            "retry_attempts",
            "retry_timeout",
            "timeout",
            "use_pooling",
        ],
    },
    KnownClient {
        name: "python-memcached",
        about: "Python, python-memcached",
        routings: &["python-memcached"],
        options: &[],
        without_influence: &["dead_retry", "socket_timeout", "check_keys", "flush_on_reconnect"],
    },
    KnownClient {
        name: "bmemcached",
        about: "Python, python-binary-memcached Client, every item on every server",
        routings: &["bmemcached"],
        options: &[],
        without_influence: &["compression", "pickle_protocol", "socket_timeout"],
    },
    KnownClient {
        name: "bmemcached-distributed",
        about: "Python, python-binary-memcached DistributedClient",
        routings: &["bmemcached-distributed"],
        options: &["bytes_keys"],
        without_influence: &["compression", "pickle_protocol", "socket_timeout"],
    },
    KnownClient {
        name: "dalli",
        about: "Ruby, Dalli",
        routings: &["dalli"],
        options: &["failover"],
        without_influence: &[
            "cache_nils",
            "compress",
            "digest_class",
            "down_retry_delay",
            "expires_in",
            "keepalive",
            "namespace",
            "protocol",
            "socket_max_failures",
            "socket_timeout",
            "threadsafe",
        ],
    },
    KnownClient {
        name: "php-memcached",
        about: "PHP, memcached extension on libmemcached",
        routings: &[
            "php-memcached:libketama_compatible",
            "php-memcached",
            "php-memcached:distribution=consistent",
            "php-memcached:libketama_compatible,hash=crc",
        ],
        options: &[
            "libketama_compatible",
            "distribution",
            "hash",
            "add_servers",
            "prefix_key",
            "hash_with_prefix_key",
            "sort_hosts",
            "number_of_replicas",
            "libmemcached",
            "binary_protocol",
        ],
        without_influence: &[
            "auto_eject_hosts",
            "buffer_writes",
            "cache_lookups",
            "compression",
            "connect_timeout",
            "dead_timeout",
            "libketama_hash",
            "no_block",
            "noreply",
            "poll_timeout",
            "randomize_replica_read",
            "recv_timeout",
            "remove_failed_servers",
            "retry_timeout",
            "send_timeout",
            "serializer",
            "server_failure_limit",
            "server_timeout_limit",
            "socket_recv_size",
            "socket_send_size",
            "support_cas",
            "tcp_keepalive",
            "tcp_keepidle",
            "tcp_nodelay",
            "use_udp",
            "verify_key",
        ],
    },
    KnownClient {
        name: "memjs",
        about: "Node, memjs",
        routings: &["memjs"],
        options: &["failover"],
        without_influence: &["conntimeout", "expires", "failovertime", "keepalive", "retries", "timeout"],
    },
    KnownClient {
        name: "memcached-node",
        about: "Node, memcached",
        routings: &["memcached-node"],
        options: &["remove"],
        without_influence: &[
            "failures",
            "idle",
            "namespace",
            "poolsize",
            "reconnect",
            "retries",
            "retry",
            "timeout",
        ],
    },
    KnownClient {
        name: "spymemcached",
        about: "Java, spymemcached",
        routings: &["spymemcached", "spymemcached:ketama"],
        options: &["ketama", "address"],
        without_influence: &[],
    },
    KnownClient {
        name: "twemproxy",
        about: "proxy, twemproxy (nutcracker)",
        routings: &[
            "twemproxy:hash=fnv1a_64,distribution=ketama",
            "twemproxy:hash=md5,distribution=ketama",
            "twemproxy:hash=fnv1a_64,distribution=modula",
            "twemproxy:hash=one_at_a_time,distribution=modula",
        ],
        options: &["hash", "distribution", "hash_tag"],
        without_influence: &[
            "auto_eject_hosts",
            "backlog",
            "client_connections",
            "preconnect",
            "server_connections",
            "server_failure_limit",
            "server_retry_timeout",
            "tcpkeepalive",
            "timeout",
        ],
    },
    KnownClient {
        name: "gomemcache",
        about: "Go, bradfitz/gomemcache",
        routings: &["gomemcache"],
        options: &[],
        without_influence: &["timeout", "maxidleconns"],
    },
    KnownClient {
        name: "mc",
        about: "Go, memcachier/mc",
        routings: &["mc"],
        options: &[],
        without_influence: &["failover", "poolsize", "retries"],
    },
];
