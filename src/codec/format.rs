//! Payloads read in a given form, whatever their flags say: `--decode`, sessions and spread chunks.

use crate::python::Value;
use crate::python::pickle;

use super::Client;
use super::CodecError;
use super::decode::Decoded;
use super::decode::DecodedValue;
use super::decode::Options;
use super::decode::decode;
use super::flags::Kind;
use super::flags::layers;
use super::json;
use super::marshal;
use super::msgpack;
use super::zlib;

/// The form of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON document.
    Json,
    /// A msgpack document.
    Msgpack,
    /// A pickle.
    Pickle,
    /// What Flask-Session stores: a pickle, msgpack or JSON, told apart by its first bytes.
    Session,
    /// The joined chunks of a spread value: a pickle with whatever behind it.
    Spread,
}

/// Decodes an item as the given form says; its flags tell only whether a zlib stream comes off first.
///
/// A session that the client marked as pickled is read so (Flask-Session with cachelib); for a spread value, join the
/// chunks first ([`super::spread::join`]).
#[must_use]
pub fn decode_as(format: Format, client: Client, flags: u32, stored: &[u8], options: &Options) -> Decoded {
    let known = layers(client, flags);
    if format == Format::Session && known.is_some_and(|layers| layers.kind == Kind::Pickle) {
        return decode(client, flags, stored, options);
    }
    if !known.is_some_and(|layers| layers.zlib) {
        return by_format(format, stored, options).written_within(stored, options);
    }
    match zlib::inflate(stored, options.max_decoded) {
        Ok(inflated) => by_format(format, &inflated, options).inflated().written_within(stored, options),
        Err(error) => Decoded::unreadable("zlib", error, stored),
    }
}

fn by_format(format: Format, payload: &[u8], options: &Options) -> Decoded {
    match format {
        Format::Json => document("json", payload, options),
        Format::Msgpack => document("msgpack", payload, options),
        Format::Pickle => pickle(payload, options),
        Format::Session => session(payload, options),
        Format::Spread => spread(payload, options),
    }
}

/// Tells how a session is serialised by its first bytes; `None` if it is in no known form.
#[must_use]
pub fn sniff(payload: &[u8]) -> Option<Format> {
    match payload {
        [0x80, 0x02..=0x05, ..] | [b'(', b'd', ..] | [b'}', ..] => Some(Format::Pickle),
        [0x80] | [0x81..=0x8F | 0xDE | 0xDF, ..] => Some(Format::Msgpack),
        [b'{', ..] => Some(Format::Json),
        _ => None,
    }
}

fn session(payload: &[u8], options: &Options) -> Decoded {
    match sniff(payload) {
        Some(format) => by_format(format, payload, options).noted("session, by its first bytes"),
        None => Decoded::unreadable("session", CodecError::NotASession, payload),
    }
}

fn outcome(kind: &'static str, result: Result<Value, CodecError>, payload: &[u8]) -> Decoded {
    match result {
        Ok(value) => Decoded::value(value, kind, kind),
        Err(error) => Decoded::unreadable(kind, error, payload),
    }
}

fn document(kind: &'static str, payload: &[u8], options: &Options) -> Decoded {
    let limit = options.max_decoded;
    let result = if kind == "json" {
        json::read(payload, limit).map_err(|error| CodecError::from_json(error, limit))
    } else {
        msgpack::read(payload, limit).map_err(|error| CodecError::from_msgpack(error, limit))
    };
    outcome(kind, result, payload)
}

pub(super) fn marshal(payload: &[u8], options: &Options) -> Decoded {
    let limit = options.max_decoded;
    let result = marshal::read(payload, limit).map_err(|error| CodecError::from_marshal(error, limit));
    outcome("marshal", result, payload).noted("marshal of libmc")
}

pub(super) fn pickle(payload: &[u8], options: &Options) -> Decoded {
    let limit = options.max_decoded;
    named(pickle::read(payload, limit).map_err(|error| CodecError::from_pickle(error, limit)), payload)
}

