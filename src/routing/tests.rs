//! The router against the placements of real clients.

mod failures;
mod properties;
mod refusals;

use serde_json::Value;

use super::Credentials;
use super::Router;
use super::Routing;
use super::RoutingError;
use super::Server;
use super::Targets;
use super::from_entries;
use super::known_clients;
use super::parse_list;

fn router(routing: &str, servers: &str) -> Router {
    let routing = Routing::parse(routing).unwrap();
    let servers = parse_list(servers).unwrap().for_routing(&routing).servers;
    Router::new(&routing, &servers, None).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        text => vec![text.as_str().unwrap().to_owned()],
    }
}

#[test]
fn keys_go_where_the_real_clients_put_them() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/where.json")).unwrap();
    let (mut pools, mut placements) = (0, 0);
    for pool in golden["vectors"].as_array().unwrap() {
        let id = pool["id"].as_str().unwrap();
        let routing = Routing::parse(pool["routing"].as_str().unwrap()).unwrap();
        let entries = texts(&pool["servers"]);
        let servers = from_entries(&entries).unwrap().servers;
        assert_eq!(servers, parse_list(&entries.join(",")).unwrap().servers, "{id}");
        let credentials = pool["username"]
            .as_str()
            .map(|username| Credentials { username, password: pool["password"].as_str().unwrap() });
        let router = Router::new(&routing, &servers, credentials).unwrap();
        let addresses = texts(&pool["addresses"]);
        for (key, wanted) in pool["keys"].as_object().unwrap() {
            let written = router.writers(key.as_bytes());
            let mut found: Vec<&str> = written.iter().map(|index| addresses[index].as_str()).collect();
            let mut wanted = texts(wanted);
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{id} {routing} {key}");
            assert!(written.iter().any(|index| index == router.readers(key.as_bytes()).first()), "{id}");
            placements += 1;
        }
        let total: f64 = router.shares().iter().sum();
        let wanted = if id == "python-binary-memcached-06" { 3.0 } else { 1.0 };
        assert!((total - wanted).abs() < 1e-9, "{id}: {total}");
        pools += 1;
    }
    assert_eq!((pools, placements), (144, 7179));
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn keys_go_where_clients_in_process_say() {
    let golden: Value =
        serde_json::from_str(include_str!("../../tests/golden/routing_clients.json")).unwrap();
    let keys: Vec<Vec<u8>> = texts(&golden["keys"]).iter().map(|key| bytes(key)).collect();
    let mut placements = 0;
    for pool in golden["vectors"].as_array().unwrap() {
        let text = pool["routing"].as_str().unwrap();
        let routing = Routing::parse(text).unwrap();
        let entries = texts(&pool["servers"]);
        let servers = from_entries(&entries).unwrap().for_routing(&routing).servers;
        let credentials = pool["username"]
            .as_str()
            .map(|username| Credentials { username, password: pool["password"].as_str().unwrap() });
        let router = Router::new(&routing, &servers, credentials).unwrap();
        let prefix = bytes(pool["prefix"].as_str().unwrap_or_default());
        for (key, index) in keys.iter().zip(pool["indexes"].as_array().unwrap()) {
            let Some(index) = index.as_u64() else { continue };
            let wire = [&prefix[..], key].concat();
            let shown = key.escape_ascii();
            assert_eq!(router.readers(&wire), Targets::One(index as usize), "{text} {entries:?} {shown}");
            placements += 1;
        }
        assert!((router.shares().iter().sum::<f64>() - 1.0).abs() < 1e-9, "{text}");
    }
    assert!(placements > 9000, "{placements}");
}

/// The servers of some keys, each as its number from 1.
fn numbers(routing: &str, servers: &str, keys: &[&str]) -> Vec<usize> {
    let router = router(routing, servers);
    keys.iter().map(|key| router.readers(key.as_bytes()).first() + 1).collect()
}

const THREE: &str = "10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11211";

#[test]
fn one_pool_under_every_client() {
    for (routing, wanted) in [
        ("pylibmc", [1, 1, 3, 3]),
        ("pylibmc:ketama", [1, 3, 1, 1]),
        ("pylibmc:ketama_weighted", [2, 2, 1, 2]),
        ("php-memcached:libketama_compatible", [2, 2, 1, 2]),
        ("twemproxy:hash=md5,distribution=ketama", [2, 2, 1, 2]),
        ("pymemcache", [3, 3, 3, 3]),
        ("python-memcached", [3, 2, 1, 3]),
        ("bmemcached-distributed", [1, 3, 1, 1]),
        ("dalli", [1, 3, 3, 2]),
        ("memjs", [2, 1, 2, 1]),
        ("spymemcached", [2, 1, 1, 1]),
        ("spymemcached:ketama", [3, 3, 1, 1]),
        ("gomemcache", [1, 3, 3, 1]),
        ("mc", [2, 1, 1, 3]),
    ] {
        assert_eq!(numbers(routing, THREE, &["a", "foo", "hello-world", ":1:user"]), wanted, "{routing}");
    }
    let servers = parse_list(THREE).unwrap().servers;
    let credentials = Some(Credentials { username: "u", password: "p" });
    let routing = Routing::parse("bmemcached-distributed").unwrap();
    let router = Router::new(&routing, &servers, credentials).unwrap();
    let found = ["a", "foo", "hello-world", ":1:user"].map(|key| router.readers(key.as_bytes()).first() + 1);
    assert_eq!(found, [3, 1, 1, 1]);
    assert!(!format!("{router:?} {credentials:?}").contains("\"p\""));
}

