//! Every request and every reply in every dialect, at every cut.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { value: 1 << 20, line: 2048 };

fn key(name: &[u8]) -> Key {
    Key::parse(name, Wire::Binary).unwrap()
}

fn encoded(dialect: Dialect, request: &Request<'_>, options: Options) -> Result<String, &'static str> {
    let mut out = b"before".to_vec();
    let result = encode(dialect, request, options, &mut out).map_err(|error| error.request);
    assert!(out.starts_with(b"before"));
    match result {
        Ok(()) => Ok(out[6..].escape_ascii().to_string()),
        Err(request) => {
            assert_eq!(out, b"before", "nothing is written for an unsupported request");
            Err(request)
        }
    }
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

#[test]
fn text_requests_are_these_bytes() {
    let k = key(b"k");
    let expiry = Expiry::from_wire(9);
    let number = |direction, initial| Request::Arithmetic { key: &k, direction, delta: 3, initial };
    let samples = [
        (Request::Get { key: &k }, "gets k\\r\\n", "mg k s f c v q O7\\r\\n"),
        (Request::GetAndTouch { key: &k, expiry }, "gats 9 k\\r\\n", "mg k s f c v T9 q O7\\r\\n"),
        (
            store(StoreMode::Set, &k, None),
            "set k 5 60 4 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 MS F5 T60 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (
            store(StoreMode::Set, &k, Some(8)),
            "cas k 5 60 4 8 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 MS F5 T60 C8 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (
            store(StoreMode::Add, &k, None),
            "add k 5 60 4 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 ME F5 T60 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (
            store(StoreMode::Replace, &k, None),
            "replace k 5 60 4 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 MR F5 T60 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (
            store(StoreMode::Append, &k, None),
            "append k 5 60 4 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 MA F5 T60 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (
            store(StoreMode::Prepend, &k, None),
            "prepend k 5 60 4 noreply\\r\\nab\\r\\n\\r\\n",
            "ms k 4 MP F5 T60 c q O7\\r\\nab\\r\\n\\r\\n",
        ),
        (Request::Delete { key: &k, cas: None }, "delete k noreply\\r\\n", "md k q O7\\r\\n"),
        (Request::Touch { key: &k, expiry }, "touch k 9 noreply\\r\\n", "mg k T9 q O7\\r\\n"),
        (number(Direction::Increment, None), "incr k 3 noreply\\r\\n", "ma k D3 MI v q O7\\r\\n"),
        (number(Direction::Decrement, None), "decr k 3 noreply\\r\\n", "ma k D3 MD v q O7\\r\\n"),
        (Request::Version, "version\\r\\n", "version\\r\\n"),
        (Request::Stats { argument: b"" }, "stats\\r\\n", "stats\\r\\n"),
        (Request::Stats { argument: b"detail dump" }, "stats detail dump\\r\\n", "stats detail dump\\r\\n"),
        (Request::FlushAll { delay: 2 }, "flush_all 2 noreply\\r\\n", "flush_all 2\\r\\n"),
        (Request::Verbosity { level: 1 }, "verbosity 1 noreply\\r\\n", "verbosity 1\\r\\n"),
        (Request::Quit, "quit\\r\\n", "quit\\r\\n"),
    ];
    for (request, classic, meta) in samples {
        assert_eq!(encoded(Dialect::Classic, &request, QUIET_7).as_deref(), Ok(classic), "{request:?}");
        assert_eq!(encoded(Dialect::Meta, &request, QUIET_7).as_deref(), Ok(meta), "{request:?}");
        let loud = (classic.replace(" noreply", ""), meta.replace(" q O7", ""));
        assert_eq!(encoded(Dialect::Classic, &request, LOUD), Ok(loud.0), "{request:?}");
        assert_eq!(encoded(Dialect::Meta, &request, LOUD), Ok(loud.1), "{request:?}");
    }
}

#[test]
fn only_the_meta_dialect_has_these() {
    let k = key(b"k");
    let initial = Some((10, Expiry::from_wire(9)));
    let create = Request::Arithmetic { key: &k, direction: Direction::Increment, delta: 3, initial };
    for (request, meta) in [
        (Request::Inspect { key: &k }, "mg k s f c t l h u q O7\\r\\n"),
        (Request::Debug { key: &k }, "me k\\r\\n"),
        (Request::Delete { key: &k, cas: Some(8) }, "md k C8 q O7\\r\\n"),
        (create, "ma k N9 J10 D3 MI v q O7\\r\\n"),
        (Request::Noop, "mn\\r\\n"),
    ] {
        assert_eq!(encoded(Dialect::Meta, &request, QUIET_7).as_deref(), Ok(meta));
        assert!(encoded(Dialect::Classic, &request, QUIET_7).is_err(), "{request:?}");
    }
    assert!(encoded(Dialect::Binary, &Request::Inspect { key: &k }, QUIET_7).is_err());
    assert!(encoded(Dialect::Binary, &Request::Debug { key: &k }, QUIET_7).is_err());
}

#[test]
fn binary_requests_are_these_bytes() {
    let k = key(b"k");
    let expiry = Expiry::from_wire(9);
    let initial = Some((10, expiry));
    let number = |direction, initial| Request::Arithmetic { key: &k, direction, delta: 3, initial };
    let stored = &b"\0\0\0\x05\0\0\0\x3c"[..];
    let create = &b"\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x0a\0\0\0\x09"[..];
    let change = &b"\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\xff\xff\xff\xff"[..];
    let name = &b"k"[..];
    let samples: [(Request<'_>, u8, u8, u64, [&[u8]; 3]); 22] = [
        (Request::Get { key: &k }, 0x00, 0x09, 0, [b"", name, b""]),
        (Request::GetAndTouch { key: &k, expiry }, 0x1d, 0x1e, 0, [b"\0\0\0\x09", name, b""]),
        (store(StoreMode::Set, &k, None), 0x01, 0x11, 0, [stored, name, b"ab\r\n"]),
        (store(StoreMode::Set, &k, Some(8)), 0x01, 0x11, 8, [stored, name, b"ab\r\n"]),
        (store(StoreMode::Add, &k, None), 0x02, 0x12, 0, [stored, name, b"ab\r\n"]),
        (store(StoreMode::Replace, &k, None), 0x03, 0x13, 0, [stored, name, b"ab\r\n"]),
        (store(StoreMode::Append, &k, Some(8)), 0x0e, 0x19, 8, [b"", name, b"ab\r\n"]),
        (store(StoreMode::Prepend, &k, None), 0x0f, 0x1a, 0, [b"", name, b"ab\r\n"]),
        (Request::Delete { key: &k, cas: Some(8) }, 0x04, 0x14, 8, [b"", name, b""]),
        (Request::Touch { key: &k, expiry }, 0x1c, 0x1c, 0, [b"\0\0\0\x09", name, b""]),
        (number(Direction::Increment, initial), 0x05, 0x15, 0, [create, name, b""]),
        (number(Direction::Decrement, None), 0x06, 0x16, 0, [change, name, b""]),
        (Request::Noop, 0x0a, 0x0a, 0, [b"", b"", b""]),
        (Request::Version, 0x0b, 0x0b, 0, [b"", b"", b""]),
        (Request::Stats { argument: b"items" }, 0x10, 0x10, 0, [b"", b"items", b""]),
        (Request::FlushAll { delay: 0 }, 0x08, 0x18, 0, [b"", b"", b""]),
        (Request::FlushAll { delay: 2 }, 0x08, 0x18, 0, [b"\0\0\0\x02", b"", b""]),
        (Request::Verbosity { level: 1 }, 0x1b, 0x1b, 0, [b"\0\0\0\x01", b"", b""]),
        (Request::Quit, 0x07, 0x17, 0, [b"", b"", b""]),
        (Request::SaslList, 0x20, 0x20, 0, [b"", b"", b""]),
        (
            Request::SaslAuth { mechanism: b"PLAIN", response: b"\0u\0p" },
            0x21,
            0x21,
            0,
            [b"", b"PLAIN", b"\0u\0p"],
        ),
        (Request::SaslStep { mechanism: b"PLAIN", response: b"x" }, 0x22, 0x22, 0, [b"", b"PLAIN", b"x"]),
    ];
    for (request, plain, quiet, cas, parts) in samples {
        for (options, opcode) in [(LOUD, plain), (QUIET_7, quiet)] {
            let expected = packet(0x80, opcode, 0, options.opaque, cas, parts).escape_ascii().to_string();
            assert_eq!(encoded(Dialect::Binary, &request, options), Ok(expected), "{request:?}");
        }
    }
}

#[test]
fn what_would_be_read_as_another_command_is_refused() {
    for name in [&b"a b"[..], b"a\r\nflush_all", b"a\nb", b"a\0b"] {
        let k = key(name);
        let request = Request::Delete { key: &k, cas: None };
        assert_eq!(encoded(Dialect::Classic, &request, LOUD), Err(line::ILLEGAL_KEY));
        assert!(encoded(Dialect::Binary, &request, LOUD).is_ok());
    }
    let k = key(b"a b\n");
    let request = Request::Get { key: &k };
    assert_eq!(encoded(Dialect::Meta, &request, LOUD).as_deref(), Ok("mg YSBiCg== s f c v b\\r\\n"));
    let k = key(&[b' '; 187]);
    assert!(encoded(Dialect::Meta, &Request::Get { key: &k }, LOUD).is_err(), "252 bytes of base64");
    for dialect in [Dialect::Classic, Dialect::Meta] {
        assert!(encoded(dialect, &Request::Stats { argument: b"\r\nflush_all" }, LOUD).is_err());
        assert!(encoded(dialect, &Request::SaslList, LOUD).is_err());
    }
}

#[test]
fn a_condition_is_never_dropped() {
    let k = key(b"k");
    let replace = store(StoreMode::Replace, &k, Some(8));
    assert!(encoded(Dialect::Classic, &replace, LOUD).is_err());
    for dialect in [Dialect::Meta, Dialect::Binary] {
        assert!(encoded(dialect, &replace, LOUD).is_ok());
        // Both take a unique of 0 for none.
        assert!(encoded(dialect, &store(StoreMode::Set, &k, Some(0)), LOUD).is_err());
        assert!(encoded(dialect, &Request::Delete { key: &k, cas: Some(0) }, LOUD).is_err());
    }
}

#[test]
fn dates_after_2038_do_not_expire_at_once_in_text() {
    let k = key(b"k");
    let request = Request::Touch { key: &k, expiry: Expiry::from_wire(u32::MAX) };
    assert_eq!(encoded(Dialect::Classic, &request, LOUD).as_deref(), Ok("touch k 2147483647\\r\\n"));
    assert_eq!(encoded(Dialect::Meta, &request, LOUD).as_deref(), Ok("mg k T2147483647\\r\\n"));
    assert!(encoded(Dialect::Binary, &request, LOUD).unwrap().contains("\\xff\\xff\\xff\\xffk"));
    // All ones would forbid to create the number.
    let initial = Some((1, Expiry::from_wire(u32::MAX)));
    let request = Request::Arithmetic { key: &k, direction: Direction::Increment, delta: 1, initial };
    assert!(encoded(Dialect::Binary, &request, LOUD).unwrap().contains("\\xff\\xff\\xff\\xfek"));
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
    Reply::Value(Item { flags, cas, value })
}

fn refused(kind: RefusalKind, message: &str) -> Reply<'_> {
    Reply::Refused(Refusal { kind, message: message.as_bytes() })
}

#[test]
fn classic_replies_are_read() {
    let k = key(b"k");
    let get = Request::Get { key: &k };
    let set = store(StoreMode::Set, &k, None);
    let delete = Request::Delete { key: &k, cas: None };
    let touch = Request::Touch { key: &k, expiry: Expiry::NEVER };
    let increment = Request::Arithmetic { key: &k, direction: Direction::Increment, delta: 1, initial: None };
    let stats = Request::Stats { argument: b"" };
    let samples: Vec<(Request<'_>, &[u8], Reply<'_>)> = vec![
        (get, b"VALUE k 5 3 8\r\nabc\r\nEND\r\n", value(5, Some(8), b"abc")),
        (get, b"VALUE k 5 3\r\n\r\n\0\r\nEND\r\n", value(5, None, b"\r\n\0")),
        (get, b"VALUE k 4294967295 0 8\r\n\r\nEND\r\n", value(u32::MAX, Some(8), b"")),
        (get, b"END\r\n", Reply::Miss),
        (
            Request::GetAndTouch { key: &k, expiry: Expiry::NEVER },
            b"VALUE k 0 1 2\r\nx\r\nEND\r\n",
            value(0, Some(2), b"x"),
        ),
        (set, b"STORED\r\n", Reply::Stored { cas: None }),
        (set, b"NOT_STORED\r\n", Reply::NotStored),
        (set, b"EXISTS\r\n", Reply::Exists),
        (set, b"NOT_FOUND\r\n", Reply::NotFound),
        (delete, b"DELETED\r\n", Reply::Deleted),
        (delete, b"NOT_FOUND\r\n", Reply::NotFound),
        (touch, b"TOUCHED\r\n", Reply::Touched),
        (touch, b"NOT_FOUND\r\n", Reply::NotFound),
        (increment, b"18446744073709551615\r\n", Reply::Number(u64::MAX)),
        (increment, b"9  \r\n", Reply::Number(9)),
        (increment, b"NOT_FOUND\r\n", Reply::NotFound),
        (Request::FlushAll { delay: 0 }, b"OK\r\n", Reply::Ok),
        (Request::Verbosity { level: 0 }, b"OK\r\n", Reply::Ok),
        (Request::Version, b"VERSION 1.6.18\r\n", Reply::Version(b"1.6.18")),
        (stats, b"STAT pid 7\r\n", Reply::Stat { name: b"pid", value: b"7" }),
        (stats, b"STAT inter 10.0.0.1 or so\r\n", Reply::Stat { name: b"inter", value: b"10.0.0.1 or so" }),
        (stats, b"STAT empty \r\n", Reply::Stat { name: b"empty", value: b"" }),
        (stats, b"ITEM k [1 b; 0 s]\r\n", Reply::Stat { name: b"k", value: b"[1 b; 0 s]" }),
        (stats, b"PREFIX a get 1 hit 0\r\n", Reply::Stat { name: b"a", value: b"get 1 hit 0" }),
        (stats, b"END\r\n", Reply::End),
        (stats, b"RESET\r\n", Reply::Ok),
    ];
    for (request, bytes, reply) in samples {
        check(Dialect::Classic, &request, LOUD, bytes, reply);
    }
}

#[test]
fn meta_replies_are_read() {
    let k = key(b"k");
    let get = Request::Get { key: &k };
    let add = store(StoreMode::Add, &k, None);
    let compare = store(StoreMode::Replace, &k, Some(8));
    let delete = Request::Delete { key: &k, cas: Some(8) };
    let touch = Request::Touch { key: &k, expiry: Expiry::NEVER };
    let increment = Request::Arithmetic { key: &k, direction: Direction::Increment, delta: 1, initial: None };
    let inspect = Request::Inspect { key: &k };
    let known = Metadata {
        size: Some(3),
        flags: Some(5),
        ttl: Some(-1),
        last_access: Some(4),
        fetched: Some(true),
        slab: None,
        cas: Some(9),
    };
    let debug = Metadata { ttl: Some(100), fetched: Some(false), flags: None, slab: Some(1), ..known };
    let samples: Vec<(Request<'_>, &[u8], Reply<'_>)> = vec![
        (get, b"VA 3 s3 f5 c8 O7\r\nabc\r\n", value(5, Some(8), b"abc")),
        (get, b"VA 2 f5 c8 W O7\r\n\r\n\r\n", value(5, Some(8), b"\r\n")),
        (get, b"EN\r\n", Reply::Miss),
        (get, b"MN\r\n", Reply::Noop),
        (add, b"HD O7 c9\r\n", Reply::Stored { cas: Some(9) }),
        (add, b"HD \r\n", Reply::Stored { cas: None }),
        (add, b"NS O7 c0\r\n", Reply::NotStored),
        (add, b"NF\r\n", Reply::NotStored),
        (compare, b"EX O7 c0\r\n", Reply::Exists),
        (compare, b"NF O7\r\n", Reply::NotFound),
        (delete, b"HD O7\r\n", Reply::Deleted),
        (delete, b"NF O7\r\n", Reply::NotFound),
        (delete, b"EX O7\r\n", Reply::Exists),
        (touch, b"HD O7\r\n", Reply::Touched),
        (touch, b"EN O7\r\n", Reply::NotFound),
        (increment, b"VA 2 O7\r\n15\r\n", Reply::Number(15)),
        (increment, b"VA 2 O7\r\n9 \r\n", Reply::Number(9)),
        (increment, b"NF O7\r\n", Reply::NotFound),
        (increment, b"NS O7\r\n", Reply::NotStored),
        (inspect, b"HD s3 f5 c9 t-1 l4 h1 O7\r\n", Reply::Metadata(known)),
        (inspect, b"EN\r\n", Reply::Miss),
        (
            Request::Debug { key: &k },
            b"ME k exp=-100 la=4 cas=9 fetch=no cls=1 size=3\r\n",
            Reply::Metadata(debug),
        ),
        (Request::Debug { key: &k }, b"EN\r\n", Reply::Miss),
        (Request::Noop, b"MN\r\n", Reply::Noop),
        (Request::Version, b"VERSION 1.6.18\r\n", Reply::Version(b"1.6.18")),
        (Request::Stats { argument: b"" }, b"END\r\n", Reply::End),
    ];
    for (request, bytes, reply) in samples {
        check(Dialect::Meta, &request, QUIET_7, bytes, reply);
    }
}

#[test]
fn binary_replies_are_read() {
    let k = key(b"k");
    let get = Request::Get { key: &k };
    let gat = Request::GetAndTouch { key: &k, expiry: Expiry::NEVER };
    let set = store(StoreMode::Set, &k, None);
    let compare = store(StoreMode::Add, &k, Some(8));
    let add = store(StoreMode::Add, &k, None);
    let replace = store(StoreMode::Replace, &k, None);
    let append = store(StoreMode::Append, &k, None);
    let delete = Request::Delete { key: &k, cas: None };
    let touch = Request::Touch { key: &k, expiry: Expiry::NEVER };
    let decrement = Request::Arithmetic { key: &k, direction: Direction::Decrement, delta: 1, initial: None };
    let stats = Request::Stats { argument: b"" };
    let auth = Request::SaslAuth { mechanism: b"PLAIN", response: b"\0u\0p" };
    let flags = &b"\0\0\0\x05"[..];
    type Sample<'a> = (Request<'a>, u8, u16, u64, [&'a [u8]; 3], Reply<'a>);
    let samples: Vec<Sample<'_>> = vec![
        (get, 0x00, 0, 8, [flags, b"", b"abc"], value(5, Some(8), b"abc")),
        (get, 0x09, 0, 8, [flags, b"k", b""], value(5, Some(8), b"")),
        (get, 0x00, 1, 0, [b"", b"", b"Not found"], Reply::Miss),
        (gat, 0x1e, 0, 8, [flags, b"", b"abc"], value(5, Some(8), b"abc")),
        (gat, 0x1d, 1, 0, [b"", b"", b"Not found"], Reply::Miss),
        (set, 0x01, 0, 9, [b"", b"", b""], Reply::Stored { cas: Some(9) }),
        (set, 0x11, 1, 0, [b"", b"", b"Not found"], Reply::NotFound),
        (set, 0x11, 2, 0, [b"", b"", b"Data exists for key."], Reply::Exists),
        (compare, 0x02, 1, 0, [b"", b"", b"Not found"], Reply::NotFound),
        (compare, 0x02, 2, 0, [b"", b"", b"Data exists for key."], Reply::Exists),
        (add, 0x12, 2, 0, [b"", b"", b"Data exists for key."], Reply::NotStored),
        (replace, 0x13, 1, 0, [b"", b"", b"Not found"], Reply::NotStored),
        (append, 0x19, 5, 0, [b"", b"", b"Not stored."], Reply::NotStored),
        (append, 0x0e, 1, 0, [b"", b"", b"Not found"], Reply::NotStored),
        (delete, 0x14, 0, 0, [b"", b"", b""], Reply::Deleted),
        (delete, 0x14, 1, 0, [b"", b"", b"Not found"], Reply::NotFound),
        (delete, 0x04, 2, 0, [b"", b"", b"Data exists for key."], Reply::Exists),
        (touch, 0x1c, 0, 8, [flags, b"", b""], Reply::Touched),
        (touch, 0x1c, 1, 0, [b"", b"", b"Not found"], Reply::NotFound),
        (decrement, 0x06, 0, 8, [b"", b"", b"\0\0\0\0\0\0\x01\x02"], Reply::Number(258)),
        (decrement, 0x16, 1, 0, [b"", b"", b"Not found"], Reply::NotFound),
        (Request::Noop, 0x0a, 0, 0, [b"", b"", b""], Reply::Noop),
        (Request::Version, 0x0b, 0, 0, [b"", b"", b"1.6.18"], Reply::Version(b"1.6.18")),
        (stats, 0x10, 0, 0, [b"", b"pid", b"7"], Reply::Stat { name: b"pid", value: b"7" }),
        (stats, 0x10, 0, 0, [b"", b"", b""], Reply::End),
        (Request::FlushAll { delay: 0 }, 0x08, 0, 0, [b"", b"", b""], Reply::Ok),
        (Request::Quit, 0x07, 0, 0, [b"", b"", b""], Reply::Ok),
        (Request::SaslList, 0x20, 0, 0, [b"", b"", b"PLAIN"], Reply::Mechanisms(b"PLAIN")),
        (auth, 0x21, 0, 0, [b"", b"", b"Authenticated"], Reply::Authenticated),
        (auth, 0x21, 0x21, 0, [b"", b"", b"challenge"], Reply::Continue(b"challenge")),
        (
            auth,
            0x21,
            0x20,
            0,
            [b"", b"", b"Auth failure"],
            refused(RefusalKind::Unauthenticated, "Auth failure"),
        ),
    ];
    for (request, opcode, status, cas, parts, reply) in samples {
        check(Dialect::Binary, &request, QUIET_7, &packet(0x81, opcode, status, 7, cas, parts), reply);
    }
}

#[test]
fn refusals_are_told_apart() {
    let k = key(b"k");
    let set = store(StoreMode::Set, &k, None);
    for (line, kind, message) in [
        ("ERROR", RefusalKind::Unknown, "ERROR"),
        ("ERROR no such thing", RefusalKind::Unknown, "no such thing"),
        (
            "BUSY currently processing crawler request",
            RefusalKind::Busy,
            "BUSY currently processing crawler request",
        ),
        ("CLIENT_ERROR bad data chunk", RefusalKind::Invalid, "bad data chunk"),
        ("CLIENT_ERROR too large", RefusalKind::TooLarge, "too large"),
        ("CLIENT_ERROR unauthenticated", RefusalKind::Unauthenticated, "unauthenticated"),
        ("CLIENT_ERROR authentication failure", RefusalKind::Unauthenticated, "authentication failure"),
        (
            "CLIENT_ERROR cannot increment or decrement non-numeric value",
            RefusalKind::NonNumeric,
            "cannot increment or decrement non-numeric value",
        ),
        ("SERVER_ERROR object too large for cache", RefusalKind::TooLarge, "object too large for cache"),
        (
            "SERVER_ERROR out of memory storing object",
            RefusalKind::OutOfMemory,
            "out of memory storing object",
        ),
        ("SERVER_ERROR", RefusalKind::Server, ""),
    ] {
        let bytes = format!("{line}\r\n");
        for dialect in [Dialect::Classic, Dialect::Meta] {
            for request in [&set, &Request::Get { key: &k }, &Request::Version] {
                check(dialect, request, LOUD, bytes.as_bytes(), refused(kind, message));
            }
        }
    }
    for (status, kind) in [
        (0x03, RefusalKind::TooLarge),
        (0x04, RefusalKind::Invalid),
        (0x06, RefusalKind::NonNumeric),
        (0x20, RefusalKind::Unauthenticated),
        (0x81, RefusalKind::Unknown),
        (0x82, RefusalKind::OutOfMemory),
        (0x83, RefusalKind::Unknown),
        (0x84, RefusalKind::Server),
        (0x85, RefusalKind::Busy),
    ] {
        let bytes = packet(0x81, 0x01, status, 0, 0, [b"", b"", b"words"]);
        check(Dialect::Binary, &set, LOUD, &bytes, refused(kind, "words"));
    }
}

#[test]
fn huge_claims_are_refused_at_once() {
    let k = key(b"k");
    let get = Expected::of(&Request::Get { key: &k }, LOUD);
    for claimed in ["1048577", "4294967296", "18446744073709551615"] {
        let limit = LIMITS.value;
        let too_long = Err(Malformed::TooLong { claimed: claimed.parse().unwrap(), limit });
        let line = format!("VALUE k 0 {claimed} 1\r\n");
        assert_eq!(decode(Dialect::Classic, get, &LIMITS, line.as_bytes()), too_long);
        let line = format!("VA {claimed} f0\r\n");
        assert_eq!(decode(Dialect::Meta, get, &LIMITS, line.as_bytes()), too_long);
    }
    for line in
        ["VALUE k 0 18446744073709551616 1\r\n", "VALUE k 0 -1 1\r\n", "VALUE k 0 +1 1\r\n", "VALUE k 0\r\n"]
    {
        assert!(matches!(
            decode(Dialect::Classic, get, &LIMITS, line.as_bytes()),
            Err(Malformed::Unexpected { .. })
        ));
    }
    let mut header = packet(0x81, 0x00, 0, 0, 0, [b"", b"", b""]);
    header[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    let too_long = Malformed::TooLong { claimed: u32::MAX.into(), limit: LIMITS.value };
    assert_eq!(decode(Dialect::Binary, get, &LIMITS, &header), Err(too_long));
}

#[test]
fn a_line_without_end_is_refused_at_the_limit() {
    let k = key(b"k");
    let get = Expected::of(&Request::Get { key: &k }, LOUD);
    let line = vec![b'E'; LIMITS.line];
    for dialect in [Dialect::Classic, Dialect::Meta] {
        assert_eq!(decode(dialect, get, &LIMITS, &line[1..]), Ok(None));
        assert_eq!(decode(dialect, get, &LIMITS, &line), Err(Malformed::Line { limit: LIMITS.line }));
        let late = [&line[..], b"\r\n"].concat();
        assert_eq!(decode(dialect, get, &LIMITS, &late), Err(Malformed::Line { limit: LIMITS.line }));
    }
}

#[test]
fn lengths_that_contradict_each_other_are_refused() {
    let k = key(b"k");
    let get = Expected::of(&Request::Get { key: &k }, LOUD);
    let increment = Request::Arithmetic { key: &k, direction: Direction::Increment, delta: 1, initial: None };
    let increment = Expected::of(&increment, LOUD);
    let mut header = packet(0x81, 0x00, 0, 0, 0, [b"", b"", b"abc"]);
    (header[3], header[4]) = (3, 1);
    let wrong = Malformed::Lengths { body: 3, extras: 1, key: 3 };
    assert_eq!(decode(Dialect::Binary, get, &LIMITS, &header[..24]), Err(wrong));
    for (expected, opcode, parts) in
        [(get, 0x00, [b"abc", &b""[..], b""]), (increment, 0x05, [b"", b"", b"1234567"])]
    {
        let bytes = packet(0x81, opcode, 0, 0, 0, parts);
        assert!(matches!(decode(Dialect::Binary, expected, &LIMITS, &bytes), Err(Malformed::Lengths { .. })));
    }
}

#[test]
fn a_reply_to_another_request_is_refused() {
    let k = key(b"k");
    let get = Expected::of(&Request::Get { key: &k }, Options { quiet: false, opaque: 7 });
    let other = packet(0x81, 0x00, 0, 8, 0, [b"\0\0\0\0", b"", b""]);
    let opaque = Malformed::Opaque { expected: 7, found: 8 };
    assert_eq!(decode(Dialect::Binary, get, &LIMITS, &other), Err(opaque.clone()));
    assert_eq!(decode(Dialect::Meta, get, &LIMITS, b"EN O8\r\n"), Err(opaque));
    let other = packet(0x81, 0x01, 0, 7, 0, [b"", b"", b""]);
    assert_eq!(
        decode(Dialect::Binary, get, &LIMITS, &other),
        Err(Malformed::Opcode { expected: 0, found: 1 })
    );
    assert_eq!(decode(Dialect::Binary, get, &LIMITS, b"E"), Err(Malformed::Magic { found: b'E' }));
    let barrier = packet(0x81, 0x0a, 0, 7, 0, [b"", b"", b""]);
    assert_eq!(
        decode(Dialect::Binary, get, &LIMITS, &barrier),
        Err(Malformed::Opcode { expected: 0, found: 10 })
    );
    for bytes in [&b"MN\r\n"[..], b"HD\r\n", b"DELETED\r\n", b"\r\n", b"VA 3\r\nabcde", b"VA\r\n"] {
        let decoded = decode(Dialect::Meta, get, &LIMITS, bytes);
        assert!(matches!(decoded, Err(Malformed::Unexpected { .. })), "{}", bytes.escape_ascii());
    }
    for bytes in [
        &b"STORED\r\n"[..],
        b"VALUE k 0 3\r\nabcde",
        b"VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\n",
        b"VALUE k 0 1 2 3\r\n",
    ] {
        let decoded = decode(Dialect::Classic, get, &LIMITS, bytes);
        assert!(matches!(decoded, Err(Malformed::Unexpected { .. })), "{}", bytes.escape_ascii());
    }
}

/// Reads a quiet pipeline to its barrier: the opaque of each reply with the reply.
fn read_pipeline(dialect: Dialect, pending: &[Expected], mut input: &[u8]) -> Vec<(u32, String)> {
    let mut replies = Vec::new();
    loop {
        let head = peek(dialect, &LIMITS, input).unwrap().unwrap();
        if head.barrier {
            break;
        }
        let expected = *pending.iter().find(|expected| Some(expected.opaque()) == head.opaque).unwrap();
        let (reply, length) = decode(dialect, expected, &LIMITS, input).unwrap().unwrap();
        replies.push((expected.opaque(), format!("{reply:?}")));
        input = &input[length..];
    }
    for expected in pending {
        if !replies.iter().any(|(opaque, _)| *opaque == expected.opaque()) {
            replies.push((expected.opaque(), format!("{:?}", expected.silence(dialect).unwrap())));
        }
    }
    replies.sort();
    replies
}

#[test]
fn a_quiet_pipeline_is_read_exactly() {
    let k = key(b"k");
    let requests =
        [Request::Delete { key: &k, cas: None }, Request::Get { key: &k }, store(StoreMode::Set, &k, None)];
    let quiet = |opaque| Options { quiet: true, opaque };
    let pending: Vec<Expected> =
        (1..=6).map(|opaque| Expected::of(&requests[(opaque as usize - 1) % 3], quiet(opaque))).collect();
    let found = value(0, Some(1), b"x");
    let told =
        [Reply::Deleted, Reply::Miss, Reply::Stored { cas: None }, Reply::NotFound, found, Reply::Exists];
    let told: Vec<(u32, String)> = (1..).zip(told.map(|reply| format!("{reply:?}"))).collect();
    let meta = b"NF O4\r\nVA 1 s1 f0 c1 O5\r\nx\r\nEX O6\r\nMN\r\n";
    assert_eq!(read_pipeline(Dialect::Meta, &pending, meta), told);
    let input = [
        packet(0x81, 0x14, 1, 4, 0, [b"", b"", b"Not found"]),
        packet(0x81, 0x09, 0, 5, 1, [b"\0\0\0\0", b"", b"x"]),
        packet(0x81, 0x11, 2, 6, 0, [b"", b"", b"Data exists for key."]),
        packet(0x81, 0x0a, 0, 9, 0, [b"", b"", b""]),
    ];
    assert_eq!(read_pipeline(Dialect::Binary, &pending, &input.concat()), told);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(input in arbitrary_input(), opaque in 0u32..3, quiet: bool) {
        let k = key(b"k");
        for request in all_requests(&k) {
            let expected = Expected::of(&request, Options { quiet, opaque });
            for dialect in [Dialect::Classic, Dialect::Meta, Dialect::Binary] {
                for limits in [LIMITS, Limits { value: usize::MAX, line: usize::MAX }, Limits { value: 0, line: 0 }] {
                    if let Ok(Some((_, length))) = decode(dialect, expected, &limits, &input) {
                        prop_assert!(length > 0 && length <= input.len());
                    }
                    let _ = peek(dialect, &limits, &input);
                }
            }
        }
    }

    #[test]
    fn numbers_are_written_as_std_writes_them(number: u64) {
        let mut out = Vec::new();
        line::push_number(&mut out, number);
        prop_assert_eq!(&out, &number.to_string().into_bytes());
        prop_assert_eq!(line::number(&out), Some(number));
    }
}

/// Bytes that get past the first checks often enough.
fn arbitrary_input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "VALUE ",
        "VA ",
        "HD ",
        "EN",
        "ME ",
        "STAT ",
        "END",
        "k ",
        "O1 ",
        "O2 ",
        "f",
        "c",
        "t-",
        "exp=",
        "1 ",
        "9999999999 ",
        "3 ",
        "abc",
        "\r\n",
        "\n",
        "MN\r\n",
        " ",
        "CLIENT_ERROR ",
        "\u{0}",
    ]);
    let text = prop::collection::vec(word, 0..12).prop_map(|words| words.concat().into_bytes());
    let header =
        (0u8..0x25, 0u8..3, any::<[u8; 3]>(), 0u32..40, 0u32..3, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(opcode, key, [extras, status, _], body, opaque, rest)| {
                let mut bytes = vec![0x81, opcode, 0, key, extras % 6, 0, 0, status % 8];
                bytes.extend(body.to_be_bytes());
                bytes.extend(opaque.to_be_bytes());
                bytes.extend([0; 8]);
                bytes.extend(rest);
                bytes
            });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..64), text, header]
}

fn all_requests(k: &Key) -> Vec<Request<'_>> {
    let expiry = Expiry::NEVER;
    vec![
        Request::Arithmetic { key: k, direction: Direction::Increment, delta: 1, initial: None },
        Request::Debug { key: k },
        Request::Delete { key: k, cas: None },
        Request::FlushAll { delay: 0 },
        Request::Get { key: k },
        Request::GetAndTouch { key: k, expiry },
        Request::Inspect { key: k },
        Request::Noop,
        Request::Quit,
        Request::SaslAuth { mechanism: b"PLAIN", response: b"" },
        Request::SaslList,
        Request::SaslStep { mechanism: b"PLAIN", response: b"" },
        Request::Stats { argument: b"" },
        store(StoreMode::Add, k, None),
        store(StoreMode::Append, k, Some(1)),
        store(StoreMode::Set, k, Some(1)),
        Request::Touch { key: k, expiry },
        Request::Verbosity { level: 0 },
        Request::Version,
    ]
}
