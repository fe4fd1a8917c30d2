//! `marshal` of Python, as libmc writes it (version 2: no references) → a value, and text → `marshal`.

use num_bigint::BigInt;
use num_bigint::Sign;
use thiserror::Error;

use crate::python::Text;
use crate::python::Value;
use crate::python::budget::Budget;
use crate::python::budget::NODE;
use crate::python::budget::Spent;
use crate::python::integer;
use crate::python::pickle::MAX_DEPTH;

/// Why a marshalled value was not read; offsets count bytes from its start.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MarshalError {
    /// A part that is not what its type says.
    #[error("malformed marshal data at byte {offset}")]
    Malformed {
        /// Where the part starts.
        offset: usize,
    },
    /// Nested deeper than is read.
    #[error("the marshal data nests deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// Unfolds to more than the limit.
    #[error("the marshal data unfolds to more than the limit")]
    TooLarge,
    /// The bytes end in the middle of a value.
    #[error("the marshal data is cut off: its {length} bytes end in the middle")]
    Truncated {
        /// The bytes there are.
        length: usize,
    },
    /// A type that is no plain data, such as code.
    #[error("marshal type {code:#04x} at byte {offset} is no plain data")]
    Unsupported {
        /// The type byte.
        code: u8,
        /// Where it stands.
        offset: usize,
    },
}

impl From<Spent> for MarshalError {
    fn from(Spent: Spent) -> Self {
        Self::TooLarge
    }
}

/// Reads the value at the start of the bytes (CPython `Python/marshal.c:r_object`).
///
/// # Errors
///
/// A [`MarshalError`] for anything else, and for a value that unfolds to more than `limit` bytes.
pub fn read(bytes: &[u8], limit: usize) -> Result<Value, MarshalError> {
    let mut reader = Reader { bytes, position: 0, budget: Budget::new(limit), depth: 0 };
    reader.value()?.ok_or(MarshalError::Malformed { offset: 0 })
}

