//! Where the program keeps what it has to remember.

use std::path::PathBuf;

use super::Environment;

/// Returns the directory for histories and journals: `cachier` under `$XDG_STATE_HOME`, else under `~/.local/state`; `None` without
/// a home. It may not exist yet.
#[must_use]
pub fn state_directory(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name: &str| environment.get_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("cachier"))
}
