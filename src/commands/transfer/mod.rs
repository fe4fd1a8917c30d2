//! Items on their way: read from servers, written to a file or to other servers, in constant memory.

pub mod delivery;
pub mod file;
pub mod report;
pub mod source;
pub mod target;

use serde::Serialize;

use crate::output::record::KeyRecord;
use crate::protocol::StoreMode;

/// An item that could not be stored, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Its key.
    #[serde(flatten)]
    pub key: KeyRecord,
    /// The server that refused it.
    pub server: String,
    /// Why.
    pub error: String,
}

/// Whether items that are there already stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// What is there stays
    #[default]
    Add,
    /// What is there is overwritten
    Set,
}

impl Mode {
    /// The condition of every store.
    #[must_use]
    pub fn store(self) -> StoreMode {
        match self {
            Self::Add => StoreMode::Add,
            Self::Set => StoreMode::Set,
        }
    }
}