/// Writes a text as `marshal` version 2 does; `None` if it is longer than a length can say.
#[must_use]
pub fn write_text(text: &str) -> Option<Vec<u8>> {
    let length = i32::try_from(text.len()).ok()?;
    Some([b"u".as_slice(), &length.to_le_bytes(), text.as_bytes()].concat())
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    budget: Budget,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The next value; `None` for the mark that ends a dict.
    fn value(&mut self) -> Result<Option<Value>, MarshalError> {
        let offset = self.position;
        let code = self.byte()?;
        self.budget.charge(NODE)?;
        Ok(Some(match code {
            b'0' => return Ok(None),
            b'N' => Value::None,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'.' => Value::Ellipsis,
            b'i' => Value::Int(i32::from_le_bytes(self.chunk()?).into()),
            b'I' => Value::Int(i64::from_le_bytes(self.chunk()?).into()),
            b'l' => Value::Int(self.long(offset)?),
            b'f' => Value::Float(self.float_text(offset)?),
            b'g' => Value::Float(f64::from_le_bytes(self.chunk()?)),
            b'x' => Value::Complex(self.float_text(offset)?, self.float_text(offset)?),
            b'y' => Value::Complex(f64::from_le_bytes(self.chunk()?), f64::from_le_bytes(self.chunk()?)),
            b's' => Value::Bytes(self.sized()?.to_vec()),
            b'u' | b't' | b'a' | b'A' => {
                let text = self.sized()?;
                text_value(text).ok_or(MarshalError::Malformed { offset })?
            }
            b'z' | b'Z' => {
                let length = self.byte()?;
                let text = self.take(usize::from(length))?;
                text_value(text).ok_or(MarshalError::Malformed { offset })?
            }
            b'(' => Value::Tuple(self.items()?),
            b')' => {
                let length = self.byte()?;
                Value::Tuple(self.exactly(usize::from(length))?)
            }
            b'[' => Value::List(self.items()?),
            b'<' => Value::Set(self.items()?),
            b'>' => Value::FrozenSet(self.items()?),
            b'{' => self.dict()?,
            _ => return Err(MarshalError::Unsupported { code, offset }),
        }))
    }

    fn truncated(&self) -> MarshalError {
        MarshalError::Truncated { length: self.bytes.len() }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], MarshalError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let taken = rest.get(..length).ok_or_else(|| self.truncated())?;
        self.position += length;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], MarshalError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let chunk = rest.first_chunk::<N>().ok_or_else(|| self.truncated())?;
        self.position += N;
        Ok(*chunk)
    }

    fn byte(&mut self) -> Result<u8, MarshalError> {
        let [byte] = self.chunk()?;
        Ok(byte)
    }

    fn length(&mut self) -> Result<usize, MarshalError> {
        let offset = self.position;
        let length = i32::from_le_bytes(self.chunk()?);
        usize::try_from(length).map_err(|_| MarshalError::Malformed { offset })
    }

    fn sized(&mut self) -> Result<&'a [u8], MarshalError> {
        let length = self.length()?;
        self.take(length)
    }

    /// An integer in digits of 15 bits, the sign in their number.
    fn long(&mut self, offset: usize) -> Result<BigInt, MarshalError> {
        let count = i32::from_le_bytes(self.chunk()?);
        let sign = if count < 0 { Sign::Minus } else { Sign::Plus };
        let count = usize::try_from(count.unsigned_abs()).map_err(|_| self.truncated())?;
        if count > integer::MAX_BYTES / 2 {
            return Err(MarshalError::Malformed { offset });
        }
        let digits = self.take(count * 2)?;
        let (digits, _) = digits.as_chunks::<2>();
        let mut bits = Vec::with_capacity(count * 15);
        for digit in digits {
            let digit = u16::from_le_bytes(*digit);
            bits.extend((0..15).map(|bit| u8::from(digit >> bit & 1 == 1)));
        }
        let magnitude = num_bigint::BigUint::from_radix_le(&bits, 2).unwrap_or_default();
        let number = BigInt::from_biguint(sign, magnitude);
        self.budget.charge(integer::cost(&number))?;
        Ok(number)
    }

    fn float_text(&mut self, offset: usize) -> Result<f64, MarshalError> {
        let length = self.byte()?;
        let text = std::str::from_utf8(self.take(usize::from(length))?).ok();
        text.and_then(|text| text.parse().ok()).ok_or(MarshalError::Malformed { offset })
    }

    fn items(&mut self) -> Result<Vec<Value>, MarshalError> {
        let length = self.length()?;
        self.exactly(length)
    }

    fn deeper(&mut self) -> Result<(), MarshalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(MarshalError::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
    }

    // An announced length reserves no memory: the items have to be there.
    fn exactly(&mut self, length: usize) -> Result<Vec<Value>, MarshalError> {
        self.deeper()?;
        let mut items = Vec::new();
        for _ in 0..length {
            let offset = self.position;
            items.push(self.value()?.ok_or(MarshalError::Malformed { offset })?);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn dict(&mut self) -> Result<Value, MarshalError> {
        self.deeper()?;
        let mut items = Vec::new();
        while let Some(key) = self.value()? {
            let offset = self.position;
            items.push((key, self.value()?.ok_or(MarshalError::Malformed { offset })?));
        }
        self.depth -= 1;
        Ok(Value::Dict(items))
    }
}

fn text_value(bytes: &[u8]) -> Option<Value> {
    Text::from_wtf8(bytes.to_vec()).map(Value::Str)
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

    #[test]
    fn plain_data_is_read() {
        // python3 -c "import marshal; marshal.dumps([None, True, 1, -2**70, 1.5, 'é', b'x', (1,), {'a': 2}], 2)"
        let bytes = b"[\x09\x00\x00\x00NTi\x01\x00\x00\x00l\xfb\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\
            g\x00\x00\x00\x00\x00\x00\xf8?u\x02\x00\x00\x00\xc3\xa9s\x01\x00\x00\x00x(\x01\x00\x00\x00i\x01\x00\x00\x00\
            {u\x01\x00\x00\x00ai\x02\x00\x00\x000";
        let expected = Value::List(vec![
            Value::None,
            Value::Bool(true),
            Value::Int(1.into()),
            Value::Int(-BigInt::from(2).pow(70)),
            Value::Float(1.5),
            Value::Str("é".into()),
            Value::Bytes(b"x".to_vec()),
            Value::Tuple(vec![Value::Int(1.into())]),
            Value::Dict(vec![(Value::Str("a".into()), Value::Int(2.into()))]),
        ]);
        assert_eq!(shown(bytes), format!("{expected:?}"));
        for cut in 0..bytes.len() {
            let expected = MarshalError::Truncated { length: cut };
            assert_eq!(read(&bytes[..cut], 1 << 20).unwrap_err(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn text_is_written_as_it_is_read() {
        assert_eq!(write_text("text").as_deref(), Some(b"u\x04\x00\x00\x00text".as_slice()));
    }

    #[test]
    fn depth_lengths_and_code_are_refused() {
        let deep = b"[\x01\x00\x00\x00".repeat(10_000);
        assert_eq!(read(&deep, 1 << 26).unwrap_err(), MarshalError::TooDeep { limit: 200 });
        assert_eq!(shown(b"s\xFF\xFF\xFF\xFF"), "malformed marshal data at byte 1");
        assert_eq!(shown(b"c"), "marshal type 0x63 at byte 0 is no plain data");
        assert_eq!(shown(b"0"), "malformed marshal data at byte 0");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes, 1 << 16));
        }
    }
}
