//! Every value that a real client stored is decoded as its typed tree says (`tests/golden/flask_values.json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cachier::codec::Client;
use cachier::codec::Decoded;
use cachier::codec::DecodedValue;
use cachier::codec::Format;
use cachier::codec::Options;
use cachier::codec::decode;
use cachier::codec::decode_as;
use cachier::codec::plain;
use cachier::codec::render;
use cachier::codec::spread;
use cachier::codec::typed;
use serde_json::Value as Json;
use sha2::Digest as _;
use sha2::Sha256;

fn vectors() -> Vec<Json> {
    let golden: Json = serde_json::from_str(include_str!("../golden/flask_values.json")).unwrap();
    golden["vectors"].as_array().unwrap().clone()
}

fn client(vector: &Json) -> Client {
    match (vector["client"].as_str().unwrap(), vector["client_version"].as_str().unwrap()) {
        ("pylibmc", version) if version.starts_with("1.5") => Client::Pylibmc15,
        (name, _) => name.parse().unwrap(),
    }
}

/// The stored bytes; a large item has only length and hash, and is a pickle of zeros that is written anew.
fn stored_bytes(item: &Json, of_zeros: &[Vec<u8>], index: usize) -> Vec<u8> {
    if let Some(encoded) = item["bytes_b64"].as_str() {
        return STANDARD.decode(encoded).unwrap();
    }
    let bytes = of_zeros[index].clone();
    assert_eq!(item["length"], bytes.len());
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(item["sha256"], hash.as_str());
    bytes
}

/// Flask-Caching 2.3.1 on Python 3.11 pickles the text with BINUNICODE and a BINPUT that nothing refers to.
fn chunks_of_zeros() -> Vec<Vec<u8>> {
    let length = 1_048_448_usize;
    let mut pickle = b"\x80\x02X".to_vec();
    pickle.extend(u32::try_from(length).unwrap().to_le_bytes());
    pickle.extend(b"0".repeat(length));
    pickle.extend(b"q\x00.");
    pickle.chunks(spread::CHUNK_SIZE).map(<[u8]>::to_vec).collect()
}

fn decoded(vector: &Json, items: &[Vec<u8>]) -> Decoded {
    let options =
        Options { python2: vector["python"].as_str().unwrap().starts_with('2'), ..Options::default() };
    let client = client(vector);
    let flags = u32::try_from(vector["stored"][0]["flags"].as_u64().unwrap()).unwrap();
    let is_spread = vector["input"]["cache_type"] == "spreadsaslmemcached"
        && vector["stored"][0]["key"].as_str().unwrap().ends_with(".0");
    match vector["kind"].as_str().unwrap() {
        "session" => decode_as(Format::Session, client, flags, &items[0], &options),
        _ if is_spread => {
            let joined = spread::join(items.iter().map(|item| Some(item.as_slice())));
            decode_as(Format::Spread, client, flags, &joined, &options)
        }
        _ => decode(client, flags, &items[0], &options),
    }
}

