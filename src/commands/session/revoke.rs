//! `session revoke`: sessions are deleted, by their ids or by what they hold.

use std::time::Instant;

use clap::Args;

use super::conditions::WhichArgs;
use super::reader::Part;
use super::reader::Reader;
use super::reader::Session;
use crate::commands::change;
use crate::commands::change::Deletion;
use crate::commands::change::FORMATS;
use crate::commands::confirm;
use crate::commands::confirm::ConfirmArgs;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::listed;
use crate::commands::purge;
use crate::commands::purge::Outcome;
use crate::commands::purge::Swept;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::flask::session;
use crate::pool::listing::Listing;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Key;
use crate::protocol::Request;

/// Delete sessions, which logs their users out
///
/// By their ids, or with --where all that hold something, on every server; those are counted first, and the question is
/// asked, unless --yes. Exit 1 if no session was there.
#[derive(Args, Debug)]
pub(super) struct RevokeArgs {
    /// Session ids, or values of the session cookie, signed or not
    #[arg(value_name = "COOKIE", required_unless_present = "conditions", conflicts_with = "conditions")]
    cookies: Vec<String>,
    #[command(flatten)]
    which: WhichArgs,
    /// Show what would be deleted, and delete nothing
    #[arg(short = 'n', long, help_heading = "Safety")]
    dry_run: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Runs the command.
///
/// # Errors
/// A text that leads to no session, settings that do not allow it, or servers that cannot list.
pub(super) fn run(context: &mut Context, args: &RevokeArgs) -> Result<Exit, Failure> {
    if args.which.conditions.is_empty() {
        let keys = keys(context, args)?;
        let how = Deletion { dry_run: args.dry_run, ..Deletion::default() };
        return change::delete(context, "session-revoke", &keys, how);
    }
    let format = context.format(&FORMATS)?;
    if !args.dry_run {
        args.confirm.check(context, "session revoke --where")?;
    }
    let cluster = listed::cluster(context, "session revoke --where")?;
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    let mut swept = Vec::new();
    if args.dry_run || !args.confirm.yes {
        swept = sweep(context, &cluster, args, &interrupt, false)?;
    }
    if !args.dry_run && !interrupt.is_wanted() {
        let matched: u64 = swept.iter().map(|(_, swept)| swept.matched).sum();
        if args.confirm.yes || matched > 0 {
            args.confirm.ask(context, &question(context, &cluster, matched, &swept))?;
            swept = sweep(context, &cluster, args, &interrupt, true)?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let outcome = Outcome {
        command: "session-revoke",
        dry_run: args.dry_run,
        interrupted: interrupt.is_wanted(),
        seconds,
    };
    Ok(purge::conclude(context, format, outcome, &cluster, swept))
}

fn keys(context: &Context, args: &RevokeArgs) -> Result<Vec<Key>, Failure> {
    let key = |cookie: &String| {
        let key =
            session::key(cookie, &args.which.prefix).map_err(|error| Failure::usage(error.to_string()))?;
        context.key(key.as_bytes())
    };
    args.cookies.iter().map(key).collect()
}

/// What is going to happen, with a sample.
fn question(context: &Context, cluster: &Cluster, matched: u64, swept: &[(usize, Swept)]) -> String {
    let sample: Vec<String> = purge::sample(swept).iter().map(ToString::to_string).collect();
    format!("Revoke {matched} sessions {}, such as {}?", confirm::place(context, cluster), sample.join(", "))
}

/// Counts, or deletes, the sessions that are meant on all servers.
fn sweep(
    context: &Context,
    cluster: &Cluster,
    args: &RevokeArgs,
    interrupt: &Interrupt,
    deletes: bool,
) -> Result<Vec<(usize, Swept)>, Failure> {
    let progress = listed::progress(context, cluster, "sessions");
    let reader = Reader::new(context, &cluster.pool, &args.which, interrupt, &progress)?;
    Ok(cluster.pool.list(&listed::servers(cluster), |server, listing| {
        let mut swept = Swept::default();
        let part = if deletes {
            delete(&reader, server, listing, &mut swept)
        } else {
            reader.work(server, listing, &mut |session| {
                count(&mut swept, &session);
                Ok(true)
            })
        };
        swept.errors.splice(0..0, part.error);
        swept
    }))
}

/// Deletes the sessions that are meant on one server, while they are listed and read.
fn delete(reader: &Reader<'_>, server: usize, listing: &mut Listing, swept: &mut Swept) -> Part {
    let mut connection = match reader.pool.open(server) {
        Ok((connection, _)) => connection,
        Err(error) => return Part { error: Some(error), ..Part::default() },
    };
    let mut pipeline = match Pipeline::counting(&mut connection) {
        Ok(pipeline) => pipeline,
        Err(error) => return Part { error: Some(error), ..Part::default() },
    };
    let part = reader.work(server, listing, &mut |session| {
        count(swept, &session);
        pipeline.push(&Request::Delete { key: &session.key, cas: None }, ())?;
        Ok(true)
    });
    let (counts, finished) = pipeline.finish();
    swept.counts = counts;
    Part { error: part.error.or(finished.err()), ..part }
}

fn count(swept: &mut Swept, session: &Session) {
    swept.matched += 1;
    swept.bytes += session.size;
    swept.fetched += u64::from(session.fetched);
    swept.keep_in_sample(session.key.as_bytes());
}
