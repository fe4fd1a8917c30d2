//! What each client's flags and bytes are read as.

use super::*;

fn shown(client: Client, flags: u32, stored: &[u8]) -> String {
    let decoded = decode(client, flags, stored, &Options::default());
    match decoded.value {
        DecodedValue::Value(Value::Str(text)) => format!("text {}", text.as_str().unwrap()),
        DecodedValue::Value(Value::Bytes(bytes)) => format!("bytes {}", bytes.escape_ascii()),
        DecodedValue::Value(Value::Int(number)) => format!("int {number}"),
        DecodedValue::Value(Value::Bool(bool)) => format!("bool {bool}"),
        DecodedValue::Opaque { format, payload } => format!("{format} {}", payload.escape_ascii()),
        DecodedValue::Unreadable { error, .. } => format!("unreadable: {error}"),
        DecodedValue::Value(other) => format!("{other:?}"),
    }
}

#[test]
fn flags_are_read_by_the_table_of_the_client() {
    use Client::*;
    for (client, flags, stored, expected) in [
        (Pylibmc, 0, "raw", "bytes raw"),
        (Pylibmc, 16, "caf\u{e9}", "text caf\u{e9}"),
        (Pylibmc, 16, "1", "text 1"),
        (Pylibmc, 16, "", "text "),
        (Pylibmc, 2, "1", "int 1"),
        (Pylibmc, 4, "-12", "int -12"),
        (Pylibmc, 4, "1180591620717411303424", "int 1180591620717411303424"),
        (Pylibmc, 4, "9 ", "int 9"),
        (Pylibmc, 2, "  ", "unreadable: not an integer: \"\""),
        (Pylibmc, 4, "12x", "unreadable: not an integer: \"12x\""),
        (Pylibmc, 4, "RED", "text RED"),
        (Pylibmc, 4096, "3", "libmc-chunks 3"),
        (Pylibmc, 8, "1", "bool true"),
        (Pylibmc15, 16, "1", "bool true"),
        (Pylibmc15, 16, "0", "bool false"),
        (Pylibmc15, 16, "text", "text text"),
        (Pylibmc15, 2, "5", "int 5"),
        (PythonMemcached, 16, "text", "text text"),
        (Pymemcache, 2, "7", "int 7"),
        (Bmemcached, 0, "text", "text text"),
        (Bmemcached, 16, "text", "bytes text"),
        (Libmc, 0, "text", "bytes text"),
        (Libmc, 8, "1", "bool true"),
        (Libmc, 4, "7", "int 7"),
        (Libmc, 16, "text", "text text"),
    ] {
        assert_eq!(shown(client, flags, stored.as_bytes()), expected, "{client} {flags} {stored:?}");
    }
}

#[test]
fn zlib_comes_off_first() {
    let stream = zlib::deflate_if_smaller(&b"ab".repeat(400)).unwrap();
    let text = format!("text {}", "ab".repeat(400));
    let bytes = format!("bytes {}", "ab".repeat(400));
    for (client, flags, expected) in [
        (Client::Pylibmc, 24, &text),
        (Client::Pylibmc, 8, &bytes),
        (Client::Pylibmc, 16, &bytes),
        (Client::Libmc, 16, &bytes),
        (Client::Libmc, 8, &bytes),
        (Client::Libmc, 24, &text),
        (Client::Bmemcached, 8, &text),
        (Client::Bmemcached, 24, &bytes),
        (Client::Pylibmc15, 24, &text),
    ] {
        assert_eq!(&shown(client, flags, &stream), expected, "{client} {flags}");
    }
}

#[test]
fn the_reading_of_flag_sixteen_is_explained() {
    let encoding = |client, stored| decode(client, 16, stored, &Options::default()).encoding;
    for (client, stored, expected) in [
        (Client::Pylibmc, b"1".as_slice(), "to pylibmc 1.5 this would be a bool"),
        (Client::Pylibmc, b"x", "flag 16 is text to pylibmc"),
        (Client::Pylibmc, b"\xFF\xFE", "bytes of bmemcached"),
        (Client::Pylibmc15, b"1", "flag 16 is a bool"),
        (Client::Pylibmc15, b"x", "valid UTF-8 is most likely text"),
        (Client::Bmemcached, b"x", "flag 16 is bytes"),
    ] {
        let encoding = encoding(client, stored);
        assert!(encoding.contains(expected), "{client} {stored:?}: {encoding}");
    }
}

#[test]
fn a_bomb_is_reported_with_its_limit() {
    let stream = zlib::deflate_if_smaller(&vec![b'a'; 1 << 20]).unwrap();
    let options = Options { max_decoded: 1000, python2: false };
    for (client, flags) in
        [(Client::Pylibmc, 8), (Client::Pylibmc, 24), (Client::Libmc, 16), (Client::Pylibmc, 3)]
    {
        let decoded = decode(client, flags, &stream, &options);
        let DecodedValue::Unreadable { error, .. } = decoded.value else { panic!("{flags}: {decoded:?}") };
        assert_eq!(error, CodecError::TooLarge { limit: 1000 }, "{client} {flags}");
    }
}

#[test]
fn plain_bytes_are_the_str_of_python_two() {
    let options = Options { python2: true, ..Options::default() };
    let decoded = decode(Client::Pylibmc15, 0, b"hello", &options);
    assert!(matches!(decoded.value, DecodedValue::Value(Value::Py2Str(bytes)) if bytes == b"hello"));
}
