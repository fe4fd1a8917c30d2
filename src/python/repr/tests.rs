//! Tables of values and their texts.

use num_bigint::BigInt;

use super::*;
use crate::python::value::Object;
use crate::python::value::Text;

/// Checks the text of a value in one Python.
fn check(value: &Value, python: &str, expected: &str) {
    assert_eq!(repr(value, python.parse().unwrap()), expected, "Python {python}");
}

/// A text.
fn string(text: &str) -> Value {
    Value::Str(text.into())
}

/// An integer.
fn int(number: i64) -> Value {
    Value::Int(BigInt::from(number))
}

/// An object of a class made from integers.
fn object(class: &str, args: &[i64]) -> Object {
    Object { class: class.to_owned(), args: args.iter().copied().map(int).collect(), ..Object::default() }
}

#[test]
fn floats_have_the_shortest_digits_in_pythons_notation() {
    let cases: [(f64, &str); 21] = [
        (1e22, "1e+22"),
        (1e16, "1e+16"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (1e15, "1000000000000000.0"),
        (1e-4, "0.0001"),
        (1.5e-4, "0.00015"),
        (1e-5, "1e-05"),
        (2.5e-7, "2.5e-07"),
        (1.0, "1.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (123_456_789.125, "123456789.125"),
        (-0.0, "-0.0"),
        (0.0, "0.0"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
        (-f64::NAN, "nan"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (1e100, "1e+100"),
        (-1.25e-10, "-1.25e-10"),
    ];
    for (float, expected) in cases {
        check(&Value::Float(float), "3.11", expected);
    }
}

#[test]
fn complex_numbers_lose_a_positive_zero_and_its_parentheses() {
    let cases: [(f64, f64, &str); 8] = [
        (0.0, 1.0, "1j"),
        (1.0, -2.0, "(1-2j)"),
        (-0.0, 1.0, "(-0+1j)"),
        (0.0, -0.0, "-0j"),
        (1.5, f64::NAN, "(1.5+nanj)"),
        (f64::NAN, f64::NEG_INFINITY, "(nan-infj)"),
        (0.0, f64::INFINITY, "infj"),
        (1e16, 1e-5, "(1e+16+1e-05j)"),
    ];
    for (real, imaginary, expected) in cases {
        check(&Value::Complex(real, imaginary), "3.11", expected);
    }
}

#[test]
fn texts_are_quoted_and_escaped_by_the_tables_of_their_python() {
    for (python, text, expected) in [
        ("3.11", "it's", "\"it's\""),
        ("3.11", "\"both'\"", "'\"both\\'\"'"),
        ("3.11", "a\\b\t\n\r\0\x1f\x7f", "'a\\\\b\\t\\n\\r\\x00\\x1f\\x7f'"),
        ("3.11", "caf\u{e9}\u{a0}\u{ad}\u{200b}\u{e000}", "'caf\u{e9}\\xa0\\xad\\u200b\\ue000'"),
        ("3.11", "\u{1fae8}\u{10ffff}", "'\\U0001fae8\\U0010ffff'"),
        ("3.12", "\u{1fae8}", "'\u{1fae8}'"),
        ("2.7", "caf\u{e9}\u{20ac}\u{1f600}'", "u\"caf\\xe9\\u20ac\\U0001f600'\""),
        ("2.7", "\x7f", "u'\\x7f'"),
    ] {
        check(&string(text), python, expected);
    }
    let mut surrogate = Text::from("a");
    surrogate.push(0xD800);
    check(&Value::Str(surrogate), "3.11", "'a\\ud800'");
}

#[test]
fn bytes_have_a_prefix_in_python_3_only() {
    let bytes = Value::Bytes(b"raw\xff\"\n".to_vec());
    check(&bytes, "3.11", "b'raw\\xff\"\\n'");
    check(&bytes, "2.7", "'raw\\xff\"\\n'");
    check(&Value::Py2Str(b"it's".to_vec()), "2.7", "\"it's\"");
    check(&Value::ByteArray(b"a".to_vec()), "2.7", "bytearray(b'a')");
}

#[test]
fn containers_nest_and_keep_their_order() {
    let nested = Value::Dict(vec![
        (string("b"), Value::Tuple(vec![int(1)])),
        (int(2), Value::List(vec![Value::None, Value::Bool(true), Value::Ellipsis])),
        (Value::Tuple(Vec::new()), Value::Dict(Vec::new())),
    ]);
    check(&nested, "3.11", "{'b': (1,), 2: [None, True, Ellipsis], (): {}}");
    check(&Value::Set(Vec::new()), "3.11", "set()");
    check(&Value::Set(vec![int(1)]), "3.11", "{1}");
    check(&Value::FrozenSet(Vec::new()), "3.11", "frozenset()");
    check(&Value::FrozenSet(vec![int(1)]), "3.11", "frozenset({1})");
    check(&Value::Set(Vec::new()), "2.7", "set([])");
    check(&Value::FrozenSet(vec![int(1)]), "2.7", "frozenset([1])");
    check(&Value::Range(0.into(), 5.into(), 1.into()), "3.11", "range(0, 5)");
    check(&Value::Slice(Box::new([int(1), Value::None, Value::None])), "3.11", "slice(1, None, None)");
}

#[test]
fn integers_are_decimal_of_any_size() {
    let large = BigInt::from(1_u128 << 64);
    check(&Value::Int(large.clone()), "3.11", "18446744073709551616");
    check(&Value::Int(large), "2.7", "18446744073709551616L");
    check(&Value::Int(BigInt::from(i64::MIN)), "2.7", "-9223372036854775808");
    let huge = repr(&Value::Int(-BigInt::from(2).pow(200_000)), PythonVersion::DEFAULT);
    assert!(huge.starts_with("-0x1000") && huge.len() == 50_004, "{}", huge.len());
}

#[test]
fn dates_and_times_leave_out_what_is_zero() {
    let utc = Value::Global("datetime.timezone.utc".to_owned());
    let mut aware = object("datetime.datetime", &[2024, 2, 29, 12, 0, 0, 7]);
    aware.kwargs = vec![(string("tzinfo"), utc.clone()), (string("fold"), int(1))];
    let mut late = object("datetime.time", &[23, 59, 1, 0]);
    late.kwargs = aware.kwargs.clone();
    let mut zone = Object { class: "datetime.timezone".to_owned(), ..Object::default() };
    zone.args = vec![Value::Object(Box::new(object("datetime.timedelta", &[-1, 82800, 0]))), string("x")];
    for (python, object, expected) in [
        ("3.11", object("datetime.date", &[2024, 2, 29]), "datetime.date(2024, 2, 29)"),
        (
            "3.11",
            object("datetime.datetime", &[2024, 2, 29, 12, 0, 0, 0]),
            "datetime.datetime(2024, 2, 29, 12, 0)",
        ),
        ("3.11", object("datetime.datetime", &[2024, 2, 29, 12]), "datetime.datetime(2024, 2, 29, 12)"),
        ("3.11", aware, "datetime.datetime(2024, 2, 29, 12, 0, 0, 7, fold=1, tzinfo=datetime.timezone.utc)"),
        ("3.11", late, "datetime.time(23, 59, 1, tzinfo=datetime.timezone.utc, fold=1)"),
        ("3.11", object("datetime.timedelta", &[-1, 5, 0]), "datetime.timedelta(days=-1, seconds=5)"),
        ("3.11", object("datetime.timedelta", &[0, 0, 0]), "datetime.timedelta(0)"),
        ("3.6", object("datetime.timedelta", &[-1, 5, 0]), "datetime.timedelta(-1, 5)"),
        ("3.6", object("datetime.timedelta", &[0, 0, 9]), "datetime.timedelta(0, 0, 9)"),
        ("3.11", zone, "datetime.timezone(datetime.timedelta(days=-1, seconds=82800), 'x')"),
    ] {
        check(&Value::Object(Box::new(object)), python, expected);
    }
    check(&utc, "3.11", "datetime.timezone.utc");
}

#[test]
fn pickled_states_of_dates_and_uuids_are_unpacked() {
    let mut stamp = Object { class: "datetime.datetime".to_owned(), ..Object::default() };
    stamp.args = vec![Value::Bytes(vec![7, 0xE8, 0x82, 29, 12, 0, 0, 0, 0, 0])];
    check(&Value::Object(Box::new(stamp)), "3.11", "datetime.datetime(2024, 2, 29, 12, 0, fold=1)");
    let mut uuid = Object { class: "uuid.UUID".to_owned(), ..Object::default() };
    uuid.state = Some(Value::Dict(vec![(string("int"), int(255))]));
    check(&Value::Object(Box::new(uuid)), "3.11", "UUID('00000000-0000-0000-0000-0000000000ff')");
    let mut decimal = Object { class: "decimal.Decimal".to_owned(), ..Object::default() };
    decimal.args = vec![string("1.10")];
    check(&Value::Object(Box::new(decimal)), "2.7", "Decimal('1.10')");
}

#[test]
fn only_what_python_may_order_otherwise_is_called_unordered() {
    let pair = vec![int(1), int(2)];
    let entries = vec![(int(1), int(1)), (int(2), int(2))];
    let new = PythonVersion::DEFAULT;
    let old: PythonVersion = "3.5".parse().unwrap();
    assert!(unordered(&Value::List(vec![Value::Set(pair.clone())]), new).is_some());
    assert!(unordered(&Value::FrozenSet(pair.clone()), new).is_some());
    assert!(unordered(&Value::Tuple(pair), new).is_none());
    assert!(unordered(&Value::Dict(entries.clone()), new).is_none());
    assert!(unordered(&Value::Dict(entries), old).is_some());
}
