//! `dump`, `restore` and `copy`: nothing is lost or invented on the way.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Cachier, Kind, Pool, Server, scratch};

/// Key, flags and bytes of an item.
type Item = (Vec<u8>, u32, Vec<u8>);

/// Keys with every byte that a line of text carries.
fn odd_keys() -> Vec<Vec<u8>> {
    (1..=255_u8).filter(|byte| !b"\n\r ".contains(byte)).map(|byte| vec![b'k', byte, b'/']).collect()
}

/// A pool with flags, empty values, a value of nearly 1 MiB and odd keys; what it holds, by key.
fn filled(count: usize) -> (Pool, Vec<Item>) {
    let pool = Pool::plain(count);
    let mut items: Vec<Item> = Vec::new();
    for (number, key) in odd_keys().into_iter().enumerate() {
        items.push((key, u32::try_from(number).unwrap() * 7919, vec![b'x'; number]));
    }
    items.push((b"empty".to_vec(), 16, Vec::new()));
    items.push((b"large".to_vec(), 8, vec![0xa5; 1_048_000]));
    for (number, (key, flags, value)) in items.iter().enumerate() {
        pool.server(number % count).store(key, *flags, value);
    }
    (pool, items)
}

/// Asserts that every item is on exactly one server of the pool, with its flags and bytes.
fn assert_holds(pool: &Pool, items: &[Item]) {
    for (key, flags, value) in items {
        let holders = pool.holders(key);
        assert_eq!(holders.len(), 1, "{}", key.escape_ascii());
        let stored = pool.server(holders[0]).stored(key).unwrap();
        assert_eq!((stored.flags, &stored.value), (*flags, value), "{}", key.escape_ascii());
    }
}

fn profiles(from: &Pool, to: &Pool) -> String {
    let list = |pool: &Pool| pool.list().replace(',', "\", \"");
    format!("[profiles.from]\nservers = [\"{}\"]\n[profiles.to]\nservers = [\"{}\"]\n", list(from), list(to))
}

#[test]
fn what_is_dumped_is_restored_byte_for_byte() {
    let (pool, items) = filled(2);
    let directory = scratch();
    for name in ["plain.jsonl", "small.jsonl.zst"] {
        let file = directory.path().join(name);
        let dumped = pool.cachier(["dump", "-o", "json"]).arg(&file).run().success().json();
        assert_eq!(dumped["schema"], "cachier/dump/1");
        assert_eq!(dumped["items"], items.len());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let target = Pool::plain(3);
        let restored = target.cachier(["restore", "-o", "json"]).arg(&file).run().success().json();
        assert_eq!((&restored["items"], &restored["stored"]), (&items.len().into(), &items.len().into()));
        assert_holds(&target, &items);
        let again = target.cachier(["restore", "-o", "json"]).arg(&file).run().code(1).json();
        assert_eq!((&again["stored"], &again["not_stored"]), (&0.into(), &items.len().into()));
    }
}

#[test]
fn expiries_are_kept_and_what_expired_is_passed_over() {
    let server = Server::start(Kind::Plain);
    server.cachier(["set", "soon", "1", "--ttl", "1000s"]).run().success();
    server.cachier(["set", "ever", "1"]).run().success();
    let records = server.cachier(["dump"]).run().success().stdout_text();
    let target = Server::start(Kind::Plain);
    let past = "{\"key\":\"past\",\"flags\":0,\"expires\":1000000000,\"value\":\"x\"}\n";
    let input = format!("{records}{past}");
    let restored = target.cachier(["restore", "-", "-o", "json"]).stdin(input).run().success().json();
    assert_eq!((&restored["stored"], &restored["expired"]), (&2.into(), &1.into()));
    let ttl = |key: &str| target.cachier(["ttl", key, "-o", "json"]).run().success().json();
    let ttl = |key: &str| ttl(key)["items"][0]["ttl"].clone();
    assert!((900..=1000).contains(&ttl("soon").as_i64().unwrap()));
    assert_eq!(ttl("ever"), -1);
}

#[test]
fn the_text_of_memcached_tool_goes_both_ways() {
    let (pool, items) = filled(1);
    let text = pool.cachier(["dump", "--format", "memcached-tool"]).run().success();
    let target = Server::start(Kind::Plain);
    let answers = target.raw(&text.stdout);
    let stored = answers.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"STORED")).count();
    assert_eq!(stored, items.len());
    let second = Pool::plain(2);
    second.cachier(["restore", "-"]).stdin(&text.stdout).run().success();
    assert_holds(&second, &items);
}

