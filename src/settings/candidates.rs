//! What a shell can complete in the place of a setting: profiles and servers that are known, clients.

use clap_complete::engine::CompletionCandidate;

use super::Environment;
use super::Flags;
use super::file::profile_file;
use crate::codec::Client;
use crate::routing;

/// The names of the profiles; none where the file is not understood.
pub(super) fn profiles() -> Vec<CompletionCandidate> {
    let Ok((_, file)) = profile_file(&Flags::default(), &Environment::of_process()) else {
        return Vec::new();
    };
    let about = |servers: Option<Vec<String>>| servers.map(|servers| servers.join(",").into());
    let candidates = file.profiles.into_iter();
    printable(candidates.map(|(name, profile)| (name, about(profile.servers))))
}

/// The server lists of the profiles.
pub(super) fn servers() -> Vec<CompletionCandidate> {
    let Ok((_, file)) = profile_file(&Flags::default(), &Environment::of_process()) else {
        return Vec::new();
    };
    let lists = file.profiles.into_iter();
    printable(lists.filter_map(|(name, profile)| Some((profile.servers?.join(","), Some(name.into())))))
}

/// The clients whose way of choosing servers is known.
pub(super) fn routings() -> Vec<CompletionCandidate> {
    let spelled = routing::known_clients().iter().flat_map(|client| client.routings.iter().copied());
    printable(spelled.map(|text| (text.to_owned(), None)))
}

/// Flask-Caching's backends.
pub(super) fn backends() -> Vec<CompletionCandidate> {
    ["memcached", "sasl", "spread"].map(CompletionCandidate::new).into()
}

/// The clients whose way of writing values is known.
pub(super) fn clients() -> Vec<CompletionCandidate> {
    Client::ALL.map(|client| CompletionCandidate::new(client.name())).into()
}

/// A name with control characters would reach the terminal as it is.
fn printable(
    candidates: impl Iterator<Item = (String, Option<clap::builder::StyledStr>)>,
) -> Vec<CompletionCandidate> {
    candidates
        .filter(|(text, _)| !text.chars().any(char::is_control))
        .map(|(text, about)| CompletionCandidate::new(text).help(about))
        .collect()
}
