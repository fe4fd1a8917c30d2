//! Flags, environment and profile become one set of values, each with its source.

use std::path::PathBuf;
use std::time::Duration;

use super::Environment;
use super::Flags;
use super::PasswordSource;
use super::ServerText;
use super::Setting;
use super::Settings;
use super::SettingsError;
use super::Source;
use super::file::File;
use super::file::Profile;
use super::file::config_path;
use super::file::profile_file;
use super::flags::Auth;
use super::tls;
use super::units;

/// The prefixes of the variables that providers set, strongest first.
const PROVIDERS: [&str; 3] = ["MEMCACHIER", "MEMCACHEDCLOUD", "MEMCACHE"];

/// The server that is used when nobody names one.
const DEFAULT_SERVER: &str = "127.0.0.1:11211";

/// Resolves all settings.
///
/// # Errors
/// A profile file or value that is not understood.
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Settings, SettingsError> {
    Resolver::new(flags, environment)?.settings()
}

/// What settings are resolved from.
struct Resolver<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    config: Setting<PathBuf>,
    /// The profile in use and how it came to be.
    profile: Option<(Setting<String>, Profile)>,
    servers: Setting<ServerText>,
    /// The prefix of the variables that the servers come from.
    provider: Option<&'static str>,
    notes: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// Finds the profile in use and where the servers come from.
    fn new(flags: &'a Flags, environment: &'a Environment) -> Result<Self, SettingsError> {
        let mut resolver = Self {
            flags,
            environment,
            config: config_path(flags, environment),
            profile: None,
            servers: Setting::new(ServerText::List(DEFAULT_SERVER.to_owned()), Source::Default),
            provider: None,
            notes: Vec::new(),
        };
        if let Some(name) = resolver.named_profile() {
            let (_, file) = profile_file(flags, environment)?;
            resolver.use_profile(name, file)?;
        }
        if !resolver.find_servers() && resolver.profile.is_none() {
            let (_, file) = profile_file(flags, environment)?;
            if let Some(name) = file.default_profile.clone() {
                resolver.use_profile(Setting::new(name, Source::Default), file)?;
                resolver.servers_of_profile();
            }
        }
        Ok(resolver)
    }

    /// The profile that a flag or variable names.
    fn named_profile(&self) -> Option<Setting<String>> {
        let flag = self.flags.profile.clone().map(|name| Setting::new(name, Source::Flag("--profile")));
        flag.or_else(|| self.variable("CACHIER_PROFILE"))
    }

    fn use_profile(&mut self, name: Setting<String>, mut file: File) -> Result<(), SettingsError> {
        match file.profiles.remove(&name.value) {
            Some(profile) => {
                self.profile = Some((name, profile));
                Ok(())
            }
            None => Err(SettingsError::NoProfile {
                name: name.value,
                path: self.config.value.display().to_string(),
                known: file.profiles.into_keys().collect(),
            }),
        }
    }

    /// Finds the servers anywhere but in a default profile.
    fn find_servers(&mut self) -> bool {
        if let Some(list) = &self.flags.servers {
            self.servers = Setting::new(ServerText::List(list.clone()), Source::Flag("--servers"));
            return true;
        }
        if let Some(list) = self.variable("CACHIER_SERVERS") {
            if let Some((name, profile)) = &self.profile
                && profile.servers.is_some()
            {
                self.notes.push(format!("CACHIER_SERVERS wins over the servers of profile {}", name.value));
            }
            self.servers = list.map(ServerText::List);
            self.provider = Some("CACHIER");
            return true;
        }
        if self.servers_of_profile() {
            if let Some(provider) =
                PROVIDERS.iter().find(|prefix| self.variable(&format!("{prefix}_SERVERS")).is_some())
                && let Some((name, _)) = &self.profile
            {
                self.notes
                    .push(format!("profile {} wins over {provider}_SERVERS of the environment", name.value));
            }
            return true;
        }
        for prefix in PROVIDERS {
            if let Some(list) = self.variable(&format!("{prefix}_SERVERS")) {
                self.servers = list.map(ServerText::List);
                self.provider = Some(prefix);
                return true;
            }
        }
        false
    }

    /// Takes the servers of the profile, if it has any.
    fn servers_of_profile(&mut self) -> bool {
        let Some((name, Profile { servers: Some(entries), .. })) = &self.profile else { return false };
        self.servers =
            Setting::new(ServerText::Entries(entries.clone()), Source::Profile(name.value.clone()));
        true
    }

    fn settings(mut self) -> Result<Settings, SettingsError> {
        let (username, password) = self.credentials()?;
        let (flags, environment) = (self.flags, self.environment);
        let own = self.profile.as_ref().map(|(_, profile)| profile.clone()).unwrap_or_default();
        let named = self.profile.as_ref().map(|(name, profile)| (name.value.as_str(), profile));
        let no_prefix = Setting::new(String::new(), Source::Flag("--no-key-prefix"));
        Ok(Settings {
            routing: self.text("--routing", flags.routing.as_ref(), own.routing.as_ref()),
            protocol: self.choice("--protocol", flags.protocol, own.protocol.as_ref())?,
            auth: self.choice("--auth", flags.auth, own.auth.as_ref())?,
            tls: tls::resolve(flags, environment, named),
            connect_timeout: self.limit(
                "--connect-timeout",
                flags.connect_timeout,
                own.connect_timeout.as_ref(),
                Duration::from_secs(2),
            )?,
            timeout: self.limit("--timeout", flags.timeout, own.timeout.as_ref(), Duration::from_secs(1))?,
            key_prefix: if flags.no_key_prefix {
                no_prefix
            } else {
                let prefix =
                    self.text("--key-prefix", flags.key_prefix.as_ref(), own.flask.key_prefix.as_ref());
                or_default(prefix, "flask_cache_")
            },
            flask_caching: self.text(
                "--flask-caching",
                flags.flask_caching.as_ref(),
                own.flask.version.as_ref(),
            ),
            python: self.text("--python", flags.python.as_ref(), own.flask.python.as_ref()),
            werkzeug: self.text("--werkzeug", flags.werkzeug.as_ref(), own.flask.werkzeug.as_ref()),
            backend: or_default(
                self.text("--backend", flags.backend.as_ref(), own.flask.backend.as_ref()),
                "sasl",
            ),
            client_values: or_default(
                self.text("--client-values", flags.client_values.as_ref(), own.client_values.as_ref()),
                "pylibmc",
            ),
            checks: own.checks.clone(),
            read_only: self.switch("--read-only", flags.read_only, own.read_only),
            protected: own.protected,
            no_input: match self.switch("--no-input", flags.no_input, false) {
                setting if !setting.value && environment.is_on("CI") => {
                    Setting::new(true, Source::Variable("CI".to_owned()))
                }
                setting => setting,
            },
            no_journal: self.switch("--no-journal", flags.no_journal, own.journal == Some(false)),
            username,
            password,
            profile: self.profile.map(|(name, _)| name),
            config: self.config,
            servers: self.servers,
            notes: self.notes,
        })
    }

    /// The credentials: those that come with the servers, unless flags name others.
    fn credentials(&mut self) -> Result<Credentials, SettingsError> {
        let from_flags = match (&self.flags.password_file, self.flags.password_stdin) {
            (Some(path), _) => {
                Some(Setting::new(PasswordSource::File(path.clone()), Source::Flag("--password-file")))
            }
            (None, true) => Some(Setting::new(PasswordSource::Stdin, Source::Flag("--password-stdin"))),
            (None, false) => None,
        };
        if let Some(username) = &self.flags.username {
            // There is no flag for a password, so its variable completes the user name of the command line.
            let password = from_flags.or_else(|| self.variable("CACHIER_PASSWORD").map(known));
            if password.is_none() && self.flags.auth != Some(Auth::None) {
                return Err(SettingsError::Conflict {
                    message: format!("--username {username} comes without a password"),
                    hint: "name its file with --password-file, pipe it in with --password-stdin, or set CACHIER_PASSWORD",
                });
            }
            return Ok((Some(Setting::new(username.clone(), Source::Flag("--username"))), password));
        }
        let (username, password) = match (&self.servers.source, self.provider, &self.profile) {
            (Source::Variable(_), Some(prefix), _) => (
                self.variable(&format!("{prefix}_USERNAME")),
                self.variable(&format!("{prefix}_PASSWORD")).map(known),
            ),
            (Source::Profile(name), _, Some((_, profile))) => of_profile(name, profile),
            _ => (None, None),
        };
        if self.provider != Some("CACHIER") && self.variable("CACHIER_USERNAME").is_some() {
            self.notes.push(format!(
                "CACHIER_USERNAME is not used: credentials come with the servers, and those come from {}",
                self.servers.source
            ));
        }
        Ok((username, from_flags.or(password)))
    }

    /// A text from the strongest source that has it.
    fn text(
        &self,
        flag: &'static str,
        given: Option<&String>,
        own: Option<&String>,
    ) -> Option<Setting<String>> {
        given
            .map(|text| Setting::new(text.clone(), Source::Flag(flag)))
            .or_else(|| self.variable(&variable_of(flag)))
            .or_else(|| {
                let (name, _) = self.profile.as_ref()?;
                Some(Setting::new(own?.clone(), Source::Profile(name.value.clone())))
            })
    }

    /// A time limit from the strongest source that has one.
    fn limit(
        &self,
        flag: &'static str,
        given: Option<Duration>,
        own: Option<&String>,
        default: Duration,
    ) -> Result<Setting<Duration>, SettingsError> {
        match (given, self.text(flag, None, own)) {
            (Some(limit), _) => Ok(Setting::new(limit, Source::Flag(flag))),
            (None, Some(text)) => read(text, flag, units::duration),
            (None, None) => Ok(Setting::new(default, Source::Default)),
        }
    }

    /// One of a few words from the strongest source that has one.
    fn choice<T: clap::ValueEnum + Default>(
        &self,
        flag: &'static str,
        given: Option<T>,
        own: Option<&String>,
    ) -> Result<Setting<T>, SettingsError> {
        if let Some(given) = given {
            return Ok(Setting::new(given, Source::Flag(flag)));
        }
        let Some(text) = self.text(flag, None, own) else {
            return Ok(Setting::new(T::default(), Source::Default));
        };
        read(text, flag, |text| {
            T::from_str(text, false).map_err(|_| {
                let known: Vec<_> = T::value_variants().iter().filter_map(T::to_possible_value).collect();
                let known: Vec<_> = known.iter().map(clap::builder::PossibleValue::get_name).collect();
                format!("\"{text}\" is none of {}", known.join(", "))
            })
        })
    }

    /// Something that is on or off, on if any source says so.
    fn switch(&self, flag: &'static str, given: bool, own: bool) -> Setting<bool> {
        let variable = variable_of(flag);
        if given {
            Setting::new(true, Source::Flag(flag))
        } else if self.environment.is_on(&variable) {
            Setting::new(true, Source::Variable(variable))
        } else if let (true, Some((profile, _))) = (own, &self.profile) {
            Setting::new(true, Source::Profile(profile.value.clone()))
        } else {
            Setting::new(false, Source::Default)
        }
    }

    fn variable(&self, name: &str) -> Option<Setting<String>> {
        self.environment.get(name).map(|value| Setting::new(value, Source::Variable(name.to_owned())))
    }
}