#[test]
fn rings_of_two_servers() {
    for (routing, servers, wanted) in [
        ("pylibmc:ketama", "10.0.0.1:11211,10.0.0.2:11212", [1, 2, 2]),
        ("pylibmc:ketama_weighted", "10.0.0.1:11211,10.0.0.2:11212", [2, 1, 1]),
        ("pylibmc:ketama", "10.0.0.1:11211:1,10.0.0.2:11212:3", [2, 1, 2]),
    ] {
        assert_eq!(numbers(routing, servers, &["a", "foo", ":1:user"]), wanted, "{routing} {servers}");
    }
}

#[test]
fn clients_that_may_have_a_key_anywhere_ask_everywhere() {
    let every = Targets::Many(vec![0, 1, 2]);
    for (routing, share) in [
        ("bmemcached", 1.0),
        ("pylibmc:distribution=random", 1.0 / 3.0),
        ("twemproxy:distribution=random", 1.0 / 3.0),
    ] {
        let router = router(routing, THREE);
        assert_eq!(
            (router.readers(b"a"), router.writers(b"a"), router.deleters(b"a")),
            (every.clone(), every.clone(), every.clone())
        );
        assert_eq!(router.shares(), [share; 3]);
    }
    assert_eq!(router("bmemcached:dead=10.0.0.1", THREE).readers(b"a"), Targets::Many(vec![1, 2]));
    assert_eq!(router("bmemcached", "a").writers(b"a"), Targets::One(0));
}

#[test]
fn what_the_client_does_not_hash_is_taken_off_the_key() {
    for (plain, prefixed) in [
        ("pylibmc:ketama", "pylibmc:ketama,namespace=ns_"),
        ("pylibmc", "pylibmc:;namespace=ns_"),
        ("pymemcache", "pymemcache:key_prefix=ns_"),
        ("php-memcached", "php-memcached:prefix_key=ns_"),
    ] {
        let (plain, prefixed) = (router(plain, THREE), router(prefixed, THREE));
        for number in 0..50 {
            let key = format!("key:{number}");
            let wanted = plain.readers(key.as_bytes());
            assert_eq!(prefixed.readers(format!("ns_{key}").as_bytes()), wanted, "{prefixed:?} {key}");
            assert_eq!(prefixed.readers(key.as_bytes()), wanted, "{prefixed:?} {key}");
        }
    }
}

#[test]
fn a_namespace_that_is_hashed_too_makes_long_keys_hash_to_zero() {
    let router = router("pylibmc:namespace=ns_,_hash_with_prefix_key", "a:1,b:2,c:3,d:4,e:5,f:6,g:7");
    let wire = |length: usize| format!("ns_{}", "k".repeat(length - 3));
    let hash = super::hash::Hash::Default.digest(wire(250).as_bytes(), super::Chars::Signed);
    assert_eq!(router.readers(wire(250).as_bytes()), Targets::One(hash as usize % 7));
    assert_eq!(router.readers(wire(251).as_bytes()), Targets::One(0));
    assert_eq!(router.readers(wire(252).as_bytes()), Targets::One(0));
}

#[test]
fn a_virtual_bucket_without_a_map_takes_the_low_bits() {
    let pool = "a:1,b:2,c:3,d:4,e:5";
    let buckets = router("pylibmc:distribution=virtual_bucket", pool);
    assert_eq!(buckets.shares(), [0.5, 0.0, 0.0, 0.0, 0.5]);
    assert!((0..50).all(|number| buckets.readers(format!("{number}").as_bytes()).first().is_multiple_of(4)));
    let old = router("pylibmc:distribution=virtual_bucket,libmemcached=1.0.16", pool);
    assert!((0..50).all(|number| old.readers(format!("{number}").as_bytes()) == Targets::One(0)));
    assert_eq!(old.shares()[0], 1.0);
}

