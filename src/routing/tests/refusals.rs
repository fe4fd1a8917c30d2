//! What a router refuses, and what it tells.

use super::Router;
use super::Routing;
use super::RoutingError;
use super::parse_list;
use super::router;

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
