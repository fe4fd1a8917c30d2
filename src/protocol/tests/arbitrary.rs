//! Arbitrary bytes and numbers.

use proptest::prelude::*;

use super::super::*;
use super::*;

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(input in arbitrary_input(), opaque in 0u32..3, quiet: bool) {
        let k = key(b"k");
        for request in all_requests(&k) {
            let expected = Expected::of(&request, Options { quiet, opaque });
            for dialect in [Dialect::Classic, Dialect::Meta, Dialect::Binary] {
                for limits in [LIMITS, Limits { value: usize::MAX, line: usize::MAX }, Limits { value: 0, line: 0 }] {
                    if let Ok(Some((_, length))) = decode(dialect, expected, &limits, &input) {
                        prop_assert!(length > 0 && length <= input.len());
                    }
                    let head = peek(dialect, &limits, &input);
                    prop_assert!(head.is_ok() || dialect != Dialect::Classic || limits.line == 0);
                }
            }
        }
    }

    #[test]
    fn numbers_are_written_as_std_writes_them(number: u64) {
        let mut out = Vec::new();
        line::push_number(&mut out, number);
        prop_assert_eq!(&out, &number.to_string().into_bytes());
        prop_assert_eq!(line::number(&out), Some(number));
    }
}

/// Bytes that get past the first checks often enough.
fn arbitrary_input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "VALUE ",
        "VA ",
        "HD ",
        "EN",
        "ME ",
        "STAT ",
        "END",
        "k ",
        "O1 ",
        "O2 ",
        "f",
        "c",
        "t-",
        "exp=",
        "1 ",
        "9999999999 ",
        "3 ",
        "abc",
        "\r\n",
        "\n",
        "MN\r\n",
        " ",
        "CLIENT_ERROR ",
        "\u{0}",
    ]);
    let text = prop::collection::vec(word, 0..12).prop_map(|words| words.concat().into_bytes());
    let header =
        (0u8..0x25, 0u8..3, any::<[u8; 3]>(), 0u32..40, 0u32..3, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(opcode, key, [extras, status, _], body, opaque, rest)| {
                let mut bytes = vec![0x81, opcode, 0, key, extras % 6, 0, 0, status % 8];
                bytes.extend(body.to_be_bytes());
                bytes.extend(opaque.to_be_bytes());
                bytes.extend([0; 8]);
                bytes.extend(rest);
                bytes
            });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..64), text, header]
}

fn all_requests(k: &Key) -> Vec<Request<'_>> {
    let expiry = Expiry::NEVER;
    vec![
        Request::Arithmetic { key: k, direction: Direction::Increment, delta: 1, initial: None },
        Request::Debug { key: k },
        Request::Delete { key: k, cas: None },
        Request::FlushAll { delay: 0 },
        Request::Get { key: k },
        Request::GetAndTouch { key: k, expiry },
        Request::Inspect { key: k },
        Request::Noop,
        Request::Quit,
        Request::SaslAuth { mechanism: b"PLAIN", response: b"" },
        Request::SaslList,
        Request::SaslStep { mechanism: b"PLAIN", response: b"" },
        Request::Stats { argument: b"" },
        store(StoreMode::Add, k, None),
        store(StoreMode::Append, k, Some(1)),
        store(StoreMode::Set, k, Some(1)),
        Request::Touch { key: k, expiry },
        Request::Verbosity { level: 0 },
        Request::Version,
    ]
}
