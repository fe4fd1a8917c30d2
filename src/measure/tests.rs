//! Statistics of real servers (memcached 1.6.18, `tests/golden/stats/make.py`), and of what else may answer.

use std::time::Duration;

use serde_json::Value;

use super::check::Source;
use super::derive::Figures;
use super::expression::Expression;
use super::figure::Fields as _;
use super::figure::Figure;
use super::figure::Figure::Idle;
use super::figure::Figure::Number;
use super::figure::Figure::Unavailable;
use super::period::Period;
use super::period::Withheld;
use super::sample::Rows;
use super::sample::Sample;
use super::stats::ServerStats;
use super::stats::derived_names;
use super::total::Total;

macro_rules! capture {
    ($name:literal) => {
        Sample {
            general: rows(include_str!(concat!("../../tests/golden/stats/", $name, ".general.txt"))),
            items: Some(rows(include_str!(concat!("../../tests/golden/stats/", $name, ".items.txt")))),
            slabs: Some(rows(include_str!(concat!("../../tests/golden/stats/", $name, ".slabs.txt")))),
            settings: None,
        }
    };
}

/// Reads lines `STAT name value`; the `STAT` may be left out.
fn rows(text: &str) -> Rows {
    let mut rows = Rows::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.strip_prefix("STAT ").unwrap_or(line).split_once(' ').unwrap();
        rows.push(name.as_bytes(), value.as_bytes());
    }
    rows
}

fn general(text: &str) -> Sample {
    Sample { general: rows(text), ..Sample::default() }
}

fn changed(sample: &Sample, name: &str, value: &str) -> Sample {
    let change =
        |(row, old): (&str, &str)| (row.to_owned(), if row == name { value } else { old }.to_owned());
    Sample { general: sample.general.iter().map(change).collect(), ..sample.clone() }
}

fn figure(figures: &Figures, name: &str) -> Figure {
    figures.get(name).unwrap_or_else(|| panic!("no figure {name}")).figure
}

fn assert_figures(figures: &Figures, expected: &[(&str, Figure)]) {
    for (name, expected) in expected {
        let actual = figure(figures, name);
        let is_near = match (actual, *expected) {
            (Number(actual), Number(expected)) => (actual - expected).abs() < 1e-9,
            (actual, expected) => actual == expected,
        };
        assert!(is_near, "{name} is {actual:?}, not {expected:?}");
    }
}

#[test]
fn lifetime_of_a_loaded_server() {
    let stats = ServerStats::single(capture!("first"));
    let capacity = 8738.0 * 120.0 + 6898.0 * 152.0 + 5461.0 * 192.0 + 1770.0 * 1184.0 + 94.0 * 11104.0;
    let requested = 1544.0 + 2413.0 + 33490.0 + 1_893_850.0 + 852_392.0;
    assert_figures(
        &stats.lifetime.figures,
        &[
            ("uptime", Number(7.0)),
            ("gets_per_second", Number(173.0 / 7.0)),
            ("hit_ratio", Number(150.0 / 173.0)),
            ("misses", Number(23.0)),
            ("misses_expired", Number(11.0)),
            ("misses_flushed", Number(7.0)),
            ("misses_other", Number(5.0)),
            ("sets_per_second", Number(3660.0 / 7.0)),
            ("sets_per_get", Number(3660.0 / 173.0)),
            ("evictions_per_second", Number(1546.0 / 7.0)),
            ("evictions_per_store", Number(1546.0 / 3660.0)),
            ("evicted_age", Number(0.0)),
            ("evicted_unfetched_share", Number(1.0)),
            // The load ran without the LRU maintainer, which alone tells active items from others.
            ("evicted_active_share", Unavailable),
            ("items", Number(2096.0)),
            ("bytes", Number(2_783_689.0)),
            ("bytes_per_item", Number(2_783_689.0 / 2096.0)),
            ("memory_limit", Number(4_194_304.0)),
            ("memory_use", Number(2_783_689.0 / 4_194_304.0)),
            ("slab_waste", Number(1.0 - requested / capacity)),
            ("out_of_memory", Number(0.0)),
            ("too_large", Number(1.0)),
            ("connections", Number(1.0)),
            ("connections_limit", Number(1024.0)),
            ("connections_use", Number(1.0 / 1024.0)),
            ("connections_per_second", Number(2.0 / 7.0)),
            ("connection_churn", Number(2.0 / (173.0 + 3660.0 + 1.0))),
            ("rejected", Number(0.0)),
            ("listen_disabled", Number(0.0)),
            ("yields", Number(0.0)),
            ("yields_per_second", Number(0.0)),
            ("cpu", Number((0.020977 + 0.083879) / 7.0)),
            ("cpu_per_thread", Number((0.020977 + 0.083879) / 7.0 / 2.0)),
            ("bytes_read_per_second", Number(7_783_362.0 / 7.0)),
            ("bytes_written_per_second", Number(48_839.0 / 7.0)),
        ],
    );
}

