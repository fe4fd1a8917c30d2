//! Requests as bytes.

use super::super::*;
use super::*;

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
    type Sample<'a> = (Request<'a>, u8, u8, u64, [&'a [u8]; 3]);
    let samples: Vec<Sample<'_>> = vec![
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
