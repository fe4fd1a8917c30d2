//! TCP and UNIX sockets behind one face.

use std::io;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsRawFd as _;

use mio::Interest;
use mio::Registry;
use mio::Token;
use mio::net::TcpListener;
use mio::net::TcpStream;
use mio::net::UnixListener;
use mio::net::UnixStream;

use super::Listen;

/// A listening socket.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    pub(super) fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => TcpListener::bind(*address).map(Self::Tcp),
            Listen::Unix(path) => {
                // What an earlier server left behind may go, but nobody's running server.
                if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
                    std::fs::remove_file(path)?;
                }
                UnixListener::bind(path).map(Self::Unix)
            }
        }
    }

    pub(super) fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(Listen::Unix(address.as_pathname().unwrap_or("".as_ref()).to_owned()))
            }
        }
    }

    pub(super) fn descriptor(&self) -> i32 {
        match self {
            Self::Tcp(listener) => listener.as_raw_fd(),
            Self::Unix(listener) => listener.as_raw_fd(),
        }
    }

    pub(super) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                // Answers are written whole, so waiting for more of them only costs time.
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
            Self::Unix(listener) => listener.accept().map(|(stream, _)| Socket::Unix(stream)),
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => registry.register(listener, token, Interest::READABLE),
            Self::Unix(listener) => registry.register(listener, token, Interest::READABLE),
        }
    }
}

impl Socket {
    pub(super) fn descriptor(&self) -> i32 {
        match self {
            Self::Tcp(stream) => stream.as_raw_fd(),
            Self::Unix(stream) => stream.as_raw_fd(),
        }
    }

    /// Address and port of the other side, as the log has them, and the kind of the connection.
    pub(super) fn peer(&self) -> (String, u16, &'static str) {
        match self {
            Self::Tcp(stream) => match stream.peer_addr() {
                Ok(address) => (address.ip().to_string(), address.port(), "tcp"),
                Err(_) => (String::new(), 0, "tcp"),
            },
            Self::Unix(_) => ("unix".to_owned(), 0, "local"),
        }
    }

    /// The addresses of both sides as `stats conns` has them.
    pub(super) fn ends(&self) -> (String, String) {
        match self {
            Self::Tcp(stream) => {
                let shown = |address: io::Result<std::net::SocketAddr>| match address {
                    Ok(address) => described(&Listen::Tcp(address)),
                    Err(_) => String::new(),
                };
                (shown(stream.peer_addr()), shown(stream.local_addr()))
            }
            Self::Unix(stream) => {
                let path =
                    stream.local_addr().ok().and_then(|address| address.as_pathname().map(ToOwned::to_owned));
                (
                    "unix:<AF 1>".to_owned(),
                    path.map_or_else(String::new, |path| described(&Listen::Unix(path))),
                )
            }
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, interest),
            Self::Unix(stream) => registry.register(stream, token, interest),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    /// Nothing waits on this side of the system.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An address as `stats conns` has it.
pub(super) fn described(address: &Listen) -> String {
    match address {
        Listen::Tcp(address) if address.is_ipv6() => format!("tcp6:{address}"),
        Listen::Tcp(address) => format!("tcp:{address}"),
        Listen::Unix(path) => format!("unix:{}", path.display()),
    }
}
