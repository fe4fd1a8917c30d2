//! The threads of the server: each waits for its own share of the connections, and the first one takes new ones in.

use std::io;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use mio::Events;
use mio::Poll;
use mio::Token;
use mio::Waker;

use super::Config;
use super::Listen;
use super::connection::Connection;
use super::connection::Scratch;
use super::connection::Turn;
use super::log::Watching;
use super::log::kind;
use super::session::Session;
use super::settings::Settings;
use super::settings::Tuned;
use super::socket::Listener;
use super::socket::Socket;
use super::socket::described;
use super::store::CLOCK_START;
use super::store::Peer;
use super::store::Store;

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
/// The tokens of connections start here.
const FIRST: usize = 2;

/// How long new connections wait while the process has too many files open.
const FULL: Duration = Duration::from_millis(10);

/// Input that is not complete may take this much of all connections together, or as much as items if that is more.
const BUDGET: usize = 64 << 20;

/// What the threads have in common.
#[derive(Debug)]
pub(super) struct Shared {
    store: Mutex<Store>,
    mailboxes: Vec<Mailbox>,
    pub(super) is_stopping: AtomicBool,
    /// Bytes of input that wait for the rest of a command.
    pub(super) waiting: AtomicUsize,
    budget: usize,
    pub(super) clock: Clock,
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// The system, since the server started.
    Running(Instant),
    /// Whoever drives the server, in seconds.
    Set(u32),
}

impl Clock {
    fn seconds(self) -> u32 {
        match self {
            Self::Running(start) => u32::try_from(start.elapsed().as_secs()).unwrap_or(u32::MAX),
            Self::Set(seconds) => seconds,
        }
    }

    /// UNIX seconds at the start.
    fn unix_start(self) -> u64 {
        match self {
            Self::Running(_) => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            Self::Set(_) => 1_700_000_000,
        }
    }
}

/// How a worker is told something.
#[derive(Debug)]
struct Mailbox {
    waker: Waker,
    sockets: Mutex<Vec<Socket>>,
    /// Connections that watch and have something to send.
    nudged: Mutex<Vec<usize>>,
}

impl Shared {
    /// Makes the store, and a way to wait for each worker.
    pub(super) fn new(
        config: &Config,
        address: &Listen,
        descriptor: i32,
        clock: Clock,
    ) -> io::Result<(Self, Vec<Poll>)> {
        let (port, interface, socket) = match address {
            Listen::Tcp(address) => (address.port(), address.ip().to_string(), None),
            Listen::Unix(path) => (0, "NULL".to_owned(), Some(path.display().to_string())),
        };
        let settings = Settings {
            memory_limit: config.memory_limit,
            item_size_max: config.item_size_max,
            max_connections: config.max_connections,
            threads: config.threads,
            port,
            interface,
            socket,
            credentials: config.credentials.clone(),
            tuned: Tuned::default(),
        };
        let mut store = Store::new(settings, clock.unix_start());
        let from = described(address);
        let listening = Peer { from, to: String::new(), last_command: CLOCK_START, state: "conn_listening" };
        store.connections.insert(descriptor, listening);
        store.counters.total_connections = 1;
        let mut mailboxes = Vec::new();
        let mut polls = Vec::new();
        for _ in 0..config.threads {
            let poll = Poll::new()?;
            let waker = Waker::new(poll.registry(), WAKER)?;
            mailboxes.push(Mailbox { waker, sockets: Mutex::default(), nudged: Mutex::default() });
            polls.push(poll);
        }
        let shared = Self {
            store: Mutex::new(store),
            mailboxes,
            is_stopping: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            budget: BUDGET.max(config.memory_limit),
            clock,
        };
        Ok((shared, polls))
    }

    /// The store, with its clock set.
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = lock(&self.store);
        store.now = CLOCK_START.saturating_add(self.clock.seconds());
        store
    }

    /// Whether so much more input may not wait.
    pub(super) fn is_over_budget(&self, more: usize) -> bool {
        self.waiting.load(Ordering::Relaxed).saturating_add(more) > self.budget
    }

    /// Tells a worker that a connection of it has events to send.
    pub(super) fn nudge(&self, (worker, connection): Watching) {
        if let Some(mailbox) = self.mailboxes.get(worker) {
            lock(&mailbox.nudged).push(connection);
            mailbox.wake();
        }
    }

    pub(super) fn wake_all(&self) {
        self.mailboxes.iter().for_each(Mailbox::wake);
    }
}

impl Mailbox {
    fn wake(&self) {
        // It fails only if the system has no memory; the next event wakes the worker as well.
        drop(self.waker.wake());
    }
}

