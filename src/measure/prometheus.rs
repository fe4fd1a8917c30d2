//! Statistics under the names of Prometheus' memcached_exporter, so that its dashboards and alerts work, and what
//! follows from them as `cachier_*`. Every sample has the label `server`.

use super::exposition::Exposition;
use super::exposition::Kind;
use super::exposition::Kind::Counter;
use super::exposition::Kind::Gauge;
use super::exposition::Metric;
use super::sample::Sample;
use super::sample::number;
use super::stats::ServerStats;
use super::total::Total;

const fn metric(name: &'static str, kind: Kind, help: &'static str) -> Metric {
    Metric { name, kind, help }
}

const UP: Metric = metric("memcached_up", Gauge, "Whether the server answers.");
const VERSION: Metric = metric("memcached_version", Gauge, "Its version, as a label.");
const COMMANDS: Metric =
    metric("memcached_commands_total", Counter, "Commands by what was asked and what came of it.");
const SLAB_COMMANDS: Metric =
    metric("memcached_slab_commands_total", Counter, "Commands that met an item of the slab class.");
const LRU_HITS: Metric =
    metric("memcached_slab_lru_hits_total", Counter, "Hits by the LRU that the item was in.");

/// Fields of the general statistics.
#[rustfmt::skip]
const GENERAL: &[(&str, Metric)] = &[
    ("uptime", metric("memcached_uptime_seconds", Counter, "Time since the server started.")),
    ("time", metric("memcached_time_seconds", Gauge, "UNIX time of the server.")),
    ("rusage_user", metric("memcached_process_user_cpu_seconds_total", Counter, "Processor time in user mode.")),
    ("rusage_system", metric("memcached_process_system_cpu_seconds_total", Counter, "Processor time in the kernel.")),
    ("bytes", metric("memcached_current_bytes", Gauge, "Bytes of the items that are stored.")),
    ("limit_maxbytes", metric("memcached_limit_bytes", Gauge, "Bytes that items may take.")),
    ("curr_items", metric("memcached_current_items", Gauge, "Items that are stored.")),
    ("total_items", metric("memcached_items_total", Counter, "Items that were stored.")),
    ("bytes_read", metric("memcached_read_bytes_total", Counter, "Bytes that clients sent.")),
    ("bytes_written", metric("memcached_written_bytes_total", Counter, "Bytes that clients were sent.")),
    ("curr_connections", metric("memcached_current_connections", Gauge, "Open connections.")),
    ("total_connections", metric("memcached_connections_total", Counter, "Connections that were opened.")),
    ("rejected_connections", metric("memcached_connections_rejected_total", Counter, "Connections refused at the limit.")),
    ("conn_yields", metric("memcached_connections_yielded_total", Counter, "Times a connection had to let others go first.")),
    ("listen_disabled_num", metric("memcached_connections_listener_disabled_total", Counter, "Times the limit of connections was hit.")),
    ("accepting_conns", metric("memcached_accepting_connections", Gauge, "Whether connections are accepted.")),
    ("evictions", metric("memcached_items_evicted_total", Counter, "Items that were evicted before their time.")),
    ("reclaimed", metric("memcached_items_reclaimed_total", Counter, "Stores that took the place of an expired item.")),
    ("store_too_large", metric("memcached_item_too_large_total", Counter, "Stores of items above the largest size.")),
    ("store_no_memory", metric("memcached_item_no_memory_total", Counter, "Stores that found no memory.")),
    ("direct_reclaims", metric("memcached_direct_reclaims_total", Counter, "Times a worker had to evict by itself.")),
    ("total_malloced", metric("memcached_malloced_bytes", Gauge, "Bytes given to slab pages.")),
    ("lru_crawler_starts", metric("memcached_lru_crawler_starts_total", Counter, "Runs of the LRU crawler.")),
    ("crawler_reclaimed", metric("memcached_lru_crawler_reclaimed_total", Counter, "Items that the LRU crawler freed.")),
    ("crawler_items_checked", metric("memcached_lru_crawler_items_checked_total", Counter, "Items that the LRU crawler looked at.")),
    ("moves_to_cold", metric("memcached_lru_crawler_moves_to_cold_total", Counter, "Items moved to a COLD LRU.")),
    ("moves_to_warm", metric("memcached_lru_crawler_moves_to_warm_total", Counter, "Items moved to a WARM LRU.")),
    ("moves_within_lru", metric("memcached_lru_crawler_moves_within_lru_total", Counter, "Items moved within their LRU.")),
    ("extstore_compact_lost", metric("memcached_extstore_compact_lost_total", Counter, "Items lost in compaction since they were locked.")),
    ("extstore_compact_rescues", metric("memcached_extstore_compact_rescued_total", Counter, "Items moved to a new page in compaction.")),
    ("extstore_compact_skipped", metric("memcached_extstore_compact_skipped_total", Counter, "Items dropped in compaction.")),
    ("extstore_page_allocs", metric("memcached_extstore_pages_allocated_total", Counter, "Pages that were taken.")),
    ("extstore_page_evictions", metric("memcached_extstore_pages_evicted_total", Counter, "Pages that were evicted.")),
    ("extstore_page_reclaims", metric("memcached_extstore_pages_reclaimed_total", Counter, "Empty pages that were freed.")),
    ("extstore_pages_free", metric("memcached_extstore_pages_free", Gauge, "Pages without items.")),
    ("extstore_pages_used", metric("memcached_extstore_pages_used", Gauge, "Pages with items.")),
    ("extstore_objects_evicted", metric("memcached_extstore_objects_evicted_total", Counter, "Items evicted from external storage.")),
    ("extstore_objects_read", metric("memcached_extstore_objects_read_total", Counter, "Items read from external storage.")),
    ("extstore_objects_written", metric("memcached_extstore_objects_written_total", Counter, "Items written to external storage.")),
    ("extstore_objects_used", metric("memcached_extstore_objects_used", Gauge, "Items in external storage.")),
    ("extstore_bytes_evicted", metric("memcached_extstore_bytes_evicted_total", Counter, "Bytes evicted from external storage.")),
    ("extstore_bytes_written", metric("memcached_extstore_bytes_written_total", Counter, "Bytes written to external storage.")),
    ("extstore_bytes_read", metric("memcached_extstore_bytes_read_total", Counter, "Bytes read from external storage.")),
    ("extstore_bytes_used", metric("memcached_extstore_bytes_used", Gauge, "Bytes of items in external storage.")),
    ("extstore_bytes_fragmented", metric("memcached_extstore_bytes_fragmented", Gauge, "Bytes of pages that no item uses.")),
    ("extstore_limit_maxbytes", metric("memcached_extstore_bytes_limit", Gauge, "Bytes that external storage has.")),
    ("extstore_io_queue", metric("memcached_extstore_io_queue_depth", Gauge, "Items that wait to be read or written.")),
    ("proxy_conn_requests", metric("memcached_proxy_conn_requests_total", Counter, "Connections that the proxy opened.")),
    ("proxy_conn_errors", metric("memcached_proxy_conn_errors_total", Counter, "Connections of the proxy that failed.")),
    ("proxy_conn_oom", metric("memcached_proxy_conn_oom_total", Counter, "Connections that the proxy had no memory for.")),
    ("proxy_req_active", metric("memcached_proxy_req_active", Gauge, "Requests that the proxy is forwarding.")),
    ("proxy_config_reloads", metric("memcached_proxy_config_reloads_total", Counter, "Times the proxy read its configuration again.")),
    ("proxy_config_reload_fails", metric("memcached_proxy_config_reload_fails_total", Counter, "Times that failed.")),
    ("proxy_backend_total", metric("memcached_proxy_backend_total", Gauge, "Servers behind the proxy.")),
    ("proxy_backend_marked_bad", metric("memcached_proxy_backend_marked_bad_total", Counter, "Times the proxy gave a server up.")),
    ("proxy_backend_failed", metric("memcached_proxy_backend_failed", Gauge, "Servers that the proxy has given up.")),
    ("proxy_request_failed_depth", metric("memcached_proxy_request_failed_depth_total", Counter, "Requests dropped since too many waited.")),
];

