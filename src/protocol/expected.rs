//! What the answer to a request may look like.

use super::Dialect;
use super::Options;
use super::Reply;
use super::Request;
use super::StoreMode;

/// What [`super::decode`] must know of a request to read its answer; small, so that a pipeline can queue it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub(super) kind: Kind,
    /// Whether the request was conditional on a CAS unique.
    pub(super) cas: bool,
    pub(super) quiet: bool,
    pub(super) opaque: u32,
    /// What the key of a classic `VALUE` line must come to; 0 where no line names a key.
    pub(super) key: u32,
}

/// The request without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Arithmetic,
    Debug,
    Delete,
    FlushAll,
    Get,
    GetAndTouch,
    Inspect,
    Noop,
    Quit,
    SaslAuth,
    SaslList,
    SaslStep,
    Stats,
    Store(StoreMode),
    Touch,
    Verbosity,
    Version,
}

impl Expected {
    /// Derives it from a request and the options it is sent with.
    #[must_use]
    pub fn of(request: &Request<'_>, options: Options) -> Self {
        let (kind, cas) = match *request {
            Request::Arithmetic { .. } => (Kind::Arithmetic, false),
            Request::Debug { .. } => (Kind::Debug, false),
            Request::Delete { cas, .. } => (Kind::Delete, cas.is_some()),
            Request::FlushAll { .. } => (Kind::FlushAll, false),
            Request::Get { .. } | Request::Peek { .. } => (Kind::Get, false),
            Request::GetAndTouch { .. } => (Kind::GetAndTouch, false),
            Request::Inspect { .. } => (Kind::Inspect, false),
            Request::Noop => (Kind::Noop, false),
            Request::Quit => (Kind::Quit, false),
            Request::SaslAuth { .. } => (Kind::SaslAuth, false),
            Request::SaslList => (Kind::SaslList, false),
            Request::SaslStep { .. } => (Kind::SaslStep, false),
            Request::Stats { .. } => (Kind::Stats, false),
            Request::Store { mode, cas, .. } => (Kind::Store(mode), cas.is_some()),
            Request::Touch { .. } => (Kind::Touch, false),
            Request::Verbosity { .. } => (Kind::Verbosity, false),
            Request::Version => (Kind::Version, false),
        };
        let key = match *request {
            Request::Get { key } | Request::Peek { key } | Request::GetAndTouch { key, .. } => {
                fingerprint(key.as_bytes())
            }
            _ => 0,
        };
        Self { kind, cas, quiet: options.quiet, opaque: options.opaque, key }
    }

    /// Returns the number that comes back with the answer.
    #[must_use]
    pub fn opaque(self) -> u32 {
        self.opaque
    }

    /// Tells what it means that the barrier (or the answer to a later request) arrived and no answer to this one.
    ///
    /// `None` if an answer always comes, and for `noreply`, whose silence says nothing. A hidden number is [`Reply::Ok`].
    /// Seen on memcached 1.6.18; in particular `md q` still sends `NF`, and `ma q` a number that it created.
    #[must_use]
    pub fn silence(self, dialect: Dialect) -> Option<Reply<'static>> {
        if !self.quiet || dialect == Dialect::Classic {
            return None;
        }
        match self.kind {
            Kind::Arithmetic => Some(Reply::Ok),
            Kind::Delete => Some(Reply::Deleted),
            Kind::FlushAll | Kind::Quit if dialect == Dialect::Binary => Some(Reply::Ok),
            Kind::Get | Kind::GetAndTouch => Some(Reply::Miss),
            Kind::Inspect if dialect == Dialect::Meta => Some(Reply::Miss),
            Kind::Store(_) => Some(Reply::Stored { cas: None }),
            // `mg KEY T… q` hides the miss; the binary TOUCH has no quiet form.
            Kind::Touch if dialect == Dialect::Meta => Some(Reply::NotFound),
            _ => None,
        }
    }
}

/// FNV-1a of a key: enough to notice the answer to somebody else's question, and small enough to queue.
pub(super) fn fingerprint(key: &[u8]) -> u32 {
    key.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
