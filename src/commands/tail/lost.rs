//! What the servers lost, told while the stream goes on.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::writer::Writer;
use crate::commands::lost::Lost;
use crate::pool::Pool;

/// Asks what the servers dropped; the first loss of each is told at once, all of it at the end.
pub(super) fn ask_all(servers: &[(usize, Mutex<Lost>)], pool: &Pool, writer: &Writer<'_>) {
    for (index, lost) in servers {
        let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
        let had_nothing = lost.dropped == 0;
        lost.ask(pool, *index);
        if had_nothing
            && lost.dropped > 0
            && let Some(news) = lost.news()
        {
            writer.note(&news);
        }
    }
}

/// Counts what was lost; the first of each kind is told at once, all of it at the end.
pub(super) fn add(lost: &Mutex<Lost>, of: impl Fn(&mut Lost) -> &mut u64, count: u64, writer: &Writer<'_>) {
    let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = of(&mut lost);
    let is_first = *slot == 0;
    *slot += count;
    if is_first && let Some(news) = lost.news() {
        writer.note(&news);
    }
}
