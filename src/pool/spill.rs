//! Bytes from a thread that must never wait to one that may: in memory up to a limit, then in an unlinked temporary file.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// How much is kept together, in bytes.
const CHUNK: usize = 64 << 10;

/// A queue of bytes with one writer and one reader.
pub(super) struct Spill<E> {
    state: Mutex<State<E>>,
    arrived: Condvar,
    /// How many bytes wait in memory at most.
    limit: usize,
}

struct State<E> {
    memory: VecDeque<Vec<u8>>,
    /// Bytes in `memory`.
    held: usize,
    file: Option<File>,
    /// Where the writer and the reader are in the file.
    written: u64,
    read: u64,
    end: Option<Result<(), E>>,
    /// Whether nobody reads any more.
    is_abandoned: bool,
}

impl<E> Spill<E> {
    /// An empty queue.
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            memory: VecDeque::new(),
            held: 0,
            file: None,
            written: 0,
            read: 0,
            end: None,
            is_abandoned: false,
        };
        Self { state: Mutex::new(state), arrived: Condvar::new(), limit }
    }

    /// Appends bytes without ever waiting for the reader; `false` if nobody reads any more.
    ///
    /// # Errors
    /// What the operating system says about the temporary file.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<bool> {
        let mut state = self.lock();
        if state.is_abandoned {
            return Ok(false);
        }
        // What is in the file comes before what arrives: memory is used again once the reader has caught up.
        if state.read == state.written && state.held + bytes.len() <= self.limit {
            state.held += bytes.len();
            match state.memory.back_mut() {
                Some(last) if last.len() + bytes.len() <= CHUNK => last.extend_from_slice(bytes),
                _ => {
                    let mut chunk = Vec::with_capacity(CHUNK.max(bytes.len()));
                    chunk.extend_from_slice(bytes);
                    state.memory.push_back(chunk);
                }
            }
        } else {
            if state.file.is_none() {
                state.file = Some(tempfile::tempfile()?);
            }
            let at = state.written;
            if let Some(file) = &state.file {
                file.write_all_at(bytes, at)?;
            }
            state.written += bytes.len() as u64;
        }
        drop(state);
        self.arrived.notify_one();
        Ok(true)
    }

    /// Says how the writing ended.
    pub(super) fn close(&self, end: Result<(), E>) {
        self.lock().end = Some(end);
        self.arrived.notify_one();
    }

    /// Appends what has come to `into`, waiting for something; `false` at the end.
    ///
    /// # Errors
    /// How the writing ended, told once; or what the operating system says about the file, as `failed` makes it.
    pub(super) fn read(&self, into: &mut Vec<u8>, failed: impl Fn(io::Error) -> E) -> Result<bool, E> {
        let mut state = self.lock();
        loop {
            if let Some(chunk) = state.memory.pop_front() {
                state.held -= chunk.len();
                into.extend_from_slice(&chunk);
                return Ok(true);
            }
            if state.read < state.written {
                return state.read_file(into).map(|()| true).map_err(failed);
            }
            if let Some(end) = state.end.take() {
                state.end = Some(Ok(()));
                return end.map(|()| false);
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that nobody reads any more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        state.memory.clear();
        state.file = None;
    }

    /// Whether nobody reads any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> State<E> {
    /// Appends the next piece of the file, and empties the file once it is read.
    fn read_file(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let length = usize::try_from(self.written - self.read).unwrap_or(CHUNK).min(CHUNK);
        let start = into.len();
        into.resize(start + length, 0);
        file.read_exact_at(into.get_mut(start..).unwrap_or_default(), self.read)?;
        self.read += length as u64;
        if self.read == self.written {
            file.set_len(0)?;
            self.read = 0;
            self.written = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(spill: &Spill<String>) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        while spill.read(&mut bytes, |error| error.to_string())? {}
        Ok(bytes)
    }

    #[test]
    fn bytes_come_in_order_from_memory_and_file() {
        for limit in [0, 10, 1000, 1 << 20] {
            let spill = Spill::<String>::new(limit);
            let mut expected = Vec::new();
            for round in 0..3u8 {
                for number in 0..100u8 {
                    let piece = vec![number ^ round; usize::from(number) * 7];
                    assert!(spill.write(&piece).unwrap());
                    expected.extend(piece);
                }
                let mut part = Vec::new();
                spill.read(&mut part, |error| error.to_string()).unwrap();
                assert_eq!(part, expected[..part.len()], "limit {limit}");
                expected.drain(..part.len());
            }
            assert!(spill.lock().held <= limit);
            spill.close(Ok(()));
            assert_eq!(all(&spill).unwrap(), expected, "limit {limit}");
        }
    }

    #[test]
    fn the_end_is_told_after_the_bytes() {
        let spill = Spill::<String>::new(10);
        spill.write(b"abc").unwrap();
        spill.close(Err("broken".to_owned()));
        let mut bytes = Vec::new();
        assert!(spill.read(&mut bytes, |error| error.to_string()).unwrap());
        assert_eq!(spill.read(&mut bytes, |error| error.to_string()).unwrap_err(), "broken");
        assert_eq!(bytes, b"abc");
    }

    #[test]
    fn the_writer_learns_that_nobody_reads() {
        let spill = Spill::<String>::new(10);
        spill.write(&[0; 100]).unwrap();
        spill.abandon();
        assert!(!spill.write(b"abc").unwrap());
    }

    #[test]
    fn a_reader_waits_for_the_writer() {
        let spill = Spill::<String>::new(16);
        let bytes = std::thread::scope(|scope| {
            let reader = scope.spawn(|| all(&spill).unwrap());
            for number in 0..1000u32 {
                spill.write(&number.to_be_bytes()).unwrap();
            }
            spill.close(Ok(()));
            reader.join().unwrap()
        });
        assert_eq!(bytes, (0..1000u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    }
}
