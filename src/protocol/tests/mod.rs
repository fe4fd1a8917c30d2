//! Every request and every reply in every dialect.

mod arbitrary;
mod hostile;
mod replies;
mod requests;

use super::*;

const LIMITS: Limits = Limits { value: 1 << 20, line: 2048 };

fn key(name: &[u8]) -> Key {
    Key::parse(name, Wire::Binary).unwrap()
}

/// The header and body of a packet, escaped.
fn packet(magic: u8, opcode: u8, status: u16, opaque: u32, cas: u64, parts: [&[u8]; 3]) -> Vec<u8> {
    let [extras, key, value] = parts;
    let mut out = vec![magic, opcode];
    out.extend((key.len() as u16).to_be_bytes());
    out.extend([extras.len() as u8, 0]);
    out.extend(status.to_be_bytes());
    out.extend(((extras.len() + key.len() + value.len()) as u32).to_be_bytes());
    out.extend(opaque.to_be_bytes());
    out.extend(cas.to_be_bytes());
    out.extend_from_slice(extras);
    out.extend_from_slice(key);
    out.extend_from_slice(value);
    out
}

const QUIET_7: Options = Options { quiet: true, opaque: 7 };
const LOUD: Options = Options { quiet: false, opaque: 0 };

fn store(mode: StoreMode, key: &Key, cas: Option<u64>) -> Request<'_> {
    Request::Store { mode, key, flags: 5, expiry: Expiry::from_wire(60), value: b"ab\r\n", cas }
}

/// Decodes a sample at every cut, whole, and with something behind it.
fn check(dialect: Dialect, request: &Request<'_>, options: Options, bytes: &[u8], reply: Reply<'_>) {
    let expected = Expected::of(request, options);
    for cut in 0..bytes.len() {
        let decoded = decode(dialect, expected, &LIMITS, &bytes[..cut]);
        assert_eq!(decoded, Ok(None), "{request:?}: {} of {}", cut, bytes.escape_ascii());
    }
    for behind in [&b""[..], b"\0", b"END\r\n", b"\x81garbage", b"no line end"] {
        let input = [bytes, behind].concat();
        let decoded = decode(dialect, expected, &LIMITS, &input);
        assert_eq!(decoded, Ok(Some((reply, bytes.len()))), "{request:?}: {}", input.escape_ascii());
        let head = peek(dialect, &LIMITS, &input).unwrap();
        assert_eq!(head.map(|head| head.barrier), Some(reply == Reply::Noop && dialect != Dialect::Classic));
    }
}

fn value(flags: u32, cas: Option<u64>, value: &[u8]) -> Reply<'_> {
    Reply::Value(Item { flags, cas, ttl: None, value })
}

fn refused(kind: RefusalKind, message: &str) -> Reply<'_> {
    Reply::Refused(Refusal { kind, message: message.as_bytes() })
}
