//! The lines that were typed, kept for the next time.

use std::fs;
use std::fs::OpenOptions;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::settings;
use crate::settings::Environment;

/// How many lines are kept.
pub(super) const LINES: usize = 1000;

/// Words of commands whose arguments open somebody's session.
const OPENS_SESSIONS: [&str; 2] = ["session", "session-key"];

/// The file, made if it is missing and readable by its owner alone; `None` where there is no place for it.
pub(super) fn file(environment: &Environment) -> Option<PathBuf> {
    let directory = settings::state_directory(environment)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).ok()?;
    let path = directory.join("history");
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).ok()?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).ok()?;
    Some(path)
}

/// Keeps the file the owner's after a library has written it anew.
pub(super) fn protect(path: &Path) {
    // A file that is gone needs no protection.
    drop(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
}

/// Whether a line may be kept: not with a blank before it, as in shells, and not where it may name a session.
pub(super) fn is_kept(line: &str) -> bool {
    !line.is_empty()
        && !line.starts_with(char::is_whitespace)
        && !line.split_whitespace().any(|word| OPENS_SESSIONS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_name_sessions_or_begin_with_a_blank_are_not_kept() {
        assert!(is_kept("get a"));
        for line in ["", " get a", "session show abc", "-p live session revoke abc", "session-key abc"] {
            assert!(!is_kept(line), "{line}");
        }
    }
}
