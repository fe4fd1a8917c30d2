//! The embedded server against clients that mean no good: nothing ends it, hangs it, or makes it grow.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{Kind, Server, binary_request, wait_for};

/// What is shown of a server that should not have grown, in bytes.
const MIB: u64 = 1 << 20;

/// Text commands, classic and meta, with what they bring.
const TEXT: [&[u8]; 38] = [
    b"set k 5 0 3\r\nabc\r\n",
    b"set k 5 0 3 noreply\r\nabc\r\n",
    b"add k 0 10 1\r\nx\r\n",
    b"replace k 0 -1 1\r\nx\r\n",
    b"append k 0 0 1\r\nx\r\n",
    b"prepend k 0 0 1\r\nx\r\n",
    b"cas k 0 0 1 7\r\nx\r\n",
    b"get k j\r\n",
    b"gets k\r\n",
    b"gat 10 k\r\n",
    b"gats 10 k\r\n",
    b"touch k 10\r\n",
    b"delete k\r\n",
    b"incr n 1\r\n",
    b"decr n 1 noreply\r\n",
    b"flush_all 100\r\n",
    b"verbosity 1\r\n",
    b"version\r\n",
    b"stats\r\n",
    b"stats items\r\n",
    b"stats slabs\r\n",
    b"stats settings\r\n",
    b"stats conns\r\n",
    b"stats sizes\r\n",
    b"stats cachedump 1 1\r\n",
    b"stats detail dump\r\n",
    b"lru_crawler metadump hash\r\n",
    b"lru_crawler mgdump all\r\n",
    b"watch fetchers mutations evictions connevents deletions\r\n",
    b"slabs reassign 1 2\r\n",
    b"lru tune 20 40 0.2 2.0\r\n",
    b"mn\r\n",
    b"mg k s v t f c O1 k N30 R10\r\n",
    b"ms k 3 c F5 T30 Oabc\r\nabc\r\n",
    b"md k q I T5\r\n",
    b"ma k t v c D3 N0 J5\r\n",
    b"me k\r\n",
    b"quit\r\n",
];

/// Requests of the binary protocol, quiet ones as well.
fn binary() -> Vec<Vec<u8>> {
    let store = [[0; 4], 60_u32.to_be_bytes()].concat();
    let delta = [1_u64.to_be_bytes().to_vec(), 5_u64.to_be_bytes().to_vec(), vec![0; 4]].concat();
    let seconds = 60_u32.to_be_bytes();
    let mut requests = Vec::new();
    for opcode in [0x01, 0x02, 0x03, 0x11, 0x12, 0x13] {
        requests.push(binary_request(opcode, &store, b"k", b"value"));
    }
    for opcode in [0x05, 0x06, 0x15, 0x16] {
        requests.push(binary_request(opcode, &delta, b"n", b""));
    }
    for opcode in [0x0e, 0x0f, 0x19, 0x1a] {
        requests.push(binary_request(opcode, b"", b"k", b"more"));
    }
    for opcode in [0x00, 0x04, 0x09, 0x0c, 0x0d, 0x14] {
        requests.push(binary_request(opcode, b"", b"k", b""));
    }
    for opcode in [0x1c, 0x1d, 0x1e, 0x23, 0x24] {
        requests.push(binary_request(opcode, &seconds, b"k", b""));
    }
    for opcode in [0x07, 0x08, 0x0a, 0x0b, 0x10, 0x17, 0x18, 0x20, 0x7f] {
        requests.push(binary_request(opcode, b"", b"", b""));
    }
    requests.push(binary_request(0x08, &seconds, b"", b""));
    requests.push(binary_request(0x10, b"", b"settings", b""));
    requests.push(binary_request(0x1b, &seconds, b"", b""));
    requests
}

fn sasl() -> Vec<Vec<u8>> {
    let login = b"\0alice\0wrong";
    vec![
        binary_request(0x20, b"", b"", b""),
        binary_request(0x21, b"", b"PLAIN", login),
        binary_request(0x21, b"", b"CRAM-MD5", b""),
        binary_request(0x21, b"", b"PLAIN", b""),
        binary_request(0x22, b"", b"PLAIN", login),
    ]
}

/// Sends bytes, ends the sending side, and returns all that is answered until the server ends the other.
fn answered(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = server.stream();
    // A server may hang up before it has everything.
    let sent = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    for error in [sent.err(), read.err()].into_iter().flatten() {
        let is_hung_up = matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
        );
        assert!(is_hung_up, "{error} after {}", bytes[..bytes.len().min(100)].escape_ascii());
    }
    answer
}

fn check_cuts(server: &Server, command: &[u8]) {
    for cut in 0..=command.len() {
        answered(server, &command[..cut]);
    }
    server.store("still", 0, "here");
    assert_eq!(server.stored("still").unwrap().text(), "here", "after {}", command.escape_ascii());
}

/// What a server takes of the machine's memory, in bytes.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn every_command_may_end_anywhere() {
    let server = Server::embedded(Kind::Plain);
    for command in TEXT {
        check_cuts(&server, command);
    }
    for command in binary() {
        check_cuts(&server, &command);
    }
}

#[test]
fn every_login_may_end_anywhere() {
    let server = Server::embedded(Kind::Sasl);
    for command in sasl().into_iter().chain(binary()) {
        check_cuts(&server, &command);
    }
    let server = Server::embedded(Kind::AuthFile);
    for command in
        [b"set auth 0 0 10\r\nalice nope\r\n".as_slice(), b"set auth 0 0 2\r\nxy\r\n", b"get k\r\n"]
    {
        check_cuts(&server, command);
    }
}