/// Fields of `stats settings`; a switch is 1 or 0.
#[rustfmt::skip]
const SETTINGS: &[(&str, Metric)] = &[
    ("maxconns", metric("memcached_max_connections", Gauge, "Connections that are allowed.")),
    ("lru_crawler", metric("memcached_lru_crawler_enabled", Gauge, "Whether the LRU crawler is on.")),
    ("lru_crawler_sleep", metric("memcached_lru_crawler_sleep", Gauge, "Microseconds between steps of the LRU crawler.")),
    ("lru_crawler_tocrawl", metric("memcached_lru_crawler_to_crawl", Gauge, "Items of a class that a run of the LRU crawler looks at.")),
    ("lru_maintainer_thread", metric("memcached_lru_crawler_maintainer_thread", Gauge, "Whether the LRU is kept in order in the background.")),
    ("hot_lru_pct", metric("memcached_lru_crawler_hot_percent", Gauge, "Percent of the memory that the HOT LRU may take.")),
    ("warm_lru_pct", metric("memcached_lru_crawler_warm_percent", Gauge, "Percent of the memory that the WARM LRU may take.")),
    ("hot_max_factor", metric("memcached_lru_crawler_hot_max_factor", Gauge, "Idle time of the HOT LRU as a part of that of COLD.")),
    ("warm_max_factor", metric("memcached_lru_crawler_warm_max_factor", Gauge, "Idle time of the WARM LRU as a part of that of COLD.")),
];

