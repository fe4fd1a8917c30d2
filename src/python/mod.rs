//! Python values without Python.

pub mod budget;
pub mod integer;
pub mod literal;
pub mod pickle;
pub mod printable;
pub mod repr;
pub mod signature;
pub mod source;
pub mod value;
pub mod version;

pub use repr::repr;
pub use signature::Signature;
pub use value::{Object, Text, Value};
pub use version::PythonVersion;
