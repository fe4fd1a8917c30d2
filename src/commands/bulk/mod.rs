//! Changes to any number of keys from standard input: streamed to all servers at once, in constant memory.

mod asked;
mod block;
mod feed;
mod report;
mod rows;
mod serve;
mod stream;
mod told;

use std::sync::mpsc;
use std::thread;

use clap::Args;

pub use self::asked::confirm;
use self::block::Block;
use self::feed::Feed;
pub use self::report::Reporter;
use self::serve::serve;
pub use self::stream::FEW;
pub use self::stream::KeyStream;
pub use self::told::Told;
use super::context::Cluster;
use super::context::Context;
use super::interrupt::Interrupt;
use super::spelling::Spelling;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::pool::ServerError;
use crate::pool::pipeline::Counts;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::routing::Targets;

/// How many keys go to a server's thread at once.
const BLOCK: usize = 1000;

/// How many blocks wait for a server's thread.
const WAITING: usize = 4;

/// How many keys are read between two looks whether anybody is still interested.
const LOOK: usize = 256;

/// How many keys are changed at the same time.
#[derive(Args, Clone, Copy, Debug)]
pub struct BulkArgs {
    /// Only count what became of the keys of --stdin
    #[arg(long)]
    pub summary: bool,
    /// Connections to each server when there are more keys than a thousand
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
}

/// What is done to every key.
pub struct Work<'a> {
    /// The servers of a key.
    pub targets: &'a dyn Fn(&Cluster, &[u8]) -> Targets,
    /// The request for a key.
    pub request: &'a (dyn for<'k> Fn(&'k Key) -> Request<'k> + Sync),
}

/// What came of a server: by index, what was done there and why not everything was.
pub type Done = (usize, Counts, Option<ServerError>);

/// What came of a stream of keys.
pub struct Streamed {
    /// What was done on each connection.
    pub done: Vec<Done>,
    /// Keys that the protocol cannot carry.
    pub refused: Counts,
    /// Whether the user wanted an end.
    pub interrupted: bool,
}

/// Streams the keys to their servers and prints what became of them.
///
/// # Errors
/// Settings that cannot be used, or what the operating system says about standard input.
pub fn run(
    context: &mut Context,
    args: BulkArgs,
    keys: KeyStream,
    spelling: &Spelling,
    work: &Work<'_>,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let cluster = context.cluster()?;
    let progress = context.output.progress("keys", None);
    let rows = reporter.rows(&mut context.output);
    let streamed = stream(&cluster, &progress, args.connections, (keys, spelling), work, &rows)?;
    drop(progress);
    Ok(reporter.conclude(context, &cluster, streamed.done, streamed.refused, streamed.interrupted))
}

/// Streams the keys to their servers and tells what became of them.
///
/// # Errors
/// What the operating system says about standard input.
pub fn stream(
    cluster: &Cluster,
    progress: &Progress,
    connections: u8,
    (mut keys, spelling): (KeyStream, &Spelling),
    work: &Work<'_>,
    told: &dyn Told,
) -> Result<Streamed, Failure> {
    let wire = cluster.pool.options().wire;
    let interrupt = Interrupt::listen();
    let connections = usize::from(connections.max(1));
    thread::scope(|scope| {
        let mut feed = Feed { connections, turn: 0, lanes: Vec::new(), refused: Counts::default() };
        let mut threads = Vec::new();
        for server in 0..cluster.pool.endpoints().len() {
            for _ in 0..connections {
                let (sender, receiver) = mpsc::sync_channel(WAITING);
                let (pool, request) = (&cluster.pool, work.request);
                feed.lanes.push((sender, Block::with_capacity(BLOCK)));
                threads.push((server, scope.spawn(move || serve(pool, server, &receiver, request, told))));
            }
        }
        let mut count = 0;
        let read = loop {
            let text = match keys.next_key() {
                Ok(Some(text)) => text,
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            };
            spelling.each(text, &mut |bytes| match Key::check(bytes, wire) {
                Ok(()) => match feed.push(bytes, &(work.targets)(cluster, bytes)) {
                    0 => {}
                    passed => progress.add(passed),
                },
                Err(error) => feed.refuse(told, bytes, &error.to_string()),
            });
            count += 1;
            // The second costs a lock.
            if interrupt.is_wanted() || (count % LOOK == 0 && told.is_closed()) {
                break Ok(());
            }
        };
        let interrupted = interrupt.is_wanted();
        let refused = feed.end(interrupted);
        let done: Vec<Done> = threads
            .into_iter()
            .map(|(server, thread)| match thread.join() {
                Ok((counts, error)) => (server, counts, error),
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect();
        read.map(|()| Streamed { done, refused, interrupted })
    })
}
