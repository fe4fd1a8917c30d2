//! The log of a watched server: lines are the same whole and cut, and never take more than there is.
#![no_main]

use cachier::protocol::Limits;
use cachier::protocol::watch;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { value: 1 << 10, line: 1 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let mut scratch = Vec::new();
    let mut rest = bytes;
    while let Ok(Some((_, length))) = watch::next(&LIMITS, rest, &mut scratch) {
        assert!(length > 0 && length <= rest.len());
        let mut other = Vec::new();
        assert!(matches!(watch::next(&LIMITS, &rest[..length - 1], &mut other), Ok(None) | Err(_)));
        let (line, _) = watch::next(&LIMITS, &rest[..length], &mut other).ok().flatten().expect("the same line");
        assert!(!format!("{line:?}").is_empty());
        rest = &rest[length..];
    }
});
