//! The router against the placements of real clients.

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
fn a_ring_without_its_dead_is_the_ring_of_the_living() {
    let servers =
        ["10.0.0.1:11211:2", "10.0.0.2:11212:1", "10.0.0.3:11213:5", "10.0.0.4:11214:1", "b:11211:3"];
    for routing in [
        "pylibmc:ketama",
        "pylibmc:ketama_weighted",
        "pylibmc:distribution=consistent_ketama_spy,hash=md5",
        "php-memcached:distribution=consistent",
        "twemproxy:hash=md5",
        "twemproxy:distribution=modula",
        "memcached-node",
        "pymemcache",
    ] {
        for dead in [vec![0], vec![1, 4], vec![0, 2, 3]] {
            let named: Vec<&str> =
                dead.iter().map(|&index: &usize| servers[index].rsplit_once(':').unwrap().0).collect();
            let separator = if routing.contains(':') { ',' } else { ':' };
            let with_dead =
                router(&format!("{routing}{separator}dead={}", named.join(",dead=")), &servers.join(","));
            let living: Vec<usize> = (0..servers.len()).filter(|index| !dead.contains(index)).collect();
            let texts: Vec<&str> = living.iter().map(|&index| servers[index]).collect();
            let without = router(routing, &texts.join(","));
            for number in 0..200 {
                let key = format!("key:{number}");
                let wanted = living[without.readers(key.as_bytes()).first()];
                assert_eq!(
                    with_dead.readers(key.as_bytes()),
                    Targets::One(wanted),
                    "{routing} {dead:?} {key}"
                );
            }
            let shares = with_dead.shares();
            assert!(dead.iter().all(|&index| shares[index].abs() < 1e-12), "{routing} {shares:?}");
        }
    }
}

#[test]
fn an_ejection_builds_the_ring_with_the_hash_of_that_time() {
    // The ring keeps the default hash while all are up, and is built from md5 once a server is out.
    let kept = router("pylibmc:ketama;hash=md5", "a:1,b:2,c:3,d:4");
    let ejected = router("pylibmc:ketama,dead=d:4;hash=md5", "a:1,b:2,c:3,d:4");
    let living = router("pylibmc:ketama,hash=md5", "a:1,b:2,c:3");
    let different = (0..200).filter(|number| {
        let key = format!("key:{number}");
        assert_eq!(ejected.readers(key.as_bytes()), living.readers(key.as_bytes()));
        kept.readers(key.as_bytes()) != living.readers(key.as_bytes())
    });
    assert!(different.count() > 50);
}

#[test]
fn clients_without_failover_stay_with_the_dead() {
    for client in [
        "pylibmc",
        "pylibmc:distribution=virtual_bucket",
        "php-memcached",
        "gomemcache",
        "memjs",
        "bmemcached-distributed",
        "dalli:failover=false",
        "memcached-node:remove=false",
    ] {
        let separator = if client.contains(':') { ',' } else { ':' };
        let (whole, dead) =
            (router(client, THREE), router(&format!("{client}{separator}dead=10.0.0.2"), THREE));
        for number in 0..100 {
            let key = format!("key:{number}");
            assert_eq!(whole.readers(key.as_bytes()), dead.readers(key.as_bytes()), "{client} {key}");
        }
        assert_eq!(dead.notes().len(), whole.notes().len() + 1, "{client} {:?}", dead.notes());
    }
}

#[test]
fn clients_with_failover_leave_the_dead_and_nobody_else() {
    for client in [
        "pymemcache",
        "python-memcached",
        "dalli",
        "memjs:failover",
        "mc",
        "spymemcached",
        "spymemcached:ketama",
    ] {
        let separator = if client.contains(':') { ',' } else { ':' };
        let (whole, dead) =
            (router(client, THREE), router(&format!("{client}{separator}dead=10.0.0.2"), THREE));
        for number in 0..100 {
            let key = format!("key:{number}");
            let (before, after) =
                (whole.readers(key.as_bytes()).first(), dead.readers(key.as_bytes()).first());
            assert_ne!(after, 1, "{client} {key}");
            assert!(before == 1 || before == after, "{client} {key}");
        }
        let shares = dead.shares();
        assert!(
            shares[1].abs() < 1e-12 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9,
            "{client} {shares:?}"
        );
    }
    // The next server takes over all keys of the one before it.
    assert_eq!(router("mc:dead=10.0.0.2", THREE).shares()[2], 2.0 / 3.0);
}

