//! Changing keys: the one way in which `delete`, `touch`, `set` and every `invalidate-…` plan, act, count and print.

mod rows;

use clap::Args;
use serde_json::Value;

use self::rows::KeyResult;
use self::rows::count;
use self::rows::print;
use self::rows::row;
use super::context::Context;
use super::journal;
use super::outcome::ending;
use super::refusal;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;

/// The formats in which changes are written.
pub const FORMATS: [Format; 4] = [Format::Table, Format::Tsv, Format::Json, Format::Jsonl];

/// What every command that changes something takes.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Safety {
    /// Show what would be changed, and change nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    pub dry_run: bool,
    /// Answer yes to every question
    #[arg(short, long, help_heading = "Safety")]
    pub yes: bool,
}

/// A change in words.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The command, as its JSON schema names it.
    pub command: &'a str,
    /// What became of a key when all went well: the name of its counter.
    pub done: &'static str,
    /// Whether the change is only shown.
    pub dry_run: bool,
}

/// A key and the server, by index, on which it is to be changed.
pub type Target<'a> = (usize, &'a Key);

/// How keys are deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deletion {
    /// Only show what would be deleted.
    pub dry_run: bool,
    /// On every server, not only where the keys belong.
    pub everywhere: bool,
    /// Only if the item still has this CAS unique.
    pub cas: Option<u64>,
}

/// Deletes keys where they belong.
///
/// # Errors
/// Settings that do not allow it. Servers that fail are counted and told on stderr.
pub fn delete(context: &mut Context, command: &str, keys: &[Key], how: Deletion) -> Result<Exit, Failure> {
    let change = Change { command, done: "deleted", dry_run: how.dry_run };
    let cluster = context.cluster()?;
    let plan = if how.everywhere {
        let servers = 0..cluster.pool.endpoints().len();
        keys.iter().flat_map(|key| servers.clone().map(move |server| (server, key))).collect()
    } else {
        plan(keys, |key| cluster.router.deleters(key.as_bytes()).iter().collect())
    };
    apply(context, change, &plan, |key| Request::Delete { key, cas: how.cas })
}

/// Each key with each server that `servers` names for it.
pub fn plan(keys: &[Key], servers: impl Fn(&Key) -> Vec<usize>) -> Vec<Target<'_>> {
    keys.iter().flat_map(|key| servers(key).into_iter().map(move |server| (server, key))).collect()
}

/// Does one change to every key of a plan and prints what became of each, as `cachier/COMMAND/1`.
///
/// # Errors
/// Settings that do not allow it. Servers that fail are counted and told on stderr.
pub fn apply<'a>(
    context: &mut Context,
    change: Change<'_>,
    plan: &[Target<'a>],
    request: impl Fn(&'a Key) -> Request<'a>,
) -> Result<Exit, Failure> {
    apply_and(context, change, plan, request, |_| Ok(None))
}

/// What follows a change: what became of it, as a further field of the JSON document, and what failed.
pub type Aftermath = Option<(&'static str, Value, Vec<Failure>)>;

/// Does one change as [`apply`] does, then something more before anything is printed.
///
/// # Errors
/// As [`apply`], and whatever `after` has.
pub fn apply_and<'a>(
    context: &mut Context,
    change: Change<'_>,
    plan: &[Target<'a>],
    request: impl Fn(&'a Key) -> Request<'a>,
    after: impl FnOnce(&mut Context) -> Result<Aftermath, Failure>,
) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    if !change.dry_run {
        context.allow_change(change.command)?;
    }
    let cluster = context.cluster()?;
    let (results, mut failures) = if change.dry_run {
        (plan.iter().map(|_| Ok("planned")).collect(), Vec::new())
    } else {
        let requests: Vec<_> = plan.iter().map(|&(server, key)| (server, request(key))).collect();
        journal::keep(context, change.command, &requests)?;
        let answers = cluster.pool.run(&requests, |position, reply| {
            let (server, key) = plan[position];
            word(change, &reply).ok_or_else(|| refusal::failure(&cluster.pool.name(server), key, &reply))
        });
        context.settle(answers)
    };
    let rows: Vec<KeyResult> =
        plan.iter().zip(results).map(|(&target, result)| row(&cluster, target, result)).collect();
    let more = after(context)?.map(|(name, value, failed)| {
        failures.extend(failed);
        (name, value)
    });
    print(context, change, format, &rows, more);
    let (done, failed) = (count(&rows, change.done), count(&rows, "failed"));
    let usual = if done == 0 && !change.dry_run { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, rows.len() - failed, &failures))
}

/// The word for an answer; `None` if it is none to a change.
#[must_use]
pub fn word(change: Change<'_>, reply: &Reply<'_>) -> Option<&'static str> {
    Some(match reply {
        Reply::Deleted => "deleted",
        Reply::Touched => "touched",
        Reply::Stored { .. } => "stored",
        Reply::NotStored => "not_stored",
        Reply::Exists if change.done == "stored" => "exists",
        Reply::NotFound | Reply::Miss => "not_found",
        _ => return None,
    })
}
