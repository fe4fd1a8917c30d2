//! The statistics, as `memcached.c:server_stats`, `items.c:item_stats` and `slabs.c:do_slabs_stats` tell them.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::protocol::codes::REPLY_MAGIC;
use crate::protocol::codes::opcode;

use super::arrivals::Look;
use super::store::CLOCK_START;
use super::store::Store;

/// The version that is imitated.
pub(super) const VERSION: &str = "1.6.18";

/// Where statistics go: lines of text, or binary packets with an opaque.
pub(super) enum Sink<'a> {
    Text(&'a mut Vec<u8>),
    Binary(&'a mut Vec<u8>, [u8; 4]),
}

impl Sink<'_> {
    pub(super) fn stat(&mut self, name: &str, value: impl Display) {
        self.write(name.as_bytes(), value.to_string().as_bytes());
    }

    pub(super) fn all(&mut self, stats: &[(&str, &str)]) {
        stats.iter().for_each(|(name, value)| self.stat(name, value));
    }

    /// Names of 64 KiB do not occur, so the lengths fit their fields.
    pub(super) fn write(&mut self, name: &[u8], value: &[u8]) {
        match self {
            Self::Text(out) => {
                for part in [b"STAT ", name, b" ", value, b"\r\n"] {
                    out.extend_from_slice(part);
                }
            }
            Self::Binary(out, opaque) => {
                let key = u16::try_from(name.len()).unwrap_or(u16::MAX);
                let body = u32::try_from(name.len() + value.len()).unwrap_or(u32::MAX);
                out.extend_from_slice(&[REPLY_MAGIC, opcode::STAT]);
                out.extend_from_slice(&key.to_be_bytes());
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&body.to_be_bytes());
                out.extend_from_slice(opaque);
                out.extend_from_slice(&[0; 8]);
                out.extend_from_slice(name);
                out.extend_from_slice(value);
            }
        }
    }

    pub(super) fn end(&mut self) {
        match self {
            Self::Text(out) => out.extend_from_slice(b"END\r\n"),
            Self::Binary(..) => self.write(b"", b""),
        }
    }
}

impl Store {
    /// One group of statistics with its end; `false` if there is none of this name.
    pub(super) fn tell(&mut self, group: &[u8], sink: &mut Sink<'_>) -> bool {
        match group {
            b"" => self.general(sink),
            b"settings" => self.settings.tell(self.prefixes.is_on, sink),
            b"items" => self.items(sink),
            b"slabs" => self.slab_classes(sink),
            b"sizes" if self.settings.tuned.sizes => self.sizes(sink),
            b"sizes" => sink.stat("sizes_status", "disabled"),
            b"sizes_enable" | b"sizes_disable" => {
                self.settings.tuned.sizes = group == b"sizes_enable";
                let status = if self.settings.tuned.sizes { "enabled" } else { "disabled" };
                sink.stat("sizes_status", status);
            }
            _ => return false,
        }
        sink.end();
        true
    }

    /// What whoever runs the server is shown.
    pub(super) fn look(&mut self) -> Look {
        let (arrivals, others) = self.log.arrivals.take();
        let counters = &self.counters;
        Look {
            arrivals,
            others,
            gets: counters.cmd_get,
            hits: counters.sum(|class| class.get_hits),
            sets: counters.sum(|class| class.cmd_set),
            items: self.table.count as u64,
        }
    }

    /// `stats reset`.
    pub(super) fn reset(&mut self) {
        self.counters = super::counters::Counters::new();
        self.prefixes.clear();
        (self.log.sent, self.log.skipped, self.slabs.moved) = (0, 0, 0);
    }

