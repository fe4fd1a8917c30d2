//! Dead servers and replicas.

use super::THREE;
use super::Targets;
use super::router;

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