/// Fields of a class in `stats items` or `stats slabs`.
#[rustfmt::skip]
const CLASS: &[(&str, Metric)] = &[
    ("number", metric("memcached_slab_current_items", Gauge, "Items in the slab class.")),
    ("age", metric("memcached_slab_items_age_seconds", Gauge, "Age of the oldest item.")),
    ("crawler_reclaimed", metric("memcached_slab_items_crawler_reclaimed_total", Counter, "Items that the LRU crawler freed.")),
    ("evicted", metric("memcached_slab_items_evicted_total", Counter, "Items that were evicted before their time.")),
    ("evicted_nonzero", metric("memcached_slab_items_evicted_nonzero_total", Counter, "Evicted items that had an expiry.")),
    ("evicted_time", metric("memcached_slab_items_evicted_time_seconds", Gauge, "Time since the last use of the item that was evicted last.")),
    ("evicted_unfetched", metric("memcached_slab_items_evicted_unfetched_total", Counter, "Evicted items that nobody ever fetched.")),
    ("expired_unfetched", metric("memcached_slab_items_expired_unfetched_total", Counter, "Expired items that nobody ever fetched.")),
    ("outofmemory", metric("memcached_slab_items_outofmemory_total", Counter, "Stores that found no memory.")),
    ("reclaimed", metric("memcached_slab_items_reclaimed_total", Counter, "Stores that took the place of an expired item.")),
    ("tailrepairs", metric("memcached_slab_items_tailrepairs_total", Counter, "Items whose count of references was repaired.")),
    ("moves_to_cold", metric("memcached_slab_items_moves_to_cold", Counter, "Items moved to the COLD LRU.")),
    ("moves_to_warm", metric("memcached_slab_items_moves_to_warm", Counter, "Items moved to the WARM LRU.")),
    ("moves_within_lru", metric("memcached_slab_items_moves_within_lru", Counter, "Items moved within their LRU.")),
    ("number_hot", metric("memcached_slab_hot_items", Gauge, "Items in the HOT LRU.")),
    ("number_warm", metric("memcached_slab_warm_items", Gauge, "Items in the WARM LRU.")),
    ("number_cold", metric("memcached_slab_cold_items", Gauge, "Items in the COLD LRU.")),
    ("number_temp", metric("memcached_slab_temporary_items", Gauge, "Items in the TEMP LRU.")),
    ("age_hot", metric("memcached_slab_hot_age_seconds", Gauge, "Age of the oldest item in the HOT LRU.")),
    ("age_warm", metric("memcached_slab_warm_age_seconds", Gauge, "Age of the oldest item in the WARM LRU.")),
    ("mem_requested", metric("memcached_slab_mem_requested_bytes", Gauge, "Bytes that the items asked for.")),
    ("chunk_size", metric("memcached_slab_chunk_size_bytes", Gauge, "Bytes of one chunk.")),
    ("chunks_per_page", metric("memcached_slab_chunks_per_page", Gauge, "Chunks in one page.")),
    ("total_pages", metric("memcached_slab_current_pages", Gauge, "Pages of the class.")),
    ("total_chunks", metric("memcached_slab_current_chunks", Gauge, "Chunks in these pages.")),
    ("used_chunks", metric("memcached_slab_chunks_used", Gauge, "Chunks that hold an item.")),
    ("free_chunks", metric("memcached_slab_chunks_free", Gauge, "Chunks that hold none.")),
    ("free_chunks_end", metric("memcached_slab_chunks_free_end", Gauge, "Free chunks at the end of the last page.")),
];