fn spread(payload: &[u8], options: &Options) -> Decoded {
    let limit = options.max_decoded;
    let result = pickle::read_prefix(payload, limit).map_err(|error| CodecError::from_pickle(error, limit));
    let trailing = result.as_ref().map_or(0, |pickle| payload.len() - pickle.length);
    let decoded = named(result, payload);
    match (&decoded.value, trailing) {
        (DecodedValue::Unreadable { .. }, _) | (_, 0) => decoded,
        _ => decoded.noted(&format!("{trailing} stale bytes behind it ignored")),
    }
}

/// Names the protocol; a pickle of protocol 1 does not say so, hence `0 or 1`.
fn named(result: Result<pickle::Pickle, CodecError>, payload: &[u8]) -> Decoded {
    match result {
        Ok(pickle) => {
            let encoding = match pickle.protocol {
                0 | 1 => "pickle protocol 0 or 1".to_owned(),
                protocol => format!("pickle protocol {protocol}"),
            };
            Decoded::value(pickle.value, "pickle", encoding)
        }
        Err(error) => Decoded::unreadable("pickle", error, payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, flags: u32, stored: &[u8]) -> (&'static str, String) {
        let decoded = decode_as(format, Client::Pylibmc, flags, stored, &Options::default());
        match decoded.value {
            DecodedValue::Value(value) => (decoded.kind, format!("{value:?}")),
            DecodedValue::Unreadable { error, .. } => (decoded.kind, error.to_string()),
            DecodedValue::Opaque { format, .. } => (decoded.kind, format.to_owned()),
        }
    }

    #[test]
    fn a_session_is_told_by_its_first_bytes() {
        let empty = format!("{:?}", Value::Dict(vec![]));
        for (stored, kind) in [
            (b"\x80\x04}.".as_slice(), "pickle"),
            (b"}.", "pickle"),
            (b"(d.", "pickle"),
            (b"\x80", "msgpack"),
            (b"\xDE\x00\x00", "msgpack"),
            (b"{}", "json"),
        ] {
            assert_eq!(read(Format::Session, 0, stored), (kind, empty.clone()), "{}", stored.escape_ascii());
        }
        assert_eq!(read(Format::Session, 1, b"}."), ("pickle", empty));
        let (kind, error) = read(Format::Session, 0, b"<html>");
        assert_eq!(
            (kind, error.as_str()),
            ("session", "neither a pickle nor a msgpack map nor a JSON object")
        );
    }

    #[test]
    fn only_a_spread_value_may_go_on_behind_its_end() {
        assert_eq!(read(Format::Spread, 0, b"\x80\x02N.stale").1, "None");
        assert_eq!(read(Format::Pickle, 0, b"\x80\x02N.stale").1, "5 bytes follow the end of the pickle");
    }

    #[test]
    fn zlib_comes_off_by_the_flags() {
        let stream = zlib::deflate_if_smaller(&[b"[".to_vec(), b"1,".repeat(50), b"2]".to_vec()].concat());
        assert_eq!(read(Format::Json, 8, &stream.unwrap()).0, "json");
    }

    #[test]
    fn a_bomb_names_the_limit_whatever_its_form() {
        let options = Options { max_decoded: 1000, python2: false };
        let nones = b"N".repeat(100);
        let pickle = [b"(".to_vec(), nones.clone(), b"l.".to_vec()].concat();
        let msgpack = [b"\xDC\x00\x64".to_vec(), b"\xC0".repeat(100)].concat();
        let json = [b"[".to_vec(), b"1,".repeat(100), b"2]".to_vec()].concat();
        let marshal = [b"[\x64\x00\x00\x00".to_vec(), nones].concat();
        let decoded = [
            decode_as(Format::Pickle, Client::Pylibmc, 0, &pickle, &options),
            decode_as(Format::Msgpack, Client::Pylibmc, 0, &msgpack, &options),
            decode_as(Format::Json, Client::Pylibmc, 0, &json, &options),
            decode(Client::Libmc, 32, &marshal, &options),
        ];
        for decoded in decoded {
            let DecodedValue::Unreadable { error, .. } = decoded.value else { panic!("{}", decoded.kind) };
            assert_eq!(error, CodecError::TooLarge { limit: 1000 }, "{}", decoded.kind);
        }
    }
}
