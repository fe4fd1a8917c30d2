//! The environment, read in one place.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variables of the process; an empty one counts as unset.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// These variables.
    pub fn new(variables: impl IntoIterator<Item = (String, OsString)>) -> Self {
        Self(variables.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Only the variables that say where files are.
    #[must_use]
    pub fn of_files(&self) -> Self {
        let names = ["CACHIER_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"];
        Self(
            self.0
                .iter()
                .filter(|(name, _)| names.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// These variables, and those of another environment that these do not have.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// The value of a variable as text; bytes that are none are replaced.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The value of a variable as the operating system has it.
    #[must_use]
    pub fn get_os(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// Whether a variable is set to something that means yes (not `0`, `false`, `no` or `off`).
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off"))
    }
}

/// Set where output is to look as on a terminal though it goes into a pipe: how the demo shows what a user would see.
pub const TERMINAL_VARIABLE: &str = "CACHIER_TERMINAL";

/// Returns the path of this program.
///
/// # Errors
/// What the operating system reports.
pub fn program() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// The words of the command line, the program's name first.
#[must_use]
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}
