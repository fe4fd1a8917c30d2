//! Other clients on the same servers: what they write `cachier` reads, and the reverse, from where it belongs.

use memcache::exp::{Get, Memcache, Meta, MetaClient, Set, Ttl};
use serde_json::{Value, json};

use crate::harness::{Kind, Peer, Pool, Server, boolean, bytes, int, text, tls};

/// A client, how it is opened, and the flags that make `cachier` its equal.
struct Pair {
    client: &'static str,
    kind: Kind,
    servers: usize,
    options: Value,
    flags: &'static [&'static str],
}

impl Pair {
    fn new(client: &'static str, kind: Kind, servers: usize, flags: &'static [&'static str]) -> Self {
        Self { client, kind, servers, options: json!({}), flags }
    }

    fn with(self, options: Value) -> Self {
        Self { options, ..self }
    }
}

fn pairs() -> Vec<Pair> {
    let ketama = json!({"behaviors": {"ketama": true}});
    let modula = &["--routing", "pylibmc"];
    let bmemcached = &["--routing", "bmemcached", "--client-values", "bmemcached"];
    let distributed = &["--routing", "bmemcached-distributed", "--client-values", "bmemcached"];
    let pymemcache = &["--routing", "pymemcache", "--client-values", "pymemcache"];
    let python_memcached = &["--routing", "python-memcached", "--client-values", "python-memcached"];
    vec![
        Pair::new("pylibmc", Kind::Sasl, 3, &[]).with(ketama.clone()),
        Pair::new("pylibmc", Kind::Sasl, 1, &[]),
        Pair::new("pylibmc", Kind::Plain, 3, &[]).with(ketama.clone()),
        Pair::new("pylibmc", Kind::Plain, 3, modula),
        Pair::new("pylibmc", Kind::Plain, 2, &["--protocol", "binary", "--routing", "pylibmc"])
            .with(json!({"binary": true})),
        Pair::new("pylibmc", Kind::Unix, 1, &[]),
        Pair::new("flask-caching", Kind::Sasl, 3, &[])
            .with(json!({"CACHE_KEY_PREFIX": "", "CACHE_OPTIONS": ketama})),
        Pair::new("flask-caching", Kind::Plain, 3, modula)
            .with(json!({"CACHE_KEY_PREFIX": "", "CACHE_TYPE": "MemcachedCache"})),
        Pair::new("pymemcache", Kind::Plain, 3, pymemcache),
        Pair::new("pymemcache", Kind::Tls, 1, pymemcache),
        Pair::new("pymemcache", Kind::Unix, 1, pymemcache),
        Pair::new("bmemcached", Kind::Sasl, 3, bmemcached),
        Pair::new("bmemcached", Kind::SaslTls, 1, bmemcached),
        Pair::new("bmemcached-distributed", Kind::Sasl, 3, distributed),
        Pair::new("python-memcached", Kind::Plain, 3, python_memcached),
    ]
}

#[test]
fn what_a_client_writes_is_read_from_where_it_belongs() {
    for pair in pairs() {
        let pool = Pool::start(pair.kind, pair.servers);
        let mut peer = Peer::open(pair.client, &pool, &pair.options);
        let what = format!("{} on {:?}", pair.client, pair.kind);
        let keys: Vec<_> = (0..60).map(|number| format!("key:{number}")).collect();
        for key in &keys {
            peer.set(key, text(&format!("grün {key}")));
        }
        let shown: String = keys.iter().map(|key| format!("{key}\tgrün {key}\n")).collect();
        pool.cachier(["get", "--stdin"])
            .args(pair.flags)
            .stdin(keys.join("\n"))
            .run()
            .success()
            .stdout_is(shown);

        peer.set("bytes", bytes(b"\0\xff\r\n"));
        pool.cachier(["get", "bytes"]).args(pair.flags).run().success().stdout_is(b"\0\xff\r\n");
        for number in [0, -7, 1_i64 << 40] {
            peer.set("int", int(number.into()));
            let document = pool.cachier(["get", "int", "-o", "json"]).args(pair.flags).run().success().json();
            assert_eq!(document["items"][0]["value"], number, "{what}");
        }
        let long = "long text ".repeat(5000);
        peer.set("long", text(&long));
        pool.cachier(["get", "long"]).args(pair.flags).run().success().stdout_is(long + "\n");
        pool.cachier(["delete", "key:1"]).args(pair.flags).run().success();
        assert_eq!(peer.get("key:1")["type"], "NoneType", "{what}");
    }
}

#[test]
fn what_is_written_a_client_reads_with_its_type() {
    for pair in pairs() {
        let pool = Pool::start(pair.kind, pair.servers);
        let mut peer = Peer::open(pair.client, &pool, &pair.options);
        let what = format!("{} on {:?}", pair.client, pair.kind);
        let set = |key: &str, kind: &str, value: &str| {
            pool.cachier(["set", key, value, "--as", kind]).args(pair.flags).run().success();
        };
        for number in 0..8 {
            let key = format!("key:{number}");
            set(&key, "text", "grün");
            assert_eq!(peer.get(&key), text("grün"), "{what}");
        }
        set("k", "bytes", "raw");
        assert_eq!(peer.get("k"), bytes("raw"), "{what}");
        set("k", "int", "-42");
        assert_eq!(peer.get("k"), int(-42), "{what}");
        set("k", "bool", "true");
        // pylibmc reads its own True back as the number.
        assert!([boolean(true), int(1)].contains(&peer.get("k")), "{what}");
        pool.cachier(["incr", "n", "--initial", "10"]).args(pair.flags).run().success();
        assert_eq!(peer.get("n"), int(10), "{what}");
        pool.cachier(["incr", "n", "5"]).args(pair.flags).run().success();
        pool.cachier(["decr", "n", "6"]).args(pair.flags).run().success();
        assert_eq!(peer.get("n"), int(9), "{what}");
    }
}

#[test]
fn a_flask_cache_and_the_flask_flag_mean_the_same_key() {
    let pool = Pool::sasl(3);
    let options = json!({"CACHE_OPTIONS": {"behaviors": {"ketama": true}}});
    let mut cache = Peer::open("flask-caching", &pool, &options);
    cache.set("greeting", text("hello"));
    pool.cachier(["get", "-F", "greeting"]).run().success().stdout_is("hello\n");
    pool.cachier(["set", "-F", "greeting", "grün"]).run().success();
    assert_eq!(cache.get("greeting"), text("grün"));
    pool.cachier(["delete", "-F", "greeting"]).run().success();
    assert_eq!(cache.get("greeting")["type"], "NoneType");
}

/// Opens the Rust client on the one server of a pool, in text or binary.
fn rust_client(pool: &Pool, text: bool) -> memcache::Client {
    let server = pool.server(0);
    let (address, files) = (server.address(), tls());
    let login = if server.kind.is_sasl() { "alice:sekret-9f2c@" } else { "" };
    let mut url = match server.kind {
        Kind::Unix => format!("memcache://{address}?"),
        Kind::Tls | Kind::SaslTls => {
            format!("memcache+tls://{login}{address}?ca_path={}&", files.ca.display())
        }
        _ => format!("memcache://{login}{address}?"),
    };
    if text {
        url += "protocol=ascii";
    }
    memcache::connect(url).unwrap()
}

#[test]
fn the_rust_client_agrees_over_text_binary_sasl_and_tls() {
    for (kind, protocol) in [
        (Kind::Plain, "text"),
        (Kind::Plain, "binary"),
        (Kind::Unix, "text"),
        (Kind::Sasl, "binary"),
        (Kind::Tls, "text"),
        (Kind::Tls, "binary"),
        (Kind::SaslTls, "binary"),
    ] {
        let pool = Pool::start(kind, 1);
        let client = rust_client(&pool, protocol == "text");
        let what = format!("{kind:?} {protocol}");
        let run = |arguments: &[&str]| pool.cachier(arguments).args(["--protocol", protocol]).run();
        let value = vec![0xfe; 300_000];
        client.set("k", value.as_slice(), 0).unwrap();
        run(&["get", "k", "--raw"]).success().stdout_is(&value);
        let output =
            pool.cachier(["set", "k", "-", "--as", "bytes", "--protocol", protocol]).stdin(&value).run();
        output.success();
        assert_eq!(client.get::<Vec<u8>>("k").unwrap(), Some(value), "{what}");
        run(&["set", "n", "5", "--as", "int"]).success();
        assert_eq!(client.increment("n", 2).unwrap(), 7, "{what}");
        run(&["incr", "n"]).success().stdout_is("8\n");
        assert_eq!(client.get::<u64>("n").unwrap(), Some(8), "{what}");
        assert!(client.touch("n", 100).unwrap(), "{what}");
        run(&["append", "k", "x", "--as", "bytes"]).success();
        assert_eq!(client.get::<Vec<u8>>("k").unwrap().unwrap().last(), Some(&b'x'), "{what}");
        assert!(client.delete("k").unwrap(), "{what}");
        run(&["get", "k"]).code(1);
        run(&["delete", "n"]).success();
        assert_eq!(client.get::<u64>("n").unwrap(), None, "{what}");
    }
}

#[test]
fn the_rust_meta_client_agrees() {
    let pool = Pool::plain(1);
    let address = pool.server(0).address();
    let client = MetaClient::connect(address.as_str()).unwrap();
    client.noop().unwrap();
    assert!(client.set("k", "value").ttl(Ttl::secs(60)).client_flags(5).send().unwrap().applied());
    pool.cachier(["get", "k", "--raw"]).run().success().stdout_is("value");
    pool.cachier(["set", "j", "grün", "--as", "bytes"]).run().success();
    let got = client.get("j").meta(Meta::default().cas().ttl().size()).send().unwrap();
    assert_eq!(got.value.as_deref(), Some("grün".as_bytes()));
    let cas = got.item.cas.unwrap();

    assert!(!client.set("j", "other").ttl(Ttl::secs(60)).add().send().unwrap().applied());
    assert!(!client.set("j", "other").ttl(Ttl::secs(60)).compare_cas(cas + 1).send().unwrap().applied());
    assert!(client.set("j", "!").append().send().unwrap().applied());
    assert!(client.set("k", "two").ttl(Ttl::secs(60)).replace().send().unwrap().applied());
    pool.cachier(["get", "j", "--raw"]).run().success().stdout_is("grün!");

    let counted = client.increment("n").delta(2).initial(7, 60).send().unwrap();
    assert_eq!(counted.value, Some(7));
    assert_eq!(client.increment("n").delta(2).send().unwrap().value, Some(9));
    assert_eq!(client.decrement("n").delta(100).send().unwrap().value, Some(0));

    // A lease: one client is to recompute, others are told that somebody does.
    assert!(client.get("report").lease_ttl(30).send().unwrap().won_lease());
    assert!(client.get("report").lease_ttl(30).send().unwrap().lease_busy());
    assert!(client.delete("k").invalidate().stale_for(Ttl::secs(30)).send().unwrap().applied());
    let stale = client.get("k").lease_ttl(30).send().unwrap();
    assert!(stale.is_stale() && stale.won_lease());

    let operations = (0..500).map(|number| Set::new(format!("key{number}"), "x").ttl(Ttl::secs(60)));
    assert!(client.run_many(operations).unwrap().iter().all(|done| done.as_ref().unwrap().applied()));
    let fetched = client.run_many((0..501).map(|number| Get::new(format!("key{number}")))).unwrap();
    let hits: Vec<bool> = fetched.iter().map(|got| got.as_ref().unwrap().hit()).collect();
    assert_eq!((hits.iter().filter(|hit| **hit).count(), hits[500]), (500, false));
    assert!(client.debug("key1").unwrap().unwrap().contains_key("size"));
    assert!(client.delete("key1").send().unwrap().applied());
    pool.cachier(["exists", "key1"]).run().code(1);
}

#[test]
fn the_rust_client_of_business_values_agrees() {
    let pool = Pool::plain(2);
    let addresses: Vec<String> = pool.servers().iter().map(Server::address).collect();
    let cache = Memcache::connect(addresses.iter().map(String::as_str)).unwrap();
    cache.set("user", "ann", Ttl::secs(60)).unwrap();
    assert_eq!(cache.get::<String>("user").unwrap().as_deref(), Some("ann"));
    assert!(!cache.add("user", "bob", Ttl::secs(60)).unwrap());
    let report = cache.fetch("report", Ttl::secs(60), || Ok::<_, std::io::Error>("made".to_owned()));
    assert_eq!(report.unwrap(), "made");
    let total = cache.update("total", Ttl::secs(60), |present: Option<u64>| present.unwrap_or(0) + 1);
    assert_eq!(total.unwrap(), 1);
    assert_eq!(cache.incr("count", 3, Ttl::secs(60)).unwrap(), 3);
    cache.set("log", "ab", Ttl::secs(60)).unwrap();
    assert_eq!(cache.take::<String>("log").unwrap().as_deref(), Some("ab"));
    cache.invalidate("report", std::time::Duration::from_secs(30)).unwrap();
    assert!(cache.inspect("user").unwrap().is_some());
    cache.delete("user").unwrap();
    assert_eq!(pool.holders("user"), Vec::<usize>::new());
}
