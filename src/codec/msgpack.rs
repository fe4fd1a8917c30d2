//! msgpack → a value (<https://github.com/msgpack/msgpack/blob/master/spec.md>).

use jiff::Timestamp;
use jiff::tz::Offset;
use num_bigint::BigInt;
use thiserror::Error;

use crate::python::Object;
use crate::python::Text;
use crate::python::Value;
use crate::python::budget::Budget;
use crate::python::budget::NODE;
use crate::python::budget::Spent;
use crate::python::pickle::MAX_DEPTH;

/// Why a msgpack document was not read; offsets count bytes from its start.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MsgpackError {
    /// A text that is not UTF-8.
    #[error("the msgpack text at byte {offset} is not UTF-8")]
    NotUtf8 {
        /// Where it starts.
        offset: usize,
    },
    /// `C1`, which the format never uses.
    #[error("not msgpack: 0xc1 at byte {offset}")]
    Reserved {
        /// Where it stands.
        offset: usize,
    },
    /// Nested deeper than is read.
    #[error("the msgpack nests deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// Unfolds to more than the limit.
    #[error("the msgpack unfolds to more than the limit")]
    TooLarge,
    /// Bytes behind the value.
    #[error("{count} bytes follow the end of the msgpack")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The bytes end in the middle of a value.
    #[error("the msgpack is cut off: its {length} bytes end in the middle")]
    Truncated {
        /// The bytes there are.
        length: usize,
    },
}

impl From<Spent> for MsgpackError {
    fn from(Spent: Spent) -> Self {
        Self::TooLarge
    }
}

