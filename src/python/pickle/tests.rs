//! What pickles are read as, and that nothing they hold gets out of hand.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;
use crate::python::Object;
use crate::python::Text;

const LIMIT: usize = 1 << 20;

fn shown(bytes: &[u8]) -> String {
    match read(bytes, LIMIT) {
        Ok(pickle) => format!("{:?}", pickle.value),
        Err(error) => error.to_string(),
    }
}

/// A value from its debug text is unwieldy, so the expected side is built and compared as debug text.
fn same(bytes: &[u8], expected: &Value) {
    assert_eq!(shown(bytes), format!("{expected:?}"), "{}", bytes.escape_ascii());
}

fn int(number: i64) -> Value {
    Value::Int(BigInt::from(number))
}

#[test]
fn shared_containers_are_read_as_they_end_up() {
    // l = []; [l, l] where l is filled between its two uses.
    let list = Value::List(vec![int(1)]);
    same(b"(]q\x00h\x00K\x01at.", &Value::Tuple(vec![list.clone(), list]));
}

#[test]
fn a_container_in_itself_is_marked() {
    same(b"]q\x00h\x00a.", &Value::List(vec![Value::Verbatim("[...]".to_owned())]));
    let inner = (int(1), Value::Verbatim("{...}".to_owned()));
    same(b"}q\x00K\x01h\x00s.", &Value::Dict(vec![inner]));
}

#[test]
fn harmless_calls_are_evaluated() {
    same(b"c__builtin__\nset\n(]K\x01atR.", &Value::Set(vec![int(1)]));
    same(b"cbuiltins\nfrozenset\n)R.", &Value::FrozenSet(vec![]));
    same(b"c_codecs\nencode\n(V\xFF\nVlatin1\ntR.", &Value::Bytes(vec![0xFF]));
    same(b"c__builtin__\nbytes\n)R.", &Value::Bytes(vec![]));
    same(b"c__builtin__\nbytearray\n(Vab\nVlatin-1\ntR.", &Value::ByteArray(b"ab".to_vec()));
    let range = |start: i32, stop: i32, step: i32| Value::Range(start.into(), stop.into(), step.into());
    same(b"c__builtin__\nxrange\n(K\x00K\x05K\x01tR.", &range(0, 5, 1));
    same(b"cbuiltins\nslice\n(K\x01NNtR.", &Value::Slice(Box::new([int(1), Value::None, Value::None])));
    same(b"c__builtin__\ncomplex\n(F1.0\nF-2.5\ntR.", &Value::Complex(1.0, -2.5));
}

#[test]
fn every_other_call_stays_a_name_with_arguments() {
    let object =
        |class: &str, args: Vec<Value>| Object { class: class.to_owned(), args, ..Object::default() };
    same(
        b"cposix\nsystem\n(Vrm -rf /\ntR.",
        &Value::Object(Box::new(object("posix.system", vec![Value::Str("rm -rf /".into())]))),
    );
    same(
        b"c_codecs\nencode\n(Vab\nVrot13\ntR.",
        &Value::Object(Box::new(object(
            "_codecs.encode",
            vec![Value::Str("ab".into()), Value::Str("rot13".into())],
        ))),
    );
    same(
        b"ccopy_reg\n_reconstructor\n(capp\nA\nc__builtin__\nobject\nNtR(dV1\nI2\nsb.",
        &Value::Object(Box::new(Object {
            state: Some(Value::Dict(vec![(Value::Str("1".into()), int(2))])),
            ..object(
                "copy_reg._reconstructor",
                vec![
                    Value::Global("app.A".to_owned()),
                    Value::Global("builtins.object".to_owned()),
                    Value::None,
                ],
            )
        })),
    );
    same(
        b"c__builtin__\ngetattr\n(capp\nOuter\nVInner\ntR)R.",
        &Value::Object(Box::new(object("app.Outer.Inner", vec![]))),
    );
    same(
        b"(iapp\nOld\n(dVa\nI1\nsb.",
        &Value::Object(Box::new(Object {
            state: Some(Value::Dict(vec![(Value::Str("a".into()), int(1))])),
            ..object("app.Old", vec![])
        })),
    );
}

