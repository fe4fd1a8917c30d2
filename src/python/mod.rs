//! Python values without Python.

pub mod integer;
pub mod value;

pub use value::{Object, Text, Value};
