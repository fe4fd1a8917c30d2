//! Flags and layers: three bytes choose client, flags and form, the rest is what is stored.
#![no_main]

use cachier::codec::Client;
use cachier::codec::DecodedValue;
use cachier::codec::Format;
use cachier::codec::Options;
use cachier::codec::decode;
use cachier::codec::decode_as;
use cachier::codec::plain;
use cachier::codec::typed;
use cachier::codec::typed::Detail;
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 5] =
    [Format::Json, Format::Msgpack, Format::Pickle, Format::Session, Format::Spread];

fuzz_target!(|bytes: &[u8]| {
    let Some(([choice, flags @ ..], stored)) = bytes.split_first_chunk::<3>() else { return };
    let client = Client::ALL[usize::from(*choice) % Client::ALL.len()];
    let format = FORMATS[usize::from(*choice) / 8 % FORMATS.len()];
    let flags = u32::from(u16::from_le_bytes(*flags));
    let options = Options { max_decoded: 1 << 20, python2: *choice >= 0x80 };
    for decoded in [
        decode(client, flags, stored, &options),
        decode_as(format, client, flags, stored, &options),
    ] {
        assert!(!decoded.encoding.is_empty());
        if let DecodedValue::Value(value) = &decoded.value {
            let _ = typed::tree(value, Detail::Short);
            let _ = plain::json(value);
        }
    }
});
