//! Which values are one key in a Python dict or set.

use std::collections::HashMap;
use std::collections::HashSet;

use num_bigint::BigInt;

use crate::python::repr;
use crate::python::value::Value;
use crate::python::version::PythonVersion;

/// The elements of a set: the first of equal ones stays; none if one is not hashable.
pub(super) fn set(items: Vec<Value>) -> Option<Vec<Value>> {
    let mut kept: Vec<Value> = Vec::new();
    let mut seen: HashSet<Identity> = HashSet::new();
    for item in items {
        let identity = Identity::of(&item)?;
        if identity == Identity::NotANumber || seen.insert(identity) {
            kept.push(item);
        }
    }
    Some(kept)
}

/// The entries of a dict: a repeated key keeps its first place and gets its last value; none if a key is not hashable.
pub(super) fn dict(items: Vec<(Value, Value)>) -> Option<Vec<(Value, Value)>> {
    let mut kept: Vec<(Value, Value)> = Vec::new();
    let mut places: HashMap<Identity, usize> = HashMap::new();
    for (key, value) in items {
        let identity = Identity::of(&key)?;
        let known = places.get(&identity).and_then(|place| kept.get_mut(*place));
        match known {
            Some(entry) if identity != Identity::NotANumber => entry.1 = value,
            _ => {
                places.insert(identity, kept.len());
                kept.push((key, value));
            }
        }
    }
    Some(kept)
}

/// What Python compares keys by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Identity {
    /// An integer, or a float, complex number or boolean that equals one.
    Integer(BigInt),
    /// Bits of the parts of any other number.
    Number(u64, u64),
    /// NaN, which equals nothing.
    NotANumber,
    /// A tuple.
    Tuple(Vec<Self>),
    /// A frozenset, sorted.
    FrozenSet(Vec<Self>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text.
    Text(Vec<u8>),
    /// Anything else, by its text.
    Other(String),
}

impl Identity {
    /// The identity of a value; none if it is not hashable.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::ByteArray(_) => return None,
            Value::Bool(bool) => Self::Integer(BigInt::from(u8::from(*bool))),
            Value::Int(int) => Self::Integer(int.clone()),
            Value::Float(float) => Self::number(*float, 0.0),
            Value::Complex(real, imaginary) => Self::number(*real, *imaginary),
            Value::Tuple(items) => Self::Tuple(items.iter().map(Self::of).collect::<Option<_>>()?),
            Value::FrozenSet(items) => {
                let mut items: Vec<Self> = items.iter().map(Self::of).collect::<Option<_>>()?;
                items.sort();
                Self::FrozenSet(items)
            }
            Value::Bytes(bytes) | Value::Py2Str(bytes) => Self::Bytes(bytes.clone()),
            Value::Str(text) => Self::Text(text.as_bytes().to_vec()),
            other => Self::Other(repr(other, PythonVersion::DEFAULT)),
        })
    }

    /// The identity of a float or complex number.
    fn number(real: f64, imaginary: f64) -> Self {
        if real.is_nan() || imaginary.is_nan() {
            return Self::NotANumber;
        }
        let integer = format!("{real:.0}").parse().ok();
        match integer {
            Some(integer) if imaginary == 0.0 && real.fract() == 0.0 => Self::Integer(integer),
            _ => Self::Number((real + 0.0).to_bits(), (imaginary + 0.0).to_bits()),
        }
    }
}