#[test]
fn restore_overwrites_only_when_told_and_confirmed() {
    let server = Server::start(Kind::Plain);
    server.store("a", 0, "new");
    let record = "{\"key\":\"a\",\"flags\":0,\"expires\":null,\"value\":\"old\"}\n";
    let restore = |flags: &[&str]| server.cachier(["restore", "-"]).args(flags).stdin(record).run();
    restore(&[]).code(1);
    restore(&["--mode", "set"]).code(8).stderr_has("--yes");
    restore(&["--mode", "set", "--yes", "--read-only"]).code(8);
    restore(&["--dry-run"]).success().stderr_has("1 items would go to");
    assert_eq!(server.stored("a").unwrap().value, b"new");
    restore(&["--mode", "set", "--yes"]).success();
    assert_eq!(server.stored("a").unwrap().value, b"old");
}

#[test]
fn what_is_no_record_is_named_by_its_line() {
    let server = Server::start(Kind::Plain);
    let input = "{\"key\":\"a\",\"flags\":0,\"expires\":null,\"value\":\"x\"}\n{\"key\":1}\n";
    server.cachier(["restore", "-"]).stdin(input).run().code(6).stderr_has("line 2");
    assert!(server.stored("a").is_some());
}

#[test]
fn a_value_that_is_too_large_is_named_and_counted() {
    let (pool, items) = filled(1);
    let records = pool.cachier(["dump"]).run().success().stdout;
    let small = Server::start_with(Kind::Plain, &["-I", "512k"]);
    let restored = small
        .cachier(["restore", "-", "-o", "json"])
        .stdin(records)
        .run()
        .code(6)
        .stderr_has("\"large\"")
        .json();
    assert_eq!((&restored["failed"], &restored["stored"]), (&1.into(), &(items.len() - 1).into()));
    assert_eq!(restored["problems"][0]["key"], "large");
}

#[test]
fn copy_puts_every_item_where_it_belongs_on_the_target() {
    let (from, items) = filled(2);
    let to = Pool::plain(3);
    let copy = |flags: &[&str]| {
        Cachier::new(["copy", "--from", "from", "--to", "to"]).args(flags).config(&profiles(&from, &to)).run()
    };
    copy(&[]).code(8).stderr_has("--yes");
    copy(&["--dry-run"]).success().stderr_has(&format!("{} items would be stored", items.len()));
    assert!(items.iter().all(|(key, ..)| to.holders(key).is_empty()));
    let copied = copy(&["--yes", "-o", "json"]).success().json();
    assert_eq!(copied["stored"], items.len());
    assert_holds(&to, &items);
    // Where the application's client looks for it.
    for (key, ..) in items.iter().step_by(9) {
        let key = std::ffi::OsStr::from_bytes(key);
        let found = Cachier::new(["exists", "-p", "to"]).arg(key).config(&profiles(&from, &to)).run();
        found.success();
    }
    let onto =
        Cachier::new(["copy", "--from", "from", "--to", "from", "--yes"]).config(&profiles(&from, &to));
    onto.run().code(2).stderr_has("onto itself");
}

#[test]
fn a_target_with_sasl_gets_them_too_and_a_source_with_sasl_cannot_be_listed() {
    let (from, items) = filled(1);
    let to = Pool::sasl(2);
    let records = from.cachier(["dump"]).run().success().stdout;
    let restored = to.cachier(["restore", "-", "-o", "json"]).stdin(records).run().success().json();
    assert_eq!(restored["stored"], items.len());
    to.cachier(["dump"]).run().code(5).stderr_has("dump needs a listing");
}

#[test]
fn saving_is_no_use_of_an_item_and_keys_with_blanks_come_along() {
    let server = Server::start(Kind::Plain);
    // `a b`, as a client with the binary protocol may name an item.
    server.raw(b"ms YSBi 2 b F5\r\nhi\r\n");
    let unread = |server: &Server| server.raw(b"mg YSBi b h u\r\n") == b"HD h0\r\n";
    assert!(unread(&server));
    let records = server.cachier(["dump"]).run().success().stdout;
    assert!(unread(&server), "the item counts as read");
    let target = Server::start(Kind::Plain);
    target.cachier(["restore", "-"]).stdin(&records).run().success();
    assert_eq!(target.raw(b"mg YSBi b f v\r\n"), b"VA 2 f5\r\nhi\r\n");
}