/// Reads one value that takes up all of the bytes.
///
/// Extension -1 becomes a [`Value::Timestamp`], any other one an object of msgspec's class `Ext`.
///
/// # Errors
///
/// A [`MsgpackError`] for anything else, and for a value that unfolds to more than `limit` bytes.
pub fn read(bytes: &[u8], limit: usize) -> Result<Value, MsgpackError> {
    let mut reader = Reader { bytes, position: 0, budget: Budget::new(limit), depth: 0 };
    let value = reader.value()?;
    match bytes.len() - reader.position {
        0 => Ok(value),
        count => Err(MsgpackError::TrailingBytes { count }),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    budget: Budget,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, MsgpackError> {
        let offset = self.position;
        let marker = self.byte()?;
        self.budget.charge(NODE)?;
        Ok(match marker {
            0x00..=0x7F => Value::Int(marker.into()),
            0xE0..=0xFF => Value::Int(i8::from_be_bytes([marker]).into()),
            0x80..=0x8F => self.map(u32::from(marker & 0x0F))?,
            0x90..=0x9F => self.array(u32::from(marker & 0x0F))?,
            0xA0..=0xBF => self.text(u32::from(marker & 0x1F))?,
            0xC0 => Value::None,
            0xC1 => return Err(MsgpackError::Reserved { offset }),
            0xC2 => Value::Bool(false),
            0xC3 => Value::Bool(true),
            0xC4..=0xC6 => {
                let length = self.length(marker - 0xC4)?;
                Value::Bytes(self.take(length)?.to_vec())
            }
            0xC7..=0xC9 => {
                let length = self.length(marker - 0xC7)?;
                self.extension(length)?
            }
            0xCA => Value::Float(f64::from(f32::from_be_bytes(self.chunk()?))),
            0xCB => Value::Float(f64::from_be_bytes(self.chunk()?)),
            0xCC..=0xD3 => Value::Int(self.int(marker)?),
            0xD4..=0xD8 => self.extension(1 << (marker - 0xD4))?,
            0xD9..=0xDB => {
                let length = self.length(marker - 0xD9)?;
                self.text(length)?
            }
            0xDC | 0xDD => {
                let length = self.length(marker - 0xDC + 1)?;
                self.array(length)?
            }
            0xDE | 0xDF => {
                let length = self.length(marker - 0xDE + 1)?;
                self.map(length)?
            }
        })
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], MsgpackError> {
        let truncated = MsgpackError::Truncated { length: self.bytes.len() };
        let Some(end) = usize::try_from(length).ok().and_then(|length| self.position.checked_add(length))
        else {
            return Err(truncated);
        };
        let taken = self.bytes.get(self.position..end).ok_or(truncated)?;
        self.position = end;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], MsgpackError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let chunk = rest.first_chunk::<N>().ok_or(MsgpackError::Truncated { length: self.bytes.len() })?;
        self.position += N;
        Ok(*chunk)
    }

    fn byte(&mut self) -> Result<u8, MsgpackError> {
        let [byte] = self.chunk()?;
        Ok(byte)
    }

    /// A length of 1, 2 or 4 bytes, by its exponent.
    fn length(&mut self, exponent: u8) -> Result<u32, MsgpackError> {
        Ok(match exponent {
            0 => u32::from(self.byte()?),
            1 => u32::from(u16::from_be_bytes(self.chunk()?)),
            _ => u32::from_be_bytes(self.chunk()?),
        })
    }

    fn int(&mut self, marker: u8) -> Result<BigInt, MsgpackError> {
        Ok(match marker {
            0xCC => self.byte()?.into(),
            0xCD => u16::from_be_bytes(self.chunk()?).into(),
            0xCE => u32::from_be_bytes(self.chunk()?).into(),
            0xCF => u64::from_be_bytes(self.chunk()?).into(),
            0xD0 => i8::from_be_bytes(self.chunk()?).into(),
            0xD1 => i16::from_be_bytes(self.chunk()?).into(),
            0xD2 => i32::from_be_bytes(self.chunk()?).into(),
            _ => i64::from_be_bytes(self.chunk()?).into(),
        })
    }

    fn text(&mut self, length: u32) -> Result<Value, MsgpackError> {
        let offset = self.position;
        let bytes = self.take(length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Str(Text::from(text))),
            Err(_) => Err(MsgpackError::NotUtf8 { offset }),
        }
    }

    fn deeper(&mut self) -> Result<(), MsgpackError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(MsgpackError::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
    }

    // An announced length reserves no memory: the items have to be there.
    fn array(&mut self, length: u32) -> Result<Value, MsgpackError> {
        self.deeper()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value()?);
        }
        self.depth -= 1;
        Ok(Value::List(items))
    }

    fn map(&mut self, length: u32) -> Result<Value, MsgpackError> {
        self.deeper()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push((self.value()?, self.value()?));
        }
        self.depth -= 1;
        Ok(Value::Dict(items))
    }

    fn extension(&mut self, length: u32) -> Result<Value, MsgpackError> {
        let code = i8::from_be_bytes([self.byte()?]);
        let data = self.take(length)?;
        if let Some(timestamp) = timestamp(code, data) {
            return Ok(Value::Timestamp(timestamp));
        }
        Ok(Value::Object(Box::new(Object {
            class: "msgspec.msgpack.Ext".to_owned(),
            args: vec![Value::Int(code.into()), Value::Bytes(data.to_vec())],
            ..Object::default()
        })))
    }
}

