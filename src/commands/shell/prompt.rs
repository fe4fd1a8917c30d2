//! The prompt: which profile, how many servers, and what guards them.

use crate::commands::context::Context;
use crate::output::escape::Lines;
use crate::output::escape::escape;

/// `production, 3 servers, protected> `.
pub(super) fn prompt(context: &Context) -> String {
    let settings = &context.settings;
    let mut parts = Vec::new();
    if let Some(profile) = &settings.profile {
        parts.push(profile.value.clone());
    }
    let servers = settings.server_list().map(|list| list.servers).unwrap_or_default();
    parts.push(match servers.as_slice() {
        [server] if settings.profile.is_none() => server.endpoint.to_string(),
        [_] => "1 server".to_owned(),
        servers => format!("{} servers", servers.len()),
    });
    if settings.protected {
        parts.push("protected".to_owned());
    }
    if settings.read_only.value {
        parts.push("read-only".to_owned());
    }
    format!("{}> ", escape(parts.join(", ").as_bytes(), Lines::Escape))
}
