//! An item in JSON.

use serde::Serialize;

use crate::commands::fetch::Fetched;
use crate::commands::shown;
use crate::output::record::KeyRecord;

/// One item in JSON.
#[derive(Debug, Serialize)]
pub(super) struct ItemRecord {
    #[serde(flatten)]
    key: KeyRecord,
    server: Option<String>,
    found: Option<bool>,
    flags: Option<u32>,
    size: Option<usize>,
    cas: Option<u64>,
    #[serde(flatten)]
    value: shown::ValueRecord,
    error: Option<String>,
}

/// An item as JSON has it.
pub(super) fn record(decoder: &shown::Decoder, item: Fetched) -> ItemRecord {
    let found = item.error.is_none().then_some(item.found.is_some());
    let key = item.key.as_bytes().into();
    let stored = item.found.as_ref();
    ItemRecord {
        key,
        server: item.server,
        found,
        flags: stored.map(|stored| stored.flags),
        size: stored.map(|stored| stored.value.len()),
        cas: stored.and_then(|stored| stored.cas),
        value: stored.map(|stored| decoder.record(item.key.as_bytes(), stored)).unwrap_or_default(),
        error: item.error,
    }
}
