//! One connection of many: takes keys until there are no more, and knows what became of each.

use std::sync::mpsc::Receiver;

use super::block::Block;
use super::told::Told;
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
    receiver: &Receiver<Block>,
    request: &(dyn for<'k> Fn(&'k Key) -> Request<'k> + Sync),
    told: &dyn Told,
) -> (Counts, Option<ServerError>) {
    // Nobody is contacted before there is a key.
    let Ok(mut block) = receiver.recv() else { return (Counts::default(), None) };
    let name = pool.name(index);
    let wire = pool.options().wire;
    let mut taken = 0;
    let result = pool.open(index).and_then(|(mut server, _)| {
        let mut text = Vec::new();
        let mut tell = |key: Option<Key>, reply: Option<Reply<'_>>| {
            if let Some(key) = key {
                told.tell(&mut text, &name, &key, reply);
            }
        };
        let mut pipeline = if told.is_wanted() {
            Pipeline::watched(&mut server, &mut tell)
        } else {
            Pipeline::counting(&mut server)
        }?;
        let mut kept: Option<Key> = None;
        let sent = loop {
            let pushed = block.from(0).try_for_each(|bytes| {
                taken += 1;
                // The reader has checked it.
                let replaced = kept.as_mut().is_some_and(|key| key.replace(bytes, wire).is_ok());
                if !replaced {
                    kept = Key::parse(bytes, wire).ok();
                }
                let Some(key) = &kept else { return Ok(()) };
                let tag = told.is_wanted().then(|| key.clone());
                pipeline.push(&request(key), tag)
            });
            if let Err(error) = pushed {
                break Err(error);
            }
            match receiver.recv() {
                Ok(next) => (block, taken) = (next, 0),
                Err(_) => break Ok(()),
            }
        };
        let (counts, finished) = pipeline.finish();
        told.flush(&mut text);
        Ok((counts, sent.err().or(finished.err())))
    });
    let (mut counts, error) = match result {
        Ok((counts, error)) => (counts, error),
        Err(error) => (Counts::default(), Some(error)),
    };
    if let Some(error) = &error {
        let reason = error.to_string();
        for (block, taken) in std::iter::once((block, taken)).chain(receiver.iter().map(|block| (block, 0))) {
            let rest: Vec<&[u8]> = block.from(taken).collect();
            counts.failed += rest.len() as u64;
            told.failed(Some(&name), &rest, &reason);
        }
    }
    (counts, error)
}
