//! TLS from flags, environment and profile.

use std::path::PathBuf;

use super::Environment;
use super::Flags;
use super::Setting;
use super::Source;
use super::file::Profile;
use super::file::TlsDetails;
use super::file::TlsTable;
use crate::pool::TlsSettings;

/// TLS, switched on by a flag, a variable or the profile; its details each from the strongest source.
pub(super) fn resolve(
    flags: &Flags,
    environment: &Environment,
    profile: Option<(&str, &Profile)>,
) -> Option<Setting<TlsSettings>> {
    let (details, in_profile) = match profile.and_then(|(_, profile)| profile.tls.as_ref()) {
        Some(TlsTable::Details(details)) => (details.clone(), true),
        Some(TlsTable::Switch(on)) => (TlsDetails::default(), *on),
        None => (TlsDetails::default(), false),
    };
    let names = ["CACHIER_TLS_CA", "CACHIER_TLS_CERT", "CACHIER_TLS_KEY", "CACHIER_TLS_SERVER_NAME"];
    let asked = [
        (flags.tls_ca.is_some(), "--tls-ca"),
        (flags.tls_cert.is_some(), "--tls-cert"),
        (flags.tls_key.is_some(), "--tls-key"),
        (flags.tls_server_name.is_some(), "--tls-server-name"),
        (flags.tls_insecure, "--tls-insecure"),
    ];
    let source = if flags.tls {
        Source::Flag("--tls")
    } else if let Some((_, name)) = asked.into_iter().find(|(asked, _)| *asked) {
        Source::Flag(name)
    } else if environment.get("CACHIER_TLS").is_some() {
        if !environment.is_on("CACHIER_TLS") {
            return None;
        }
        Source::Variable("CACHIER_TLS".to_owned())
    } else if let Some(name) = names.iter().find(|name| environment.get(name).is_some()) {
        Source::Variable((*name).to_owned())
    } else if in_profile {
        Source::Profile(profile.map(|(name, _)| name.to_owned()).unwrap_or_default())
    } else {
        return None;
    };
    let file = |flag: &Option<PathBuf>, variable: &str, own: Option<PathBuf>| {
        flag.clone().or_else(|| environment.get_os(variable).map(PathBuf::from)).or(own)
    };
    let settings = TlsSettings {
        ca: file(&flags.tls_ca, names[0], details.ca),
        cert: file(&flags.tls_cert, names[1], details.cert),
        key: file(&flags.tls_key, names[2], details.key),
        server_name: flags
            .tls_server_name
            .clone()
            .or_else(|| environment.get(names[3]))
            .or(details.server_name),
        insecure: flags.tls_insecure || environment.is_on("CACHIER_TLS_INSECURE") || details.insecure,
    };
    Some(Setting::new(settings, source))
}
