//! Refusals, hostile replies, and pipelines.

use super::super::*;
use super::*;

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
        b"VALUE other 0 1\r\nx\r\nEND\r\n",
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