#[test]
fn interval_of_a_known_load() {
    let stats = ServerStats::sampled(&capture!("first"), capture!("second"), Duration::from_millis(2500));
    let interval = stats.interval.as_ref().unwrap();
    assert_eq!(interval.period.withheld, None);
    assert_figures(
        &interval.figures,
        &[
            ("uptime", Number(9.0)),
            ("gets_per_second", Number(200.0)),
            ("hit_ratio", Number(0.8)),
            ("misses", Number(100.0)),
            ("misses_expired", Number(0.0)),
            ("misses_other", Number(100.0)),
            ("sets_per_second", Number(240.0)),
            ("evictions_per_second", Number(240.0)),
            ("evictions_per_store", Number(1.0)),
            // Class 22 evicted nothing in the interval; its last victim, of age 0, does not count here.
            ("evicted_age", Number(5.0)),
            ("evicted_unfetched_share", Number(1.0)),
            ("items", Number(2096.0)),
            ("out_of_memory", Number(0.0)),
            ("too_large", Number(0.0)),
            ("connections", Number(1.0)),
            ("connections_per_second", Number(0.0)),
            ("connection_churn", Number(0.0)),
        ],
    );
    assert_eq!(stats.figure("hit_ratio"), Number(0.8));
    assert_figures(&stats.lifetime.figures, &[("hit_ratio", Number(550.0 / 673.0))]);
}

#[test]
fn stores_that_found_no_memory_are_counted_once() {
    let stats = ServerStats::single(capture!("refusing"));
    assert_figures(&stats.lifetime.figures, &[("out_of_memory", Number(2230.0)), ("evicted_age", Idle)]);
    assert_eq!(stats.sample.number("items:12:outofmemory"), Some(2230.0));
    assert_eq!(stats.sample.number("store_no_memory"), Some(2230.0));
}

#[test]
fn an_idle_server_has_no_ratios_of_nothing() {
    let stats = ServerStats::single(capture!("idle"));
    let idle =
        ["hit_ratio", "evictions_per_store", "evicted_age", "evicted_unfetched_share", "bytes_per_item"];
    assert_figures(&stats.lifetime.figures, &idle.map(|name| (name, Idle)));
    assert_figures(
        &stats.lifetime.figures,
        &[("slab_waste", Idle), ("items", Number(0.0)), ("memory_use", Number(0.0))],
    );
    for name in derived_names() {
        assert_ne!(figure(&stats.lifetime.figures, name), Unavailable, "{name}");
    }
}

