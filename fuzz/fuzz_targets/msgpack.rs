//! msgpack, JSON and `marshal`: nothing panics.
#![no_main]

use cachier::codec::json;
use cachier::codec::marshal;
use cachier::codec::msgpack;
use cachier::codec::plain;
use cachier::codec::render;
use cachier::codec::typed;
use cachier::codec::typed::Detail;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let values = [msgpack::read(bytes, LIMIT).ok(), json::read(bytes, LIMIT).ok(), marshal::read(bytes, LIMIT).ok()];
    for value in values.into_iter().flatten() {
        let _ = typed::tree(&value, Detail::Full);
        let _ = render::python_like(&value);
        // What is plain JSON reads back as JSON.
        let text = plain::json(&value).to_string();
        assert!(json::read(text.as_bytes(), usize::MAX).is_ok(), "{text}");
    }
});
