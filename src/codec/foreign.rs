//! Payloads of other languages' libraries, named instead of garbled.

use crate::python::Text;
use crate::python::Value;

use super::CodecError;
use super::decode::Decoded;
use super::decode::Options;
use super::decode::bytes;
use super::decode::text;
use super::flags::INT;
use super::flags::LONG;
use super::flags::PICKLE;
use super::zlib;

/// The bits of Dalli: Marshal, zlib, text without Marshal (`lib/dalli/protocol/value_serializer.rb`,
/// `value_compressor.rb`).
const DALLI_MARSHAL: u32 = PICKLE;
const DALLI_ZLIB: u32 = INT;
const DALLI_TEXT: u32 = LONG;

const MARSHAL_NOTE: &str = "Marshal of Ruby (Dalli or Rails), not read any further";

/// Recognises what Dalli and Rails store; `None` for everything else.
pub(super) fn recognise(flags: u32, stored: &[u8], options: &Options) -> Option<Decoded> {
    if flags & !(DALLI_MARSHAL | DALLI_ZLIB | DALLI_TEXT) != 0 {
        return None;
    }
    if flags & DALLI_ZLIB != 0 && zlib::looks_like_zlib(stored) {
        let decoded = match zlib::inflate(stored, options.max_decoded) {
            Ok(inflated) => dalli(flags, &inflated, options),
            Err(error @ CodecError::TooLarge { .. }) => Decoded::unreadable("zlib", error, stored),
            // `x` and one more byte may start anything.
            Err(_) => return None,
        };
        return Some(Decoded { encoding: format!("zlib of Dalli + {}", decoded.encoding), ..decoded });
    }
    if flags == DALLI_MARSHAL && is_marshal(stored) || flags == 0 && is_marshalled_object(stored) {
        return Some(Decoded::opaque("ruby-marshal", stored, MARSHAL_NOTE));
    }
    if flags & DALLI_MARSHAL == 0 { rails_entry(stored, options) } else { None }
}

fn dalli(flags: u32, payload: &[u8], options: &Options) -> Decoded {
    if flags & DALLI_MARSHAL != 0 || is_marshal(payload) {
        return Decoded::opaque("ruby-marshal", payload, MARSHAL_NOTE);
    }
    if let Some(entry) = rails_entry(payload, options) {
        return entry;
    }
    if flags & DALLI_TEXT != 0 { text(payload) } else { bytes(payload, options) }
}

fn is_marshal(payload: &[u8]) -> bool {
    payload.starts_with(&[0x04, 0x08])
}

/// Flags 0 may be anybody's bytes, so the start of an object is asked for too: `o:`.
fn is_marshalled_object(payload: &[u8]) -> bool {
    payload.starts_with(&[0x04, 0x08, b'o', b':'])
}

/// Reads the packed entry of Rails 7.1 (`active_support/cache/coder.rb`): `00 11`, type, expiry as little-endian
/// double, length of the version (-1: none) as little-endian i32, version, payload.
fn rails_entry(stored: &[u8], options: &Options) -> Option<Decoded> {
    let rest = stored.strip_prefix(&[0x00, 0x11])?;
    let (&kind, rest) = rest.split_first()?;
    let (_expiry, rest) = rest.split_first_chunk::<8>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let version = usize::try_from(i32::from_le_bytes(*version).max(0)).ok()?;
    let payload = rest.get(version..)?;
    let note = "packed cache entry of Rails 7.1 or newer";
    if !matches!(kind & 0x7F, 1..=4) {
        return None;
    }
    let inflated = if kind & 0x80 == 0 {
        payload.to_vec()
    } else {
        match zlib::inflate(payload, options.max_decoded) {
            Ok(inflated) => inflated,
            Err(error) => return Some(Decoded::unreadable("rails-cache-entry", error, stored)),
        }
    };
    let value = match (kind & 0x7F, std::str::from_utf8(&inflated)) {
        (1, _) => return Some(Decoded::opaque("rails-cache-entry", &inflated, format!("{note}, Marshal"))),
        (2 | 4, Ok(text)) => Value::Str(Text::from(text)),
        _ => Value::Bytes(inflated),
    };
    Some(Decoded::value(value, "rails-cache-entry", note))
}

#[cfg(test)]
mod tests {
    use super::super::Client;
    use super::super::DecodedValue;
    use super::super::decode;
    use super::*;

    fn kind(flags: u32, stored: &[u8]) -> (&'static str, String) {
        let decoded = decode(Client::Pylibmc, flags, stored, &Options::default());
        (decoded.kind, decoded.encoding)
    }

    #[test]
    fn marshal_is_named() {
        assert_eq!(kind(1, b"\x04\x08i\x06").0, "ruby-marshal");
        let long = [b"\x04\x08\"".as_slice(), &[b'a'; 500]].concat();
        let stream = zlib::deflate_if_smaller(&long).unwrap();
        let (kind_name, encoding) = kind(3, &stream);
        assert_eq!(kind_name, "ruby-marshal");
        assert!(encoding.starts_with("zlib of Dalli"), "{encoding}");
        assert_eq!(kind(0, b"\x04\x08o:\x1EActiveSupport::Cache::Entry").0, "ruby-marshal");
    }

    #[test]
    fn text_of_dalli_is_text() {
        assert_eq!(kind(4, b"plain text").0, "text");
        let stream = zlib::deflate_if_smaller(&[b'a'; 500]).unwrap();
        assert_eq!(kind(6, &stream).0, "text");
    }

    #[test]
    fn a_packed_entry_of_rails_is_unpacked() {
        let mut entry = b"\x00\x11\x02".to_vec();
        entry.extend((-1.0_f64).to_le_bytes());
        entry.extend((-1_i32).to_le_bytes());
        entry.extend("caf\u{e9}".bytes());
        let decoded = decode(Client::Pylibmc, 0, &entry, &Options::default());
        assert_eq!(decoded.kind, "rails-cache-entry");
        let DecodedValue::Value(Value::Str(text)) = decoded.value else { panic!("{:?}", decoded.value) };
        assert_eq!(text.as_str(), Some("caf\u{e9}"));
        for cut in 0..15 {
            assert_eq!(kind(0, &entry[..cut]).0, "bytes", "cut at {cut}");
        }
    }

    #[test]
    fn ints_and_bytes_of_python_stay_what_they_are() {
        assert_eq!(kind(2, b"1").0, "int");
        assert_eq!(kind(4, b"-12").0, "int");
        assert_eq!(kind(0, b"\x00\x11\x09 anything").0, "bytes");
        assert_eq!(kind(0, b"\x04\x08").0, "bytes");
    }
}