#[test]
fn who_only_stops_sending_is_answered_all_the_same() {
    let server = Server::embedded(Kind::Plain);
    assert_eq!(answered(&server, b"set k 0 0 1\r\nx\r\nget k\r\n"), b"STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n");
    assert_eq!(answered(&server, b"get k\r\nget k"), b"VALUE k 0 1\r\nx\r\nEND\r\n");
    assert_eq!(answered(&server, &binary_request(0x0a, b"", b"", b"")).len(), 24);
}

#[test]
fn what_is_too_large_is_refused_and_not_kept() {
    let server = Server::embedded(Kind::Plain);
    let key = "k".repeat(251);
    for command in [
        format!("get {key}"),
        format!("get k {key}"),
        format!("delete {key}"),
        format!("incr {key} 1"),
        format!("touch {key} 1"),
        format!("mg {key} v"),
        format!("gat 1 {key}"),
    ] {
        let answer = answered(&server, format!("{command}\r\nversion\r\n").as_bytes());
        let expected = b"CLIENT_ERROR bad command line format\r\nVERSION 1.6.18\r\n";
        assert_eq!(answer.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{command}");
    }
    for length in ["-1", "4294967295", "2147483647"] {
        let answer = answered(&server, format!("set k 0 0 {length}\r\nversion\r\n").as_bytes());
        assert!(answer.starts_with(b"CLIENT_ERROR ") || answer.starts_with(b"SERVER_ERROR "), "{length}");
    }
    let value = vec![b'x'; 2 << 20];
    let set = [b"set k 0 0 2097152\r\n", value.as_slice(), b"\r\nget k\r\n"].concat();
    assert_eq!(answered(&server, &set), b"SERVER_ERROR object too large for cache\r\nEND\r\n");
    for line in [b"x".repeat(4 << 20), b"get ".repeat(1 << 20), b"set ".repeat(1 << 20)] {
        answered(&server, &line);
    }
    let mut huge = binary_request(0x01, &[0; 8], b"k", b"");
    huge[8..12].fill(0xff);
    answered(&server, &[huge, value].concat());
    server.store("still", 0, "here");
    assert!(resident(&server) < 100 * MIB, "{} bytes", resident(&server));
}

#[test]
fn commands_that_never_end_share_a_bounded_memory() {
    let server = Server::embedded(Kind::Plain);
    let half = [b"set k 0 0 1048000\r\n", b"x".repeat(1_000_000).as_slice()].concat();
    let mut clients: Vec<TcpStream> = (0..200).map(|_| server.stream()).collect();
    for client in &mut clients {
        // Who is refused may be hung up on meanwhile.
        client.write_all(&half).ok();
    }
    server.store("still", 0, "here");
    assert_eq!(server.stored("still").unwrap().text(), "here");
    assert!(resident(&server) < 200 * MIB, "{} bytes for 200 million", resident(&server));
}

#[test]
fn answers_that_nobody_takes_wait_in_a_bounded_memory() {
    let server = Server::embedded(Kind::Plain);
    server.store("k", 0, vec![b'x'; 1_000_000]);
    let mut clients: Vec<TcpStream> = (0..8).map(|_| server.stream()).collect();
    for client in &mut clients {
        client.write_all(&b"get k k k k\r\n".repeat(1000)).unwrap();
    }
    let mut watcher = server.stream();
    watcher.write_all(b"watch fetchers mutations\r\n").unwrap();
    for _ in 0..20 {
        server.raw(&b"mg nothing\r\n".repeat(1000));
    }
    assert_eq!(server.stored("k").unwrap().value.len(), 1_000_000);
    assert!(resident(&server) < 150 * MIB, "{} bytes", resident(&server));
}

#[test]
fn garbage_is_answered_or_hung_up_on() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::AuthFile] {
        let server = Server::embedded(kind);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut byte = || {
            // xorshift64: the same garbage in every run.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        };
        for round in 0..100 {
            let mut bytes: Vec<u8> = (0..1000).map(|_| byte()).collect();
            match round % 4 {
                0 => bytes[0] = 0x80,
                1 => bytes.iter_mut().filter(|byte| **byte < 64).for_each(|byte| *byte = b'\n'),
                2 => bytes.iter_mut().for_each(|byte| *byte = *byte % 96 + 32),
                _ => {}
            }
            answered(&server, &bytes);
        }
        server.store("still", 0, "here");
        assert_eq!(server.stored("still").unwrap().text(), "here", "{kind:?}");
    }
}

#[test]
fn ten_thousand_clients_may_do_nothing_while_one_works() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    // The other tests of this process need some files as well.
    let allowed = limit.maximum.map_or(u64::MAX, |maximum| maximum.saturating_sub(1000));
    let count = usize::try_from(allowed.min(10_000)).unwrap();
    if count < 10_000 {
        eprintln!("only {count} idle connections: the limit of open files is {:?}", limit.maximum);
    }
    let server = Server::embedded(Kind::Plain);
    let before = resident(&server);
    let clients: Vec<TcpStream> = (0..count).map(|_| server.stream()).collect();
    let connected = || server.stat("curr_connections").parse::<usize>().unwrap();
    wait_for("the server to take all clients in", || (connected() > count).then_some(()));
    for number in 0..100 {
        server.store(format!("key{number}"), 0, "value");
    }
    assert_eq!(server.stored("key99").unwrap().text(), "value");
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 40 * MIB, "{grown} bytes for {count} clients");
    drop(clients);
    wait_for("the server to let all clients go", || (connected() < 10).then_some(()));
}
