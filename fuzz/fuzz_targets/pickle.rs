//! Pickles: nothing panics, and what can be written again reads back the same.
#![no_main]

use cachier::codec::plain;
use cachier::codec::render;
use cachier::codec::typed;
use cachier::codec::typed::Detail;
use cachier::python::pickle;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(pickle) = pickle::read_prefix(bytes, LIMIT) else { return };
    assert!(pickle.length <= bytes.len());
    let tree = typed::tree(&pickle.value, Detail::Full);
    let _ = plain::json(&pickle.value);
    let _ = render::python_like(&pickle.value);
    let _ = render::response(&pickle.value);
    for protocol in 0..=5 {
        let Ok(written) = pickle::write(&pickle.value, protocol) else { continue };
        if let Ok(again) = pickle::read(&written, 4 * LIMIT) {
            assert_eq!(typed::tree(&again.value, Detail::Full), tree);
        }
    }
});
