//! One connection: bytes out, bytes in, never waiting for ever, never reading or writing at the other's expense.

use std::io;
use std::time::Duration;
use std::time::Instant;

use super::Cause;
use super::Phase;
use super::ServerError;
use super::stream;
use super::stream::Interest;
use super::stream::Stream;
use super::tls::Tls;
use crate::routing::servers::Endpoint;

/// How much is read at once, in bytes.
const READ_SIZE: usize = 64 << 10;

/// How much room for bytes of either direction is kept when it is empty, in bytes.
const LARGE: usize = 4 << 20;

/// How many time limits a server may go on with less than a [`CRUMB`] each before it counts as silent.
const CRUMBS: u32 = 30;

/// The bytes that must move within a time limit for a server to count as alive in the long run.
const CRUMB: usize = 256;

/// Time limits; each bounds a wait without progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For name lookup, for connecting and for the TLS handshake, each.
    pub connect: Duration,
    /// For authentication and for replies.
    pub reply: Duration,
    /// When all waiting ends, whatever progress there is; `None`: progress is enough.
    pub until: Option<Instant>,
}

impl Timeouts {
    /// A limit, or what is left of all waiting.
    fn capped(self, limit: Duration) -> Duration {
        self.until.map_or(limit, |until| limit.min(until.saturating_duration_since(Instant::now())))
    }
}

/// How long the steps of opening a connection took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Name lookup; `None` for a literal address or a socket.
    pub name_lookup: Option<Duration>,
    /// Connecting.
    pub connect: Duration,
    /// The TLS handshake; `None` without TLS.
    pub tls: Option<Duration>,
    /// Authentication; `None` without it.
    pub authentication: Option<Duration>,
}

/// An open connection with what has arrived and what is still to be written.
pub struct Connection {
    name: String,
    stream: Stream,
    timeouts: Timeouts,
    phase: Phase,
    /// Everything that was read; the unread part is `start..end`.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// What is to be written, from `written` on.
    output: Vec<u8>,
    written: usize,
    /// Whether a single byte ever came back.
    answered: bool,
    /// Since when a reply is awaited, and how many bytes have moved since.
    awaited: Option<(Instant, usize)>,
}

impl Connection {
    /// Opens a connection, and shakes hands where TLS is asked for.
    ///
    /// # Errors
    /// [`ServerError`] names the phase that failed.
    pub(super) fn open(
        endpoint: &Endpoint,
        tls: Option<&Tls>,
        timeouts: Timeouts,
    ) -> Result<(Self, Opening), ServerError> {
        let name = endpoint.to_string();
        let failed = |phase: Phase, error: io::Error, limit: Duration| open_error(&name, phase, error, limit);
        let mut opening = Opening::default();
        let stream = match endpoint {
            Endpoint::Tcp { host, port } => {
                let (began, limit) = (Instant::now(), timeouts.capped(timeouts.connect));
                let addresses = stream::lookup(host, *port, limit)
                    .map_err(|error| failed(Phase::NameLookup, error, limit))?;
                opening.name_lookup = host.parse::<std::net::IpAddr>().is_err().then(|| began.elapsed());
                let (began, limit) = (Instant::now(), timeouts.capped(timeouts.connect));
                let stream = stream::connect_tcp(&addresses, limit)
                    .map_err(|error| failed(Phase::Connect, error, limit))?;
                opening.connect = began.elapsed();
                stream
            }
            Endpoint::Unix(path) => {
                let (began, limit) = (Instant::now(), timeouts.capped(timeouts.connect));
                let stream = stream::connect_unix(path, limit)
                    .map_err(|error| failed(Phase::Connect, error, limit))?;
                opening.connect = began.elapsed();
                stream
            }
        };
        let mut connection = Self {
            name,
            stream,
            timeouts,
            phase: Phase::Reply,
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            written: 0,
            answered: false,
            awaited: None,
        };
        if let Some(tls) = tls {
            let began = Instant::now();
            connection.handshake(tls, stream::host_of(endpoint))?;
            opening.tls = Some(began.elapsed());
        }
        Ok((connection, opening))
    }

    /// Puts TLS over the socket and completes the handshake.
    fn handshake(&mut self, tls: &Tls, host: &str) -> Result<(), ServerError> {
        self.phase = Phase::Tls;
        let session = tls.session(host).map_err(|words| self.error(Cause::Tls(words)))?;
        self.stream.start_tls(session);
        let limit = self.timeouts.capped(self.timeouts.connect);
        // The whole handshake, or a server that sends a byte now and then would never end it.
        let deadline = Instant::now() + limit;
        loop {
            self.stream.shake().map_err(|error| self.io_error(error))?;
            let writing = self.stream.wants_write();
            if !writing && !self.stream.is_handshaking() {
                break;
            }
            let interest = if writing { Interest::ReadWrite } else { Interest::Read };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.stream.wait(interest, left).map_err(|error| self.io_error(error))? {
                return Err(self.error(Cause::Timeout(limit)));
            }
        }
        self.phase = Phase::Reply;
        Ok(())
    }