#[test]
fn every_golden_value_has_its_typed_tree() {
    let of_zeros = chunks_of_zeros();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for vector in vectors() {
        let stored = vector["stored"].as_array().unwrap();
        checked += 1;
        // The library stored nothing.
        if stored.is_empty() {
            assert!(vector.get("decoded").is_none());
            continue;
        }
        let items: Vec<Vec<u8>> =
            stored.iter().enumerate().map(|(index, item)| stored_bytes(item, &of_zeros, index)).collect();
        let decoded = decoded(&vector, &items);
        match &decoded.value {
            DecodedValue::Value(value) => {
                let tree = typed::tree(value, typed::Detail::Short);
                if tree != vector["decoded"] {
                    wrong.push(format!("{}: {tree}\n  expected {}", vector["id"], vector["decoded"]));
                }
                // What is shown must never fail either.
                assert!(!plain::json(value).to_string().is_empty());
                let _ = render::python_like(value).len();
            }
            other => wrong.push(format!("{}: {other:?}", vector["id"])),
        }
    }
    assert_eq!(checked, 119);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_golden_response_is_shown_as_a_browser_would_get_it() {
    let vectors = vectors();
    let shown = |id: &str| {
        let vector = vectors.iter().find(|vector| vector["id"] == id).unwrap();
        let item = STANDARD.decode(vector["stored"][0]["bytes_b64"].as_str().unwrap()).unwrap();
        let DecodedValue::Value(value) = decoded(vector, &[item]).value else { panic!("{id} has no value") };
        (String::from_utf8(render::response(&value).unwrap()).unwrap(), plain::json(&value))
    };
    let head = "Content-Type: text/html; charset=utf-8\nContent-Length: 5\n\nHello";
    for id in ["s-caching-1.4.0-view-02", "s-caching-2.3.1-view-02", "s-caching-2.5.1-view-02"] {
        assert_eq!(shown(id).0, format!("201 CREATED\n{head}"), "{id}");
    }
    let (text, plain) = shown("s-caching-2.3.1-view-07");
    assert!(text.starts_with("200 OK\n") && text.ends_with("\n\nx"), "{text}");
    assert_eq!(
        (&plain["status"], &plain["body"], &plain["timeout"]),
        (&"200 OK".into(), &"x".into(), &10.into())
    );
    assert_eq!(plain["class"], "flask_caching.CachedResponse");
}

/// Every byte of every golden value is changed, and every end cut off; whatever comes out, nothing panics.
#[test]
fn damaged_golden_values_are_reported() {
    let options = Options { max_decoded: 1 << 20, ..Options::default() };
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for vector in vectors() {
        for item in vector["stored"].as_array().unwrap() {
            let Some(encoded) = item["bytes_b64"].as_str() else { continue };
            let stored = STANDARD.decode(encoded).unwrap();
            let flags = u32::try_from(item["flags"].as_u64().unwrap()).unwrap();
            for index in 0..stored.len() {
                let mut damaged = stored.clone();
                damaged[index] = random().to_le_bytes()[0];
                for damaged in [damaged.as_slice(), &stored[..index]] {
                    let shown = decode_as(Format::Session, client(&vector), flags, damaged, &options);
                    if let DecodedValue::Value(value) = &shown.value {
                        assert!(typed::tree(value, typed::Detail::Full).is_object());
                    }
                    let shown = decode(client(&vector), flags, damaged, &options);
                    if let DecodedValue::Value(value) = &shown.value {
                        let _ = (plain::json(value).is_null(), render::python_like(value).len());
                    }
                }
            }
        }
    }
}

/// A pickle as deep as is read, of each kind of container, is shown in every form without running out of stack.
#[test]
fn the_deepest_values_are_shown() {
    for (open, close) in [
        (b"(".as_slice(), b"l".as_slice()),
        (b"}K\x01", b"s"),
        (b"(", b"\x91"),
        (b"capp\nA\n(", b"t\x81"),
        (b"capp\nA\n)\x81", b"b"),
        (b"capp\nA\n)\x81K\x01", b"s"),
    ] {
        let levels = if open == b"(" && close == b"\x91" { 60 } else { 199 };
        let stored = [&open.repeat(levels), b"N".as_slice(), &close.repeat(levels), b"."].concat();
        let decoded = decode(Client::Pylibmc, 1, &stored, &Options::default());
        let DecodedValue::Value(value) = &decoded.value else { panic!("{:?}", decoded.value) };
        let tree = typed::tree(value, typed::Detail::Full);
        assert!(tree.to_string().contains("NoneType"));
        assert!(plain::json(value).to_string().contains("null"));
        assert!(render::python_like(value).contains("None"));
        assert!(render::inline(value).contains("None"));
    }
}

/// A text of control characters that a thousand places share is 60 MB in memory and many times that in escapes.
#[test]
fn a_shared_text_of_escapes_is_cut_off() {
    let text = "\u{1}".repeat(60_000);
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    let shared = [b"X", &length[..], text.as_bytes(), b"\x94"].concat();
    let stored = [b"\x80\x04](", &shared[..], &b"h\x00".repeat(1000), b"e."].concat();
    for decoded in [
        decode(Client::Pylibmc, 1, &stored, &Options::default()),
        decode_as(Format::Pickle, Client::Pylibmc, 1, &stored, &Options::default()),
    ] {
        let DecodedValue::Unreadable { error, .. } = &decoded.value else { panic!("{}", decoded.kind) };
        assert!(error.to_string().contains("--max-decoded"), "{error}");
    }
}
