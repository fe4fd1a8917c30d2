//! `cachier exporter` and `stats -o prometheus`, read by an independent parser.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cachier, Kind, Pool, Terminal, exposition};

/// Finds the value of a sample by its name and some of its labels.
fn value(samples: &Value, name: &str, labels: &Value) -> Option<f64> {
    let has = |sample: &Value| {
        let wanted = labels.as_object().unwrap();
        sample["name"] == name && wanted.iter().all(|(label, value)| sample["labels"][label] == *value)
    };
    samples.as_array().unwrap().iter().find(|sample| has(sample))?["value"].as_f64()
}

#[test]
fn the_names_of_memcached_exporter_are_kept_on_every_kind() {
    for kind in [Kind::Plain, Kind::Sasl, Kind::SaslTls, Kind::Tls, Kind::AuthFile] {
        let pool = Pool::start(kind, 2);
        pool.server(0).store("k", 0, "v");
        assert!(pool.server(0).stored("k").is_some());
        assert!(pool.server(0).stored("gone").is_none());
        let text = pool.cachier(["stats", "-o", "prometheus"]).run().success().stdout_text();
        let samples = exposition(&text);
        let server = pool.server(0).address();
        let of = |name: &str, mut labels: Value| {
            labels["server"] = server.as_str().into();
            value(&samples, name, &labels)
        };
        for (name, labels, expected) in [
            ("memcached_up", json!({}), 1.0),
            ("memcached_version", json!({"version": pool.server(0).stat("version")}), 1.0),
            ("memcached_current_items", json!({}), 1.0),
            ("memcached_limit_bytes", json!({}), f64::from(64 << 20)),
            ("memcached_max_connections", json!({}), pool.server(0).stat("max_connections").parse().unwrap()),
            ("memcached_commands_total", json!({"command": "get", "status": "hit"}), 1.0),
            ("memcached_commands_total", json!({"command": "get", "status": "miss"}), 1.0),
            ("memcached_commands_total", json!({"command": "set", "status": "hit"}), 1.0),
            ("memcached_slab_current_items", json!({"slab": "1"}), 1.0),
            ("memcached_slab_commands_total", json!({"slab": "1", "command": "set", "status": "hit"}), 1.0),
            ("memcached_lru_crawler_enabled", json!({}), 1.0),
            ("cachier_hit_ratio", json!({}), 0.5),
        ] {
            // Authentication with a file is a `set` to the server.
            let expected = if kind == Kind::AuthFile && labels["command"] == "set" && labels["slab"].is_null()
            {
                of(name, labels.clone()).unwrap()
            } else {
                expected
            };
            assert_eq!(of(name, labels.clone()), Some(expected), "{kind:?} {name} {labels}");
        }
        assert!(of("cachier_probe_seconds", json!({})).unwrap() > 0.0);
        let share = of("cachier_routing_share_ratio", json!({})).unwrap();
        assert!(share > 0.0 && share < 1.0);
        assert_eq!(value(&samples, "cachier_servers_up", &json!({})), Some(2.0));
    }
}

/// Starts the exporter and returns it with its address.
fn start(run: Cachier) -> (Terminal, String) {
    let terminal = run.args(["exporter", "--listen", "127.0.0.1:0"]).on_terminal().expect("/metrics");
    let shown = terminal.shown();
    let address = shown.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    (terminal, address)
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_scrape_tells_of_every_server_dead_ones_too() {
    let mut pool = Pool::sasl(3);
    let (terminal, address) = start(pool.cachier([] as [&str; 0]));
    let scrape = || {
        let answer = ask(&address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
        exposition(body)
    };
    let up = |samples: &Value, pool: &Pool| -> Vec<f64> {
        let of = |server: String| value(samples, "memcached_up", &json!({ "server": server })).unwrap();
        pool.servers().iter().map(|server| of(server.address())).collect()
    };
    assert_eq!(up(&scrape(), &pool), [1.0, 1.0, 1.0]);
    pool.server_mut(1).kill();
    let samples = scrape();
    assert_eq!(up(&samples, &pool), [1.0, 0.0, 1.0]);
    let dead = json!({"server": pool.server(1).address()});
    assert_eq!(value(&samples, "memcached_current_items", &dead), None);
    // A frozen server costs no more than the scraper waits.
    pool.server(2).freeze();
    let began = Instant::now();
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n\r\n";
    let answer = ask(&address, request);
    assert!(began.elapsed() < Duration::from_millis(950), "{:?}", began.elapsed());
    pool.server(2).thaw();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(up(&exposition(body), &pool), [1.0, 0.0, 0.0]);
    assert!(ask(&address, "GET /other HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404"));
    assert!(ask(&address, "POST /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 405"));
    assert!(ask(&address, "\u{1}nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    terminal.type_text("\x03").finish().success();
}

#[test]
fn scrapers_that_ask_nothing_keep_nobody_from_asking() {
    let pool = Pool::plain(1);
    let (terminal, address) = start(pool.cachier([] as [&str; 0]));
    // More than are served at once: the last are turned away, and the places are free again after the time limit.
    let silent: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let answer = ask(&address, "GET /metrics HTTP/1.1\r\n\r\n");
    assert!(answer.contains("memcached_up"), "{answer}");
    drop(silent);
    let large = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    let mut stream = TcpStream::connect(&address).unwrap();
    // The exporter may hang up before it has read all of it.
    stream.write_all(large.as_bytes()).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", answer.escape_ascii());
    terminal.type_text("\x03").finish().success();
}

#[test]
fn an_address_in_use_is_a_usage_error() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    Cachier::new(["exporter", "--listen", &address]).run().code(2).stderr_has("address already in use");
    Cachier::new(["exporter", "--listen", "nonsense"]).run().code(2).stderr_has("cannot listen on nonsense");
}