#[test]
fn what_a_hosted_service_does_not_offer_is_unavailable_and_never_zero() {
    let hosted = "curr_items 10\nbytes 1000\ncurr_connections 3\ntotal_connections 9\nlimit_maxbytes 2000\n\
                  cmd_get 50\ncmd_set 20\nget_hits 40\nget_misses 10\nevictions 5\nevicted_active 2\ntotal_items 20";
    let figures = ServerStats::single(general(hosted)).lifetime.figures;
    let offered = [
        ("hit_ratio", Number(0.8)),
        ("misses", Number(10.0)),
        ("evictions_per_store", Number(0.25)),
        ("evicted_active_share", Number(0.4)),
        ("items", Number(10.0)),
        ("bytes_per_item", Number(100.0)),
        ("memory_use", Number(0.5)),
        ("connections", Number(3.0)),
    ];
    assert_figures(&figures, &offered);
    let missing = [
        "uptime",
        "gets_per_second",
        "evictions_per_second",
        "misses_expired",
        "misses_other",
        "evicted_age",
        "slab_waste",
        "out_of_memory",
        "too_large",
        "connections_limit",
        "connections_use",
        "rejected",
        "cpu",
    ];
    assert_figures(&figures, &missing.map(|name| (name, Unavailable)));
    let nothing = ServerStats::single(Sample::default());
    for name in derived_names() {
        assert_eq!(figure(&nothing.lifetime.figures, name), Unavailable, "{name}");
    }
}

#[test]
fn an_interval_without_an_uptime_still_has_rates() {
    let before = general("cmd_get 100\nget_hits 50\nget_misses 50");
    let now = general("cmd_get 120\nget_hits 65\nget_misses 55");
    let stats = ServerStats::sampled(&before, now, Duration::from_secs(10));
    let figures = &stats.interval.unwrap().figures;
    assert_figures(
        figures,
        &[("gets_per_second", Number(2.0)), ("hit_ratio", Number(0.75)), ("uptime", Unavailable)],
    );
}

#[test]
fn rates_are_withheld_when_the_counters_went_back() {
    let (first, second) = (capture!("first"), capture!("second"));
    let cases: [(&str, Sample, u64, Option<Withheld>); 7] = [
        ("nothing", second.clone(), 2, None),
        ("uptime goes back", changed(&second, "uptime", "3"), 3, Some(Withheld::Restart)),
        ("another process", changed(&second, "pid", "1"), 2, Some(Withheld::Restart)),
        ("younger than the interval", second.clone(), 60, Some(Withheld::Restart)),
        ("a tick behind", second.clone(), 11, None),
        ("stats reset", changed(&second, "cmd_get", "3"), 2, Some(Withheld::Reset)),
        ("one counter goes back", changed(&second, "conn_yields", "-1"), 2, None),
    ];
    for (name, now, seconds, withheld) in cases {
        let stats = ServerStats::sampled(&first, now, Duration::from_secs(seconds));
        let interval = stats.interval.as_ref().unwrap();
        assert_eq!(interval.period.withheld, withheld, "{name}");
        let expected = if withheld.is_some() { Unavailable } else { Number(600.0 / seconds as f64) };
        assert_figures(&interval.figures, &[("evictions_per_second", expected), ("items", Number(2096.0))]);
        if withheld.is_some() {
            let rates = [
                "hit_ratio",
                "misses",
                "evicted_age",
                "out_of_memory",
                "connection_churn",
                "cpu",
                "too_large",
            ];
            assert_figures(&interval.figures, &rates.map(|name| (name, Unavailable)));
        }
    }
    let odd = ServerStats::sampled(&first, changed(&second, "conn_yields", "-1"), Duration::from_secs(2));
    assert_figures(&odd.interval.unwrap().figures, &[("yields", Unavailable), ("misses", Number(100.0))]);
}

#[test]
fn a_class_that_evicted_once_long_ago_does_not_set_the_age() {
    let items = |rare: u32| {
        format!(
            "items:1:number 5\nitems:1:evicted {rare}\nitems:1:evicted_time 2\n\
             items:7:number 5\nitems:7:evicted 990\nitems:7:evicted_time 86400"
        )
    };
    for (rare, expected) in [(0, 86_400.0), (1, 86_400.0), (10, 2.0)] {
        let sample = Sample { items: Some(rows(&items(rare))), ..general("evictions 1000") };
        assert_figures(&ServerStats::single(sample).lifetime.figures, &[("evicted_age", Number(expected))]);
    }
}