#[test]
fn unsigned_chars_move_keys_beyond_ascii_only() {
    let (signed, unsigned) = (router("pylibmc:ketama", THREE), router("pylibmc:ketama,unsigned_char", THREE));
    let mut moved = 0;
    for number in 0..100 {
        let ascii = format!("key:{number}");
        assert_eq!(signed.readers(ascii.as_bytes()), unsigned.readers(ascii.as_bytes()));
        assert!(!signed.depends_on_char(ascii.as_bytes()));
        let beyond = format!("ключ:{number}");
        assert!(signed.depends_on_char(beyond.as_bytes()));
        moved += usize::from(signed.readers(beyond.as_bytes()) != unsigned.readers(beyond.as_bytes()));
    }
    assert!(moved > 20, "{moved}");
    assert!(!router("pylibmc:hash=md5", THREE).depends_on_char("ключ".as_bytes()));
    assert_eq!(router("gomemcache:unsigned_char", THREE).notes().len(), 1);
}

#[test]
fn hash_tags_cut_the_part_that_is_hashed() {
    let (tagged, plain) = (router("twemproxy:hash_tag={}", THREE), router("twemproxy", THREE));
    for (key, part) in [
        ("{user}:a", "user"),
        ("x{user}y{z}", "user"),
        ("{}a", "{}a"),
        ("}{a", "}{a"),
        ("{a", "{a"),
        ("{{a}", "{a"),
    ] {
        assert_eq!(tagged.readers(key.as_bytes()), plain.readers(part.as_bytes()), "{key}");
    }
}

#[test]
fn spymemcached_hashes_the_address_behind_a_name() {
    let servers = "mc4.dev.ec2.example-cache.net:11211,mc6.dev.ec2.example-cache.net:11211,127.0.0.1:21112,127.0.0.1:21101,127.0.0.7:11211,127.0.0.4:11211";
    let routing = "spymemcached:ketama,address=mc4.dev.ec2.example-cache.net/127.0.1.4,address=mc6.dev.ec2.example-cache.net/127.0.1.6";
    // Where spymemcached 2.12.3 put them.
    let keys = [
        "a",
        "foo",
        "1",
        "hello-world",
        ":1:user",
        "é",
        "naïve:ключ",
        "page:93",
        "_html:3899236",
        "🎉party",
        "v2:79",
        "nonce:22816",
    ];
    assert_eq!(numbers(routing, servers, &keys), [6, 5, 1, 2, 2, 6, 5, 1, 1, 6, 3, 5]);
    let without = Router::new(
        &Routing::parse("spymemcached:ketama").unwrap(),
        &parse_list(servers).unwrap().servers,
        None,
    );
    assert!(
        matches!(without, Err(RoutingError::NeedsAddress { host }) if host == "mc4.dev.ec2.example-cache.net")
    );
    assert_eq!(router("spymemcached:ketama", "localhost:1,127.0.0.1:2").notes().len(), 1);
}

#[test]
fn twemproxy_sorts_its_servers_by_length_and_name() {
    let sorted = router("twemproxy:distribution=modula", "a:11211:1,bb:11211:2,ccc:11211:1");
    let shuffled = router("twemproxy:distribution=modula", "ccc:11211:1,a:11211:1,bb:11211:2");
    let named = router("twemproxy:distribution=modula", "x:1:1 ccc,y:2:1 a,/run/z.sock:2 bb");
    for number in 0..50 {
        let key = format!("key:{number}");
        let position = sorted.readers(key.as_bytes()).first();
        let moved = Targets::One([1, 2, 0][position]);
        assert_eq!(
            (shuffled.readers(key.as_bytes()), named.readers(key.as_bytes())),
            (moved.clone(), moved),
            "{key}"
        );
    }
    assert_eq!(shuffled.shares(), [0.25, 0.25, 0.5]);
}

#[test]
fn duplicates_count_twice_for_remainders_and_once_on_rings() {
    assert_eq!(router("pylibmc", "a:1,a:1,b:1").shares(), [1.0 / 3.0; 3]);
    for routing in ["pylibmc:ketama", "pymemcache", "bmemcached-distributed", "memcached-node"] {
        let router = router(routing, "a:1,a:1,b:1");
        assert!(
            (0..100).all(|number| router.readers(format!("key:{number}").as_bytes()).first() != 1),
            "{routing}"
        );
        assert!(router.shares()[1].abs() < 1e-12, "{routing}");
    }
}

#[test]
fn shares_are_what_many_keys_come_to() {
    let servers = "10.0.0.1:11211:1,10.0.0.2:11212:3,b:11213:1";
    for client in known_clients() {
        for routing in client.routings.iter().filter(|routing| **routing != "spymemcached:ketama") {
            let router = router(routing, servers);
            let mut counts = vec![0.0; 3];
            const KEYS: usize = 6000;
            for number in 0..KEYS {
                let key = format!("view//page/{number:x}/{}", number * 7919);
                router.writers(key.as_bytes()).iter().for_each(|index| counts[index] += 1.0 / KEYS as f64);
            }
            for (share, count) in router.shares().iter().zip(&counts) {
                assert!((share - count).abs() < 0.05, "{routing} {:?} {counts:?}", router.shares());
            }
        }
    }
}
