//! Keys from standard input, block by block, so that any number of them takes the same memory.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Stdin;

use crate::failure::Failure;

/// How many keys are read before anything is done: so few are changed and shown as if they had been typed.
pub const FEW: usize = 1000;

/// Keys on standard input, one a line or NUL-separated; empty ones are passed over.
pub struct KeyStream {
    input: BufReader<Stdin>,
    end: u8,
    /// What was read ahead.
    head: std::vec::IntoIter<Vec<u8>>,
    line: Vec<u8>,
}

impl KeyStream {
    /// Reads up to [`FEW`] keys ahead.
    ///
    /// # Errors
    /// What the operating system says about standard input.
    pub fn open(end: u8) -> Result<Self, Failure> {
        let input = BufReader::with_capacity(128 << 10, io::stdin());
        let mut stream = Self { input, end, head: Vec::new().into_iter(), line: Vec::new() };
        let mut head = Vec::new();
        while head.len() <= FEW
            && let Some(key) = stream.next_key()?
        {
            head.push(key.to_vec());
        }
        stream.head = head.into_iter();
        Ok(stream)
    }

    /// Whether there may be more keys than were read ahead.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.head.len() > FEW
    }

    /// The next key, or `None` at the end.
    ///
    /// # Errors
    /// What the operating system says about standard input.
    pub fn next_key(&mut self) -> Result<Option<&[u8]>, Failure> {
        if let Some(key) = self.head.next() {
            self.line = key;
            return Ok(Some(&self.line));
        }
        loop {
            self.line.clear();
            let length = self
                .input
                .read_until(self.end, &mut self.line)
                .map_err(|error| Failure::usage(format!("cannot read keys from standard input: {error}")))?;
            if length == 0 {
                return Ok(None);
            }
            if self.line.last() == Some(&self.end) {
                self.line.pop();
            }
            if !self.line.is_empty() {
                return Ok(Some(&self.line));
            }
        }
    }
}
