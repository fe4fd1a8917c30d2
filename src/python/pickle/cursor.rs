//! The bytes of a pickle, read front to back; no length is believed before the bytes are there.

use super::PickleError;

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    fn truncated(&self) -> PickleError {
        PickleError::Truncated { length: self.bytes.len() }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let taken = self.rest().get(..length).ok_or_else(|| self.truncated())?;
        self.position += length;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let array = *self.rest().first_chunk::<N>().ok_or_else(|| self.truncated())?;
        self.position += N;
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// The bytes up to the next line feed, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let end = memchr::memchr(b'\n', self.rest()).ok_or_else(|| self.truncated())?;
        let line = self.take(end)?;
        self.position += 1;
        Ok(line)
    }

    /// The bytes behind a length of one byte.
    pub(super) fn sized_1(&mut self) -> Result<&'a [u8], PickleError> {
        let length = self.byte()?;
        self.take(usize::from(length))
    }

    /// The bytes behind a length of four bytes, little-endian.
    pub(super) fn sized_4(&mut self) -> Result<&'a [u8], PickleError> {
        let length = u64::from(u32::from_le_bytes(self.array()?));
        self.sized(length)
    }

    /// The bytes behind a length of eight bytes, little-endian.
    pub(super) fn sized_8(&mut self) -> Result<&'a [u8], PickleError> {
        let length = u64::from_le_bytes(self.array()?);
        self.sized(length)
    }

    fn sized(&mut self, length: u64) -> Result<&'a [u8], PickleError> {
        let length = usize::try_from(length).map_err(|_| self.truncated())?;
        self.take(length)
    }

    /// Checks that a frame of the announced length is there; framing needs no more attention in memory.
    pub(super) fn frame(&mut self) -> Result<(), PickleError> {
        let length = u64::from_le_bytes(self.array()?);
        let there = usize::try_from(length).is_ok_and(|length| length <= self.rest().len());
        if there { Ok(()) } else { Err(self.truncated()) }
    }
}
