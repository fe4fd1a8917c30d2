//! One connection: its socket, its buffers and its state machine.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::atomic::Ordering;

use super::session::Session;
use super::session::Status;
use super::session::Stream;
use super::store::Store;
use super::worker::Shared;

/// What is read at once, in bytes.
const READ: usize = 64 << 10;

/// How often one connection is served before the others have their turn.
const TURNS: usize = 16;

/// Buffers larger than this are not kept, in bytes.
const KEPT: usize = 1 << 20;

/// Buffers that the connections of a worker share, since only one of them works at a time.
#[derive(Debug)]
pub(super) struct Scratch {
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { input: vec![0; READ], output: Vec::new() }
    }
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is more to do at once.
    Again,
    /// The connection is over.
    End,
    /// The socket will tell when it goes on.
    Wait,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    pub(super) socket: S,
    pub(super) session: Session,
    /// What came and was not run yet.
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much of `output` is gone.
    sent: usize,
    /// Whether `input` may have a whole command.
    has_more: bool,
    is_ending: bool,
    /// What of `input` counts against the budget of the server.
    charged: usize,
    /// Bytes written that are not counted yet.
    written: u64,
    /// Whether the other side ended it, and not an error.
    pub(super) is_normal: bool,
}

impl<S: Read + Write> Connection<S> {
    pub(super) fn new(socket: S, session: Session) -> Self {
        Self {
            socket,
            session,
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            has_more: false,
            is_ending: false,
            charged: 0,
            written: 0,
            is_normal: false,
        }
    }

    /// Writes, runs and reads until nothing goes on, or others should have their turn.
    pub(super) fn serve(&mut self, shared: &Shared, scratch: &mut Scratch) -> Turn {
        if self.output.capacity() == 0 {
            std::mem::swap(&mut self.output, &mut scratch.output);
        }
        let mut turn = Turn::Again;
        for _ in 0..TURNS {
            match self.turn(shared, &mut scratch.input) {
                Ok(None) => {}
                Ok(Some(ended)) => {
                    turn = ended;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    turn = Turn::Wait;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    turn = Turn::End;
                    break;
                }
            }
        }
        if self.output.is_empty() {
            let output = std::mem::take(&mut self.output);
            if output.capacity() <= KEPT {
                scratch.output = output;
            }
        }
        turn
    }

    fn turn(&mut self, shared: &Shared, buffer: &mut [u8]) -> io::Result<Option<Turn>> {
        self.flush()?;
        if self.is_ending {
            return Ok(Some(Turn::End));
        }
        match self.session.stream {
            Stream::Listing(ref mut listing) => {
                let mut store = shared.store();
                if !listing.push(&store, &mut self.output) {
                    store.is_listing = false;
                    self.session.stream = Stream::Nothing;
                    self.has_more = !self.input.is_empty();
                }
                return Ok(None);
            }
            Stream::Events => {
                shared.store().log.take(self.session.id, &mut self.output);
                if self.output.is_empty() && self.socket.read(buffer)? == 0 {
                    self.is_normal = true;
                    return Ok(Some(Turn::End));
                }
                return Ok(None);
            }
            Stream::Nothing => {}
        }
        if self.has_more {
            let input = std::mem::take(&mut self.input);
            let taken = self.run(shared, &input, 0);
            self.keep(shared, input, taken);
            return Ok(None);
        }
        let length = self.socket.read(buffer)?;
        let Some(fresh) = buffer.get(..length).filter(|fresh| !fresh.is_empty()) else {
            self.is_normal = true;
            return Ok(Some(Turn::End));
        };
        if self.input.is_empty() {
            let taken = self.run(shared, fresh, length);
            if let Some(rest) = fresh.get(taken..).filter(|rest| !rest.is_empty() && !self.is_ending) {
                self.input.extend_from_slice(rest);
            }
            self.charge(shared);
        } else {
            let mut input = std::mem::take(&mut self.input);
            input.extend_from_slice(fresh);
            let taken = self.run(shared, &input, length);
            self.keep(shared, input, taken);
        }
        Ok(None)
    }

    /// Runs what commands there are; gives how many bytes they took.
    fn run(&mut self, shared: &Shared, input: &[u8], fresh: usize) -> usize {
        let mut store = shared.store();
        self.count(&mut store, fresh);
        let (taken, status) = self.session.run(&mut store, input, &mut self.output);
        let nudged: Vec<_> = store.log.untold().collect();
        drop(store);
        nudged.into_iter().for_each(|watching| shared.nudge(watching));
        self.has_more = matches!(status, Status::Full);
        self.is_ending = matches!(status, Status::Close);
        let here = input.len() - taken;
        if let Status::More(needed) = status
            && needed > here.max(READ)
            && shared.is_over_budget(needed)
            && !self.session.give_up(here, needed, &mut self.output)
        {
            self.is_ending = true;
        }
        if self.session.swallow > 0 { input.len() } else { taken }
    }

    fn count(&mut self, store: &mut Store, fresh: usize) {
        store.counters.bytes_read += fresh as u64;
        store.counters.bytes_written += std::mem::take(&mut self.written);
        let now = store.now;
        if let Some(peer) = store.connections.get_mut(&self.session.descriptor) {
            peer.last_command = now;
        }
    }

    /// Keeps what was not taken of the input.
    fn keep(&mut self, shared: &Shared, mut input: Vec<u8>, taken: usize) {
        if taken >= input.len() || self.is_ending {
            input.clear();
        } else {
            input.drain(..taken);
        }
        if input.capacity() > READ && input.len() < READ / 2 {
            input.shrink_to(READ);
        }
        self.input = if input.is_empty() { Vec::new() } else { input };
        self.charge(shared);
    }

    /// Tells the server how much this connection has waiting, if that is more than usual.
    fn charge(&mut self, shared: &Shared) {
        let held = self.input.capacity();
        let charge = if held > READ { held } else { 0 };
        if charge > self.charged {
            shared.waiting.fetch_add(charge - self.charged, Ordering::Relaxed);
        } else {
            shared.waiting.fetch_sub(self.charged - charge, Ordering::Relaxed);
        }
        self.charged = charge;
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let length = self.socket.write(rest)?;
            if length == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.sent += length;
            self.written += length as u64;
        }
        self.output.clear();
        self.sent = 0;
        Ok(())
    }

    /// Undoes what the connection left in the server.
    pub(super) fn end(mut self, shared: &Shared) {
        self.input = Vec::new();
        self.charge(shared);
        let mut store = shared.store();
        store.counters.bytes_written += self.written;
        match self.session.stream {
            Stream::Listing(_) => store.is_listing = false,
            Stream::Events => store.log.remove(self.session.id),
            Stream::Nothing => {}
        }
    }
}
