//! The state of one connection: bytes in, bytes out; no socket.

use super::Authentication;
use super::binary;
use super::listing::Listing;
use super::log::Watching;
use super::store::Store;
use super::text;
use crate::protocol::codes::REQUEST_MAGIC;

/// As much output as may wait before the next command is run, in bytes.
pub(super) const ENOUGH_OUTPUT: usize = 256 << 10;

/// The longest command line, in bytes; only the `get` commands may have more than 2 KiB.
const LONGEST_LINE: usize = 1 << 20;

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    protocol: Protocol,
    pub(super) stream: Stream,
    pub(super) is_authenticated: bool,
    /// Whether SASL was started but is not complete.
    pub(super) is_authenticating: bool,
    /// Bytes of a refused value that are yet to come.
    pub(super) swallow: u64,
    /// How far a `get` of many keys has come in its line, while its replies wait to be sent.
    pub(super) resume: usize,
    /// How many commands came before this one without a pause.
    pub(super) commands: usize,
    pub(super) id: Watching,
    pub(super) descriptor: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Unknown,
    Text,
    Binary,
}

/// What goes out by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Nothing,
    Listing(Listing),
    Events,
}

/// What one command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It took so many bytes.
    Took(usize),
    /// It needs so many bytes altogether, 0 if that is not known.
    More(usize),
    /// It has more to send than should wait at once.
    Full,
    /// The connection ends.
    Close,
}

/// Why the commands of a connection are not run any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    More(usize),
    Full,
    Close,
    Streaming,
}

impl Session {
    pub(super) fn new(id: Watching, descriptor: i32) -> Self {
        Self {
            protocol: Protocol::Unknown,
            stream: Stream::Nothing,
            is_authenticated: false,
            is_authenticating: false,
            swallow: 0,
            resume: 0,
            commands: 0,
            id,
            descriptor,
        }
    }

    /// Runs the commands in `input` and appends the answers to `out`; gives how many bytes were taken and why it ended.
    pub(super) fn run(&mut self, store: &mut Store, input: &[u8], out: &mut Vec<u8>) -> (usize, Status) {
        store.descriptor = self.descriptor;
        self.commands = 0;
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            if self.stream != Stream::Nothing {
                return (taken, Status::Streaming);
            }
            if self.swallow > 0 {
                let swallowed = usize::try_from(self.swallow).unwrap_or(usize::MAX).min(rest.len());
                self.swallow -= swallowed as u64;
                taken += swallowed;
                if self.swallow > 0 {
                    return (taken, Status::More(0));
                }
                continue;
            }
            if rest.is_empty() {
                return (taken, Status::More(0));
            }
            if out.len() >= ENOUGH_OUTPUT {
                return (taken, Status::Full);
            }
            match self.step(store, rest, out) {
                Step::Took(length) => taken += length,
                Step::More(needed) => return (taken, Status::More(needed)),
                Step::Full => return (taken, Status::Full),
                Step::Close => return (taken, Status::Close),
            }
        }
    }

    fn step(&mut self, store: &mut Store, rest: &[u8], out: &mut Vec<u8>) -> Step {
        if self.protocol == Protocol::Unknown {
            let is_binary =
                rest.first() == Some(&REQUEST_MAGIC) || store.settings.demands(Authentication::Sasl);
            let is_text = !is_binary || store.settings.demands(Authentication::Text);
            self.protocol = if is_text { Protocol::Text } else { Protocol::Binary };
        }
        if self.protocol == Protocol::Binary {
            return binary::step(self, store, rest, out);
        }
        if !self.is_authenticated && store.settings.demands(Authentication::Text) {
            return text::authenticate(self, store, rest, out);
        }
        text::step(self, store, rest, out)
    }

    /// Gives up on a command for which there is no memory; `have` bytes of `needed` are here and will be dropped.
    ///
    /// Text says so as memcached does when it cannot allocate an item; `false` if the connection must end.
    pub(super) fn give_up(&mut self, have: usize, needed: usize, out: &mut Vec<u8>) -> bool {
        if needed <= have || self.protocol != Protocol::Text {
            return false;
        }
        self.swallow = (needed - have) as u64;
        out.extend_from_slice(b"SERVER_ERROR out of memory storing object\r\n");
        true
    }
}

/// Decides about a line whose end has not come yet: a long one can only be a `get` of many keys.
pub(super) fn unfinished_line(rest: &[u8]) -> Step {
    const USUAL: usize = 2048;
    let start = rest.iter().position(|&byte| byte != b' ').unwrap_or(rest.len());
    let line = rest.get(start..).unwrap_or_default();
    let may_be_long = start <= 100 && (line.starts_with(b"get ") || line.starts_with(b"gets "));
    if rest.len() > LONGEST_LINE || rest.len() > USUAL && !may_be_long { Step::Close } else { Step::More(0) }
}
