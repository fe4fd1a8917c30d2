//! Python values without Python.

pub mod value;

pub use value::{Object, Text, Value};
