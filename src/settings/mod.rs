//! Flags, environment and profile file become [`Settings`]; the only reader of the environment.

mod candidates;
mod checks;
mod connect;
pub mod edit;
mod effective;
mod environment;
mod error;
pub mod explain;
pub mod file;
mod flags;
mod password;
mod resolve;
mod secret;
mod source;
mod state;
mod tls;
pub mod units;

pub use checks::ProfileChecks;
pub use effective::ServerText;
pub use effective::Settings;
pub use environment::Environment;
pub use environment::TERMINAL_VARIABLE;
pub use environment::arguments;
pub use environment::program;
pub use error::SettingsError;
pub use file::config_path;
pub use file::profile_file;
pub use flags::Auth;
pub use flags::Flags;
pub use flags::Protocol;
pub use password::PasswordSource;
pub use resolve::resolve;
pub use secret::Secret;
pub use source::Setting;
pub use source::Source;
pub use state::state_directory;

#[cfg(test)]
mod tests;