/// Reads extension -1 as ISO 8601 in UTC, as Python's `isoformat` writes it; `None` for what is none, or outside the
/// years 1 to 9999.
fn timestamp(code: i8, data: &[u8]) -> Option<String> {
    if code != -1 {
        return None;
    }
    let (seconds, nanoseconds) = match data.len() {
        4 => (i64::from(u32::from_be_bytes(data.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            (i64::try_from(both & 0x3_FFFF_FFFF).ok()?, i32::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = data.split_first_chunk::<4>()?;
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (seconds, i32::try_from(u32::from_be_bytes(*nanoseconds)).ok()?)
        }
        _ => return None,
    };
    if !(0..1_000_000_000).contains(&nanoseconds) {
        return None;
    }
    let instant = Offset::UTC.to_datetime(Timestamp::new(seconds, nanoseconds).ok()?);
    if !(1..=9999).contains(&instant.year()) {
        return None;
    }
    let fraction = match (nanoseconds, nanoseconds % 1000) {
        (0, _) => String::new(),
        (_, 0) => format!(".{:06}", nanoseconds / 1000),
        _ => format!(".{nanoseconds:09}"),
    };
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}+00:00",
        instant.year(),
        instant.month(),
        instant.day(),
        instant.hour(),
        instant.minute(),
        instant.second(),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8]) -> String {
        match read(bytes, 1 << 20) {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        }
    }

    fn same(bytes: &[u8], expected: &Value) {
        assert_eq!(shown(bytes), format!("{expected:?}"), "{}", bytes.escape_ascii());
    }

    #[test]
    fn every_form_is_read() {
        let int = |number: i64| Value::Int(number.into());
        same(b"\x07", &int(7));
        same(b"\xFF", &int(-1));
        same(b"\xCC\xFF", &int(255));
        same(b"\xCD\x01\x00", &int(256));
        same(b"\xCE\x00\x01\x00\x00", &int(65536));
        same(b"\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", &Value::Int(u64::MAX.into()));
        same(b"\xD0\x80", &int(-128));
        same(b"\xD1\x80\x00", &int(-32768));
        same(b"\xD2\x80\x00\x00\x00", &int(-2_147_483_648));
        same(b"\xD3\x80\x00\x00\x00\x00\x00\x00\x00", &int(i64::MIN));
        same(b"\xCA\x3F\xC0\x00\x00", &Value::Float(1.5));
        same(b"\xCB\x3F\xF8\x00\x00\x00\x00\x00\x00", &Value::Float(1.5));
        same(b"\xA2ab", &Value::Str("ab".into()));
        same(b"\xD9\x02ab", &Value::Str("ab".into()));
        same(b"\xDA\x00\x02ab", &Value::Str("ab".into()));
        same(b"\xDB\x00\x00\x00\x02ab", &Value::Str("ab".into()));
        same(b"\xC4\x02ab", &Value::Bytes(b"ab".to_vec()));
        same(b"\xC5\x00\x02ab", &Value::Bytes(b"ab".to_vec()));
        same(b"\xC6\x00\x00\x00\x02ab", &Value::Bytes(b"ab".to_vec()));
        same(b"\x93\xC0\xC2\xC3", &Value::List(vec![Value::None, Value::Bool(false), Value::Bool(true)]));
        same(b"\xDC\x00\x01\x01", &Value::List(vec![int(1)]));
        same(b"\xDD\x00\x00\x00\x01\x01", &Value::List(vec![int(1)]));
        same(b"\x81\xA1a\x01", &Value::Dict(vec![(Value::Str("a".into()), int(1))]));
        same(b"\xDE\x00\x01\x01\x02", &Value::Dict(vec![(int(1), int(2))]));
        same(b"\xDF\x00\x00\x00\x00", &Value::Dict(vec![]));
    }

    #[test]
    fn extension_minus_one_is_a_point_in_time() {
        let time = |text: &str| Value::Timestamp(text.to_owned());
        same(b"\xD6\xFF\x65\xE0\x7B\xA9", &time("2024-02-29T12:42:17+00:00"));
        same(b"\xD7\xFF\x00\x0F\x42\x40\x65\xE0\x7B\xA9", &time("2024-02-29T12:42:17.000250+00:00"));
        same(
            b"\xC7\x0C\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            &time("1969-12-31T23:59:59+00:00"),
        );
        assert!(shown(b"\xC7\x0C\xFF\x00\x00\x00\x00\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF").contains("Ext"));
        assert!(shown(b"\xD4\x05a").contains("msgspec.msgpack.Ext"));
    }

    #[test]
    fn every_cut_is_an_error() {
        let whole =
            b"\x84\xAA_permanent\xC3\xA7user_id*\xA4name\xA4Zo\xC3\xAB\xA4cart\x92\x01\x81\xA3sku\xA1x";
        assert!(read(whole, 1 << 20).is_ok());
        for cut in 0..whole.len() {
            let expected = MsgpackError::Truncated { length: cut };
            assert_eq!(read(&whole[..cut], 1 << 20).unwrap_err(), expected, "cut at {cut}");
        }
        assert_eq!(read(b"\xC0\xC0", 100).unwrap_err(), MsgpackError::TrailingBytes { count: 1 });
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert_eq!(
            read(&b"\x91".repeat(100_000), 1 << 26).unwrap_err(),
            MsgpackError::TooDeep { limit: 200 }
        );
        assert_eq!(
            read(b"\xDD\xFF\xFF\xFF\xFF\xC0", 1 << 26).unwrap_err(),
            MsgpackError::Truncated { length: 6 }
        );
        let many = [b"\xDD\x00\x00\xFF\xFF".to_vec(), vec![0xC0; 0xFFFF]].concat();
        assert_eq!(read(&many, 1 << 20).unwrap_err(), MsgpackError::TooLarge);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes, 1 << 16));
        }
    }
}
