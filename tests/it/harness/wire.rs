//! Speaking to a server without the code under test, to check what is stored where.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::PATIENCE;
use super::material::{PASSWORD, USERNAME, tls};
use super::memcached::Kind;

/// An item as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) value: Vec<u8>,
    pub(crate) flags: u32,
    pub(crate) cas: u64,
}

impl Stored {
    /// Returns the value as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.value).unwrap()
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// One connection, ready for commands.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    binary: bool,
}

/// A frame of the binary protocol, request or reply.
struct Frame {
    opcode: u8,
    status: u16,
    extras: Vec<u8>,
    key: Vec<u8>,
    value: Vec<u8>,
    cas: u64,
    whole: Vec<u8>,
}

const GET: u8 = 0x00;
const SET: u8 = 0x01;
const NOOP: u8 = 0x0a;
const STAT: u8 = 0x10;
const SASL_AUTH: u8 = 0x21;

impl Wire {
    pub(super) fn unix(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: Box::new(stream), binary: false }
    }

    pub(super) fn tcp(kind: Kind, stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let stream: Box<dyn Stream> =
            if kind.is_tls() { Box::new(encrypted(stream)) } else { Box::new(stream) };
        let mut wire = Self { stream, binary: kind.is_sasl() };
        if kind.is_sasl() {
            let credentials = format!("\0{USERNAME}\0{PASSWORD}");
            wire.send(&request(SASL_AUTH, b"", b"PLAIN", credentials.as_bytes()));
            assert_eq!(wire.frame().status, 0, "SASL authentication of the harness");
        }
        if kind == Kind::AuthFile {
            let credentials = format!("{USERNAME} {PASSWORD}");
            wire.send(format!("set auth 0 0 {}\r\n{credentials}\r\n", credentials.len()).as_bytes());
            assert_eq!(wire.until(b"\r\n"), b"STORED\r\n", "text authentication of the harness");
        }
        wire
    }

    /// Sends bytes and returns everything that is answered to them; whole commands only.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        if !self.binary {
            self.send(&[bytes, b"mn\r\n"].concat());
            let mut answer = self.until(b"MN\r\n");
            answer.truncate(answer.len() - 4);
            return answer;
        }
        self.send(&[bytes, &request(NOOP, b"", b"", b"")].concat());
        let mut answer = Vec::new();
        loop {
            let frame = self.frame();
            if frame.opcode == NOOP {
                return answer;
            }
            answer.extend_from_slice(&frame.whole);
        }
    }

    pub(crate) fn stored(&mut self, key: &[u8]) -> Option<Stored> {
        if self.binary {
            self.send(&request(GET, b"", key, b""));
            let frame = self.frame();
            let flags = u32::from_be_bytes(frame.extras.try_into().ok()?);
            return (frame.status == 0).then_some(Stored { value: frame.value, flags, cas: frame.cas });
        }
        let answer = self.raw(&[b"gets ", key, b"\r\n"].concat());
        let rest = answer.strip_prefix(&[b"VALUE ", key, b" "].concat()[..])?;
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let mut numbers = std::str::from_utf8(&rest[..end]).unwrap().split(' ');
        let flags = numbers.next().unwrap().parse().unwrap();
        let len: usize = numbers.next().unwrap().parse().unwrap();
        let cas = numbers.next().unwrap().parse().unwrap();
        Some(Stored { value: rest[end + 2..end + 2 + len].to_vec(), flags, cas })
    }

    pub(crate) fn store(&mut self, key: &[u8], flags: u32, value: &[u8]) {
        if self.binary {
            let extras = [flags.to_be_bytes(), [0; 4]].concat();
            self.send(&request(SET, &extras, key, value));
            assert_eq!(self.frame().status, 0, "set of the harness");
            return;
        }
        let line = format!(" {flags} 0 {}\r\n", value.len());
        let answer = self.raw(&[b"set ", key, line.as_bytes(), value, b"\r\n"].concat());
        assert_eq!(String::from_utf8_lossy(&answer), "STORED\r\n", "set of the harness");
    }

    pub(crate) fn stat(&mut self, name: &str) -> String {
        if self.binary {
            self.send(&request(STAT, b"", b"", b""));
            let mut found = None;
            loop {
                let frame = self.frame();
                if frame.key.is_empty() {
                    return found.unwrap_or_else(|| panic!("no statistic {name}"));
                }
                if frame.key == name.as_bytes() {
                    found = Some(String::from_utf8(frame.value).unwrap());
                }
            }
        }
        let answer = String::from_utf8(self.raw(b"stats\r\n")).unwrap();
        let start = format!("STAT {name} ");
        let found = answer.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("no statistic {name}")).to_owned()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    fn until(&mut self, end: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while !answer.ends_with(end) {
            let len = self.stream.read(&mut chunk).unwrap();
            assert_ne!(len, 0, "closed after {}", answer.escape_ascii());
            answer.extend_from_slice(&chunk[..len]);
        }
        answer
    }

    fn frame(&mut self) -> Frame {
        let mut whole = vec![0; 24];
        self.stream.read_exact(&mut whole).unwrap();
        let number = |range: std::ops::Range<usize>| {
            whole[range].iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let (key, extras, body, cas) = (number(2..4), number(4..5), number(8..12), number(16..24));
        let (opcode, status) = (whole[1], u16::try_from(number(6..8)).unwrap());
        whole.resize(24 + usize::try_from(body).unwrap(), 0);
        self.stream.read_exact(&mut whole[24..]).unwrap();
        let key_start = 24 + usize::try_from(extras).unwrap();
        let value_start = key_start + usize::try_from(key).unwrap();
        Frame {
            opcode,
            status,
            extras: whole[24..key_start].to_vec(),
            key: whole[key_start..value_start].to_vec(),
            value: whole[value_start..].to_vec(),
            cas,
            whole,
        }
    }
}

/// A request of the binary protocol.
pub(crate) fn request(opcode: u8, extras: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, opcode];
    bytes.extend(u16::try_from(key.len()).unwrap().to_be_bytes());
    bytes.extend([u8::try_from(extras.len()).unwrap(), 0, 0, 0]);
    bytes.extend(u32::try_from(extras.len() + key.len() + value.len()).unwrap().to_be_bytes());
    bytes.extend([0; 12]);
    [bytes.as_slice(), extras, key, value].concat()
}

fn encrypted(stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
    let files = tls();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(&files.client).unwrap()],
            PrivateKeyDer::from_pem_file(&files.client_key).unwrap(),
        )
        .unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}
