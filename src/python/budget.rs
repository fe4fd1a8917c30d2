//! What a reader may still unfold before its input counts as a bomb.

/// What one value costs, whatever it holds, in bytes.
pub const NODE: usize = 32;

/// A number of bytes to be spent on values.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    left: usize,
}

/// More was asked for than was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

impl Budget {
    /// Returns a budget of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Spends some bytes.
    ///
    /// # Errors
    ///
    /// [`Spent`] if fewer are left.
    pub fn charge(&mut self, bytes: usize) -> Result<(), Spent> {
        self.left = self.left.checked_sub(bytes).ok_or(Spent)?;
        Ok(())
    }
}
