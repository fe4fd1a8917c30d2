//! What `check` asks of the servers of a profile.

use super::Settings;
use super::SettingsError;
use super::Source;
use crate::measure::Expression;

/// The conditions of a profile, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileChecks {
    /// Those that fail.
    pub fail_if: Vec<Expression>,
    /// Those that warn.
    pub warn_if: Vec<Expression>,
    /// The fields that no default is asked about.
    pub off: Vec<String>,
}

impl Settings {
    /// The conditions of the profile in use.
    ///
    /// # Errors
    /// A condition that is not understood.
    pub fn checks(&self) -> Result<ProfileChecks, SettingsError> {
        let read = |name: &str, texts: &[String]| {
            let parsed = texts.iter().map(|text| Expression::parse(text));
            parsed.collect::<Result<Vec<_>, _>>().map_err(|error| {
                let profile = self.profile.as_ref().map_or("", |profile| &profile.value);
                SettingsError::Value {
                    source_name: format!("checks.{name} of {}", Source::Profile(profile.to_owned())),
                    reason: format!("{error} ({})", error.hint()),
                }
            })
        };
        Ok(ProfileChecks {
            fail_if: read("fail_if", &self.checks.fail_if)?,
            warn_if: read("warn_if", &self.checks.warn_if)?,
            off: self.checks.off.clone(),
        })
    }
}
