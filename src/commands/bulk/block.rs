//! Keys on their way from the reader to a connection, many in one allocation.

/// Keys in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// The length of each; a key has at most 250 bytes.
    lengths: Vec<u8>,
}

impl Block {
    /// Room for this many keys of usual length.
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self { bytes: Vec::with_capacity(keys * 32), lengths: Vec::with_capacity(keys) }
    }

    /// Adds a key that was checked.
    pub(super) fn push(&mut self, key: &[u8]) {
        if let Ok(length) = u8::try_from(key.len()) {
            self.bytes.extend_from_slice(key);
            self.lengths.push(length);
        }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// The keys from the one of this number on.
    pub(super) fn from(&self, number: usize) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        let keys = self.lengths.iter().filter_map(move |&length| {
            let (key, behind) = rest.split_at_checked(length.into())?;
            rest = behind;
            Some(key)
        });
        keys.skip(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_as_they_went_in() {
        let mut block = Block::with_capacity(2);
        let keys: [&[u8]; 3] = [b"a", &[0; 250], b"\xffb"];
        keys.iter().for_each(|key| block.push(key));
        assert_eq!(block.len(), 3);
        assert_eq!(block.from(0).collect::<Vec<_>>(), keys);
        assert_eq!(block.from(2).collect::<Vec<_>>(), keys[2..]);
    }
}
