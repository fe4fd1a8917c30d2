//! `cachier`: command-line administration of memcached for Flask and other applications.
//!
//! The library behind the one binary. ARCHITECTURE.md tells the way of the data and which room may name which.

pub mod archive;
pub mod cli;
pub mod codec;
pub mod commands;
pub mod dashboard;
pub mod dev;
pub mod failure;
pub mod flask;
pub mod http;
pub mod measure;
pub mod output;
pub mod pool;
pub mod protocol;
pub mod python;
pub mod routing;
pub mod settings;
