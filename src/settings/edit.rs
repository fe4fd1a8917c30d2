//! Changes to the profile file: comments and order stay, and the file is replaced at one stroke.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use toml_edit::Array;
use toml_edit::DocumentMut;
use toml_edit::Item;
use toml_edit::Table;
use toml_edit::value;

use super::PasswordSource;
use super::ServerText;
use super::Setting;
use super::Settings;
use super::SettingsError;
use super::Source;

/// Makes a profile the default.
///
/// # Errors
/// A file that cannot be read, understood or replaced.
pub fn write_default(path: &Path, name: &str) -> Result<(), SettingsError> {
    change(path, |document| document["default_profile"] = value(name))
}

/// Writes a profile, in place of one of that name; the file is made if there is none.
///
/// # Errors
/// A file that cannot be read, understood or replaced.
pub fn write_profile(path: &Path, name: &str, profile: Table) -> Result<(), SettingsError> {
    change(path, |document| {
        let profiles = document.entry("profiles").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        if let Some(profiles) = profiles.as_table_like_mut() {
            profiles.insert(name, Item::Table(profile));
        }
    })
}

/// Takes a profile out; if it was the default one, there is none afterwards.
///
/// # Errors
/// A file that cannot be read, understood or replaced.
pub fn remove_profile(path: &Path, name: &str) -> Result<(), SettingsError> {
    change(path, |document| {
        if let Some(profiles) = document.get_mut("profiles").and_then(Item::as_table_like_mut) {
            profiles.remove(name);
        }
        if document.get("default_profile").and_then(Item::as_str) == Some(name) {
            // What is written above it stays, at the end.
            let above = document.key("default_profile").and_then(|key| key.leaf_decor().prefix()?.as_str());
            let trailing =
                format!("{}{}", above.unwrap_or_default(), document.trailing().as_str().unwrap_or_default());
            document.remove("default_profile");
            document.set_trailing(trailing);
        }
    })
}

/// The settings that flags and variables give, as a profile says them.
#[must_use]
pub fn profile_of(settings: &Settings) -> Table {
    let mut table = Table::new();
    let entries = match &settings.servers.value {
        ServerText::List(text) => text.split(',').map(str::trim).map(str::to_owned).collect(),
        ServerText::Entries(entries) => entries.clone(),
    };
    table.insert("servers", value(entries.into_iter().collect::<Array>()));
    put(&mut table, "username", settings.username.as_ref(), Clone::clone);
    match settings.password.as_ref().filter(|password| is_given(&password.source)).map(|found| &found.value) {
        Some(PasswordSource::Known(secret)) => {
            table.insert("password", value(secret.expose().as_str()));
        }
        Some(PasswordSource::File(path)) => {
            let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            table.insert("password_file", value(path.display().to_string()));
        }
        Some(PasswordSource::Command(words)) => {
            table.insert("password_command", value(words.iter().collect::<Array>()));
        }
        Some(PasswordSource::Stdin) | None => {}
    }
    put(&mut table, "routing", settings.routing.as_ref(), Clone::clone);
    put(&mut table, "protocol", Some(&settings.protocol), named);
    put(&mut table, "auth", Some(&settings.auth), named);
    let limit = |limit: &std::time::Duration| format!("{}ms", limit.as_millis());
    put(&mut table, "connect_timeout", Some(&settings.connect_timeout), limit);
    put(&mut table, "timeout", Some(&settings.timeout), limit);
    put(&mut table, "client_values", Some(&settings.client_values), Clone::clone);
    put_tls(&mut table, settings);
    if settings.read_only.value && is_given(&settings.read_only.source) {
        table.insert("read_only", value(true));
    }
    let mut flask = Table::new();
    put(&mut flask, "key_prefix", Some(&settings.key_prefix), Clone::clone);
    put(&mut flask, "version", settings.flask_caching.as_ref(), Clone::clone);
    put(&mut flask, "python", settings.python.as_ref(), Clone::clone);
    put(&mut flask, "werkzeug", settings.werkzeug.as_ref(), Clone::clone);
    put(&mut flask, "backend", Some(&settings.backend), Clone::clone);
    if !flask.is_empty() {
        table.insert("flask", Item::Table(flask));
    }
    table
}

/// The details of TLS as a table, or just that it is on.
fn put_tls(table: &mut Table, settings: &Settings) {
    let Some(tls) = settings.tls.as_ref().filter(|tls| is_given(&tls.source)) else { return };
    let mut details = Table::new();
    let files = [("ca", &tls.value.ca), ("cert", &tls.value.cert), ("key", &tls.value.key)];
    for (name, file) in files {
        if let Some(file) = file {
            let file = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
            details.insert(name, value(file.display().to_string()));
        }
    }
    if let Some(name) = &tls.value.server_name {
        details.insert("server_name", value(name));
    }
    if tls.value.insecure {
        details.insert("insecure", value(true));
    }
    table.insert("tls", if details.is_empty() { value(true) } else { Item::Table(details) });
}

fn put<T>(table: &mut Table, name: &str, setting: Option<&Setting<T>>, text: impl Fn(&T) -> String) {
    if let Some(setting) = setting.filter(|setting| is_given(&setting.source)) {
        table.insert(name, value(text(&setting.value)));
    }
}

/// Whether somebody says so now, and not a profile or nobody.
fn is_given(source: &Source) -> bool {
    matches!(source, Source::Flag(_) | Source::Variable(_))
}

fn named<T: clap::ValueEnum>(choice: &T) -> String {
    choice.to_possible_value().map(|possible| possible.get_name().to_owned()).unwrap_or_default()
}

fn change(path: &Path, edit: impl FnOnce(&mut DocumentMut)) -> Result<(), SettingsError> {
    let shown = path.display().to_string();
    let failed =
        |error: std::io::Error| SettingsError::File { path: shown.clone(), reason: error.to_string() };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|_| SettingsError::Syntax { path: shown.clone(), reason: "not understood".to_owned() })?;
    edit(&mut document);
    replace(path, &document.to_string()).map_err(failed)
}

/// Replaces a file at one stroke, readable by its owner only.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    // A link stays one: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The first error is the one to tell.
        drop(fs::remove_file(&beside));
    }
    written
}
