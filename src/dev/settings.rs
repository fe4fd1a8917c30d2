//! What can be configured or tuned, and how `stats settings` tells it.

use super::Authentication;
use super::Credentials;
use super::stats::Sink;

/// Settings of a running server.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) memory_limit: usize,
    pub(super) item_size_max: usize,
    pub(super) max_connections: usize,
    pub(super) threads: usize,
    pub(super) port: u16,
    pub(super) interface: String,
    pub(super) socket: Option<String>,
    pub(super) credentials: Option<Credentials>,
    pub(super) tuned: Tuned,
}

/// What clients may change.
#[derive(Debug)]
pub(super) struct Tuned {
    pub(super) automove: u32,
    pub(super) automove_ratio: f64,
    pub(super) crawler: bool,
    pub(super) crawler_sleep: u32,
    pub(super) crawler_tocrawl: u32,
    pub(super) hot_factor: f64,
    pub(super) hot_percent: u32,
    pub(super) segmented: bool,
    pub(super) sizes: bool,
    /// The TTL up to which items go to a list of their own; `None` if none do.
    pub(super) temporary: Option<i32>,
    pub(super) verbosity: u32,
    pub(super) warm_factor: f64,
    pub(super) warm_percent: u32,
}

impl Default for Tuned {
    fn default() -> Self {
        Self {
            automove: 1,
            automove_ratio: 0.8,
            crawler: true,
            crawler_sleep: 100,
            crawler_tocrawl: 0,
            hot_factor: 0.2,
            hot_percent: 20,
            segmented: true,
            sizes: false,
            temporary: None,
            verbosity: 0,
            warm_factor: 2.0,
            warm_percent: 40,
        }
    }
}

impl Settings {
    /// Whether clients must authenticate in this way.
    pub(super) fn demands(&self, authentication: Authentication) -> bool {
        self.credentials.as_ref().is_some_and(|credentials| credentials.authentication == authentication)
    }

    /// `stats settings` (`memcached.c:process_stat_settings`).
    pub(super) fn tell(&self, is_detailed: bool, sink: &mut Sink<'_>) {
        let tuned = &self.tuned;
        let yes_no = super::log::yes_no;
        sink.stat("maxbytes", self.memory_limit);
        sink.stat("maxconns", self.max_connections);
        sink.stat("tcpport", self.port);
        sink.stat("udpport", 0);
        sink.stat("inter", &self.interface);
        sink.stat("verbosity", tuned.verbosity);
        sink.stat("oldest", 0);
        sink.stat("evictions", "on");
        sink.stat("domain_socket", self.socket.as_deref().unwrap_or("NULL"));
        sink.all(&[
            ("umask", "700"),
            ("shutdown_command", "no"),
            ("growth_factor", "1.25"),
            ("chunk_size", "48"),
        ]);
        sink.stat("num_threads", self.threads);
        sink.stat("num_threads_per_udp", self.threads);
        sink.stat("stat_key_prefix", ":");
        sink.stat("detail_enabled", yes_no(is_detailed));
        sink.all(&[("reqs_per_event", "20"), ("cas_enabled", "yes"), ("tcp_backlog", "1024")]);
        let by_sasl = self.demands(Authentication::Sasl);
        let by_text = self.demands(Authentication::Text);
        let binding = if by_sasl {
            "binary"
        } else if by_text {
            "ascii"
        } else {
            "auto-negotiate"
        };
        sink.stat("binding_protocol", binding);
        sink.stat("auth_enabled_sasl", yes_no(by_sasl));
        sink.stat("auth_enabled_ascii", yes_no(by_text));
        sink.stat("item_size_max", self.item_size_max);
        sink.all(&[("maxconns_fast", "yes"), ("hashpower_init", "0"), ("slab_reassign", "yes")]);
        sink.stat("slab_automove", tuned.automove);
        sink.stat("slab_automove_ratio", format_args!("{:.2}", tuned.automove_ratio));
        sink.all(&[("slab_automove_window", "30"), ("slab_chunk_max", "524288")]);
        sink.stat("lru_crawler", yes_no(tuned.crawler));
        sink.stat("lru_crawler_sleep", tuned.crawler_sleep);
        sink.stat("lru_crawler_tocrawl", tuned.crawler_tocrawl);
        sink.all(&[("tail_repair_time", "0"), ("flush_enabled", "yes"), ("dump_enabled", "yes")]);
        sink.all(&[("hash_algorithm", "siphash13"), ("lru_maintainer_thread", "yes")]);
        sink.stat("lru_segmented", yes_no(tuned.segmented));
        sink.stat("hot_lru_pct", tuned.hot_percent);
        sink.stat("warm_lru_pct", tuned.warm_percent);
        sink.stat("hot_max_factor", format_args!("{:.2}", tuned.hot_factor));
        sink.stat("warm_max_factor", format_args!("{:.2}", tuned.warm_factor));
        sink.stat("temp_lru", yes_no(tuned.temporary.is_some()));
        sink.stat("temporary_ttl", tuned.temporary.unwrap_or(61));
        sink.all(&[
            ("idle_timeout", "0"),
            ("watcher_logbuf_size", "262144"),
            ("worker_logbuf_size", "65536"),
        ]);
        sink.stat("read_buf_mem_limit", 0);
        sink.stat("track_sizes", yes_no(tuned.sizes));
        sink.all(&[("inline_ascii_response", "no"), ("ssl_enabled", "no")]);
    }
}
