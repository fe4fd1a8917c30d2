//! The one output of the threads of all servers.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::failure::Failure;
use crate::output::Format;
use crate::output::Output;

/// The one output of all threads.
pub(super) struct Writer<'a> {
    format: Format,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    output: &'a mut Output,
    /// Whether nothing was written yet, so that JSON needs no comma.
    is_first: bool,
    told_deletions: bool,
}

impl<'a> Writer<'a> {
    /// Writes to this output.
    pub(super) fn new(output: &'a mut Output, format: Format) -> Self {
        Self { format, state: Mutex::new(State { output, is_first: true, told_deletions: false }) }
    }

    /// Writes a block at once, since somebody may be looking; says whether anybody still reads.
    pub(super) fn flush(&self, block: &mut Vec<u8>) -> ControlFlow<()> {
        let mut state = self.lock();
        if !block.is_empty() {
            let text = match block.strip_prefix(b",") {
                Some(text) if state.is_first && self.format == Format::Json => text,
                _ => block.as_slice(),
            };
            state.output.raw(text);
            state.output.flush_now();
            state.is_first = false;
            block.clear();
        }
        if state.output.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn note(&self, text: &str) {
        self.lock().output.note(text);
    }

    /// Says once that deletions look like fetches here.
    pub(super) fn note_deletions(&self) {
        let mut state = self.lock();
        if !std::mem::replace(&mut state.told_deletions, true) {
            state.output.note("memcached before 1.6.20 does not tell deletions: they appear as a get");
        }
    }

    pub(super) fn tell(&self, failure: &Failure) {
        let mut state = self.lock();
        state.output.error(&failure.message);
        if let Some(hint) = &failure.hint {
            state.output.hint(hint);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