#[test]
fn replicas_follow_the_first_server_in_the_list() {
    let plain = router("pylibmc:ketama", "a:1,b:2,c:3,d:4");
    let two = router("pylibmc:ketama,num_replicas=2", "a:1,b:2,c:3,d:4");
    let many = router("pylibmc:ketama,num_replicas=9", "a:1,b:2,c:3,d:4");
    let text = router("pylibmc:ketama,num_replicas=2,binary=false", "a:1,b:2,c:3,d:4");
    for key in [&b"a"[..], b"foo", b"hello-world", b"\xff"] {
        let first = plain.readers(key).first();
        assert_eq!(two.readers(key), Targets::One(first));
        let wanted = Targets::Many(vec![first, (first + 1) % 4, (first + 2) % 4]);
        assert_eq!((two.writers(key), two.deleters(key)), (wanted.clone(), wanted));
        assert_eq!((many.writers(key).len(), many.writers(key).first()), (4, first));
        assert_eq!(text.writers(key), Targets::One(first));
    }
    // A read turns to a replica when the first server is down; sorting makes the list a:1, b:2, c:3.
    let sorted = router("pylibmc:_sort_hosts,num_replicas=1,dead=b:2", "c:3,a:1,b:2");
    for number in 0..50 {
        let key = format!("key:{number}");
        let position = router("pylibmc", "a:1,b:2,c:3").readers(key.as_bytes()).first();
        let wanted = [(1, vec![1]), (0, vec![2, 0]), (0, vec![0, 1])][position].clone();
        assert_eq!(sorted.readers(key.as_bytes()), Targets::One(wanted.0), "{key}");
        assert_eq!(sorted.writers(key.as_bytes()), Targets::of(wanted.1), "{key}");
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
fn what_a_client_would_refuse_is_refused() {
    for (routing, servers, words) in [
        (
            "pylibmc",
            "a,/run/a.sock",
            "pylibmc cannot mix TCP servers and UNIX sockets in one list; /run/a.sock is of the other kind",
        ),
        ("php-memcached", "/run/a.sock,a", "php-memcached cannot mix"),
        ("twemproxy", "a:1:0", "twemproxy refuses the weight 0 of a:1"),
        ("twemproxy", "a:1:1 x,b:1:1 x", "two servers with the name \"x\""),
        ("dalli", "a:1:0,b:1:0", "no server gets any key"),
        ("python-memcached", "a:1:0", "no server gets any key"),
        (
            "pylibmc:ketama,dead=c",
            "a,b:1",
            "dead=c:11211 is not in the server list; write it as the list does: a:11211, b:1",
        ),
        ("pylibmc:ketama,dead=a,dead=b", "a,b", "every server of the list is given as dead"),
    ] {
        let routing = Routing::parse(routing).unwrap();
        let error =
            Router::new(&routing, &parse_list(servers).unwrap().servers, None).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(Router::new(&Routing::default(), &[], None).unwrap_err(), RoutingError::NoServers);
}

#[test]
fn notes_tell_about_weights() {
    for (routing, servers, words) in [
        ("pylibmc", "a:1:2,b:1:1", vec!["weights of the servers have no effect with pylibmc"]),
        ("pylibmc:;ketama", "a:1:2,b:1:1", vec!["have no effect"]),
        ("pylibmc:ketama", "a:1:2,b:1:1", vec!["turns the ring into the weighted one"]),
        ("pylibmc:ketama_weighted", "a:1:2,b:1:1", vec![]),
        ("pylibmc:ketama", "a:1:1,b:1", vec![]),
        ("pylibmc:ketama_weighted", "a:1:0,b:1", vec!["the weight 0 of a:1 counts as 1"]),
        (
            "pylibmc:ketama_weighted",
            "a:1:1,b:1:400,c:1:1,d:1:1",
            vec!["a:1 is so small", "c:1 is so small", "d:1 is so small"],
        ),
        ("pymemcache", "a:1:2,b:1:1", vec!["have no effect with pymemcache"]),
        ("dalli", "a:1:2,b:1:1", vec![]),
        ("pylibmc:hash=hsieh", "a,b", vec!["hsieh is absent"]),
        ("pylibmc:num_replicas=1", "a,b", vec!["binary protocol only"]),
        ("pylibmc:libmemcached=1.0.16", "[::1]", vec!["cannot look up IPv6"]),
    ] {
        let notes = router(routing, servers).notes();
        assert_eq!(notes.len(), words.len(), "{routing} {notes:?}");
        for (note, words) in notes.iter().zip(words) {
            assert!(note.contains(words), "{note}");
        }
    }
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

proptest::proptest! {
    #[test]
    fn any_key_has_a_server_under_any_routing(
        key: Vec<u8>, which: proptest::sample::Index, count in 1_usize..9, weights: Vec<u16>, dead: Option<proptest::sample::Index>
    ) {
        let routings: Vec<&str> = known_clients().iter().flat_map(|client| client.routings).copied().collect();
        let routing = which.get(&routings);
        let weight = |index: usize| weights.get(index).map_or(1, |weight| weight.max(&1).to_owned());
        let entries: Vec<String> = (0..count).map(|index| format!("10.0.0.{index}:{}:{}", 11211 + index, weight(index))).collect();
        let separator = if routing.contains(':') { ',' } else { ':' };
        let text = match dead.filter(|_| count > 1).map(|dead| dead.index(count)) {
            Some(dead) => format!("{routing}{separator}dead=10.0.0.{dead}:{}", 11211 + dead),
            None => (*routing).to_owned(),
        };
        let routing = Routing::parse(&text).unwrap();
        let servers = from_entries(&entries).unwrap().servers;
        if let Ok(router) = Router::new(&routing, &servers, None) {
            let again = Router::new(&routing, &servers, None).unwrap();
            for targets in [router.readers(&key), router.writers(&key), router.deleters(&key)] {
                assert!(targets.len() > 0 && targets.iter().all(|index| index < count));
            }
            assert_eq!(router.readers(&key), again.readers(&key));
            assert_eq!(router.shares().len(), count);
        }
    }

    #[test]
    fn any_text_is_a_routing_or_an_error(text in "\\PC*", client: proptest::sample::Index, options in "[a-z0-9_=,;:{} \\[\\]./-]{0,60}") {
        let client = known_clients()[client.index(known_clients().len())].name;
        for text in [text, format!("{client}:{options}")] {
            if let Ok(routing) = Routing::parse(&text) {
                assert_eq!(Routing::parse(&routing.to_string()), Ok(routing));
            }
        }
    }

    #[test]
    fn any_list_is_servers_or_an_error(text in "\\PC*", entries in "[a-c0-9:,/ \\[\\]@.%]{0,40}") {
        for text in [text, entries] {
            if let Ok(list) = parse_list(&text) {
                assert!(!list.servers.is_empty());
                for server in &list.servers {
                    let shown = Server::parse(&server.endpoint.to_string());
                    assert!(shown.is_err() || shown.unwrap().endpoint == server.endpoint);
                }
            }
        }
    }
}