/// Derived figures of one server that are no counters.
#[rustfmt::skip]
const DERIVED: &[(&str, Metric)] = &[
    ("hit_ratio", metric("cachier_hit_ratio", Gauge, "Part of the gets that found something, since the server started.")),
    ("evicted_age", metric("cachier_evicted_age_seconds", Gauge, "Shortest time that an evicted item had been idle.")),
    ("slab_waste", metric("cachier_slab_waste_ratio", Gauge, "Part of the slab memory that holds nothing.")),
    ("starving_classes", metric("cachier_starving_classes", Gauge, "Slab classes that evict far more than their part of the memory.")),
    ("memory_use", metric("cachier_memory_use_ratio", Gauge, "Part of the memory that items take.")),
    ("connections_use", metric("cachier_connections_use_ratio", Gauge, "Part of the allowed connections that is open.")),
    ("bytes_per_item", metric("cachier_bytes_per_item", Gauge, "Bytes of an item in the mean.")),
];

const SERVERS: Metric = metric("cachier_servers", Gauge, "Servers of the profile.");
const SERVERS_UP: Metric = metric("cachier_servers_up", Gauge, "Those of them that answer.");
const ROUND_TRIP: Metric =
    metric("cachier_probe_seconds", Gauge, "Time of one request that asks for nothing.");
const SHARE: Metric = metric("cachier_routing_share_ratio", Gauge, "Part of all keys that the server has.");

/// Figures that only several servers have.
#[rustfmt::skip]
const SKEWS: &[(&str, Metric)] = &[
    ("skew_items", metric("cachier_skew_items_ratio", Gauge, "Items of the fullest server over those of the mean one.")),
    ("skew_bytes", metric("cachier_skew_bytes_ratio", Gauge, "Bytes of the fullest server over those of the mean one.")),
    ("skew_gets", metric("cachier_skew_gets_ratio", Gauge, "Gets of the busiest server over those of the mean one.")),
];

/// One server of a scrape.
#[derive(Clone, Copy, Debug)]
pub struct Scraped<'a> {
    /// Its name.
    pub server: &'a str,
    /// Its numbers; `None` if it is down.
    pub stats: Option<&'a ServerStats>,
    /// How long one request took, in seconds.
    pub round_trip: Option<f64>,
    /// Its part of all keys, if the routing tells.
    pub share: Option<f64>,
}

