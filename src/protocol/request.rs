//! What can be asked of a server, whatever the dialect.

use std::time::Duration;

use super::Key;

/// Relative times above this many seconds would be taken for a date (`REALTIME_MAXDELTA` in memcached.c).
pub const MAX_RELATIVE_SECONDS: u64 = 60 * 60 * 24 * 30;

/// One request. Keys and values are borrowed from the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Reads an item with flags and CAS unique: [`super::Reply::Value`] or `Miss`.
    Get {
        /// Whose value.
        key: &'a Key,
    },
    /// Reads an item and gives it a new expiry.
    GetAndTouch {
        /// Whose value.
        key: &'a Key,
        /// The new expiry.
        expiry: Expiry,
    },
    /// Reads an item with flags, CAS unique and remaining time, in `Meta` without counting as a use of it.
    Peek {
        /// Whose value.
        key: &'a Key,
    },
    /// Reads what is known about an item without counting as a use of it: `mg KEY s f c t l h k u` (`Meta` only).
    Inspect {
        /// Which item.
        key: &'a Key,
    },
    /// Reads memcached's own view of an item, slab class included: `me KEY` (`Meta` only).
    Debug {
        /// Which item.
        key: &'a Key,
    },
    /// Stores an item.
    Store {
        /// Under which condition.
        mode: StoreMode,
        /// Under which name.
        key: &'a Key,
        /// The client's mark of the type of the value.
        flags: u32,
        /// When it expires; ignored by `Append` and `Prepend`.
        expiry: Expiry,
        /// The bytes.
        value: &'a [u8],
        /// Only if the stored item still has this CAS unique (`Set` only in `Classic`).
        cas: Option<u64>,
    },
    /// Deletes an item.
    Delete {
        /// Which item.
        key: &'a Key,
        /// Only if it still has this CAS unique (not in `Classic`).
        cas: Option<u64>,
    },
    /// Gives an item a new expiry.
    Touch {
        /// Which item.
        key: &'a Key,
        /// The new expiry.
        expiry: Expiry,
    },
    /// Adds to or subtracts from a decimal number.
    Arithmetic {
        /// Which item.
        key: &'a Key,
        /// Up (wraps at 64 bits) or down (stops at 0).
        direction: Direction,
        /// How much.
        delta: u64,
        /// Created with this value and expiry where it is missing (not in `Classic`).
        initial: Option<(u64, Expiry)>,
    },
    /// Moves no counter: `mn`, or the binary NOOP (not in `Classic`).
    Noop,
    /// Asks for the version.
    Version,
    /// Asks for statistics; one [`super::Reply::Stat`] a field, then `End`.
    Stats {
        /// Which group, `""` for the general ones.
        argument: &'a [u8],
    },
    /// Makes every item invalid.
    FlushAll {
        /// After so many seconds.
        delay: u32,
    },
    /// Sets how much the server writes to its log.
    Verbosity {
        /// The level.
        level: u32,
    },
    /// Ends the connection.
    Quit,
    /// Asks for the SASL mechanisms (`Binary` only).
    SaslList,
    /// Starts SASL authentication (`Binary` only).
    SaslAuth {
        /// The mechanism, `PLAIN` for instance.
        mechanism: &'a [u8],
        /// Its first response.
        response: &'a [u8],
    },
    /// Continues SASL authentication (`Binary` only).
    SaslStep {
        /// The mechanism.
        mechanism: &'a [u8],
        /// Its next response.
        response: &'a [u8],
    },
}

/// Under which condition a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreMode {
    /// Only if the key is absent.
    Add,
    /// Behind the present value.
    Append,
    /// Before the present value.
    Prepend,
    /// Only if the key is present.
    Replace,
    /// Always.
    Set,
}

/// Which way a number is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Subtract.
    Decrement,
    /// Add.
    Increment,
}

/// An expiry as the wire has it: 0 never, up to 30 days from now in seconds, above that a date in UNIX seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expiry(u32);

impl Expiry {
    /// The item does not expire.
    pub const NEVER: Self = Self(0);

    /// An expiry `ttl` from `now` (time since the UNIX epoch); a fraction of a second counts as a whole one, zero is never.
    ///
    /// More than 30 days is sent as a date, since memcached would read so large a number as one.
    #[must_use]
    pub fn after(ttl: Duration, now: Duration) -> Self {
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        if seconds <= MAX_RELATIVE_SECONDS {
            Self(u32::try_from(seconds).unwrap_or(u32::MAX))
        } else {
            Self::at(now.as_secs().saturating_add(seconds))
        }
    }

    /// An expiry at a date in UNIX seconds; one so early that it would be read as relative becomes the earliest date there is.
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self(u32::try_from(unix_seconds.max(MAX_RELATIVE_SECONDS + 1)).unwrap_or(u32::MAX))
    }

    /// The number that is sent.
    #[must_use]
    pub fn wire(self) -> u32 {
        self.0
    }

    /// An expiry from the number that is sent.
    #[must_use]
    pub fn from_wire(number: u32) -> Self {
        Self(number)
    }
}
