//! How values are decoded, for `get` and `decode`.

use clap::Args;
use clap::ValueEnum;

use crate::settings::units;

/// What the commands take that show values.
#[derive(Args, Clone, Copy, Debug)]
pub struct DecodeArgs {
    /// How values are decoded
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub decode: Decode,
    /// The most that a value may unfold to
    #[arg(long, value_name = "SIZE", value_parser = units::size, default_value = "64M")]
    pub max_decoded: u64,
}

impl Default for DecodeArgs {
    fn default() -> Self {
        Self { decode: Decode::Auto, max_decoded: 64 << 20 }
    }
}

/// How values are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Decode {
    /// By the flags, as the application's client does; sessions and spread chunks by what they hold
    Auto,
    /// Not at all
    None,
    /// Not at all, shown in hexadecimal
    Hex,
    /// As a pickle
    Pickle,
    /// As msgpack
    Msgpack,
    /// As JSON
    Json,
    /// As a session of Flask-Session
    Session,
}
