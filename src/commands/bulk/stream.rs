//! Keys from standard input, block by block, so that any number of them takes the same memory.

use std::io;
use std::io::Read;

use crate::failure::Failure;

/// How many keys are read before anything is done: so few are changed and shown as if they had been typed.
pub const FEW: usize = 1000;

/// How much is read at once, in bytes.
const READ: usize = 128 << 10;

/// Keys on standard input, one a line or NUL-separated; empty ones are passed over.
pub struct KeyStream<R = io::Stdin> {
    input: R,
    end: u8,
    /// What was read ahead.
    head: std::vec::IntoIter<Vec<u8>>,
    /// The key that was given last, if it was read ahead.
    given: Vec<u8>,
    /// What was read; the keys to come stand in `start..filled`.
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    is_over: bool,
}

impl KeyStream {
    /// Reads up to [`FEW`] keys ahead.
    ///
    /// # Errors
    /// What the operating system says about standard input.
    pub fn open(end: u8) -> Result<Self, Failure> {
        let mut stream = Self::over(io::stdin(), end);
        let mut head = Vec::new();
        while head.len() <= FEW
            && let Some(key) = stream.next_key()?
        {
            head.push(key.to_vec());
        }
        stream.head = head.into_iter();
        Ok(stream)
    }
}

impl<R: Read> KeyStream<R> {
    fn over(input: R, end: u8) -> Self {
        let head = Vec::new().into_iter();
        let buffer = vec![0; READ];
        Self { input, end, head, given: Vec::new(), buffer, start: 0, filled: 0, is_over: false }
    }

    /// Whether there may be more keys than were read ahead.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.head.len() > FEW
    }

    /// How many keys were read ahead: all of them, unless the stream [is long](KeyStream::is_long).
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.head.len()
    }

    /// The next key, or `None` at the end.
    ///
    /// # Errors
    /// What the operating system says about standard input.
    pub fn next_key(&mut self) -> Result<Option<&[u8]>, Failure> {
        if let Some(key) = self.head.next() {
            self.given = key;
            return Ok(Some(&self.given));
        }
        let mut looked = 0;
        loop {
            let waiting = self.buffer.get(self.start..self.filled).unwrap_or_default();
            let found = memchr::memchr(self.end, waiting.get(looked..).unwrap_or_default());
            let (length, taken) = match found {
                Some(at) => (looked + at, looked + at + 1),
                None if self.is_over && waiting.is_empty() => return Ok(None),
                None if self.is_over => (waiting.len(), waiting.len()),
                None => {
                    looked = waiting.len();
                    self.fill()?;
                    continue;
                }
            };
            let start = self.start;
            self.start += taken;
            looked = 0;
            if length > 0 {
                return Ok(self.buffer.get(start..start + length));
            }
        }
    }

    /// Reads more behind what is waiting.
    fn fill(&mut self) -> Result<(), Failure> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        match self.input.read(room) {
            Ok(0) => self.is_over = true,
            Ok(length) => self.filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Failure::usage(format!("cannot read keys from standard input: {error}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Crumbs<'a>(&'a [u8], usize);

    impl Read for Crumbs<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn keys(input: &[u8], step: usize, end: u8) -> Vec<Vec<u8>> {
        let mut stream = KeyStream::over(Crumbs(input, step), end);
        std::iter::from_fn(|| stream.next_key().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn keys_are_the_same_at_every_cut() {
        let input = b"\na\nbc\r\n\n\nlonger key\nlast";
        for step in 1..=input.len() {
            assert_eq!(keys(input, step, b'\n'), [&b"a"[..], b"bc\r", b"longer key", b"last"], "{step}");
        }
        assert_eq!(keys(b"a\nb\0\0c", 2, 0), [&b"a\nb"[..], b"c"]);
        assert_eq!(keys(b"", 2, b'\n'), Vec::<Vec<u8>>::new());
        let long = [vec![b'k'; 3 * READ], vec![b'\n', b'a']].concat();
        let lengths: Vec<usize> = keys(&long, usize::MAX, b'\n').iter().map(Vec::len).collect();
        assert_eq!(lengths, [3 * READ, 1]);
    }
}
