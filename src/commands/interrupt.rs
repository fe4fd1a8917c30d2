//! Ctrl-C as a wish that long-running commands obey with a summary.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use signal_hook::SigId;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;

use crate::output::prompt;

/// Whether the process goes on after a command that was interrupted, however often.
static OUTLIVES: AtomicBool = AtomicBool::new(false);

/// Whether the user wants an end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    is_wanted: Arc<AtomicBool>,
    handlers: Vec<SigId>,
}

impl Interrupt {
    /// Takes over Ctrl-C and SIGTERM until it is dropped; a second one ends the process as it would have without.
    #[must_use]
    pub fn listen() -> Self {
        prompt::leave_interrupts(true);
        let is_wanted = Arc::<AtomicBool>::default();
        let mut handlers = Vec::new();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first sets the wish, and only a later one finds it set.
            // Where a signal cannot be taken over it ends the process, as it always did.
            if !(OUTLIVES.load(Ordering::Relaxed) && signal == SIGINT) {
                let last = signal_hook::flag::register_conditional_default(signal, Arc::clone(&is_wanted));
                handlers.extend(last);
            }
            handlers.extend(signal_hook::flag::register(signal, Arc::clone(&is_wanted)));
        }
        Self(Arc::new(Wish { is_wanted, handlers }))
    }

    /// From here on Ctrl-C stops commands and never the process, as in a shell.
    pub fn outlive() {
        OUTLIVES.store(true, Ordering::Relaxed);
        prompt::leave_interrupts(true);
        // Taken over for good: a command that does not listen is not stopped by it, and neither is the process.
        drop(signal_hook::flag::register(SIGINT, Arc::default()));
    }

    /// Whether the user wants an end.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.is_wanted.load(Ordering::Relaxed)
    }

    /// Waits for a moment; `true` if the user wants an end before it.
    #[must_use]
    pub fn comes_before(&self, moment: Instant) -> bool {
        // A signal ends no sleep of a thread, so the wish is looked for now and then.
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if self.is_wanted() || left.is_zero() {
                return self.is_wanted();
            }
            thread::sleep(left.min(PAUSE));
        }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        for &handler in &self.handlers {
            signal_hook::low_level::unregister(handler);
        }
        prompt::leave_interrupts(OUTLIVES.load(Ordering::Relaxed));
    }
}