#[test]
fn waste_is_known_where_either_listing_tells_what_was_requested() {
    let slabs = "1:chunk_size 100\n1:total_chunks 10\n2:chunk_size 200\n2:total_chunks 5\nactive_slabs 2";
    let with = |items: &str, more: &str| {
        let sample = Sample {
            items: Some(rows(items)),
            slabs: Some(rows(&format!("{slabs}\n{more}"))),
            ..Sample::default()
        };
        figure(&ServerStats::single(sample).lifetime.figures, "slab_waste")
    };
    // Since 1.5 `stats items` tells it, and leaves out a class without items.
    assert_eq!(with("items:1:number 5\nitems:1:mem_requested 500", ""), Number(0.75));
    assert_eq!(with("items:1:mem_requested 500\nitems:2:mem_requested 1000", ""), Number(0.25));
    // Up to 1.4 `stats slabs` tells it.
    assert_eq!(with("items:1:number 5", "1:mem_requested 500\n2:mem_requested 0"), Number(0.75));
    assert_eq!(with("items:1:number 5", ""), Unavailable);
    assert_eq!(with("items:1:number 5", "1:mem_requested 500"), Unavailable);
}

#[test]
fn the_connection_limit_may_come_from_the_settings() {
    let sample = Sample { settings: Some(rows("maxconns 10")), ..general("curr_connections 9") };
    assert_figures(&ServerStats::single(sample).lifetime.figures, &[("connections_use", Number(0.9))]);
}

#[test]
fn the_total_is_of_sums_and_its_rates_are_sums_of_rates() {
    let small = "version 1.6.18\nuptime 10\ncmd_get 100\nget_hits 90\nget_misses 10\ncurr_items 10\nbytes 100\nevictions 0";
    let large = "version 1.6.18\nuptime 100\ncmd_get 1000\nget_hits 100\nget_misses 900\ncurr_items 50\nbytes 300\nevictions 2";
    let servers = [small, large].map(|text| ServerStats::single(general(text)));
    let total = Total::new(&[Some(&servers[0]), None, Some(&servers[1])]);
    assert_eq!((total.servers, total.up), (3, 2));
    let expected = [
        ("uptime", Number(10.0)),
        ("gets_per_second", Number(20.0)),
        ("hit_ratio", Number(190.0 / 1100.0)),
        ("misses", Number(910.0)),
        ("items", Number(60.0)),
        ("bytes_per_item", Number(400.0 / 60.0)),
        ("skew_items", Number(50.0 / 30.0)),
        ("skew_bytes", Number(1.5)),
        ("skew_gets", Number(1.0)),
        ("evicted_age", Unavailable),
        ("memory_use", Unavailable),
    ];
    assert_figures(&total.lifetime.figures, &expected);
    assert_eq!(total.field("evictions").map(|field| field.figure), Some(Number(2.0)));
    assert_eq!(total.field("uptime").map(|field| field.figure), Some(Number(10.0)));
    assert_eq!(total.field("pid"), None);
    assert_eq!(total.field("mixed_versions").map(|field| field.figure), Some(Number(0.0)));
}

#[test]
fn a_figure_that_one_server_lacks_is_unavailable_in_the_total() {
    let full = ServerStats::single(capture!("first"));
    let hosted = ServerStats::single(general("cmd_get 10\nget_hits 9\nget_misses 1\ncurr_items 5\nbytes 10"));
    let total = Total::new(&[Some(&full), Some(&hosted)]);
    let expected = [
        ("hit_ratio", Number(159.0 / 183.0)),
        ("items", Number(2101.0)),
        ("gets_per_second", Unavailable),
        ("slab_waste", Unavailable),
        ("evicted_age", Unavailable),
        ("skew_gets", Number(173.0 / 91.5)),
    ];
    assert_figures(&total.lifetime.figures, &expected);
    assert_eq!(total.field("mixed_versions").map(|field| field.figure), Some(Unavailable));
}

