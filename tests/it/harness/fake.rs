//! Servers that follow a script, however unlike memcached, and fail the test if nobody asked them.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::memcached::Server;
use super::{PATIENCE, wait_for};

#[derive(Clone)]
enum Step {
    Close,
    Expect(Vec<u8>),
    Reset,
    Send(Vec<u8>),
    SendSlowly(Vec<u8>, Duration),
    Silent,
    Take(usize),
}

/// What happens on one connection, in order; at the end the fake waits for the client to hang up.
#[derive(Clone, Default)]
pub(crate) struct Script(Vec<Step>);

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Reads exactly these bytes, or fails the test.
    pub(crate) fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Expect(bytes.as_ref().to_vec()))
    }

    /// Reads this many bytes, whatever they are.
    pub(crate) fn take(self, len: usize) -> Self {
        self.step(Step::Take(len))
    }

    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Sends the bytes one by one with a pause after each.
    pub(crate) fn send_slowly(self, bytes: impl AsRef<[u8]>, pause: Duration) -> Self {
        self.step(Step::SendSlowly(bytes.as_ref().to_vec(), pause))
    }

    /// Reads and answers nothing until the client hangs up.
    pub(crate) fn silent(self) -> Self {
        self.step(Step::Silent)
    }

    /// Hangs up.
    pub(crate) fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// Hangs up the hard way: the client sees a connection reset.
    pub(crate) fn reset(self) -> Self {
        self.step(Step::Reset)
    }
}

enum Plan {
    /// The script of each connection in order; one more is a failure.
    Connections(Vec<Script>),
    /// The same for every connection.
    Each(Script),
    /// Everything goes to a real server and back.
    Proxy { address: String, wanted: usize },
    /// Nobody may connect.
    Untouched,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Vec<u8>>>,
    failures: Mutex<Vec<String>>,
    streams: Mutex<HashMap<usize, TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Ports of our own connections, which the acceptor passes over.
    marks: Mutex<HashSet<u16>>,
    stopping: AtomicBool,
}

/// A server on a free loopback port that records what it is sent.
///
/// Dropping it fails the test when a script was never run, or not as written.
pub(crate) struct Fake {
    port: u16,
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Fake {
    /// Follows one script for one connection.
    pub(crate) fn once(script: Script) -> Self {
        Self::start(Plan::Connections(vec![script]))
    }

    /// Follows a script for each connection, in order.
    pub(crate) fn connections(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::start(Plan::Connections(scripts.into_iter().collect()))
    }

    /// Follows the same script for every connection.
    pub(crate) fn each(script: Script) -> Self {
        Self::start(Plan::Each(script))
    }

    /// Stands before a real TCP server, to count connections and see requests.
    pub(crate) fn proxy(server: &Server) -> Self {
        Self::start(Plan::Proxy { address: server.address(), wanted: 1 })
    }

    /// Stands before a real TCP server that need not be asked.
    pub(crate) fn proxy_or_idle(server: &Server) -> Self {
        Self::start(Plan::Proxy { address: server.address(), wanted: 0 })
    }

    /// Fails the test if anybody connects.
    pub(crate) fn untouched() -> Self {
        Self::start(Plan::Untouched)
    }

    fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (plan, shared) = (Arc::new(plan), Arc::new(Shared::default()));
        let acceptor = thread::spawn({
            let (plan, shared) = (Arc::clone(&plan), Arc::clone(&shared));
            move || accept(&listener, &plan, &shared)
        });
        Self { port, plan, shared, acceptor: Some(acceptor) }
    }

    /// Returns `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns how many connections were made.
    pub(crate) fn connection_count(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// Returns what each connection has sent, once all of them are over.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.settle();
        wait_for("the clients of a fake server to hang up", || self.is_idle().then_some(()));
        self.shared.received.lock().unwrap().clone()
    }

    /// Returns when every connection made so far is accepted: connections are accepted in the order they are made.
    fn settle(&self) {
        let socket = bound();
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        self.shared.marks.lock().unwrap().insert(port);
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], self.port));
        socket.connect(&address.into()).unwrap();
        wait_for("a fake server to accept", || {
            (!self.shared.marks.lock().unwrap().contains(&port)).then_some(())
        });
    }

    fn is_idle(&self) -> bool {
        self.shared.threads.lock().unwrap().iter().all(JoinHandle::is_finished)
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = self.shared.failures.lock().unwrap().clone();
        let made = self.connection_count();
        let wanted = match &*self.plan {
            Plan::Connections(scripts) => scripts.len(),
            Plan::Each(_) => 1,
            Plan::Proxy { wanted, .. } => *wanted,
            Plan::Untouched => 0,
        };
        if made < wanted {
            complaints.push(format!("asked {made} times instead of {wanted}"));
        }
        complaints
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.settle();
        let patience = if thread::panicking() { Duration::ZERO } else { Duration::from_secs(2) };
        let started = Instant::now();
        while !self.is_idle() && started.elapsed() < patience {
            thread::sleep(Duration::from_millis(2));
        }
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.settle();
        self.acceptor.take().unwrap().join().ok();
        for stream in self.shared.streams.lock().unwrap().values() {
            stream.shutdown(Shutdown::Both).ok();
        }
        let threads: Vec<_> = self.shared.threads.lock().unwrap().drain(..).collect();
        for thread in threads {
            thread.join().ok();
        }
        let complaints = self.complaints();
        if !thread::panicking() {
            assert!(complaints.is_empty(), "fake server {}: {}", self.address(), complaints.join("; "));
        }
    }
}

