//! Deleting only what has been saved.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::sweep::Sweep;
use super::sweep::Swept;
use crate::archive::Form;
use crate::commands::transfer::file::Saving;
use crate::commands::transfer::source;
use crate::commands::transfer::source::Taken;
use crate::commands::transfer::source::Wanted;
use crate::failure::Failure;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::pool::pipeline::Pipeline;
use crate::protocol::Key;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How many bytes of records are written at once.
const BLOCK: usize = 256 << 10;

/// The file, and why nothing can be written to it any more.
pub(super) struct Saver<'a> {
    file: Mutex<(Saving<'a>, Option<Failure>)>,
}

impl<'a> Saver<'a> {
    pub(super) fn new(file: Saving<'a>) -> Self {
        Self { file: Mutex::new((file, None)) }
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.file.into_inner().unwrap_or_else(PoisonError::into_inner) {
            (_, Some(failure)) => Err(failure),
            (file, None) => file.finish(),
        }
    }

    /// Writes records; `false` once that has failed.
    fn write(&self, block: &mut Vec<u8>, and_flush: bool) -> bool {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, failure) = &mut *guard;
        if failure.is_none() {
            let written = file.write(block).and_then(|()| if and_flush { file.flush() } else { Ok(()) });
            *failure = written.err();
        }
        block.clear();
        failure.is_none()
    }
}

/// The connections of one pass: one reads, one deletes.
struct Hands<'a> {
    reader: &'a mut Server,
    deleter: Pipeline<'a, ()>,
    gone: u64,
}

impl Sweep<'_> {
    /// Saves and deletes what matches on each of these servers, until a pass finds nothing more. What cannot be saved, or was
    /// stored anew after it was saved, stays.
    pub(super) fn save_and_delete(&self, servers: &[usize], saver: &Saver<'_>) -> Vec<(usize, Swept)> {
        self.passes(servers, &|index, listing, newest| {
            let mut swept = Swept::default();
            let mut seen = 0;
            let result = self.saving_pass(index, listing, newest, saver, (&mut swept, &mut seen));
            swept.errors.extend(result.err());
            (swept, seen)
        })
    }

    fn saving_pass(
        &self,
        index: usize,
        listing: &mut Listing,
        newest: u64,
        saver: &Saver<'_>,
        (swept, seen): (&mut Swept, &mut u64),
    ) -> Result<(), ServerError> {
        let (mut reader, _) = self.pool.open(index)?;
        let (mut server, _) = self.pool.open(index)?;
        let mut hands = Hands { reader: &mut reader, deleter: Pipeline::counting(&mut server)?, gone: 0 };
        let mut wanted: Vec<Wanted> = Vec::with_capacity(source::BATCH);
        let mut broken = None;
        let listed = self.each(listing, &mut |entry| {
            *seen = (*seen).max(entry.cas);
            if entry.cas > newest || !(self.doomed)(index, entry) {
                return Ok(());
            }
            swept.take(entry);
            // A listed key is one that the server has; in text the meta commands carry even its blanks.
            wanted.extend(Key::parse(entry.key, Wire::Binary).ok().map(|key| (key, entry.expires)));
            if wanted.len() < source::BATCH {
                return Ok(());
            }
            match hands.save(&mut wanted, saver) {
                Ok(true) => Ok(()),
                Ok(false) => Err(()),
                Err(error) => {
                    broken = Some(error);
                    Err(())
                }
            }
        });
        if broken.is_none() && listed.is_ok() {
            broken = hands.save(&mut wanted, saver).err();
        }
        let gone = hands.gone;
        let (counts, finished) = hands.deleter.finish();
        swept.counts = counts;
        swept.counts.not_found += gone;
        broken.map_or(Ok(()), Err).and(listed).and(finished)
    }
}

impl Hands<'_> {
    /// Saves items and deletes those that were saved; `false` if no more can be saved.
    fn save(&mut self, wanted: &mut Vec<Wanted>, saver: &Saver<'_>) -> Result<bool, ServerError> {
        if wanted.is_empty() {
            return Ok(true);
        }
        let keys = wanted.clone();
        let mut uniques: Vec<(usize, Option<u64>)> = Vec::with_capacity(keys.len());
        let mut block = Vec::new();
        let mut position = 0;
        let mut taken = Taken::default();
        let goes_on = source::values(
            self.reader,
            wanted.drain(..),
            &mut |saved, unique| {
                // Items come in the order of their keys; those that are gone are left out.
                while keys.get(position).is_some_and(|(key, _)| key.as_bytes() != saved.key) {
                    position += 1;
                }
                uniques.push((position, unique.filter(|&unique| unique != 0)));
                Form::Json.encode(saved, &mut block);
                block.len() < BLOCK || saver.write(&mut block, false)
            },
            &mut taken,
        )?;
        self.gone += taken.gone;
        if !(goes_on && saver.write(&mut block, true)) {
            return Ok(false);
        }
        for (position, cas) in uniques {
            if let Some((key, _)) = keys.get(position) {
                self.deleter.push(&Request::Delete { key, cas }, ())?;
            }
        }
        Ok(true)
    }
}
