//! A progress bar with rate and remaining time on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::escape::Lines;
use super::escape::escape;

/// How far long work is; can be told from any thread.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar, or a mere count where the total is not known; silent unless `shown`.
    #[must_use]
    pub(super) fn new(what: &'static str, total: Option<u64>, shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(5));
        let template = match total {
            Some(_) => "{msg} {bar:30} {human_pos}/{human_len} {per_sec}, {eta} left",
            None => "{msg} {human_pos} {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// A line of words that change; silent unless `shown`.
    #[must_use]
    pub(super) fn line(shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Replaces the words of a line.
    pub fn tell(&self, words: &str) {
        self.0.set_message(escape(words.as_bytes(), Lines::Escape).into_owned());
    }

    /// Adds to what is done.
    pub fn add(&self, done: u64) {
        self.0.inc(done);
    }

    /// Whether anybody sees it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_bar_says_nothing() {
        let progress = Progress::new("listing", Some(10), false);
        progress.add(5);
        assert!(!progress.is_shown());
    }
}
