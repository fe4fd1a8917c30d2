//! A Python value as data: what a literal, a pickle or a msgpack document says, and nothing that could run.

use std::borrow::Cow;

use num_bigint::BigInt;

/// A Python value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of any size.
    Int(BigInt),
    /// A float.
    Float(f64),
    /// A complex number: real part, imaginary part.
    Complex(f64, f64),
    /// A text.
    Str(Text),
    /// Bytes of Python 3.
    Bytes(Vec<u8>),
    /// A `bytearray`.
    ByteArray(Vec<u8>),
    /// A byte string of Python 2, whose encoding nobody knows.
    Py2Str(Vec<u8>),
    /// A list.
    List(Vec<Self>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A set, in stored order.
    Set(Vec<Self>),
    /// A frozenset, in stored order.
    FrozenSet(Vec<Self>),
    /// A dict, in stored order.
    Dict(Vec<(Self, Self)>),
    /// A `range`: start, stop, step.
    Range(BigInt, BigInt, BigInt),
    /// A `slice`: start, stop, step.
    Slice(Box<[Self; 3]>),
    /// A point in time from a msgpack timestamp, as ISO 8601 text.
    Timestamp(String),
    /// A reference to a class or function, `module.name`.
    Global(String),
    /// An object of a class that is only known by name.
    Object(Box<Object>),
    /// Text that stands for itself where a `repr` is needed: the `repr` of a value that nobody here can build.
    Verbatim(String),
}

/// An object as its class was told to build it; nothing is built here.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The class as it is written in the source, `module.name`.
    pub class: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Vec<(Value, Value)>,
    /// What `__setstate__` would get.
    pub state: Option<Value>,
    /// What would be appended.
    pub list_items: Vec<Value>,
    /// What would be set by key.
    pub dict_items: Vec<(Value, Value)>,
}

/// A Python `str`: UTF-8, in which lone surrogates may stand in their three-byte form (`ED A0 80` for U+D800).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

impl Text {
    /// Takes generalised UTF-8 as it is; `None` if it is not.
    #[must_use]
    pub fn from_wtf8(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(_) => return Some(Self(bytes)),
                Err(error) => {
                    let bad = rest.get(error.valid_up_to()..)?;
                    match bad {
                        [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => rest = bad.get(3..)?,
                        _ => return None,
                    }
                }
            }
        }
    }

    /// Appends a code point, surrogates included; one above U+10FFFF becomes U+FFFD.
    pub fn push(&mut self, code_point: u32) {
        if let Some(character) = char::from_u32(code_point) {
            self.0.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        } else if code_point <= 0xFFFF {
            let [_, _, high, low] = code_point.to_be_bytes();
            self.0.extend([0xED, 0x80 | (high << 2 & 0x3C) | low >> 6, 0x80 | (low & 0x3F)]);
        } else {
            self.0.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }

    /// The text, if it has no lone surrogate.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The generalised UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text with U+FFFD for each lone surrogate.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => self
                .code_points()
                .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        }
    }

    /// The code points in order, surrogates included.
    pub fn code_points(&self) -> impl Iterator<Item = u32> + '_ {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (&first, after) = rest.split_first()?;
            let (start, more) = match first {
                0x00..=0x7F => (u32::from(first), 0),
                0x80..=0xDF => (u32::from(first & 0x1F), 1),
                0xE0..=0xEF => (u32::from(first & 0x0F), 2),
                0xF0..=0xFF => (u32::from(first & 0x07), 3),
            };
            let (tail, after) = after.split_at_checked(more)?;
            rest = after;
            Some(tail.iter().fold(start, |point, byte| point << 6 | u32::from(byte & 0x3F)))
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}
