//! The items of all servers on their way to one output, as they come or sorted.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::order;
use super::order::Kept;
use super::order::Order;
use super::row::Row;
use super::row::Style;
use crate::commands::interrupt::Interrupt;
use crate::commands::selection::Selection;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::pool::Pool;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::pool::listing::Wanted;

/// How much a server's thread collects before it writes, in bytes.
const BLOCK: usize = 32 << 10;

/// What the threads of all servers share.
pub(super) struct Gathering<'a> {
    selection: &'a Selection,
    style: Style,
    sort: Option<Order>,
    /// How many more may be shown.
    left: AtomicU64,
    stop: AtomicBool,
    interrupt: Interrupt,
    output: Mutex<Writer<'a>>,
    limit: u64,
    progress: Progress,
}

/// The one output of all threads.
struct Writer<'a> {
    output: &'a mut Output,
    /// Whether nothing was written yet, so that JSON needs no comma.
    is_first: bool,
}

/// What came of one server.
#[derive(Default)]
pub(super) struct Part {
    pub(super) listed: u64,
    pub(super) shown: u64,
    kept: Vec<Kept>,
    pub(super) error: Option<ServerError>,
}

impl<'a> Gathering<'a> {
    /// Prepares a listing to this output.
    pub(super) fn new(
        selection: &'a Selection,
        style: Style,
        sort: Option<Order>,
        limit: Option<u64>,
        progress: Progress,
        output: &'a mut Output,
    ) -> Self {
        Self {
            selection,
            style,
            sort,
            left: AtomicU64::new(limit.unwrap_or(u64::MAX)),
            stop: AtomicBool::new(limit == Some(0)),
            interrupt: Interrupt::listen(),
            output: Mutex::new(Writer { output, is_first: true }),
            limit: limit.unwrap_or(u64::MAX),
            progress,
        }
    }

    /// Whether the user wanted an end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_wanted()
    }

    /// Lists all servers at once; what need not be sorted is written as it comes.
    pub(super) fn gather(
        &self,
        pool: &Pool,
        servers: &[usize],
        wanted: Wanted,
        names: &[String],
    ) -> Vec<Part> {
        let name = |index: usize| names.get(index).map_or("", String::as_str);
        let work = |index, listing: &mut Listing| self.work(index, name(index), listing);
        let parts = pool.list_what(servers, wanted, work);
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// Writes what was kept in its order; returns how many that were.
    pub(super) fn print_sorted(&self, parts: &mut [Part], names: &[String]) -> u64 {
        let mut kept: Vec<Kept> = parts.iter_mut().flat_map(|part| part.kept.drain(..)).collect();
        order::cut(&mut kept, self.sort, self.limit);
        let mut block = Vec::with_capacity(BLOCK + 1024);
        for item in &kept {
            let server = names.get(item.server).map_or("", String::as_str);
            self.style.write(&mut block, &item.row(server));
            if block.len() >= BLOCK {
                self.flush(&mut block);
            }
        }
        self.flush(&mut block);
        kept.len() as u64
    }

    /// Lists one server.
    fn work(&self, index: usize, name: &str, listing: &mut Listing) -> Part {
        let mut part = Part::default();
        let mut block = Vec::with_capacity(BLOCK + 1024);
        let mut told = 0;
        while !self.stop.load(Ordering::Relaxed) && !self.interrupt.is_wanted() {
            let entry = match listing.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    part.error = Some(error);
                    break;
                }
            };
            part.listed += 1;
            if part.listed - told >= 1000 {
                self.progress.add(part.listed - told);
                told = part.listed;
            }
            if !self.selection.matches(&entry) {
                continue;
            }
            let row = Row {
                key: entry.key,
                server: name,
                size: entry.size,
                ttl: self.selection.remaining(&entry),
                last_access: self.selection.idle(&entry),
                fetched: entry.fetched,
                slab: entry.slab,
                cas: entry.cas,
            };
            if self.sort.is_some() {
                part.kept.push(Kept::of(&row, index));
                // A limit bounds what has to be kept.
                if part.kept.len() as u64 / 2 > self.limit.max(1000) {
                    order::cut(&mut part.kept, self.sort, self.limit);
                }
                continue;
            }
            if self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_err()
            {
                self.stop.store(true, Ordering::Relaxed);
                break;
            }
            part.shown += 1;
            self.style.write(&mut block, &row);
            if block.len() >= BLOCK {
                self.flush(&mut block);
            }
        }
        self.flush(&mut block);
        part
    }

    /// Writes a block; nobody needs to go on once the reader is gone.
    fn flush(&self, block: &mut Vec<u8>) {
        if block.is_empty() {
            return;
        }
        let mut writer = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let text = if writer.is_first { block.strip_prefix(b",").unwrap_or(block) } else { block.as_slice() };
        let text = if self.style.is_document() { text } else { block.as_slice() };
        writer.output.raw(text);
        writer.is_first = false;
        if writer.output.is_closed() {
            self.stop.store(true, Ordering::Relaxed);
        }
        drop(writer);
        block.clear();
    }
}