    fn general(&self, sink: &mut Sink<'_>) {
        let counters = &self.counters;
        let uptime = self.now.saturating_sub(CLOCK_START - 2);
        let (user, system) = processor_seconds();
        sink.stat("pid", std::process::id());
        sink.stat("uptime", uptime);
        sink.stat("time", self.epoch + u64::from(self.now));
        sink.all(&[("version", VERSION), ("libevent", "none"), ("pointer_size", "64")]);
        sink.stat("rusage_user", user);
        sink.stat("rusage_system", system);
        sink.stat("max_connections", self.settings.max_connections);
        // The listening socket is none of them.
        sink.stat("curr_connections", self.connections.len().saturating_sub(1));
        sink.stat("total_connections", counters.total_connections);
        sink.stat("rejected_connections", counters.rejected_connections);
        sink.stat("connection_structures", self.connections.len());
        sink.all(&[("response_obj_oom", "0"), ("response_obj_count", "0"), ("response_obj_bytes", "0")]);
        sink.all(&[("read_buf_count", "0"), ("read_buf_bytes", "0"), ("read_buf_bytes_free", "0")]);
        sink.all(&[("read_buf_oom", "0"), ("reserved_fds", "20")]);
        self.commands(sink);
        sink.stat("bytes_read", counters.bytes_read);
        sink.stat("bytes_written", counters.bytes_written);
        sink.stat("limit_maxbytes", self.slabs.limit);
        sink.all(&[
            ("accepting_conns", "1"),
            ("listen_disabled_num", "0"),
            ("time_in_listen_disabled_us", "0"),
        ]);
        sink.stat("threads", self.settings.threads);
        sink.stat("conn_yields", counters.conn_yields);
        sink.stat("hash_power_level", self.table.buckets().trailing_zeros());
        sink.stat("hash_bytes", self.table.buckets() * 8);
        sink.all(&[
            ("hash_is_expanding", "0"),
            ("slab_reassign_rescues", "0"),
            ("slab_reassign_chunk_rescues", "0"),
        ]);
        sink.all(&[("slab_reassign_evictions_nomem", "0"), ("slab_reassign_inline_reclaim", "0")]);
        sink.all(&[("slab_reassign_busy_items", "0"), ("slab_reassign_busy_deletes", "0")]);
        sink.stat("slab_reassign_running", 0);
        sink.stat("slabs_moved", self.slabs.moved);
        sink.stat("lru_crawler_running", u8::from(self.is_listing));
        sink.stat("lru_crawler_starts", counters.lru_crawler_starts);
        sink.all(&[("lru_maintainer_juggles", "0"), ("malloc_fails", "0"), ("log_worker_dropped", "0")]);
        sink.stat("log_worker_written", self.log.sent);
        sink.stat("log_watcher_skipped", self.log.skipped);
        sink.stat("log_watcher_sent", self.log.sent);
        sink.stat("log_watchers", self.log.count());
        sink.all(&[("unexpected_napi_ids", "0"), ("round_robin_fallback", "0")]);
        self.totals(sink);
    }

    fn commands(&self, sink: &mut Sink<'_>) {
        let counters = &self.counters;
        sink.stat("cmd_get", counters.cmd_get);
        sink.stat("cmd_set", counters.sum(|class| class.cmd_set));
        sink.stat("cmd_flush", counters.cmd_flush);
        sink.stat("cmd_touch", counters.cmd_touch);
        sink.stat("cmd_meta", counters.cmd_meta);
        sink.stat("get_hits", counters.sum(|class| class.get_hits));
        sink.stat("get_misses", counters.get_misses);
        sink.stat("get_expired", counters.get_expired);
        sink.stat("get_flushed", counters.get_flushed);
        sink.stat("delete_misses", counters.delete_misses);
        sink.stat("delete_hits", counters.sum(|class| class.delete_hits));
        sink.stat("incr_misses", counters.incr_misses);
        sink.stat("incr_hits", counters.sum(|class| class.incr_hits));
        sink.stat("decr_misses", counters.decr_misses);
        sink.stat("decr_hits", counters.sum(|class| class.decr_hits));
        sink.stat("cas_misses", counters.cas_misses);
        sink.stat("cas_hits", counters.sum(|class| class.cas_hits));
        sink.stat("cas_badval", counters.sum(|class| class.cas_badval));
        sink.stat("touch_hits", counters.sum(|class| class.touch_hits));
        sink.stat("touch_misses", counters.touch_misses);
        sink.stat("store_too_large", counters.store_too_large);
        sink.stat("store_no_memory", counters.store_no_memory);
        sink.stat("auth_cmds", counters.auth_cmds);
        sink.stat("auth_errors", counters.auth_errors);
    }

    fn totals(&self, sink: &mut Sink<'_>) {
        let counters = &self.counters;
        sink.stat("bytes", self.table.lists.iter().map(|list| list.bytes).sum::<usize>());
        sink.stat("curr_items", self.table.count);
        sink.stat("total_items", counters.total_items);
        sink.stat("slab_global_page_pool", 0);
        sink.stat("expired_unfetched", counters.sum(|class| class.expired_unfetched));
        sink.stat("evicted_unfetched", counters.sum(|class| class.evicted_unfetched));
        sink.stat("evicted_active", 0);
        sink.stat("evictions", counters.sum(|class| class.evicted));
        sink.stat("reclaimed", counters.sum(|class| class.reclaimed));
        sink.stat("crawler_reclaimed", counters.sum(|class| class.crawler_reclaimed));
        sink.stat("crawler_items_checked", counters.sum(|class| class.crawler_items_checked));
        sink.stat("lrutail_reflocked", 0);
        sink.stat("moves_to_cold", counters.sum(|class| class.moves_to_cold));
        sink.all(&[("moves_to_warm", "0"), ("moves_within_lru", "0")]);
        sink.stat("direct_reclaims", counters.sum(|class| class.direct_reclaims));
        sink.stat("lru_bumps_dropped", 0);
    }

