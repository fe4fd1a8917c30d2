//! What failed, told on stderr, and the exit code that follows from it.

use serde::Serialize;

use super::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::pool::Answers;
use crate::pool::Outcome;
use crate::pool::Phase;
use crate::pool::ServerError;
use crate::settings::Source;

/// A server that did not do its part, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct UnreachedRecord {
    server: Option<String>,
    error: String,
    hint: Option<String>,
}

impl From<&Failure> for UnreachedRecord {
    fn from(failure: &Failure) -> Self {
        Self { server: failure.server.clone(), error: failure.message.clone(), hint: failure.hint.clone() }
    }
}

impl Context {
    /// Tells on stderr what failed; returns each request's value or the reason why there is none, and all failures.
    pub fn settle<T>(
        &mut self,
        answers: Answers<Result<T, Failure>>,
    ) -> (Vec<Result<T, String>>, Vec<Failure>) {
        let mut failures: Vec<Failure> = Vec::new();
        let unreached: Vec<(usize, String)> =
            answers.unreached.iter().map(|(server, error)| (*server, error.to_string())).collect();
        let results = answers
            .outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Answered(Ok(value)) => Ok(value),
                Outcome::Answered(Err(failure)) => {
                    failures.push(failure.clone());
                    Err(failure.message)
                }
                Outcome::Failed(server) => Err(unreached
                    .iter()
                    .find(|(index, _)| *index == server)
                    .map(|(_, reason)| reason.clone())
                    .unwrap_or_default()),
            })
            .collect();
        failures.extend(answers.unreached.into_iter().map(|(_, error)| self.failure(error)));
        self.report(&failures);
        (results, failures)
    }

    /// A server's failure, with what to do where nobody named a server.
    #[must_use]
    pub fn failure(&self, error: ServerError) -> Failure {
        explained(error, self.has_no_servers())
    }

    /// Whether nobody named a server, so that the default one is asked.
    #[must_use]
    pub fn has_no_servers(&self) -> bool {
        self.settings.servers.source == Source::Default
    }

    /// The failure to end with, as its JSON document, where nothing at all could be done.
    #[must_use]
    pub fn nothing_done(&self, format: Option<Format>, done: usize, failures: &[Failure]) -> Option<Failure> {
        let first = failures.first().filter(|_| done == 0 && format == Some(Format::Json))?;
        Some(Failure { told: true, ..first.clone() })
    }

    /// Says which servers gave up and why.
    pub fn report_unreached(&mut self, unreached: Vec<ServerError>) -> Vec<Failure> {
        let failures: Vec<Failure> = unreached.into_iter().map(|error| self.failure(error)).collect();
        self.report(&failures);
        failures
    }

    /// Tells failures on stderr, each hint once.
    pub fn report(&mut self, failures: &[Failure]) {
        for failure in failures {
            self.output.error(&failure.message);
        }
        // One hint a kind: fifty servers need not say the same.
        let mut hints: Vec<&str> = failures.iter().filter_map(|failure| failure.hint.as_deref()).collect();
        hints.dedup();
        for hint in hints {
            self.output.hint(hint);
        }
    }
}

/// A server's failure, with what to do where the server is the default one.
#[must_use]
pub fn explained(error: ServerError, is_default: bool) -> Failure {
    let unnamed = is_default && error.phase == Phase::Connect;
    let failure = Failure::from(error);
    if unnamed && failure.hint.is_none() {
        failure.hint("no servers are named: set MEMCACHIER_SERVERS, or use --servers or --profile")
    } else {
        failure
    }
}

/// The exit code of a command that did some of its work: `usual` if nothing failed, the failure's own if nothing was
/// done, else 6.
#[must_use]
pub fn ending(usual: Exit, done: usize, failures: &[Failure]) -> Exit {
    match failures.first() {
        None => usual,
        Some(first) if done == 0 => first.exit,
        Some(_) => Exit::Partial,
    }
}
