//! Reading the values of listed items, as many at once as the wire takes.

use crate::archive::Saved;
use crate::commands::interrupt::Interrupt;
use crate::commands::selection::Selection;
use crate::output::progress::Progress;
use crate::pool::Pool;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How many keys are collected before their values are asked for.
pub const BATCH: usize = 1000;

/// Which items are read, and who is told.
pub struct Source<'a> {
    /// The servers.
    pub pool: &'a Pool,
    /// Which items are meant.
    pub selection: &'a Selection,
    /// Whether the user wants an end.
    pub interrupt: &'a Interrupt,
    /// How far it is.
    pub progress: &'a Progress,
}

/// What came of reading one server.
#[derive(Debug, Default)]
pub struct Taken {
    /// Items that are meant.
    pub listed: u64,
    /// Of these, items that were read.
    pub read: u64,
    /// Of these, items that were gone when they were asked for.
    pub gone: u64,
    /// Bytes of the values that were read.
    pub bytes: u64,
    /// Why not everything was read.
    pub error: Option<ServerError>,
}

/// A key and when its item expires.
pub type Wanted = (Key, Option<u64>);

impl Source<'_> {
    /// Reads the items of one server; `take` gets each and says whether it wants more.
    pub fn read(
        &self,
        index: usize,
        listing: &mut Listing,
        take: &mut dyn FnMut(&Saved<'_>) -> bool,
    ) -> Taken {
        let mut taken = Taken::default();
        taken.error = self.read_all(index, listing, take, &mut taken).err();
        taken
    }

    fn read_all(
        &self,
        index: usize,
        listing: &mut Listing,
        take: &mut dyn FnMut(&Saved<'_>) -> bool,
        taken: &mut Taken,
    ) -> Result<(), ServerError> {
        let mut server = None;
        let mut wanted: Vec<Wanted> = Vec::with_capacity(BATCH);
        let mut goes_on = true;
        while goes_on && !self.interrupt.is_wanted() {
            let entry = listing.next_entry()?;
            let is_last = entry.is_none();
            if let Some(entry) = entry.filter(|entry| self.selection.matches(entry)) {
                // A listed key is one that the server has; in text the meta commands carry even its blanks.
                wanted.extend(Key::parse(entry.key, Wire::Binary).ok().map(|key| (key, entry.expires)));
                taken.listed += 1;
            }
            if wanted.len() >= BATCH || (is_last && !wanted.is_empty()) {
                let server = match &mut server {
                    Some(server) => server,
                    none => none.insert(self.pool.open(index)?.0),
                };
                self.progress.add(wanted.len() as u64);
                goes_on = values(server, wanted.drain(..), &mut |saved, _| take(saved), taken)?;
            }
            goes_on &= !is_last;
        }
        Ok(())
    }
}

/// Asks for the values of these keys; `take` gets each item with its CAS unique. Whether more are wanted.
///
/// # Errors
/// A broken connection.
pub fn values(
    server: &mut Server,
    wanted: impl Iterator<Item = Wanted>,
    take: &mut dyn FnMut(&Saved<'_>, Option<u64>) -> bool,
    taken: &mut Taken,
) -> Result<bool, ServerError> {
    let mut goes_on = true;
    let mut tell = |(key, expires): Wanted, reply: Option<Reply<'_>>| match reply {
        Some(Reply::Value(item)) => {
            taken.read += 1;
            taken.bytes += item.value.len() as u64;
            let saved = Saved { key: key.as_bytes(), flags: item.flags, expires, value: item.value };
            goes_on = goes_on && take(&saved, item.cas);
        }
        Some(Reply::Miss | Reply::NotFound) => taken.gone += 1,
        _ => {}
    };
    let mut pipeline = Pipeline::watched(server, &mut tell)?;
    for (key, expires) in wanted {
        let tag = (key.clone(), expires);
        pipeline.push(&Request::Peek { key: &key }, tag)?;
    }
    pipeline.finish().1?;
    Ok(goes_on)
}
