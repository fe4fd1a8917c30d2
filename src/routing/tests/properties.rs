//! What holds for any key and any text.

use super::Router;
use super::Routing;
use super::Server;
use super::from_entries;
use super::known_clients;
use super::parse_list;

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
