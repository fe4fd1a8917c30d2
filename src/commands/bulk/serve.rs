//! One connection of many: takes keys until there are no more, and knows what became of each.

use std::sync::mpsc::Receiver;

use super::rows::Rows;
use crate::pool::Pool;
use crate::pool::ServerError;
use crate::pool::pipeline::Counts;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;

/// Sends the keys of one connection; after an error the rest fails without a try.
pub(super) fn serve(
    pool: &Pool,
    index: usize,
    receiver: &Receiver<Vec<Key>>,
    request: &(dyn for<'k> Fn(&'k Key) -> Request<'k> + Sync),
    rows: &Rows<'_>,
) -> (Counts, Option<ServerError>) {
    // Nobody is contacted before there is a key.
    let Ok(first) = receiver.recv() else { return (Counts::default(), None) };
    let name = pool.name(index);
    let mut keys = first.into_iter();
    let result = pool.open(index).and_then(|(mut server, _)| {
        let mut block = Vec::new();
        let mut tell = |key: Option<Key>, reply: Option<Reply<'_>>| {
            if let Some(key) = key {
                rows.tell(&mut block, &name, &key, reply);
            }
        };
        let mut pipeline = if rows.are_wanted() {
            Pipeline::watched(&mut server, &mut tell)
        } else {
            Pipeline::counting(&mut server)
        }?;
        let sent = loop {
            let pushed = keys.by_ref().try_for_each(|key| {
                let tag = rows.are_wanted().then(|| key.clone());
                pipeline.push(&request(&key), tag)
            });
            if let Err(error) = pushed {
                break Err(error);
            }
            match receiver.recv() {
                Ok(next) => keys = next.into_iter(),
                Err(_) => break Ok(()),
            }
        };
        let (counts, finished) = pipeline.finish();
        rows.flush(&mut block);
        Ok((counts, sent.err().or(finished.err())))
    });
    let (mut counts, error) = match result {
        Ok((counts, error)) => (counts, error),
        Err(error) => (Counts::default(), Some(error)),
    };
    if let Some(error) = &error {
        let reason = error.to_string();
        let rest: Vec<Key> = keys.collect();
        for block in std::iter::once(rest).chain(receiver.iter()) {
            counts.failed += block.len() as u64;
            let bytes: Vec<&[u8]> = block.iter().map(Key::as_bytes).collect();
            rows.failed(Some(&name), &bytes, &reason);
        }
    }
    (counts, error)
}
