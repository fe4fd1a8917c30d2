//! The routings that a pool may have been filled by.

use crate::commands::context::Context;
use crate::failure::Failure;
use crate::routing::Credentials;
use crate::routing::Router;
use crate::routing::Routing;
use crate::routing::known_clients;

/// pylibmc's hashes, which its users combine with either of its usual distributions.
const HASHES: [&str; 9] =
    ["default", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "murmur", "jenkins"];

/// A routing that may be the one.
pub(super) struct Candidate {
    /// The routing text.
    pub(super) routing: String,
    /// Language and package of the client.
    pub(super) about: &'static str,
    /// Whether the settings say so.
    pub(super) in_use: bool,
    /// The way from keys to servers, or why these servers have none.
    pub(super) router: Result<Router, String>,
}

/// The routing in use, and each client as applications commonly have it.
///
/// # Errors
/// Settings that are not understood.
pub(super) fn common(context: &mut Context) -> Result<Vec<Candidate>, Failure> {
    let routings = known_clients().iter().flat_map(|client| client.routings);
    of(context, routings.map(|routing| (*routing).to_owned()))
}

/// Those of [`common`], and pylibmc with each of its hashes.
///
/// # Errors
/// As [`common`].
pub(super) fn many(context: &mut Context) -> Result<Vec<Candidate>, Failure> {
    let routings = known_clients().iter().flat_map(|client| client.routings);
    let hashes = HASHES
        .iter()
        .flat_map(|hash| [format!("pylibmc:hash={hash}"), format!("pylibmc:ketama,hash={hash}")]);
    // The default hash is the same routing by another name.
    let hashes = hashes.filter(|routing| !routing.ends_with("=default"));
    of(context, routings.map(|routing| (*routing).to_owned()).chain(hashes))
}

fn of(context: &mut Context, texts: impl Iterator<Item = String>) -> Result<Vec<Candidate>, Failure> {
    let in_use = context.settings.routing()?.to_string();
    let list = context.settings.server_list()?;
    let login = context.settings.login()?;
    let credentials =
        login.as_ref().map(|login| Credentials { username: &login.username, password: &login.password });
    let mut candidates: Vec<Candidate> = Vec::new();
    for text in std::iter::once(in_use.clone()).chain(texts) {
        if candidates.iter().any(|known| known.routing == text) {
            continue;
        }
        let router = Routing::parse(&text).and_then(|routing| {
            let servers = list.clone().for_routing(&routing).servers;
            Router::new(&routing, &servers, credentials)
        });
        let client = text.split([':', ';']).next().unwrap_or_default();
        let about = known_clients().iter().find(|known| known.name == client).map_or("", |known| known.about);
        candidates.push(Candidate {
            in_use: text == in_use,
            about,
            router: router.map_err(|error| error.to_string()),
            routing: text,
        });
    }
    Ok(candidates)
}
