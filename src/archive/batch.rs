//! Many items in one allocation, on their way from one thread to another.

use super::Saved;

/// Items in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Keys and values, each key before its value.
    bytes: Vec<u8>,
    heads: Vec<Head>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    key: u8,
    flags: u32,
    expires: Option<u64>,
    value: usize,
}

impl Batch {
    /// Adds an item, whose key has at most 250 bytes.
    pub fn push(&mut self, saved: &Saved<'_>) {
        let Ok(key) = u8::try_from(saved.key.len()) else { return };
        self.bytes.extend_from_slice(saved.key);
        self.bytes.extend_from_slice(saved.value);
        self.heads.push(Head { key, flags: saved.flags, expires: saved.expires, value: saved.value.len() });
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// How many bytes keys and values have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = Saved<'_>> {
        let mut start = 0;
        self.heads.iter().filter_map(move |head| {
            let middle = start + usize::from(head.key);
            let end = middle + head.value;
            let (key, value) = (self.bytes.get(start..middle)?, self.bytes.get(middle..end)?);
            start = end;
            Some(Saved { key, flags: head.flags, expires: head.expires, value })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let items = [
            Saved { key: b"a", flags: 0, expires: None, value: b"" },
            Saved { key: &[b'k'; 250], flags: 7, expires: Some(5), value: b"\0\r\n" },
            Saved { key: b"b", flags: 1, expires: None, value: b"v" },
        ];
        let mut batch = Batch::default();
        assert!(batch.is_empty());
        items.iter().for_each(|saved| batch.push(saved));
        assert_eq!((batch.len(), batch.bytes()), (3, 256));
        assert_eq!(batch.iter().collect::<Vec<_>>(), items);
    }
}
