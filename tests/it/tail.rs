//! `tail`: the live stream of commands.

use crate::harness::{Cachier, Fake, Kind, Pool, Script, Server, wait_for};

/// Makes traffic until the run in the other thread has ended, so that it has something to see whenever it begins.
fn with_traffic<T: Send>(server: &Server, bytes: &str, run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let running = scope.spawn(run);
        wait_for("the run to end", || {
            server.raw(bytes.as_bytes());
            running.is_finished().then_some(())
        });
        running.join().unwrap()
    })
}

const TRAFFIC: &str =
    "set view//a 0 100 3\r\nabc\r\nget view//a\r\nget missing%1\r\nset other 0 0 1\r\nx\r\nget other\r\n";

#[test]
fn events_have_command_result_key_and_client() {
    let server = Server::start(Kind::Plain);
    let run = || server.cachier(["tail", "-n", "20", "-o", "jsonl"]).run();
    let outcome = with_traffic(&server, TRAFFIC, run).success();
    let events = outcome.json_lines();
    assert_eq!(events.len(), 20, "{outcome}");
    let find = |command: &str, result: &str, key: &str| {
        let found = events
            .iter()
            .find(|event| event["command"] == command && event["result"] == result && event["key"] == key);
        found.unwrap_or_else(|| panic!("no {command} {result} {key} in {outcome}")).clone()
    };
    let stored = find("set", "stored", "view//a");
    assert_eq!((&stored["size"], &stored["server"]), (&3.into(), &server.address().into()));
    // memcached tells the rest of the time by its clock, which ticks once a second.
    assert!((98..=101).contains(&stored["ttl"].as_i64().unwrap()), "{stored}");
    assert!(stored["client"].as_str().unwrap().starts_with("127.0.0.1:"), "{stored}");
    assert!(stored["time"].as_str().unwrap().ends_with('Z'), "{stored}");
    find("get", "hit", "view//a");
    find("get", "miss", "missing%1");
}

#[test]
fn the_look_up_of_a_store_is_no_miss() {
    let server = Server::start(Kind::Plain);
    // Each key is deleted and stored again: only the look-up of the store misses it.
    let traffic = "set a 0 0 1\r\nx\r\nget a\r\ndelete a\r\nset a 0 0 1\r\nx\r\nget b\r\n";
    let run = || server.cachier(["tail", "--misses", "-n", "5", "-o", "tsv"]).run();
    let outcome = with_traffic(&server, traffic, run).success();
    let keys: Vec<String> =
        outcome.stdout_text().lines().map(|line| line.split('\t').nth(4).unwrap().to_owned()).collect();
    assert_eq!(keys, ["b"; 5], "{outcome}");
}

#[test]
fn a_glob_and_kinds_choose_events_of_all_servers() {
    let pool = Pool::plain(2);
    let run = || pool.cachier(["tail", "--keys", "view/*", "--kinds", "gets", "-n", "4", "-o", "json"]).run();
    let other = std::thread::scope(|scope| {
        let first = scope.spawn(|| with_traffic(pool.server(0), TRAFFIC, run));
        wait_for("the run to end", || {
            pool.server(1).raw(TRAFFIC.as_bytes());
            first.is_finished().then_some(())
        });
        first.join().unwrap()
    });
    let document = other.success().json();
    assert_eq!(document["schema"], "cachier/tail/1");
    let events = document["events"].as_array().unwrap();
    assert_eq!(events.len(), 4);
    for event in events {
        assert_eq!((&event["command"], &event["key"]), (&"get".into(), &"view//a".into()), "{event}");
    }
    assert_eq!(document["lost"], serde_json::json!([]));
}

#[test]
fn nothing_within_the_time_is_exit_1() {
    let server = Server::start(Kind::Plain);
    server.cachier(["tail", "--duration", "100ms"]).run().code(1).stdout_is("");
}

#[test]
fn one_dead_server_stops_nobody() {
    let mut pool = Pool::plain(2);
    pool.server_mut(1).kill();
    let dead = pool.server(1).address();
    let run = || pool.cachier(["tail", "-n", "3", "-o", "tsv"]).run();
    with_traffic(pool.server(0), TRAFFIC, run).code(6).stderr_has(&dead);
}

#[test]
fn binary_servers_cannot_be_watched_and_the_hint_says_what_works() {
    let pool = Pool::sasl(1);
    pool.cachier(["tail"]).run().code(5).stderr_has("SASL").stderr_has("cachier stats -i 5s");
}

#[test]
fn a_server_that_knows_no_log_is_exit_5() {
    let watch = "watch connevents deletions evictions fetchers mutations\r\n";
    let script = || Script::new().expect("stats\r\n").send("END\r\n").silent();
    let fake = Fake::connections([
        script(),
        Script::new()
            .expect(watch)
            .send("ERROR\r\n")
            .expect("watch connevents evictions fetchers mutations\r\n")
            .send("ERROR\r\n"),
    ]);
    Cachier::new(["tail", "-s", &fake.address()]).run().code(5).stderr_has("cachier stats -i");
}

#[test]
fn what_the_server_skips_is_told() {
    let fake = Fake::connections([
        Script::new()
            .take(7)
            .send("STAT log_worker_dropped 5\r\nEND\r\n")
            .take(13)
            .send("END\r\n")
            .take(7)
            .send("STAT log_worker_dropped 9\r\nEND\r\n"),
        Script::new()
            .take(57)
            .send("OK\r\nskipped=12\nts=1.1 gid=1 type=item_get key=a status=found clsid=1 cfd=0 size=1\n"),
    ]);
    let outcome = Cachier::new(["tail", "-n", "1", "-o", "tsv", "-s", &fake.address()]).run().success();
    outcome
        .stdout_has("\thit\ta\t1\t")
        .stderr_has("4 dropped by the server's workers (log_worker_dropped), 12 skipped");
}
