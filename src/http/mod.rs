//! A very small HTTP server for scrapers: one request a connection, everything bounded.
//!
//! At most [`CONNECTIONS`] are served at once and each has [`LIMIT`] to ask and as long to take its answer, so that
//! nobody who is slow, silent or hostile can take the place of others for long.

use std::io;
use std::io::ErrorKind;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// How many connections are served at once; others are turned away.
const CONNECTIONS: usize = 16;

/// How long a client may take to ask, and then to take its answer.
const LIMIT: Duration = Duration::from_secs(5);

/// How many bytes and headers a request may have.
const HEAD: usize = 8 << 10;
const HEADERS: usize = 64;

/// How long a wish to stop, or a new connection, may go unnoticed.
const PAUSE: Duration = Duration::from_millis(20);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The path without its query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Returns the first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a client is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status with its words: `200 OK`.
    pub status: &'static str,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Response {
    /// A plain text.
    #[must_use]
    pub fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }
}

/// A socket that scrapers can connect to.
pub struct Listener(TcpListener);

impl Listener {
    /// Listens on an address, `127.0.0.1:9150`.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn bind(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Returns the address with the port that was found.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until `stop` says so; what is under way then is still answered.
    pub fn serve(&self, stop: impl Fn() -> bool, answer: impl Fn(&Request) -> Response + Sync) {
        let (answer, busy) = (&answer, &AtomicUsize::new(0));
        thread::scope(|scope| {
            while !stop() {
                // Out of descriptors is a reason to wait as well as nobody there.
                let Ok((stream, _)) = self.0.accept() else {
                    thread::sleep(PAUSE);
                    continue;
                };
                if busy.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    busy.fetch_sub(1, Ordering::Relaxed);
                    drop(stream);
                    continue;
                }
                scope.spawn(move || {
                    // A client that is gone or breaks off misses its own answer only.
                    drop(converse(stream, answer));
                    busy.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
    }
}

fn converse(mut stream: TcpStream, answer: &impl Fn(&Request) -> Response) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    let (response, is_head) = match read(&mut stream)? {
        Asked::For { request, is_head } => (answer(&request), is_head),
        Asked::Method => (Response::text("405 Method Not Allowed", "only GET and HEAD\n"), false),
        Asked::Nonsense => (Response::text("400 Bad Request", "not understood\n"), false),
    };
    let Response { status, content_type, body } = response;
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    if !is_head {
        bytes.push_str(&body);
    }
    write(&mut stream, bytes.as_bytes())
}

enum Asked {
    For { request: Request, is_head: bool },
    Method,
    Nonsense,
}

/// Reads the head of a request; a body is not read.
fn read(stream: &mut TcpStream) -> io::Result<Asked> {
    let deadline = Instant::now() + LIMIT;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let length = match stream.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            length => length?,
        };
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                let is_head = parsed.method == Some("HEAD");
                if !is_head && parsed.method != Some("GET") {
                    return Ok(Asked::Method);
                }
                let path = parsed.path.unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
                let header = |header: &httparse::Header<'_>| {
                    (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
                };
                let request = Request { path, headers: parsed.headers.iter().map(header).collect() };
                return Ok(Asked::For { request, is_head });
            }
            Ok(httparse::Status::Partial) if head.len() < HEAD => {}
            Ok(httparse::Status::Partial) | Err(_) => return Ok(Asked::Nonsense),
        }
    }
}

fn write(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(left(deadline)?))?;
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is left until a deadline, which is more than nothing.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
