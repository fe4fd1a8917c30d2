//! One interval's figures, by server or by what is hot.

use crate::measure::Dimension;

/// What the rows of a frame are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Servers.
    #[default]
    Servers,
    /// Keys.
    Keys,
    /// What keys begin with.
    Prefixes,
    /// Hosts of clients.
    Clients,
}

impl View {
    /// What one row is.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Servers => "server",
            Self::Keys => "key",
            Self::Prefixes => "prefix",
            Self::Clients => "client",
        }
    }
}

/// A figure that every row has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its short name.
    pub short: &'static str,
    /// What it counts.
    pub dimension: Dimension,
}

/// A server, key, prefix or client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its name, as it is.
    pub name: Vec<u8>,
    /// As many as there are columns; `None` where it is not known.
    pub numbers: Vec<Option<f64>>,
    /// Why nothing is known of it.
    pub error: Option<String>,
}

/// One interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// What the rows are.
    pub view: View,
    /// The figures of each.
    pub columns: &'static [Column],
    /// The rows, in no order that matters.
    pub rows: Vec<Row>,
    /// All together.
    pub total: Vec<Option<f64>>,
    /// How long it was, in seconds.
    pub seconds: f64,
    /// What else there is to say, such as events that were lost.
    pub notes: Vec<String>,
}