#[test]
fn the_total_of_real_servers_has_the_waste_of_all_classes_and_the_youngest_victim() {
    let servers = [capture!("second"), capture!("first"), capture!("refusing")].map(ServerStats::single);
    let total = Total::new(&servers.each_ref().map(Some));
    let (mut capacity, mut requested) = (0.0, 0.0);
    for class in servers.iter().flat_map(|server| &server.lifetime.period.classes) {
        capacity += class.capacity().unwrap();
        requested += class.mem_requested.unwrap();
    }
    let expected = [
        ("slab_waste", Number(1.0 - requested / capacity)),
        ("evicted_age", Number(0.0)),
        ("out_of_memory", Number(2230.0)),
        ("misses", Number(146.0)),
    ];
    assert_figures(&total.lifetime.figures, &expected);
}

#[test]
fn an_interval_total_needs_every_server() {
    let sampled = ServerStats::sampled(&capture!("first"), capture!("second"), Duration::from_secs(2));
    let restarted = changed(&capture!("second"), "uptime", "1");
    let restarted = ServerStats::sampled(&capture!("first"), restarted, Duration::from_secs(2));
    let single = ServerStats::single(capture!("first"));
    let hit_ratio = |servers: &[Option<&ServerStats>]| {
        Total::new(servers).interval.map(|interval| figure(&interval.figures, "hit_ratio"))
    };
    assert_eq!(hit_ratio(&[Some(&sampled), Some(&sampled), None]), Some(Number(0.8)));
    assert_eq!(hit_ratio(&[Some(&sampled), Some(&restarted)]), Some(Unavailable));
    assert_eq!(hit_ratio(&[Some(&sampled), Some(&single)]), None);
    assert_eq!(hit_ratio(&[None]), None);
    for (name, _, figure) in Total::new(&[None]).lifetime.figures.0 {
        assert_eq!(figure, Unavailable, "{name}");
    }
}

#[test]
fn mixed_versions_are_seen() {
    let of = |versions: &[&str]| {
        let servers: Vec<ServerStats> =
            versions.iter().map(|version| ServerStats::single(general(version))).collect();
        let total = Total::new(&servers.iter().map(Some).collect::<Vec<_>>());
        (total.field("mixed_versions").unwrap().figure, total.versions.len())
    };
    assert_eq!(of(&["version 1.6.18", "version 1.6.18"]), (Number(0.0), 1));
    assert_eq!(of(&["version 1.6.18", "version 1.6.9"]), (Number(1.0), 2));
    assert_eq!(of(&["version 1.6.18", "bytes 1", "version 1.5.0"]), (Number(1.0), 2));
    assert_eq!(of(&["version 1.6.18", "bytes 1"]), (Unavailable, 1));
}

#[test]
fn checks_of_real_statistics() {
    let sampled = ServerStats::sampled(&capture!("first"), capture!("second"), Duration::from_secs(2));
    let total = Total::new(&[Some(&sampled)]);
    let cases = [
        ("hit_ratio<80%", Some(0.8), true),
        ("hit_ratio<=80%", Some(0.8), false),
        ("lifetime.hit_ratio<81%", Some(550.0 / 673.0), true),
        ("interval.hit_ratio<81%@total", Some(0.8), false),
        ("evictions>0", Some(2146.0), false),
        ("interval.evictions>600", Some(600.0), true),
        ("interval.auth_errors>0", Some(0.0), true),
        ("evicted_age<10m", Some(5.0), false),
        ("uptime<5m", Some(9.0), false),
        ("memory_use>90%", Some(2_781_779.0 / 4_194_304.0), true),
        ("limit_maxbytes==4M", Some(4_194_304.0), false),
        ("items:12:mem_requested>1k", Some(1_891_940.0), false),
        ("12:chunk_size>1k@any", Some(1184.0), false),
        ("time_in_listen_disabled_us>1ms", Some(0.0), true),
        ("rusage_user>1s", Some(0.024781), true),
        ("skew_items>1.5", Some(1.0), true),
        ("mixed_versions>0", Some(0.0), true),
        ("pid>0@total", None, false),
        ("interval.bytes>0", Some(2_781_779.0), false),
    ];
    for (text, value, ok) in cases {
        let sources = [Source { name: "a:11211", fields: Some(&sampled) }];
        let check = Expression::parse(text).unwrap().evaluate(&sources, &total).unwrap();
        assert_eq!((check.value, check.ok), (value, ok), "{text}");
    }
    let sources = [Source { name: "a:11211", fields: Some(&sampled) }];
    for (text, hint) in
        [("hitratio<1", "did you mean hit_ratio?"), ("version>1", "-o json"), ("eviction>0", "evictions?")]
    {
        let error = Expression::parse(text).unwrap().evaluate(&sources, &total).unwrap_err();
        assert!(error.hint().contains(hint), "{text}: {}", error.hint());
    }
}

