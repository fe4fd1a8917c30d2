//! Time limits against servers that keep moving without getting anywhere.

use std::time::{Duration, Instant};

use crate::harness::{Cachier, Fake, Script};

#[test]
fn a_handshake_that_drips_ends_with_the_time_limit() {
    // The head of a TLS record of 16 KiB, and then a byte now and then.
    let record = [&b"\x16\x03\x03\x40\x00"[..], &[2; 400]].concat();
    let fake = Fake::once(Script::new().take(100).send_slowly(record, Duration::from_millis(50)));
    let begun = Instant::now();
    let run =
        Cachier::new(["get", "k", "-s", &fake.address(), "--tls-insecure", "--connect-timeout", "200ms"]);
    run.run().code(3).stderr_has("200 ms").stderr_has("TLS");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_line_that_drips_is_given_up_in_the_end() {
    let fake = Fake::once(Script::new().take(8).send_slowly([b'x'; 600], Duration::from_millis(20)));
    let begun = Instant::now();
    Cachier::new(["get", "k", "-s", &fake.address(), "--timeout", "50ms"]).run().code(3);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