/// A poisoned lock is taken all the same: the store is sound between any two of its operations.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thread.
pub(super) struct Worker {
    index: usize,
    poll: Poll,
    listener: Option<Listener>,
    connections: Vec<Option<Connection<Socket>>>,
    free: Vec<usize>,
    /// Connections that could go on at once.
    again: Vec<usize>,
    /// Whether connections may be waiting that could not be taken in.
    must_accept: bool,
    /// Which worker gets the next connection.
    next: usize,
    scratch: Scratch,
    shared: Arc<Shared>,
}

impl Worker {
    pub(super) fn new(
        index: usize,
        poll: Poll,
        mut listener: Option<Listener>,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        if let Some(listener) = &mut listener {
            listener.register(poll.registry(), LISTENER)?;
        }
        Ok(Self {
            index,
            poll,
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            again: Vec::new(),
            must_accept: false,
            next: 0,
            scratch: Scratch::new(),
            shared,
        })
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        while !self.shared.is_stopping.load(Ordering::Acquire) {
            let timeout = match (self.again.is_empty(), self.must_accept) {
                (false, _) => Some(Duration::ZERO),
                (true, true) => Some(FULL),
                (true, false) => None,
            };
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                return;
            }
            let mut ready = std::mem::take(&mut self.again);
            for event in &events {
                match event.token() {
                    WAKER => self.open_mail(&mut ready),
                    LISTENER => self.must_accept = true,
                    Token(token) => ready.push(token - FIRST),
                }
            }
            if self.must_accept {
                self.accept();
            }
            ready.sort_unstable();
            ready.dedup();
            ready.into_iter().for_each(|index| self.serve(index));
        }
    }

    fn open_mail(&mut self, ready: &mut Vec<usize>) {
        let shared = Arc::clone(&self.shared);
        let Some(mailbox) = shared.mailboxes.get(self.index) else { return };
        let sockets = std::mem::take(&mut *lock(&mailbox.sockets));
        sockets.into_iter().for_each(|socket| self.take_in(socket));
        ready.append(&mut lock(&mailbox.nudged));
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        loop {
            match listener.accept() {
                Ok(socket) => {
                    let mailbox = &self.shared.mailboxes[self.next];
                    self.next = (self.next + 1) % self.shared.mailboxes.len();
                    lock(&mailbox.sockets).push(socket);
                    mailbox.wake();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.must_accept = false;
                    return;
                }
                // A client that is gone already, or too many open files, which `run` waits for.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => return,
            }
        }
    }

    fn take_in(&mut self, mut socket: Socket) {
        let descriptor = socket.descriptor();
        let mut store = self.shared.store();
        // One of them is the listening socket.
        if store.connections.len() > store.settings.max_connections {
            store.counters.rejected_connections += 1;
            drop(store);
            drop(socket.write(b"ERROR Too many open connections\r\n"));
            return;
        }
        let (from, to) = socket.ends();
        let last_command = store.now;
        store.connections.insert(descriptor, Peer { from, to, last_command, state: "conn_read" });
        store.counters.total_connections += 1;
        if store.log.wants(kind::CONNECTIONS) {
            let (address, port, transport) = socket.peer();
            store.log.write(
                kind::CONNECTIONS,
                format_args!(
                    "type=conn_new rip={address} rport={port} transport={transport} cfd={descriptor}"
                ),
            );
        }
        self.tell_watchers(store);
        let index = self.free.pop().unwrap_or(self.connections.len());
        let is_registered = socket.register(self.poll.registry(), Token(index + FIRST)).is_ok();
        let session = Session::new((self.index, index), descriptor);
        let connection = Connection::new(socket, session);
        match self.connections.get_mut(index) {
            Some(place) => *place = Some(connection),
            None => self.connections.push(Some(connection)),
        }
        if !is_registered {
            self.end(index);
        }
    }

    fn serve(&mut self, index: usize) {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return };
        match connection.serve(&self.shared, &mut self.scratch) {
            Turn::Wait => {}
            Turn::Again => self.again.push(index),
            Turn::End => self.end(index),
        }
    }

    fn end(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index).and_then(Option::take) else { return };
        self.free.push(index);
        let descriptor = connection.session.descriptor;
        let reason = if connection.is_normal { "normal" } else { "error" };
        let mut store = self.shared.store();
        store.connections.remove(&descriptor);
        if store.log.wants(kind::CONNECTIONS) {
            let (address, port, transport) = connection.socket.peer();
            store.log.write(
                kind::CONNECTIONS,
                format_args!(
                    "type=conn_close rip={address} rport={port} transport={transport} reason={reason} cfd={descriptor}"
                ),
            );
        }
        self.tell_watchers(store);
        connection.end(&self.shared);
    }

    fn tell_watchers(&self, mut store: MutexGuard<'_, Store>) {
        let nudged: Vec<Watching> = store.log.untold().collect();
        drop(store);
        nudged.into_iter().for_each(|watching| self.shared.nudge(watching));
    }
}