/// A user name and a password, each with its source.
type Credentials = (Option<Setting<String>>, Option<Setting<PasswordSource>>);

/// A password that is known.
fn known(text: Setting<String>) -> Setting<PasswordSource> {
    text.map(|text| PasswordSource::Known(text.into()))
}

/// The credentials of a profile.
fn of_profile(name: &str, profile: &Profile) -> Credentials {
    let from = |password| Some(Setting::new(password, Source::Profile(name.to_owned())));
    let password = match (&profile.password, &profile.password_file, &profile.password_command) {
        (Some(secret), _, _) => from(PasswordSource::Known(secret.clone())),
        (None, Some(path), _) => from(PasswordSource::File(path.clone())),
        (None, None, Some(words)) => from(PasswordSource::Command(words.clone())),
        (None, None, None) => None,
    };
    (
        profile.username.clone().map(|username| Setting::new(username, Source::Profile(name.to_owned()))),
        password,
    )
}

/// The variable that says what a flag says.
fn variable_of(flag: &str) -> String {
    format!("CACHIER_{}", flag.trim_start_matches('-').replace('-', "_").to_uppercase())
}

/// Reads the text of a flag's setting; the error names where it comes from, and for a profile which field it is.
fn read<T>(
    text: Setting<String>,
    flag: &str,
    reader: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Setting<T>, SettingsError> {
    match reader(&text.value) {
        Ok(value) => Ok(Setting::new(value, text.source)),
        Err(reason) => {
            let field = flag.trim_start_matches('-').replace('-', "_");
            let reason = match text.source {
                Source::Profile(_) => format!("{field}: {reason}"),
                _ => reason,
            };
            Err(SettingsError::Value { source_name: text.source.to_string(), reason })
        }
    }
}

fn or_default(setting: Option<Setting<String>>, default: &str) -> Setting<String> {
    setting.unwrap_or_else(|| Setting::new(default.to_owned(), Source::Default))
}
