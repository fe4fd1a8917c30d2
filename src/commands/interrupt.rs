//! Ctrl-C as a wish that long-running commands obey with a summary.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;

/// Whether the user wants an end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C and SIGTERM; a second one ends the process as it would have without.
    #[must_use]
    pub fn listen() -> Self {
        let wish = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first sets the wish, and only a later one finds it set.
            // Where a signal cannot be taken over it ends the process, as it always did.
            drop(signal_hook::flag::register_conditional_default(signal, Arc::clone(&wish.0)));
            drop(signal_hook::flag::register(signal, Arc::clone(&wish.0)));
        }
        wish
    }

    /// Whether the user wants an end.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