/// Returns all samples of a scrape.
#[must_use]
pub fn exposition(servers: &[Scraped<'_>], total: &Total) -> Exposition {
    let mut all = Exposition::default();
    for scraped in servers {
        let server = ("server", scraped.server);
        all.add(UP, &[server], f64::from(u8::from(scraped.stats.is_some())));
        let own = [(ROUND_TRIP, scraped.round_trip), (SHARE, scraped.share)];
        for (metric, value) in own.into_iter().filter_map(|(metric, value)| Some((metric, value?))) {
            all.add(metric, &[server], value);
        }
        let Some(stats) = scraped.stats else { continue };
        general(&mut all, server, &stats.sample);
        classes(&mut all, server, &stats.sample);
        for (name, metric) in DERIVED {
            let figure = stats.lifetime.figures.get(name).and_then(|field| field.figure.number());
            figure.into_iter().for_each(|value| all.add(*metric, &[server], value));
        }
    }
    all.add(SERVERS, &[], total.servers as f64);
    all.add(SERVERS_UP, &[], total.up as f64);
    for (name, metric) in SKEWS {
        let figure = total.lifetime.figures.get(name).and_then(|field| field.figure.number());
        figure.into_iter().for_each(|value| all.add(*metric, &[], value));
    }
    all
}

fn general(all: &mut Exposition, server: (&str, &str), sample: &Sample) {
    let number = |name: &str| sample.general.number(name);
    if let Some(version) = sample.version() {
        all.add(VERSION, &[server, ("version", version)], 1.0);
    }
    for (field, metric) in GENERAL {
        number(field).into_iter().for_each(|value| all.add(*metric, &[server], value));
    }
    for (field, metric) in SETTINGS {
        let value = sample.settings.as_ref().and_then(|settings| settings.get(field));
        value.and_then(switch_or_number).into_iter().for_each(|value| all.add(*metric, &[server], value));
    }
    if let (None, Some(limit)) = (&sample.settings, number("max_connections")) {
        all.add(
            metric("memcached_max_connections", Gauge, "Connections that are allowed."),
            &[server],
            limit,
        );
    }
    for command in ["get", "delete", "incr", "decr", "cas", "touch"] {
        for (status, ending) in [("hit", "hits"), ("miss", "misses")] {
            let value = number(&format!("{command}_{ending}"));
            let labels = [server, ("command", command), ("status", status)];
            value.into_iter().for_each(|value| all.add(COMMANDS, &labels, value));
        }
    }
    // A `cas` is counted as a set as well.
    let cas = ["cas_hits", "cas_misses", "cas_badval"].map(|name| number(name).unwrap_or_default());
    let sets = number("cmd_set").map(|sets| (sets - cas.iter().sum::<f64>()).max(0.0));
    let others = [
        ("cas", "badval", number("cas_badval")),
        ("flush", "hit", number("cmd_flush")),
        ("set", "hit", sets),
    ];
    for (command, status, value) in others {
        let labels = [server, ("command", command), ("status", status)];
        value.into_iter().for_each(|value| all.add(COMMANDS, &labels, value));
    }
}

/// `yes` and `no` as 1 and 0, or a number.
fn switch_or_number(value: &str) -> Option<f64> {
    match value {
        "yes" => Some(1.0),
        "no" => Some(0.0),
        value => number(value),
    }
}

fn classes(all: &mut Exposition, server: (&str, &str), sample: &Sample) {
    let items = sample.items.iter().flat_map(super::sample::Rows::iter);
    let items = items.filter_map(|(name, value)| Some((name.strip_prefix("items:")?, value)));
    let slabs = sample.slabs.iter().flat_map(super::sample::Rows::iter);
    let tells_requested = sample
        .items
        .iter()
        .flat_map(super::sample::Rows::iter)
        .any(|(name, _)| name.ends_with(":mem_requested"));
    let rows = items.chain(slabs.filter(|(name, _)| !(tells_requested && name.ends_with(":mem_requested"))));
    for (name, value) in rows {
        let Some((class, field)) = name.split_once(':') else { continue };
        let Some(value) = number(value).filter(|_| class.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let slab = ("slab", class);
        if let Some((_, metric)) = CLASS.iter().find(|(known, _)| *known == field) {
            all.add(*metric, &[server, slab], value);
        } else if let Some(lru) = field.strip_prefix("hits_to_") {
            let lru = if lru == "temp" { "temporary" } else { lru };
            all.add(LRU_HITS, &[server, slab, ("lru", lru)], value);
        } else if let Some(command) = field.strip_suffix("_hits") {
            all.add(SLAB_COMMANDS, &[server, slab, ("command", command), ("status", "hit")], value);
        } else if field == "cas_badval" {
            all.add(SLAB_COMMANDS, &[server, slab, ("command", "cas"), ("status", "badval")], value);
        } else if field == "cmd_set" {
            let of =
                |other: &str| sample.slabs.as_ref().and_then(|rows| rows.number(&format!("{class}:{other}")));
            let cas = of("cas_hits").unwrap_or_default() + of("cas_badval").unwrap_or_default();
            let labels = [server, slab, ("command", "set"), ("status", "hit")];
            all.add(SLAB_COMMANDS, &labels, (value - cas).max(0.0));
        }
    }
}
