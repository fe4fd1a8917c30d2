//! Command lines of the text protocol.

/// More words than a command may have (`MAX_TOKENS` less the terminal one).
const MOST: usize = 23;

/// The words of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    words: [&'a [u8]; MOST],
    count: usize,
}

impl<'a> Words<'a> {
    /// Cuts a line at its blanks; what follows the 23rd word is left out.
    pub(super) fn of(line: &'a [u8]) -> Self {
        let mut words: [&[u8]; MOST] = [b""; MOST];
        let mut count = 0;
        let mut position = 0;
        while count < MOST
            && let Some((word, end)) = next(line, position)
        {
            words[count] = word;
            count += 1;
            position = end;
        }
        Self { words, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The word at a place, the command being at 0; empty if there is none.
    pub(super) fn at(&self, index: usize) -> &'a [u8] {
        self.words.get(index).copied().unwrap_or_default()
    }

    /// The words from a place on.
    pub(super) fn from(&self, index: usize) -> &[&'a [u8]] {
        self.words.get(index..self.count).unwrap_or_default()
    }

    /// Whether the last word asks for silence.
    pub(super) fn noreply(&self) -> bool {
        self.count > 1 && self.at(self.count - 1) == b"noreply"
    }
}

/// The next word from a position on, and where it ends.
pub(super) fn next(line: &[u8], position: usize) -> Option<(&[u8], usize)> {
    let rest = line.get(position..)?;
    let start = rest.iter().position(|&byte| byte != b' ')?;
    let rest = &rest[start..];
    let length = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
    Some((&rest[..length], position + start + length))
}

/// A command line: without its end, and cut at a NUL, where C strings end; and where the next line starts.
pub(super) fn line(input: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr::memchr(b'\n', input)?;
    let mut line = &input[..end];
    // A carriage return alone is a command of its own, and an unknown one (memcached 1.6.18).
    if end > 1
        && let Some(stripped) = line.strip_suffix(b"\r")
    {
        line = stripped;
    }
    let line = memchr::memchr(0, line).map_or(line, |nul| &line[..nul]);
    Some((line, end + 1))
}
