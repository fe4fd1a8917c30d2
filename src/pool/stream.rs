//! A socket of any kind, opened within its time limit: TCP or UNIX, bare or under TLS.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::ToSocketAddrs as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustls::ClientConnection;
use socket2::Domain;
use socket2::SockAddr;
use socket2::Socket;
use socket2::Type;

use crate::routing::servers::Endpoint;

/// A connected, non-blocking socket, with its TLS session if it has one.
pub(super) struct Stream {
    socket: Socket,
    tls: Option<Box<ClientConnection>>,
}

/// What a socket is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Until there is something to read.
    Read,
    /// Until there is something to read or room to write.
    ReadWrite,
}

/// Asks the resolver for a host's addresses; a literal address asks nobody.
pub(super) fn lookup(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let host = host.to_owned();
    // The resolver has no time limit of its own: a thread that it holds up is left behind.
    thread::spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody listens any more after the time limit.
        drop(sender.send(found));
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(io::Error::other("the name has no address")),
        Ok(found) => found,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Connects to the first address that accepts, all of them together within the limit.
pub(super) fn connect_tcp(addresses: &[SocketAddr], limit: Duration) -> io::Result<Stream> {
    let deadline = Instant::now() + limit;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        // An address that swallows packets must leave time for those behind it.
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        let socket = Socket::new(Domain::for_address(*address), Type::STREAM, None)?;
        match socket.connect_timeout(&SockAddr::from(*address), share.max(Duration::from_millis(1))) {
            Ok(()) => {
                socket.set_tcp_nodelay(true)?;
                return Stream::new(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Connects to a UNIX socket.
pub(super) fn connect_unix(path: &str, limit: Duration) -> io::Result<Stream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.connect_timeout(&SockAddr::unix(path)?, limit.max(Duration::from_millis(1)))?;
    Stream::new(socket)
}

/// The name that a certificate is checked against.
pub(super) fn host_of(endpoint: &Endpoint) -> &str {
    match endpoint {
        Endpoint::Tcp { host, .. } => host,
        Endpoint::Unix(_) => "localhost",
    }
}

impl Stream {
    fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket, tls: None })
    }

    /// Puts TLS over the socket; the handshake happens with the first reads and writes.
    pub(super) fn start_tls(&mut self, session: ClientConnection) {
        self.tls = Some(Box::new(session));
    }

    /// Whether the TLS handshake is still going on.
    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|session| session.is_handshaking())
    }

    /// Whether bytes of the TLS session itself wait to be written.
    pub(super) fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|session| session.wants_write())
    }

    /// Takes the TLS handshake as far as it goes without waiting.
    pub(super) fn shake(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.tls else { return Ok(()) };
        loop {
            let step = if session.wants_write() {
                session.write_tls(&mut self.socket).map(|_| ())
            } else if session.is_handshaking() {
                match session.read_tls(&mut self.socket) {
                    Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(_) => session.process_new_packets().map(|_| ()).map_err(|error| {
                        // The alert that tells the server why; the error is what matters here.
                        drop(session.write_tls(&mut self.socket));
                        io::Error::new(io::ErrorKind::InvalidData, error)
                    }),
                    Err(error) => Err(error),
                }
            } else {
                return Ok(());
            };
            match step {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits; `false` if the time is over first. A signal ends the wait early, as if something had happened.
    pub(super) fn wait(&self, interest: Interest, limit: Duration) -> io::Result<bool> {
        let flags = match interest {
            Interest::Read => PollFlags::IN,
            Interest::ReadWrite => PollFlags::IN | PollFlags::OUT,
        };
        let mut descriptors = [PollFd::new(&self.socket, flags)];
        let limit = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        match rustix::event::poll(&mut descriptors, Some(&limit)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what is there; `Ok(0)` is the end, `WouldBlock` that there is nothing yet.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(session) = &mut self.tls else { return self.socket.read(buffer) };
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
            if session.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            let processed = session.process_new_packets();
            if let Err(error) = processed {
                // The alert that tells the server why.
                drop(session.write_tls(&mut self.socket));
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
    }

    /// Writes as much as fits; `WouldBlock` if nothing does.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(session) = &mut self.tls else { return self.socket.write(bytes) };
        let taken = if session.wants_write() { 0 } else { session.writer().write(bytes)? };
        while session.wants_write() {
            match session.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }
}
