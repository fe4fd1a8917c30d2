//! Precedence: one table, what is given against what comes out.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const FILE: &str = r#"
default_profile = "home"

[profiles.home]
servers = ["home:1"]
username = "homer"
password = "h"

[profiles.prod]
servers = ["prod-a:1", "prod-b:2"]
username = "pat"
password = "p"
routing = "pymemcache"
timeout = "3s"
read_only = true

[profiles.prod.flask]
key_prefix = "shop_"

[profiles.facts.flask]
version = "2.3.1"
"#;

/// A configuration directory with [`FILE`] in it.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cachier");
    fs::create_dir(&path).unwrap();
    let path = path.join("config.toml");
    fs::write(&path, FILE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    directory
}

fn resolved(flags: &Flags, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let directory = directory();
    let base = ("XDG_CONFIG_HOME".to_owned(), directory.path().as_os_str().to_owned());
    let given = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    resolve(flags, &Environment::new(given.chain([base])))
}

/// Servers, user name and password as one text, and the source of the servers.
fn summary(settings: &Settings) -> (String, String) {
    let servers = match &settings.servers.value {
        ServerText::List(text) => text.clone(),
        ServerText::Entries(entries) => entries.join(","),
    };
    let username = settings.username.as_ref().map_or("-", |username| &username.value);
    let password = match settings.password.as_ref().map(|password| &password.value) {
        Some(PasswordSource::Known(secret)) => secret.expose().as_str().to_owned(),
        Some(other) => other.place(),
        None => "-".to_owned(),
    };
    (format!("{servers} {username} {password}"), settings.servers.source.to_string())
}

fn flags(change: impl FnOnce(&mut Flags)) -> Flags {
    let mut flags = Flags::default();
    change(&mut flags);
    flags
}

#[test]
fn servers_and_credentials_come_from_one_source() {
    let memcachier: &[(&str, &str)] =
        &[("MEMCACHIER_SERVERS", "m:1"), ("MEMCACHIER_USERNAME", "mu"), ("MEMCACHIER_PASSWORD", "mp")];
    let cloud: &[(&str, &str)] = &[("MEMCACHEDCLOUD_SERVERS", "c:1"), ("MEMCACHEDCLOUD_USERNAME", "cu")];
    let own: &[(&str, &str)] =
        &[("CACHIER_SERVERS", "o:1"), ("CACHIER_USERNAME", "ou"), ("CACHIER_PASSWORD", "op")];
    let plain = Flags::default();
    let servers = flags(|flags| flags.servers = Some("f:1".to_owned()));
    let profile = flags(|flags| flags.profile = Some("prod".to_owned()));
    let password = flags(|flags| {
        flags.servers = Some("f:1".to_owned());
        flags.username = Some("fu".to_owned());
        flags.password_file = Some(PathBuf::from("pf"));
    });
    type Case<'a> = (&'a Flags, Vec<(&'a str, &'a str)>, &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (&plain, vec![], "home:1 homer h", "profile home"),
        (&plain, memcachier.to_vec(), "m:1 mu mp", "environment MEMCACHIER_SERVERS"),
        (&plain, [memcachier, cloud].concat(), "m:1 mu mp", "environment MEMCACHIER_SERVERS"),
        (&plain, cloud.to_vec(), "c:1 cu -", "environment MEMCACHEDCLOUD_SERVERS"),
        (&plain, vec![("MEMCACHE_SERVERS", "e:1")], "e:1 - -", "environment MEMCACHE_SERVERS"),
        (
            &plain,
            vec![("MEMCACHIER_SERVERS", ""), ("MEMCACHE_SERVERS", "e:1")],
            "e:1 - -",
            "environment MEMCACHE_SERVERS",
        ),
        (&plain, [memcachier, own].concat(), "o:1 ou op", "environment CACHIER_SERVERS"),
        (&profile, memcachier.to_vec(), "prod-a:1,prod-b:2 pat p", "profile prod"),
        (&profile, own.to_vec(), "o:1 ou op", "environment CACHIER_SERVERS"),
        (&plain, vec![("CACHIER_PROFILE", "prod")], "prod-a:1,prod-b:2 pat p", "profile prod"),
        (&servers, [memcachier, own].concat(), "f:1 - -", "flag --servers"),
        (&password, own.to_vec(), "f:1 fu the password file pf", "flag --servers"),
        (
            &flags(|flags| flags.profile = Some("facts".to_owned())),
            memcachier.to_vec(),
            "m:1 mu mp",
            "environment MEMCACHIER_SERVERS",
        ),
        (&flags(|flags| flags.profile = Some("facts".to_owned())), vec![], "127.0.0.1:11211 - -", "default"),
    ];
    for (flags, variables, expected, source) in cases {
        let (found, from) = summary(&resolved(flags, variables).unwrap());
        assert_eq!((found.as_str(), from.as_str()), (*expected, *source), "{variables:?}");
    }
}

#[test]
fn the_environment_is_named_where_a_profile_wins_over_it() {
    let profile = flags(|flags| flags.profile = Some("prod".to_owned()));
    let settings = resolved(&profile, &[("MEMCACHIER_SERVERS", "m:1")]).unwrap();
    assert_eq!(settings.notes, ["profile prod wins over MEMCACHIER_SERVERS of the environment"]);
    let settings = resolved(&profile, &[("CACHIER_SERVERS", "o:1")]).unwrap();
    assert_eq!(settings.notes, ["CACHIER_SERVERS wins over the servers of profile prod"]);
    let settings =
        resolved(&Flags::default(), &[("MEMCACHIER_SERVERS", "m:1"), ("CACHIER_USERNAME", "u")]).unwrap();
    assert!(settings.notes[0].starts_with("CACHIER_USERNAME is not used"), "{:?}", settings.notes);
}

