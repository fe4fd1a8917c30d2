//! Which listed items are meant: globs, regular expressions and what is known of an item.

use std::time::Duration;

use clap::Args;
use regex::bytes::Regex;

use super::glob::Glob;
use crate::failure::Failure;
use crate::protocol::listing::Entry;
use crate::settings::units;

/// The filters of every command that goes over all items.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which items")]
pub struct SelectionArgs {
    /// Keys that match: * is any run (of / too), ? one character, [a-z] one of these
    #[arg(value_name = "GLOB", value_parser = Glob::parse)]
    pub glob: Option<Glob>,
    /// Keys that contain a match of this regular expression
    #[arg(long, value_name = "R", value_parser = regex, allow_hyphen_values = true)]
    pub regex: Option<Regex>,
    /// Keys that start with this
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// Items of at least this size, memcached's overhead included
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub min_size: Option<u64>,
    /// Items of at most this size, memcached's overhead included
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub max_size: Option<u64>,
    /// Items that expire within this time
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    pub ttl_below: Option<Duration>,
    /// Items that live longer than this, or for ever
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    pub ttl_above: Option<Duration>,
    /// Items that nobody used for longer than this
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    pub idle_above: Option<Duration>,
    /// Items that were not read since they were stored
    #[arg(long)]
    pub never_fetched: bool,
    /// Items without an expiry
    #[arg(long)]
    pub no_expiry: bool,
}

/// The filters at one moment.
#[derive(Clone, Debug)]
pub struct Selection {
    args: SelectionArgs,
    clock: Clock,
}

/// A moment, by which the times of listed items are told.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// In UNIX seconds.
    now: u64,
}

impl Clock {
    /// The moment of this time since the UNIX epoch.
    #[must_use]
    pub fn at(now: Duration) -> Self {
        Self { now: now.as_secs() }
    }

    /// Seconds since the last use.
    #[must_use]
    pub fn idle(self, entry: &Entry<'_>) -> u64 {
        self.now.saturating_sub(entry.last_access)
    }

    /// Remaining seconds as the wire has them: -1 for ever.
    #[must_use]
    pub fn remaining(self, entry: &Entry<'_>) -> i64 {
        entry
            .expires
            .map_or(-1, |expires| i64::try_from(expires.saturating_sub(self.now)).unwrap_or(i64::MAX))
    }
}

impl SelectionArgs {
    /// Whether nothing was said about which items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.glob.is_none() && self.regex.is_none() && self.prefix.is_none() && self.is_about_keys()
    }

    /// Whether keys alone tell which items are meant.
    #[must_use]
    pub fn is_about_keys(&self) -> bool {
        self.min_size.is_none()
            && self.max_size.is_none()
            && self.ttl_below.is_none()
            && self.ttl_above.is_none()
            && self.idle_above.is_none()
            && !self.never_fetched
            && !self.no_expiry
    }

    /// The filters as they are at a moment (time since the UNIX epoch).
    ///
    /// # Errors
    /// Filters that no item can pass.
    pub fn at(&self, now: Duration) -> Result<Selection, Failure> {
        if self.no_expiry && self.ttl_below.is_some() {
            return Err(Failure::usage(
                "--no-expiry and --ttl-below leave nothing: what never expires has no time left",
            ));
        }
        if let (Some(least), Some(most)) = (self.min_size, self.max_size)
            && least > most
        {
            return Err(Failure::usage(format!("no item has at least {least} and at most {most} bytes")));
        }
        Ok(Selection { args: self.clone(), clock: Clock::at(now) })
    }
}

