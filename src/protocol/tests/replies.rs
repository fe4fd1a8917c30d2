//! Replies that are read.

use super::super::*;
use super::*;

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
        (Request::Version, b"MN\r\n", Reply::Noop),
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
        (stats, 0x10, 1, 0, [b"", b"", b"Not found"], refused(RefusalKind::Unknown, "Not found")),
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
