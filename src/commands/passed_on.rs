//! Signals to this program that are meant for the one it runs.

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::termios::tcgetpgrp;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGUSR1;
use signal_hook::consts::SIGUSR2;

/// What is passed on.
const SIGNALS: [(i32, Signal); 6] = [
    (SIGHUP, Signal::HUP),
    (SIGINT, Signal::INT),
    (SIGQUIT, Signal::QUIT),
    (SIGTERM, Signal::TERM),
    (SIGUSR1, Signal::USR1),
    (SIGUSR2, Signal::USR2),
];

/// The signals that came and were not passed on yet.
pub struct PassedOn(Vec<(Signal, Arc<AtomicBool>)>);

impl PassedOn {
    /// Takes the signals over; from here on none of them ends this program.
    #[must_use]
    pub fn listen() -> Self {
        let taken_over = SIGNALS.map(|(number, signal)| {
            let flag = Arc::<AtomicBool>::default();
            // A signal that cannot be taken over does what it always did.
            drop(signal_hook::flag::register(number, Arc::clone(&flag)));
            (signal, flag)
        });
        Self(taken_over.into())
    }

    /// Passes on what came since the last call.
    pub fn pass_on(&self, child: &Child) {
        for (signal, flag) in &self.0 {
            let is_typed = matches!(*signal, Signal::INT | Signal::QUIT) && shares_the_terminal();
            if flag.swap(false, Ordering::Relaxed) && !is_typed {
                // It may have ended meanwhile.
                rustix::process::kill_process(Pid::from_child(child), *signal).unwrap_or_default();
            }
        }
    }
}

/// Whether the terminal sends what is typed to this program, and so to the one it runs as well: twice would be once too often.
fn shares_the_terminal() -> bool {
    let ours = rustix::process::getpgrp();
    let stands_on = |group: rustix::io::Result<Pid>| group.is_ok_and(|group| group == ours);
    stands_on(tcgetpgrp(std::io::stdin())) || stands_on(tcgetpgrp(std::io::stderr()))
}