    /// How long is waited.
    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Sets when all waiting ends.
    pub(super) fn wait_until(&mut self, until: Option<Instant>) {
        self.timeouts.until = until;
    }

    /// Marks what the waits that follow are for.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Whether anything ever came back on this connection.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    /// Where requests are appended to be written with the next progress.
    pub fn output(&mut self) -> &mut Vec<u8> {
        if self.written > 0 {
            self.output.drain(..self.written);
            self.written = 0;
        }
        &mut self.output
    }

    /// How many bytes wait to be written.
    pub fn pending(&self) -> usize {
        self.output.len() - self.written
    }

    /// What has arrived and was not consumed yet.
    pub fn input(&self) -> &[u8] {
        self.input.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops bytes from the front of what has arrived.
    pub fn consume(&mut self, length: usize) {
        self.awaited = None;
        self.start = (self.start + length).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            // The room for one large value need not stay.
            if self.input.len() > LARGE {
                self.input = Vec::new();
            }
        }
    }

    /// Writes what is pending and reads what has come; waits for either as long as a reply may take.
    ///
    /// # Errors
    /// A timeout, the end of the connection, or what the operating system reports.
    pub fn advance(&mut self) -> Result<(), ServerError> {
        let limit = self.timeouts.capped(self.timeouts.reply);
        let (unread, unwritten) = (self.input().len(), self.pending());
        if !self.advance_within(limit)? {
            return Err(self.error(Cause::Timeout(limit)));
        }
        let (since, bytes) = self.awaited.unwrap_or((Instant::now(), 0));
        let read = self.input().len().saturating_sub(unread);
        let bytes = bytes + read + unwritten.saturating_sub(self.pending());
        self.awaited = Some((since, bytes));
        let waited = since.elapsed();
        if waited > limit * CRUMBS && bytes < CRUMB * CRUMBS as usize {
            return Err(self.error(Cause::Timeout(waited)));
        }
        Ok(())
    }

    /// Like [`Connection::advance`] with a time limit of the caller's; `false` if it is over before anything happened.
    ///
    /// # Errors
    /// The end of the connection, or what the operating system reports.
    pub fn advance_within(&mut self, limit: Duration) -> Result<bool, ServerError> {
        let deadline = Instant::now() + limit;
        loop {
            // Writing and reading first: on an idle socket with something to write this saves a system call.
            let moved = self.write_some()? | self.read_some()?;
            if moved {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let writing = self.pending() > 0 || self.stream.wants_write();
            let interest = if writing { Interest::ReadWrite } else { Interest::Read };
            let ready = self.stream.wait(interest, left).map_err(|error| self.error(Cause::Io(error)))?;
            if !ready || left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// Writes what fits; `true` if something did.
    fn write_some(&mut self) -> Result<bool, ServerError> {
        let mut moved = false;
        while self.pending() > 0 || self.stream.wants_write() {
            let pending = self.output.get(self.written..).unwrap_or_default();
            match self.stream.write(pending) {
                Ok(length) => {
                    self.written += length;
                    moved = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What the server said before it closed is worth reading; the read reports the end.
                Err(error) if is_closed(&error) && self.read_some()? => return Ok(true),
                Err(error) => return Err(self.io_error(error)),
            }
        }
        if self.pending() == 0 {
            self.output.clear();
            self.output.shrink_to(LARGE);
            self.written = 0;
        }
        // Bytes that were only just written are no reason to skip waiting for their answer.
        Ok(moved && self.pending() > 0)
    }

    /// Reads what is there; `true` if something was.
    fn read_some(&mut self) -> Result<bool, ServerError> {
        if self.input.len() - self.end < READ_SIZE {
            if self.start > 0 {
                self.input.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.input.len() - self.end < READ_SIZE {
                self.input.resize((self.input.len() * 2).max(self.end + READ_SIZE), 0);
            }
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        match self.stream.read(room) {
            Ok(0) => Err(self.error(Cause::Closed)),
            Ok(length) => {
                self.end += length;
                self.answered = true;
                Ok(true)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(false)
            }
            Err(error) => Err(self.io_error(error)),
        }
    }

    /// An error of the operating system or of TLS.
    fn io_error(&self, error: io::Error) -> ServerError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(words) => {
                let cause = Cause::Tls(super::tls::words(words));
                let hint = super::tls::hint(words).map(str::to_owned);
                ServerError { phase: Phase::Tls, hint, ..self.error(cause) }
            }
            None if is_closed(&error) => self.error(Cause::Closed),
            None => self.error(Cause::Io(error)),
        }
    }

    /// An error in the present phase.
    pub(super) fn error(&self, cause: Cause) -> ServerError {
        ServerError { server: self.name.clone(), phase: self.phase, cause, hint: None }
    }
}

/// Whether the other side is gone.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof
    )
}

/// An error before there is a connection.
fn open_error(name: &str, phase: Phase, error: io::Error, limit: Duration) -> ServerError {
    let cause =
        if error.kind() == io::ErrorKind::TimedOut { Cause::Timeout(limit) } else { Cause::Io(error) };
    ServerError { server: name.to_owned(), phase, cause, hint: None }
}
