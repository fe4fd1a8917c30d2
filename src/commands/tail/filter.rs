//! Which events are shown.

use crate::commands::glob::Glob;
use crate::protocol::watch::Event;
use crate::protocol::watch::Kind;

/// Which events are shown.
pub(super) struct Filter<'a> {
    pub keys: Option<&'a Glob>,
    pub kinds: Vec<Kind>,
    pub misses: bool,
}

impl Filter<'_> {
    /// Whether an event is shown.
    pub(super) fn matches(&self, event: &Event<'_>) -> bool {
        self.kinds.contains(&event.kind)
            && !(self.misses && event.is_hit())
            && self.keys.is_none_or(|glob| !event.key.is_empty() && glob.matches(event.key))
    }
}