fn accept(listener: &TcpListener, plan: &Arc<Plan>, shared: &Arc<Shared>) {
    loop {
        let (stream, peer) = listener.accept().unwrap();
        if shared.marks.lock().unwrap().remove(&peer.port()) {
            if shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            continue;
        }
        let index = {
            let mut received = shared.received.lock().unwrap();
            received.push(Vec::new());
            received.len() - 1
        };
        shared.streams.lock().unwrap().insert(index, stream.try_clone().unwrap());
        let thread = thread::spawn({
            let (plan, shared) = (Arc::clone(plan), Arc::clone(shared));
            move || {
                let mut connection = Connection { stream, index, shared };
                if let Err(failure) = connection.serve(&plan) {
                    let failure = format!("connection {index}: {failure}");
                    connection.shared.failures.lock().unwrap().push(failure);
                }
                // Without a descriptor for stopping, this connection is to be reset and not closed in order.
                if connection.shared.streams.lock().unwrap().contains_key(&index) {
                    connection.stream.shutdown(Shutdown::Both).ok();
                }
            }
        });
        shared.threads.lock().unwrap().push(thread);
    }
}

struct Connection {
    stream: TcpStream,
    index: usize,
    shared: Arc<Shared>,
}

impl Connection {
    fn serve(&mut self, plan: &Plan) -> Result<(), String> {
        self.stream.set_nodelay(true).unwrap();
        match plan {
            Plan::Connections(scripts) => {
                let script = scripts.get(self.index).ok_or("one connection too many")?;
                self.follow(script)
            }
            Plan::Each(script) => self.follow(script),
            Plan::Proxy { address, .. } => {
                self.forward(address);
                Ok(())
            }
            Plan::Untouched => Err("nobody should have connected".to_owned()),
        }
    }

    fn follow(&mut self, script: &Script) -> Result<(), String> {
        for (number, step) in script.0.iter().enumerate() {
            let over = self.take_step(step).map_err(|failure| format!("step {}: {failure}", number + 1))?;
            if over {
                return Ok(());
            }
        }
        self.drain();
        Ok(())
    }

    /// Does one step; `true` when the connection is over with it.
    fn take_step(&mut self, step: &Step) -> Result<bool, String> {
        match step {
            Step::Close => return Ok(true),
            Step::Reset => {
                SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
                // Only the last descriptor's end resets the connection, so the one kept for stopping goes too.
                self.shared.streams.lock().unwrap().remove(&self.index);
                return Ok(true);
            }
            Step::Expect(bytes) => {
                let read = self.read(bytes.len())?;
                if read != *bytes {
                    return Err(format!("expected {:?}, read {:?}", shown(bytes), shown(&read)));
                }
            }
            Step::Take(len) => drop(self.read(*len)?),
            // The client may hang up on what it does not like; a later step notices.
            Step::Send(bytes) => drop(self.stream.write_all(bytes)),
            Step::SendSlowly(bytes, pause) => {
                for byte in bytes {
                    if self.stream.write_all(&[*byte]).is_err() {
                        break;
                    }
                    thread::sleep(*pause);
                }
            }
            Step::Silent => {
                self.drain();
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&mut self, len: usize) -> Result<Vec<u8>, String> {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while filled < len {
            match self.stream.read(&mut bytes[filled..]) {
                Ok(read @ 1..) => {
                    self.record(&bytes[filled..filled + read]);
                    filled += read;
                }
                Ok(0) => return Err(format!("the client hung up after {:?}", shown(&bytes[..filled]))),
                Err(error) => return Err(format!("{error} after {:?}", shown(&bytes[..filled]))),
            }
        }
        Ok(bytes)
    }

    fn drain(&mut self) {
        self.stream.set_read_timeout(None).unwrap();
        let mut chunk = [0; 65536];
        while let Ok(len @ 1..) = self.stream.read(&mut chunk) {
            self.record(&chunk[..len]);
        }
    }

    fn forward(&mut self, address: &str) {
        let mut upstream = TcpStream::connect(address).unwrap();
        let back = thread::spawn({
            let (mut from, mut to) = (upstream.try_clone().unwrap(), self.stream.try_clone().unwrap());
            move || {
                io::copy(&mut from, &mut to).ok();
                to.shutdown(Shutdown::Both).ok();
            }
        });
        let mut chunk = [0; 65536];
        while let Ok(len @ 1..) = self.stream.read(&mut chunk) {
            self.record(&chunk[..len]);
            if upstream.write_all(&chunk[..len]).is_err() {
                break;
            }
        }
        upstream.shutdown(Shutdown::Both).ok();
        back.join().ok();
    }

    fn record(&self, bytes: &[u8]) {
        self.shared.received.lock().unwrap()[self.index].extend_from_slice(bytes);
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A port on which nobody listens, held as long as the value lives: connections are refused at once.
pub(crate) fn refusing_port() -> (Socket, String) {
    let socket = bound();
    let address = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    (socket, address)
}

/// A port whose queue is full: connections are neither accepted nor refused.
pub(crate) fn full_port() -> (Vec<Socket>, String) {
    let socket = bound();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap();
    let mut held = vec![socket];
    // Linux queues one connection more than the backlog says; from the next on it drops the first packet.
    for _ in 0..4 {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        client.connect(&address).ok();
        held.push(client);
    }
    (held, address.as_socket().unwrap().to_string())
}

fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket
}