    fn items(&self, sink: &mut Sink<'_>) {
        for (class, list) in (0u8..).zip(&self.table.lists).filter(|(_, list)| list.count > 0) {
            let counters = &self.counters.classes[usize::from(class)];
            let age = self
                .table
                .oldest(class)
                .map_or(0, |place| self.now.saturating_sub(self.table.item(place).time));
            let mut stat = |name: &str, value: u64| sink.stat(&format!("items:{class}:{name}"), value);
            stat("number", list.count as u64);
            stat("number_hot", 0);
            stat("number_warm", 0);
            stat("number_cold", list.count as u64);
            stat("age_hot", 0);
            stat("age_warm", 0);
            stat("age", age.into());
            stat("mem_requested", list.bytes as u64);
            stat("evicted", counters.evicted);
            stat("evicted_nonzero", counters.evicted_nonzero);
            stat("evicted_time", counters.evicted_time.into());
            stat("outofmemory", counters.outofmemory);
            stat("tailrepairs", 0);
            stat("reclaimed", counters.reclaimed);
            stat("expired_unfetched", counters.expired_unfetched);
            stat("evicted_unfetched", counters.evicted_unfetched);
            stat("evicted_active", 0);
            stat("crawler_reclaimed", counters.crawler_reclaimed);
            stat("crawler_items_checked", counters.crawler_items_checked);
            stat("lrutail_reflocked", 0);
            stat("moves_to_cold", counters.moves_to_cold);
            stat("moves_to_warm", 0);
            stat("moves_within_lru", 0);
            stat("direct_reclaims", counters.direct_reclaims);
            stat("hits_to_hot", 0);
            stat("hits_to_warm", 0);
            stat("hits_to_cold", counters.get_hits);
            stat("hits_to_temp", 0);
        }
    }

    fn slab_classes(&self, sink: &mut Sink<'_>) {
        let mut active = 0;
        for (index, class) in self.slabs.classes.iter().enumerate().filter(|(_, class)| class.pages > 0) {
            let counters = &self.counters.classes[index];
            let chunks = class.pages * class.chunks_per_page;
            let mut stat = |name: &str, value: u64| sink.stat(&format!("{index}:{name}"), value);
            active += 1;
            stat("chunk_size", class.chunk as u64);
            stat("chunks_per_page", class.chunks_per_page as u64);
            stat("total_pages", class.pages as u64);
            stat("total_chunks", chunks as u64);
            stat("used_chunks", (chunks - class.free) as u64);
            stat("free_chunks", class.free as u64);
            stat("free_chunks_end", 0);
            stat("get_hits", counters.get_hits);
            stat("cmd_set", counters.cmd_set);
            stat("delete_hits", counters.delete_hits);
            stat("incr_hits", counters.incr_hits);
            stat("decr_hits", counters.decr_hits);
            stat("cas_hits", counters.cas_hits);
            stat("cas_badval", counters.cas_badval);
            stat("touch_hits", counters.touch_hits);
        }
        sink.stat("active_slabs", active);
        sink.stat("total_malloced", self.slabs.allocated());
    }

    /// How many items there are of each size, in steps of 32 bytes.
    fn sizes(&self, sink: &mut Sink<'_>) {
        let mut counts = BTreeMap::new();
        let mut place = 0;
        while let Some((at, item)) = self.table.at_or_after(place) {
            *counts.entry(item.size().div_ceil(32) * 32).or_insert(0u64) += 1;
            place = at + 1;
        }
        counts.iter().for_each(|(size, count)| sink.stat(&size.to_string(), count));
    }
}

/// The processor time used so far, as `seconds.microseconds` in the program and in the kernel; zeros where `/proc` is not.
fn processor_seconds() -> (String, String) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program is in parentheses and may hold anything; `utime` is the 12th field behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut ticks = fields.split_whitespace().skip(11).map(|ticks| ticks.parse::<u64>().unwrap_or(0));
    // A tick is 10 ms for all programs on Linux (`USER_HZ`).
    let mut next = || ticks.next().map_or((0, 0), |ticks| (ticks / 100, ticks % 100));
    let [(user, user_ticks), (system, system_ticks)] = [next(), next()];
    (format!("{user}.{user_ticks:02}0000"), format!("{system}.{system_ticks:02}0000"))
}