impl Selection {
    /// Whether an item is meant.
    #[must_use]
    pub fn matches(&self, entry: &Entry<'_>) -> bool {
        let args = &self.args;
        let ttl = self.ttl(entry);
        args.prefix.as_ref().is_none_or(|prefix| entry.key.starts_with(prefix.as_bytes()))
            && args.glob.as_ref().is_none_or(|glob| glob.matches(entry.key))
            && args.min_size.is_none_or(|least| entry.size >= least)
            && args.max_size.is_none_or(|most| entry.size <= most)
            && args.ttl_below.is_none_or(|limit| ttl.is_some_and(|ttl| ttl < limit.as_secs_f64()))
            && args.ttl_above.is_none_or(|limit| ttl.is_none_or(|ttl| ttl > limit.as_secs_f64()))
            && args.idle_above.is_none_or(|limit| self.idle(entry) > limit.as_secs())
            && !(args.never_fetched && entry.fetched)
            && !(args.no_expiry && ttl.is_some())
            && args.regex.as_ref().is_none_or(|regex| regex.is_match(entry.key))
    }

    /// Seconds since the last use.
    #[must_use]
    pub fn idle(&self, entry: &Entry<'_>) -> u64 {
        self.clock.idle(entry)
    }

    /// Remaining seconds; `None` for ever.
    fn ttl(&self, entry: &Entry<'_>) -> Option<f64> {
        entry.expires.map(|expires| expires.saturating_sub(self.clock.now) as f64)
    }

    /// Remaining seconds as the wire has them: -1 for ever.
    #[must_use]
    pub fn remaining(&self, entry: &Entry<'_>) -> i64 {
        self.clock.remaining(entry)
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    // Keys are bytes, and the tables of Unicode classes would cost every start of the program 6,000 relocations.
    let regex = regex::bytes::RegexBuilder::new(text).unicode(false).build();
    regex.map_err(|error| format!("\"{text}\" is no regular expression: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn check(change: impl FnOnce(&mut SelectionArgs), expected: [bool; 3]) {
        let mut args = SelectionArgs::default();
        change(&mut args);
        let selection = args.at(Duration::from_secs(NOW)).unwrap();
        let entries = [
            Entry { key: b"view//a", expires: None, last_access: NOW - 100, size: 100, ..Entry::default() },
            Entry {
                key: b"view//b\xff",
                expires: Some(NOW + 50),
                last_access: NOW,
                size: 1000,
                fetched: true,
                ..Entry::default()
            },
            Entry {
                key: "session:é".as_bytes(),
                expires: Some(NOW + 500),
                last_access: NOW - 10,
                size: 10,
                ..Entry::default()
            },
        ];
        assert_eq!(entries.map(|entry| selection.matches(&entry)), expected, "{args:?}");
    }

    #[test]
    fn each_filter_keeps_what_it_says() {
        check(|_| {}, [true; 3]);
        check(|args| args.prefix = Some("view/".to_owned()), [true, true, false]);
        check(|args| args.glob = Some(Glob::parse("*a*").unwrap()), [true, false, false]);
        check(|args| args.regex = Some(regex("^s.*.$").unwrap()), [false, false, true]);
        check(|args| args.min_size = Some(100), [true, true, false]);
        check(|args| args.max_size = Some(100), [true, false, true]);
        check(|args| args.ttl_below = Some(Duration::from_secs(100)), [false, true, false]);
        check(|args| args.ttl_above = Some(Duration::from_secs(100)), [true, false, true]);
        check(|args| args.idle_above = Some(Duration::from_secs(10)), [true, false, false]);
        check(|args| args.never_fetched = true, [true, false, true]);
        check(|args| args.no_expiry = true, [true, false, false]);
    }

    #[test]
    fn filters_that_leave_nothing_are_refused() {
        let wrong = SelectionArgs { min_size: Some(2), max_size: Some(1), ..SelectionArgs::default() };
        assert!(wrong.at(Duration::ZERO).is_err());
        let wrong =
            SelectionArgs { no_expiry: true, ttl_below: Some(Duration::ZERO), ..SelectionArgs::default() };
        assert!(wrong.at(Duration::ZERO).is_err());
        assert!(SelectionArgs::default().is_empty());
    }
}