#[test]
fn json_shows_raw_fields_as_numbers_and_versions_as_text() {
    let raw = rows(
        "version 1.6\nlibevent 2.1\nuptime 7\nrusage_user 0.5\nbig 18446744073709551615\nword NULL\nuptime 8\nodd 1e5\nminus -3",
    );
    assert_eq!(
        serde_json::to_string(&raw).unwrap(),
        r#"{"version":"1.6","libevent":"2.1","uptime":7,"rusage_user":0.5,"big":18446744073709551615,"word":"NULL","odd":"1e5","minus":-3}"#
    );
}

#[test]
fn json_of_derived_figures_names_the_interval_only_when_there_is_one() {
    let single = ServerStats::single(capture!("first"));
    let json = serde_json::to_value(&single).unwrap();
    assert_eq!(json["version"], "1.6.18");
    assert_eq!(json["uptime"], 7);
    assert_eq!(json["misses_expired"], 11);
    assert_eq!(json.get("interval"), None);
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).skip(1).collect();
    assert_eq!(names, derived_names().collect::<Vec<_>>());
    let sampled = ServerStats::sampled(&capture!("first"), capture!("second"), Duration::from_millis(2500));
    let json = serde_json::to_value(&sampled).unwrap();
    assert_eq!(json["interval"]["seconds"], 2.5);
    assert_eq!(json["interval"]["withheld"], Value::Null);
    assert_eq!(json["interval"]["hit_ratio"], 0.8);
    let total = serde_json::to_value(Total::new(&[Some(&sampled), None])).unwrap();
    assert_eq!((&total["servers"], &total["up"]), (&Value::from(2), &Value::from(1)));
    assert_eq!(total["skew_items"], 1);
    assert_eq!(total["mixed_versions"], 0);
    assert_eq!(total["interval"]["hit_ratio"], 0.8);
}

#[test]
fn hostile_statistics_do_no_harm() {
    let texts = [
        "uptime -1\ncmd_get -5\nget_hits 99999999999999999999999\nget_misses nan",
        "uptime 0\ncmd_get 5\nlimit_maxbytes 0\nbytes 5",
        "items:4294967296:number 5\nitems::number 5\nitems:-1:number 5\n::: 5\nitems:1: 5",
        "evictions inf\nthreads 0\nrusage_user 1\nrusage_system 1",
    ];
    for text in texts {
        let sample = Sample { items: Some(rows(text)), slabs: Some(rows(text)), ..general(text) };
        let stats = ServerStats::sampled(&sample.clone(), sample, Duration::ZERO);
        let total = Total::new(&[Some(&stats), Some(&stats)]);
        for figures in
            [&stats.lifetime.figures, &stats.interval.as_ref().unwrap().figures, &total.lifetime.figures]
        {
            assert!(figures.0.iter().all(|(_, _, figure)| figure.number().is_none_or(f64::is_finite)));
        }
        assert!(serde_json::to_string(&stats).is_ok());
    }
    let mut rows = Rows::default();
    rows.push(b"\xff\x00", b"\xfe");
    assert_eq!(rows.iter().next(), Some(("\u{fffd}\0", "\u{fffd}")));
    assert_eq!(Period::sum(&[]), Period::default());
}
