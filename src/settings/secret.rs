//! A text that cannot be printed.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

/// A password; it has no `Display`, and its `Debug` says only that it is set. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text, for the wire alone.
    #[must_use]
    pub fn expose(&self) -> &Zeroizing<String> {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(set)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_only_that_it_is_set() {
        assert_eq!(format!("{:?}", Secret::from("hunter2".to_owned())), "(set)");
    }
}
