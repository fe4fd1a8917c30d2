//! Tables of literals and the `repr` of what they say.

use super::*;
use crate::python::repr;

/// Checks the `repr` of a literal in one Python; an empty text stands for an error.
fn check(python: &str, literal: &str, expected: &str) {
    let python = python.parse().unwrap();
    let found = parse(literal, python).map(|value| repr(&value, python));
    assert_eq!(found.as_deref().unwrap_or_default(), expected, "{literal} {found:?}");
}

#[test]
fn numbers_come_in_any_spelling() {
    for (literal, expected) in [
        ("0x1F", "31"),
        ("0X_1f", "31"),
        ("1_000", "1000"),
        ("0o17", "15"),
        ("0b_101", "5"),
        ("00", "0"),
        ("-5", "-5"),
        ("--5", "5"),
        ("~5", "-6"),
        (" + 7 ", "7"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("1_0.0_1e1_0", "100100000000.0"),
        ("1E5", "100000.0"),
        ("1e-5", "1e-05"),
        ("1e999", "inf"),
        ("-1e999", "-inf"),
        ("-0.0", "-0.0"),
        ("012.5", "12.5"),
        ("1j", "1j"),
        ("1-2j", "(1-2j)"),
        ("(1.5 + 2e3J)", "(1.5+2000j)"),
        ("-1j", "(-0-1j)"),
        ("010j", "10j"),
        ("012", ""),
        ("1__0", ""),
        ("1_", ""),
        ("0x", ""),
        ("0xg", ""),
        ("1a", ""),
        ("1e", ""),
        ("1.2.3", ""),
        ("5L", ""),
        ("-'a'", ""),
        ("1+2", ""),
        ("1 2", ""),
        ("1,", ""),
    ] {
        check("3.11", literal, expected);
    }
}

#[test]
fn mixed_arithmetic_changed_with_python_3_14() {
    check("3.13", "-0.0-0j", "(-0+0j)");
    check("3.14", "-0.0-0j", "(-0-0j)");
}

#[test]
fn strings_come_in_any_spelling() {
    for (literal, expected) in [
        ("'a' \"b\" '''c'''", "'abc'"),
        ("r'\\d'", "'\\\\d'"),
        ("R'\\''", "\"\\\\'\""),
        ("u'x'", "'x'"),
        ("U\"it's\"", "\"it's\""),
        ("'\\x41\\u00e9\\U0001F600\\101\\7\\0'", "'A\u{e9}\u{1f600}A\\x07\\x00'"),
        ("'\\N{LATIN SMALL LETTER E WITH ACUTE}'", "'\u{e9}'"),
        ("'\\a\\b\\f\\v\\n\\r\\t\\\\\\'\\\"\\q'", "'\\x07\\x08\\x0c\\x0b\\n\\r\\t\\\\\\'\"\\\\q'"),
        ("'''a\r\nb\rc'''", "'a\\nb\\nc'"),
        ("'''it's \"'''", "'it\\'s \"'"),
        ("'a\\\nb'", "'ab'"),
        ("''", "''"),
        ("'' ''", "''"),
        ("'\\ud800\\777'", "'\\ud800\u{1ff}'"),
        ("b'raw\\xff\\377\\u0041'", "b'raw\\xff\\xff\\\\u0041'"),
        ("rb'\\x' BR\"'\"", "b\"\\\\x'\""),
        ("b'\\N{x}'", "b'\\\\N{x}'"),
        ("'\\x4'", ""),
        ("'\\u123'", ""),
        ("'\\U00110000'", ""),
        ("'\\N{NO SUCH CHARACTER}'", ""),
        ("'open", ""),
        ("'''open''", ""),
        ("'\\", ""),
        ("'a\nb'", ""),
        ("b'\u{e9}'", ""),
        ("'a' b'b'", ""),
        ("f'{x}'", ""),
        ("ur'x'", ""),
        ("bu'x'", ""),
    ] {
        check("3.11", literal, expected);
    }
}

#[test]
fn containers_nest_and_repeated_keys_join() {
    for (literal, expected) in [
        ("()", "()"),
        ("(1)", "1"),
        ("(1,)", "(1,)"),
        ("[1, 'two', (3,),]", "[1, 'two', (3,)]"),
        ("{'b': 1, 'a': 2, 'b': 3}", "{'b': 3, 'a': 2}"),
        ("{1: 'a', True: 'b', 1.0: 'c'}", "{1: 'c'}"),
        ("{0.5: 1, 'x': {}, (1, 2): [],}", "{0.5: 1, 'x': {}, (1, 2): []}"),
        ("{1, 1.0, True}", "{1}"),
        ("{frozenset()}", "{frozenset()}"),
        ("set()", "set()"),
        ("frozenset([1, 1])", "frozenset({1})"),
        ("...", "Ellipsis"),
        ("[None, True, False, Ellipsis]", "[None, True, False, Ellipsis]"),
        ("range(5)", "range(0, 5)"),
        ("slice(1, 2)", "slice(1, 2, None)"),
        ("float('-inf')", "-inf"),
        ("bytearray(b'x')", "bytearray(b'x')"),
        ("[1 2]", ""),
        ("[,]", ""),
        ("(,)", ""),
        ("{1: 2, 3}", ""),
        ("{1, 2: 3}", ""),
        ("{[]: 1}", ""),
        ("{([],)}", ""),
        ("[1", ""),
        ("(1]", ""),
        ("", ""),
        ("x", ""),
        ("none", ""),
        ("os.system('x')", ""),
        ("[].append", ""),
    ] {
        check("3.11", literal, expected);
    }
}

#[test]
fn known_classes_come_in_normal_form() {
    for (literal, expected) in [
        ("Decimal('1.10')", "Decimal('1.10')"),
        ("decimal.Decimal(' 1E5 ')", "Decimal('1E+5')"),
        ("Decimal('0.0000001')", "Decimal('1E-7')"),
        ("Decimal('0.000001')", "Decimal('0.000001')"),
        ("Decimal('-007.50e2')", "Decimal('-750')"),
        ("Decimal('0e-9')", "Decimal('0E-9')"),
        ("Decimal('123e-10')", "Decimal('1.23E-8')"),
        ("Decimal('-inf')", "Decimal('-Infinity')"),
        ("Decimal('nan')", "Decimal('NaN')"),
        ("Decimal(5)", "Decimal('5')"),
        ("Decimal(0.1)", "Decimal('0.1000000000000000055511151231257827021181583404541015625')"),
        ("Decimal(-1e22)", "Decimal('-10000000000000000000000')"),
        ("Decimal('x')", ""),
        ("UUID('{12345678-1234-5678-1234-56781234567A}')", "UUID('12345678-1234-5678-1234-56781234567a')"),
        ("uuid.UUID(int=255)", "UUID('00000000-0000-0000-0000-0000000000ff')"),
        ("UUID('1234')", ""),
        ("datetime.date(2024, 2, 29)", "datetime.date(2024, 2, 29)"),
        ("date(year=2024, month=2, day=30)", ""),
        ("datetime.datetime(2024, 2, 29)", "datetime.datetime(2024, 2, 29, 0, 0)"),
        ("datetime.datetime(2024, 2, 29, 12, 0, 0, 5)", "datetime.datetime(2024, 2, 29, 12, 0, 0, 5)"),
        (
            "datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc, fold=1)",
            "datetime.datetime(2024, 2, 29, 0, 0, fold=1, tzinfo=datetime.timezone.utc)",
        ),
        ("datetime.time(23, 59, 0)", "datetime.time(23, 59)"),
        ("datetime.time(24)", ""),
        ("datetime.timedelta(seconds=-86395)", "datetime.timedelta(days=-1, seconds=5)"),
        ("datetime.timedelta(hours=1.5, weeks=1)", "datetime.timedelta(days=7, seconds=5400)"),
        ("datetime.timedelta(microseconds=0.5)", "datetime.timedelta(0)"),
        ("datetime.timedelta(microseconds=1.5)", "datetime.timedelta(microseconds=2)"),
        ("datetime.timedelta(0)", "datetime.timedelta(0)"),
        ("datetime.timezone(datetime.timedelta(0))", "datetime.timezone.utc"),
        (
            "datetime.timezone(datetime.timedelta(hours=-1), 'x')",
            "datetime.timezone(datetime.timedelta(days=-1, seconds=82800), 'x')",
        ),
        ("datetime.timezone(datetime.timedelta(1))", ""),
        ("datetime.timedelta(days=1000000000)", ""),
        ("datetime.date(2024, 2)", ""),
        ("datetime.date", ""),
    ] {
        check("3.11", literal, expected);
    }
}

#[test]
fn python_2_reads_bytes_longs_and_octals() {
    for (literal, expected) in [
        ("u'caf\\xe9'", "u'caf\\xe9'"),
        ("u'\u{e9}'", "u'\\xe9'"),
        ("'bytes'", "'bytes'"),
        ("'\u{e9}\\u0041'", "'\\xc3\\xa9\\\\u0041'"),
        ("ur'\\u00e9\\d'", "u'\\xe9\\\\d'"),
        ("'a' u'b'", "u'ab'"),
        ("5L", "5L"),
        ("-1j", "-1j"),
        ("-(1j)", "(-0-1j)"),
        ("-0x1fl", "-31L"),
        ("0777", "511"),
        ("9223372036854775808", "9223372036854775808L"),
        ("set([1])", "set([1])"),
        ("{'a': 1}", "{'a': 1}"),
        // A list of many numbers there.
        ("range(3)", ""),
    ] {
        check("2.7", literal, expected);
    }
}

#[test]
fn errors_name_the_character() {
    for (literal, expected) in [
        ("[1, x]", "not a Python literal at character 5: x is a name, not a literal"),
        ("'\\N{-a}'", "not a Python literal at character 2: broken escape in a string"),
        ("'é' ]", "not a Python literal at character 5: unexpected ']'"),
        ("(1, ", "not a Python literal at character 5: the text ends here"),
        ("date(1)", "not a Python literal at character 1: datetime.date() does not take these arguments"),
    ] {
        let error = parse(literal, PythonVersion::DEFAULT).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn deep_and_repeated_nesting_ends_quickly() {
    for open in ["[", "{", "(", "set((", "{1: ", "-"] {
        assert!(parse(&open.repeat(100_000), PythonVersion::DEFAULT).is_err(), "{open}");
    }
    let deepest = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(parse(&deepest, PythonVersion::DEFAULT).is_ok());
    assert!(parse(&format!("[{deepest}]"), PythonVersion::DEFAULT).is_err());
}

#[test]
fn arguments_of_a_call_are_positional_then_named() {
    let python = PythonVersion::DEFAULT;
    let (positional, keywords) = parse_arguments("1, 'a', b=2, c=[3],", python).unwrap();
    assert_eq!(positional.len(), 2);
    let shown: Vec<String> =
        keywords.iter().map(|(name, value)| format!("{name}={}", repr(value, python))).collect();
    assert_eq!(shown, ["b=2", "c=[3]"]);
    assert!(parse_arguments("", python).unwrap().0.is_empty());
    for wrong in ["a=1, 2", "1 2", ",", "a=", "=1"] {
        assert!(parse_arguments(wrong, python).is_err(), "{wrong}");
    }
}