#[test]
fn a_user_name_without_a_password_is_an_error() {
    let flags = flags(|flags| flags.username = Some("u".to_owned()));
    assert!(matches!(resolved(&flags, &[]), Err(SettingsError::Conflict { .. })));
    assert_eq!(summary(&resolved(&flags, &[("CACHIER_PASSWORD", "x")]).unwrap()).0, "home:1 u x");
    let settings =
        resolved(&Flags::default(), &[("MEMCACHIER_SERVERS", "m"), ("MEMCACHIER_USERNAME", "u")]).unwrap();
    assert!(matches!(settings.login(), Err(SettingsError::Conflict { .. })));
}

#[test]
fn each_other_setting_comes_from_its_strongest_source() {
    let profile = flags(|flags| flags.profile = Some("prod".to_owned()));
    let settings = resolved(&profile, &[("CACHIER_TIMEOUT", "250ms")]).unwrap();
    assert_eq!(settings.routing.map(|routing| routing.value).as_deref(), Some("pymemcache"));
    assert_eq!(
        (settings.timeout.value.as_millis(), settings.timeout.source.to_string().as_str()),
        (250, "environment CACHIER_TIMEOUT")
    );
    assert_eq!(settings.key_prefix, Setting::new("shop_".to_owned(), Source::Profile("prod".to_owned())));
    assert!(settings.read_only.value);
    let nothing = flags(|flags| flags.no_key_prefix = true);
    assert_eq!(resolved(&nothing, &[]).unwrap().key_prefix.value, "");
    assert!(resolved(&Flags::default(), &[("CI", "true")]).unwrap().no_input.value);
    assert!(!resolved(&Flags::default(), &[("CI", "false")]).unwrap().no_input.value);
}

#[test]
fn a_profile_that_is_not_there_names_those_that_are() {
    let profile = flags(|flags| flags.profile = Some("nope".to_owned()));
    let Err(error) = resolved(&profile, &[]) else { panic!("resolved") };
    assert_eq!(error.hint().as_deref(), Some("the file has: facts, home, prod"));
}

#[test]
fn a_value_that_is_not_understood_names_its_source() {
    for (name, value, message) in [
        (
            "CACHIER_TIMEOUT",
            "soon",
            "environment CACHIER_TIMEOUT: \"soon\" is not a duration like 250ms, 90s, 15m, 2h or 7d",
        ),
        (
            "CACHIER_PROTOCOL",
            "morse",
            "environment CACHIER_PROTOCOL: \"morse\" is none of auto, text, binary",
        ),
    ] {
        let Err(error) = resolved(&Flags::default(), &[(name, value)]) else { panic!("resolved {name}") };
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_way_of_authenticating_decides_the_protocol() {
    use crate::pool::AuthMode;
    use crate::protocol::Wire;
    let user: &[(&str, &str)] =
        &[("CACHIER_SERVERS", "h"), ("CACHIER_USERNAME", "u"), ("CACHIER_PASSWORD", "p")];
    let with = |extra: &[(&str, &str)]| {
        let settings = resolved(&Flags::default(), &[user, extra].concat()).unwrap();
        Ok::<_, SettingsError>((settings.auth_mode()?, settings.wire()?))
    };
    assert_eq!(with(&[]).unwrap(), (Some(AuthMode::Sasl), Wire::Binary));
    assert_eq!(with(&[("CACHIER_AUTH", "text")]).unwrap(), (Some(AuthMode::Text), Wire::Text));
    assert_eq!(
        with(&[("CACHIER_AUTH", "memcachier-text")]).unwrap(),
        (Some(AuthMode::MemcachierText), Wire::Text)
    );
    assert_eq!(with(&[("CACHIER_AUTH", "none")]).unwrap(), (None, Wire::Text));
    assert_eq!(
        with(&[("CACHIER_AUTH", "none"), ("CACHIER_PROTOCOL", "binary")]).unwrap(),
        (None, Wire::Binary)
    );
    assert!(with(&[("CACHIER_PROTOCOL", "text")]).is_err());
    assert!(with(&[("CACHIER_AUTH", "text"), ("CACHIER_PROTOCOL", "binary")]).is_err());
}

#[test]
fn tls_is_switched_on_by_any_of_its_settings() {
    let on = |variables: &[(&str, &str)]| resolved(&Flags::default(), variables).unwrap().tls;
    assert!(on(&[]).is_none());
    assert!(on(&[("CACHIER_TLS", "0"), ("CACHIER_TLS_CA", "ca.pem")]).is_none());
    assert!(on(&[("CACHIER_TLS", "1")]).is_some());
    let tls = on(&[("CACHIER_TLS_CA", "ca.pem"), ("CACHIER_TLS_INSECURE", "1")]).unwrap();
    assert_eq!((tls.value.ca, tls.value.insecure), (Some(PathBuf::from("ca.pem")), true));
}

#[test]
fn no_explanation_shows_a_secret() {
    let profile = flags(|flags| flags.profile = Some("prod".to_owned()));
    let settings = resolved(&profile, &[]).unwrap();
    let lines = explain::lines(&settings);
    let line = lines.iter().find(|line| line.name == "password").unwrap();
    assert_eq!((line.value.as_deref(), line.source.as_str()), (Some("(set)"), "profile prod"));
    assert!(!format!("{settings:?}").contains("\"p\""));
    assert_eq!(explain::hide_user_info("memcached://u:p@h:1,b"), "memcached://(set)@h:1,b");
}
