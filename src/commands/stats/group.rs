//! The groups of statistics.

/// A group of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Group {
    /// The general ones
    General,
    /// Items by slab class
    Items,
    /// Memory by slab class
    Slabs,
    /// How the server was started
    Settings,
    /// Items by size
    Sizes,
    /// Connections
    Conns,
}

impl Group {
    /// The argument of the protocol's `stats`.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::General => "",
            Self::Items => "items",
            Self::Slabs => "slabs",
            Self::Settings => "settings",
            Self::Sizes => "sizes",
            Self::Conns => "conns",
        }
    }
}
