//! Every effective setting as text, with its source; secrets only as set or not.

use std::fmt::Display;
use std::path::PathBuf;

use clap::ValueEnum;

use super::ServerText;
use super::Setting;
use super::Settings;
use super::Source;
use super::units;
use crate::protocol::Wire;
use crate::python::PythonVersion;

/// One setting as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// The name, as in a profile.
    pub name: &'static str,
    /// The value; `null` if there is none.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// Who is spoken to and how, in one sentence.
#[must_use]
pub fn sentence(settings: &Settings) -> String {
    let of = |name: &str| {
        let line = lines(settings).into_iter().find(|line| line.name == name);
        line.and_then(|line| Some((line.value?, line.source))).unwrap_or_default()
    };
    let (servers, source) = of("servers");
    let protocol = match settings.wire() {
        Ok(Wire::Binary) => "binary",
        Ok(Wire::Text) | Err(_) => "text",
    };
    let authentication = match settings.auth_mode() {
        Ok(Some(mode)) => mode.to_string(),
        Ok(None) | Err(_) => "none".to_owned(),
    };
    let tls = if settings.tls.is_some() { "on" } else { "off" };
    let (routing, _) = of("routing");
    format!(
        "servers {servers} ({source}), routing {routing}, protocol {protocol}, authentication {authentication}, TLS {tls}"
    )
}

/// All settings in the order of the contract.
#[must_use]
pub fn lines(settings: &Settings) -> Vec<Line> {
    let servers = match &settings.servers.value {
        ServerText::List(text) => text.clone(),
        ServerText::Entries(entries) => entries.join(","),
    };
    let secret = settings.password.as_ref().map(|found| found.clone().map(|_| "(set)".to_owned()));
    let mut lines = vec![
        optional("profile", settings.profile.as_ref()),
        line("config", settings.config.value.display(), &settings.config.source),
        line("servers", hide_user_info(&servers), &settings.servers.source),
        optional("username", settings.username.as_ref()),
        optional("password", secret.as_ref()),
        match &settings.routing {
            Some(routing) => line("routing", &routing.value, &routing.source),
            None => Line {
                value: settings.routing().ok().map(|routing| routing.to_string()),
                ..optional("routing", None)
            },
        },
        line("protocol", choice(&settings.protocol.value), &settings.protocol.source),
        line("auth", choice(&settings.auth.value), &settings.auth.source),
    ];
    lines.extend(tls(settings));
    lines.extend([
        line(
            "connect_timeout",
            units::show(settings.connect_timeout.value),
            &settings.connect_timeout.source,
        ),
        line("timeout", units::show(settings.timeout.value), &settings.timeout.source),
        line("flask.key_prefix", &settings.key_prefix.value, &settings.key_prefix.source),
        or_default("flask.version", settings.flask_caching.as_ref(), "unknown: every generation"),
        or_default("flask.python", settings.python.as_ref(), &PythonVersion::DEFAULT.to_string()),
        or_default("flask.werkzeug", settings.werkzeug.as_ref(), "2.3 or newer"),
        line("flask.backend", &settings.backend.value, &settings.backend.source),
        line("client_values", &settings.client_values.value, &settings.client_values.source),
        list("checks.fail_if", &settings.checks.fail_if, settings),
        list("checks.warn_if", &settings.checks.warn_if, settings),
        list("checks.off", &settings.checks.off, settings),
        line("read_only", settings.read_only.value, &settings.read_only.source),
        line(
            "protected",
            settings.protected,
            &if settings.protected { of_profile(settings) } else { Source::Default },
        ),
        line("no_input", settings.no_input.value, &settings.no_input.source),
        line("journal", !settings.no_journal.value, &settings.no_journal.source),
    ]);
    lines
}

/// Whether TLS is on, and its details if it is.
fn tls(settings: &Settings) -> Vec<Line> {
    let Some(Setting { value: tls, source }) = &settings.tls else {
        return vec![line("tls", "off", &Source::Default)];
    };
    let path = |name, path: &Option<PathBuf>| Line {
        value: path.as_ref().map(|path| path.display().to_string()),
        ..line(name, "", source)
    };
    vec![
        line("tls", "on", source),
        path("tls.ca", &tls.ca),
        path("tls.cert", &tls.cert),
        path("tls.key", &tls.key),
        Line { value: tls.server_name.clone(), ..line("tls.server_name", "", source) },
        line("tls.insecure", tls.insecure, source),
    ]
}

/// A setting that only profiles have, with any number of texts.
fn list(name: &'static str, texts: &[String], settings: &Settings) -> Line {
    if texts.is_empty() {
        return optional(name, None);
    }
    line(name, texts.join(", "), &of_profile(settings))
}

/// The profile in use as a source.
fn of_profile(settings: &Settings) -> Source {
    settings.profile.as_ref().map_or(Source::Default, |profile| Source::Profile(profile.value.clone()))
}

fn line(name: &'static str, value: impl Display, source: &Source) -> Line {
    Line { name, value: Some(value.to_string()), source: source.to_string() }
}

fn optional(name: &'static str, setting: Option<&Setting<String>>) -> Line {
    let source = setting.map_or(&Source::Default, |setting| &setting.source);
    Line { name, value: setting.map(|setting| setting.value.clone()), source: source.to_string() }
}

/// A setting that is described where nobody says anything.
fn or_default(name: &'static str, setting: Option<&Setting<String>>, default: &str) -> Line {
    let line = optional(name, setting);
    Line { value: line.value.or_else(|| Some(default.to_owned())), ..line }
}

/// The word for a choice.
fn choice<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The list without the user name and password of `memcached://user:password@host`.
#[must_use]
pub fn hide_user_info(servers: &str) -> String {
    servers
        .split(',')
        .map(|entry| match (entry.split_once("://"), entry.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://(set)@{host}"),
            _ => entry.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(",")
}
