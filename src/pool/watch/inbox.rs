//! Lines from a thread that must never wait to one that may be slow: what does not fit is counted and dropped.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::pool::ServerError;

/// Whole lines that wait for their consumer.
pub(super) struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
    /// How many bytes wait at most.
    capacity: usize,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    dropped: u64,
    end: Option<Result<(), ServerError>>,
    is_abandoned: bool,
}

impl Inbox {
    /// An empty one.
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), capacity }
    }

    /// Adds lines, or counts them where they do not fit.
    pub(super) fn put(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.lines.len() + lines.len() > self.capacity {
            state.dropped += memchr::memchr_iter(b'\n', lines).count() as u64;
        } else {
            state.lines.extend_from_slice(lines);
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// Says that there is nothing more to come.
    pub(super) fn close(&self, end: Result<(), ServerError>) {
        self.lock().end = Some(end);
        self.arrived.notify_one();
    }

    /// Moves everything that waits, or that comes within the limit, behind `input`; returns how many lines were dropped.
    ///
    /// # Errors
    /// The end, once everything was taken.
    pub(super) fn take(&self, input: &mut Vec<u8>, limit: Duration) -> Result<u64, ServerError> {
        let is_idle = |state: &mut State| state.lines.is_empty() && state.dropped == 0 && state.end.is_none();
        let waited = self.arrived.wait_timeout_while(self.lock(), limit, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.lines.is_empty()
            && state.dropped == 0
            && let Some(Err(_)) = state.end
            && let Some(Err(error)) = state.end.replace(Ok(()))
        {
            return Err(error);
        }
        if input.is_empty() {
            // The buffers change places, so that neither is allocated again.
            std::mem::swap(input, &mut state.lines);
        } else {
            input.append(&mut state.lines);
        }
        Ok(std::mem::take(&mut state.dropped))
    }

    /// Says that nobody takes anything any more.
    pub(super) fn abandon(&self) {
        self.lock().is_abandoned = true;
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let inbox = Inbox::new(8);
        inbox.put(b"one\n");
        inbox.put(b"two\nthree\n");
        inbox.put(b"4\n");
        let mut input = Vec::new();
        assert_eq!(inbox.take(&mut input, Duration::ZERO).unwrap(), 2);
        assert_eq!(input, b"one\n4\n");
        inbox.put(b"5\n");
        assert_eq!(inbox.take(&mut input, Duration::ZERO).unwrap(), 0);
        assert_eq!(input, b"one\n4\n5\n");
        assert_eq!(inbox.take(&mut input, Duration::ZERO).unwrap(), 0);
    }

    #[test]
    fn the_end_comes_after_everything_else() {
        let inbox = Inbox::new(100);
        inbox.put(b"one\n");
        inbox.close(Err(ServerError {
            server: "a:1".to_owned(),
            phase: crate::pool::Phase::Reply,
            cause: crate::pool::Cause::Closed,
            hint: None,
        }));
        let mut input = Vec::new();
        assert!(inbox.take(&mut input, Duration::from_secs(60)).is_ok());
        assert!(inbox.take(&mut input, Duration::from_secs(60)).is_err());
    }
}
