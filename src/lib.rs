//! `cachier`: command-line administration of memcached for Flask and other applications.
//!
//! The library behind the one binary. ARCHITECTURE.md tells the way of the data and which room may name which.

pub mod codec;
pub mod measure;
pub mod flask;
pub mod protocol;
pub mod python;
pub mod routing;
