//! Looking at items without using them: by the meta commands where the server has them, else by reading.

use super::context::Context;
use super::refusal;
use crate::failure::Failure;
use crate::pool::Answers;
use crate::protocol::Key;
use crate::protocol::Metadata;
use crate::protocol::RefusalKind;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// What is known about an item; `None` if it is not there.
pub type Known = Option<Metadata>;

/// One result a target, with the reason where there is none, and all failures.
pub type Looked = (Vec<Result<Known, String>>, Vec<Failure>);

/// What a server said.
#[derive(Clone, Copy)]
enum Answer {
    Known(Known),
    /// It has no meta commands.
    CannotLook,
}

/// Looks at each key on its server; the slab class costs a second request each and is left out unless asked for.
///
/// # Errors
/// Settings that cannot be used. What failed is told on stderr and returned.
pub fn look(context: &mut Context, targets: &[(usize, &Key)], with_slab: bool) -> Result<Looked, Failure> {
    if context.wire()? == Wire::Binary {
        return read(context, targets);
    }
    let mut requests: Vec<_> =
        targets.iter().map(|&(server, key)| (server, Request::Inspect { key })).collect();
    if with_slab {
        requests.extend(targets.iter().map(|&(server, key)| (server, Request::Debug { key })));
    }
    let answers = run(context, targets, &requests)?;
    let (mut looked, mut failures) = context.settle(answers);
    let slabs = looked.split_off(targets.len());
    let unable: Vec<(usize, &Key)> = targets
        .iter()
        .zip(&looked)
        .filter(|(_, answer)| matches!(answer, Ok(Answer::CannotLook)))
        .map(|(&target, _)| target)
        .collect();
    let (second, failed) = if unable.is_empty() { (Vec::new(), Vec::new()) } else { read(context, &unable)? };
    failures.extend(failed);
    let (mut second, mut slabs) = (second.into_iter(), slabs.into_iter());
    let known = looked
        .into_iter()
        .map(|answer| {
            let slab = match slabs.next() {
                Some(Ok(Answer::Known(Some(debug)))) => debug.slab,
                _ => None,
            };
            match answer {
                Ok(Answer::Known(known)) => Ok(known.map(|known| Metadata { slab, ..known })),
                Ok(Answer::CannotLook) => second.next().unwrap_or(Ok(None)),
                Err(reason) => Err(reason),
            }
        })
        .collect();
    Ok((known, failures))
}

/// Reads each item, which is all that some servers can do.
fn read(context: &mut Context, targets: &[(usize, &Key)]) -> Result<Looked, Failure> {
    let requests: Vec<_> = targets.iter().map(|&(server, key)| (server, Request::Get { key })).collect();
    let answers = run(context, targets, &requests)?;
    let (results, failures) = context.settle(answers);
    let known = |result: Result<Answer, String>| {
        result.map(|answer| match answer {
            Answer::Known(known) => known,
            Answer::CannotLook => None,
        })
    };
    Ok((results.into_iter().map(known).collect(), failures))
}

/// Sends the requests, as many or twice as many as there are targets.
fn run(
    context: &mut Context,
    targets: &[(usize, &Key)],
    requests: &[(usize, Request<'_>)],
) -> Result<Answers<Result<Answer, Failure>>, Failure> {
    let cluster = context.cluster()?;
    Ok(cluster.pool.run(requests, |position, reply| match reply {
        Reply::Metadata(known) => Ok(Answer::Known(Some(known))),
        Reply::Value(item) => Ok(Answer::Known(Some(Metadata {
            size: u64::try_from(item.value.len()).ok(),
            flags: Some(item.flags),
            cas: item.cas,
            ..Metadata::default()
        }))),
        Reply::Miss | Reply::NotFound => Ok(Answer::Known(None)),
        Reply::Refused(refusal)
            if refusal.kind == RefusalKind::Unknown
                && matches!(requests[position].1, Request::Inspect { .. } | Request::Debug { .. }) =>
        {
            Ok(Answer::CannotLook)
        }
        other => {
            let (server, key) = targets[position % targets.len()];
            Err(refusal::failure(&cluster.pool.name(server), key, &other))
        }
    }))
}
