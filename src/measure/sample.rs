//! What one server answered to `stats`, at one moment.

use std::collections::BTreeMap;
use std::collections::HashSet;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::figure::Dimension;
use super::figure::Figure;

/// Names and values of one group of statistics, in the order of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(Vec<(String, String)>);

impl Rows {
    /// Adds one `STAT`; bytes that are not UTF-8 are replaced.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.0.push((text(name), text(value)));
    }

    /// Returns the value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(row, _)| *row == name).map(|(_, value)| value)
    }

    /// Returns the value of a name if it is a finite number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(number)
    }

    /// Returns names and values in the order of the server.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns whether the server told nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, String)> for Rows {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

/// A JSON object: numbers as numbers, all else (versions always) as text, the first of equal names only.
impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seen = HashSet::new();
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.iter().filter(|(name, _)| seen.insert(*name)) {
            // A version of two parts would read as a decimal number.
            let is_text = name == "version" || name == "libevent";
            match (value.parse::<i64>(), value.parse::<u64>(), number(value)) {
                _ if is_text => map.serialize_entry(name, value)?,
                (Ok(integer), _, _) => map.serialize_entry(name, &integer)?,
                (_, Ok(integer), _) => map.serialize_entry(name, &integer)?,
                (_, _, Some(number)) => map.serialize_entry(name, &number)?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

/// Reads a decimal number as memcached writes it; `inf`, `nan` and exponents are text.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    text.parse::<f64>().ok().filter(|number| is_decimal && number.is_finite())
}

/// All groups that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// `stats`.
    pub general: Rows,
    /// `stats items`; `None` if it was not asked for or is not offered.
    pub items: Option<Rows>,
    /// `stats slabs`; likewise.
    pub slabs: Option<Rows>,
    /// `stats settings`; likewise.
    pub settings: Option<Rows>,
}

impl Sample {
    /// Returns the first number of that name, in the order general, items, slabs, settings.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let groups = [Some(&self.general), self.items.as_ref(), self.slabs.as_ref(), self.settings.as_ref()];
        groups.into_iter().flatten().find_map(|rows| rows.number(name))
    }

    /// Returns the version of the server.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.general.get("version")
    }

    /// Returns the slab classes that have pages or items, by their number.
    #[must_use]
    pub fn classes(&self) -> Vec<Class> {
        let mut classes: BTreeMap<u32, Class> = BTreeMap::new();
        for (name, value) in self.items.iter().flat_map(Rows::iter) {
            if let Some((id, field)) = name.strip_prefix("items:").and_then(class_field) {
                classes.entry(id).or_insert_with(|| Class::new(id)).set(field, value);
            }
        }
        let tells_requested = classes.values().any(|class| class.mem_requested.is_some());
        let tells_items = self.items.is_some();
        for (name, value) in self.slabs.iter().flat_map(Rows::iter) {
            let Some((id, field)) = class_field(name) else { continue };
            let class = classes.entry(id).or_insert_with(|| Class {
                // `stats items` leaves out a class without items (memcached 1.6.18).
                items: tells_items.then_some(0.0),
                mem_requested: tells_requested.then_some(0.0),
                ..Class::new(id)
            });
            // Up to 1.4 the requested bytes are told here, later in `stats items`.
            if field != "mem_requested" || class.mem_requested.is_none() {
                class.set(field, value);
            }
        }
        classes.into_values().collect()
    }
}

fn class_field(name: &str) -> Option<(u32, &str)> {
    let (id, field) = name.split_once(':')?;
    Some((id.parse().ok()?, field))
}

/// One slab class; `None` where the server does not tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// Its number.
    pub id: u32,
    /// Bytes of one chunk.
    pub chunk_size: Option<f64>,
    /// Pages it has.
    pub pages: Option<f64>,
    /// Chunks in these pages.
    pub chunks: Option<f64>,
    /// Items in it.
    pub items: Option<f64>,
    /// Bytes that these items asked for.
    pub mem_requested: Option<f64>,
    /// Items that were evicted from it; in an interval those since its start.
    pub evicted: Option<f64>,
    /// Seconds between the last use of the latest victim and its eviction.
    pub evicted_time: Option<f64>,
    /// Stores that found no memory; in an interval those since its start.
    pub out_of_memory: Option<f64>,
}

impl Class {
    fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    fn set(&mut self, field: &str, value: &str) {
        let slot = match field {
            "chunk_size" => &mut self.chunk_size,
            "total_pages" => &mut self.pages,
            "total_chunks" => &mut self.chunks,
            "number" => &mut self.items,
            "mem_requested" => &mut self.mem_requested,
            "evicted" => &mut self.evicted,
            "evicted_time" => &mut self.evicted_time,
            "outofmemory" => &mut self.out_of_memory,
            _ => return,
        };
        *slot = number(value);
    }

    /// Returns the bytes of all its chunks.
    #[must_use]
    pub fn capacity(&self) -> Option<f64> {
        Some(self.chunks? * self.chunk_size?)
    }

    /// Returns the share of its memory that no item asked for.
    #[must_use]
    pub fn waste(&self) -> Figure {
        let unused =
            self.capacity().zip(self.mem_requested).map(|(capacity, requested)| capacity - requested);
        Figure::quotient(unused, self.capacity())
    }
}

/// Returns what a raw field counts, by its name.
#[must_use]
pub fn raw_dimension(name: &str) -> Dimension {
    let last = name.rsplit(':').next().unwrap_or(name);
    let is_bytes = last.contains("bytes")
        || matches!(
            last,
            "chunk_size" | "item_size_max" | "mem_requested" | "slab_chunk_max" | "total_malloced"
        );
    if last.ends_with("_us") {
        Dimension::Microseconds
    } else if is_bytes {
        Dimension::Bytes
    } else if last.starts_with("rusage_")
        || matches!(last, "age" | "age_hot" | "age_warm" | "evicted_time" | "time" | "uptime")
    {
        Dimension::Seconds
    } else {
        Dimension::Count
    }
}

/// Returns whether a general field is a state rather than a number of events since the start.
pub(super) fn is_state(name: &str) -> bool {
    matches!(
        name,
        "accepting_conns"
            | "active_slabs"
            | "bytes"
            | "connection_structures"
            | "curr_connections"
            | "curr_items"
            | "hash_bytes"
            | "hash_is_expanding"
            | "hash_power_level"
            | "limit_maxbytes"
            | "log_watchers"
            | "lru_crawler_running"
            | "max_connections"
            | "pid"
            | "pointer_size"
            | "read_buf_bytes"
            | "read_buf_bytes_free"
            | "read_buf_count"
            | "reserved_fds"
            | "response_obj_bytes"
            | "response_obj_count"
            | "slab_global_page_pool"
            | "slab_reassign_running"
            | "threads"
            | "time"
            | "total_malloced"
            | "uptime"
    )
}

/// Returns whether a general field of several servers can be added up.
pub(super) fn is_additive(name: &str) -> bool {
    !matches!(
        name,
        "accepting_conns"
            | "hash_power_level"
            | "libevent"
            | "pid"
            | "pointer_size"
            | "time"
            | "uptime"
            | "version"
    )
}