#[test]
fn what_is_no_pickle_says_where() {
    for (bytes, expected) in [
        (b"".as_slice(), "the pickle is cut off: its 0 bytes end in the middle"),
        (b"\x80\x06N.", "pickle protocol 6 is not known"),
        (b"N\xFF.", "not a pickle: 0xff at byte 1 is no opcode"),
        (b"Pid\n.", "the pickle uses a persistent id at byte 0, which only its writer can resolve"),
        (b"\x82\x01.", "the pickle uses the extension registry at byte 0, which only its writer can resolve"),
        (b"\x97.", "the pickle uses an out-of-band buffer at byte 0, which only its writer can resolve"),
        (b"N.N.", "2 bytes follow the end of the pickle"),
        (b".", "malformed pickle: an operation on an empty stack at byte 0"),
        (b"h\x00.", "malformed pickle: a memo number that was not given at byte 0"),
        (b"X\xFF\xFF\xFF\xFFab", "the pickle is cut off: its 7 bytes end in the middle"),
        (b"\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFab", "the pickle is cut off"),
        (b"\x95\xFF\x00\x00\x00\x00\x00\x00\x00N.", "the pickle is cut off"),
        (b"\x8C\x01\xFF.", "malformed pickle: a string that is not in its encoding at byte 0"),
        (b"Ix\n.", "malformed pickle: an integer that is none, or too long at byte 0"),
        (b"(K\x01d.", "malformed pickle: a key without a value at byte 3"),
        (b"K\x01K\x02a.", "malformed pickle: items for what has none at byte 4"),
    ] {
        let got = shown(bytes);
        assert!(got.starts_with(expected), "{}: {got}", bytes.escape_ascii());
    }
}

#[test]
fn bytes_behind_the_end_are_left_to_who_allows_them() {
    let pickle = read_prefix(b"\x80\x02K\x07.stale", LIMIT).unwrap();
    assert_eq!((pickle.protocol, pickle.length), (2, 5));
    assert_eq!(read(b"N.x", LIMIT).unwrap_err(), PickleError::TrailingBytes { count: 1 });
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| [b"]".repeat(levels), b"a".repeat(levels - 1), b".".to_vec()].concat();
    assert!(read(&nested(MAX_DEPTH), LIMIT).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1), LIMIT).unwrap_err(), PickleError::TooDeep { limit: MAX_DEPTH });
    assert_eq!(read(&nested(20_000), LIMIT).unwrap_err(), PickleError::TooDeep { limit: MAX_DEPTH });
}

#[test]
fn exponential_sharing_is_cut_off() {
    // Each level is a tuple of the level before, twice.
    let mut bomb = b"K\x01".to_vec();
    for level in 0..60_u8 {
        bomb.extend([b'q', level, b'h', level, opcode::TUPLE2]);
    }
    bomb.push(b'.');
    assert_eq!(read(&bomb, 1 << 26).unwrap_err(), PickleError::TooLarge);
}

#[test]
fn copies_by_calls_are_cut_off() {
    // set(list) again and again from the memo: quadratic.
    let mut bomb = b"cbuiltins\nset\nq\x00](".to_vec();
    bomb.extend(b"N".repeat(100_000));
    bomb.extend(b"e\x85q\x01");
    bomb.extend(b"h\x00h\x01R0".repeat(100_000));
    bomb.push(b'.');
    assert_eq!(read(&bomb, 1 << 26).unwrap_err(), PickleError::TooLarge);
}

fn value() -> impl Strategy<Value = Value> {
    let text = proptest::collection::vec(prop_oneof![0..0x80_u32, 0..0x300_u32, 0..0x11_0000_u32], 0..12)
        .prop_map(|points| {
            let mut text = Text::default();
            for point in points {
                text.push(point);
            }
            text
        });
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(|number| Value::Int(number.into())),
        any::<i128>().prop_map(|number| Value::Int(number.into())),
        any::<f64>().prop_filter("nan", |number| !number.is_nan()).prop_map(Value::Float),
        (-1e3..1e3, -1e3..1e3).prop_map(|(real, imaginary)| Value::Complex(real, imaginary)),
        text.prop_map(Value::Str),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::ByteArray),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Py2Str),
        proptest::collection::vec(any::<u8>(), 300..400).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let items = proptest::collection::vec(inner.clone(), 0..5);
        let pairs = proptest::collection::vec((inner.clone(), inner), 0..4);
        prop_oneof![
            items.clone().prop_map(Value::List),
            items.clone().prop_map(Value::Tuple),
            items.clone().prop_map(Value::Set),
            items.prop_map(Value::FrozenSet),
            pairs.prop_map(Value::Dict),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in value(), protocol in 0..=5_u8) {
        let pickle = write(&value, protocol).unwrap();
        prop_assert_eq!(shown(&pickle), format!("{value:?}"), "{}", pickle.escape_ascii());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(read_prefix(&bytes, LIMIT));
    }

    #[test]
    fn no_mutation_panics(value in value(), protocol in 0..=5_u8, at in any::<prop::sample::Index>(), byte: u8) {
        let mut pickle = write(&value, protocol).unwrap();
        let index = at.index(pickle.len());
        pickle[index] = byte;
        drop(read_prefix(&pickle, LIMIT));
        for cut in 0..pickle.len() {
            drop(read(&pickle[..cut], LIMIT));
        }
    }

    #[test]
    fn no_sequence_of_opcodes_panics(
        codes in proptest::collection::vec(
            proptest::sample::select(b"(.012NK\x01a)]}edltusbRoi\x81\x85\x86\x87\x88\x89\x8F\x90\x91\x92\x93\x94q\x00h\x00cbuiltins\nset\n".to_vec()),
            0..80,
        )
    ) {
        drop(read_prefix(&codes, LIMIT));
    }
}
