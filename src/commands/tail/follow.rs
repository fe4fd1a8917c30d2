//! All servers' events on their way to one output.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::Ended;
use super::Limits;
use super::filter::Filter;
use super::lost;
use super::row::Style;
use super::writer::Writer;
use crate::commands::interrupt::Interrupt;
use crate::commands::lost::Lost;
use crate::commands::outcome::explained;
use crate::output::Output;
use crate::pool::Pool;
use crate::pool::watch::Seen;
use crate::pool::watch::Watch;
use crate::protocol::watch::Kind;

/// How much a server's thread collects before it writes, in bytes.
const BLOCK: usize = 32 << 10;

/// How many bytes of one server's events wait for a slow reader before some are dropped.
const CAPACITY: usize = 4 << 20;

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// How often servers are asked what they dropped.
const ASK: Duration = Duration::from_secs(1);

/// What the threads of all servers share.
pub(super) struct Following<'a> {
    pool: &'a Pool,
    filter: &'a Filter<'a>,
    style: Style,
    /// How many more may be shown.
    left: AtomicU64,
    shown: AtomicU64,
    watched: AtomicUsize,
    stop: AtomicBool,
    until: Option<Instant>,
    interrupt: &'a Interrupt,
    writer: Writer<'a>,
}

impl<'a> Following<'a> {
    /// Prepares to write to this output.
    pub(super) fn new(
        pool: &'a Pool,
        filter: &'a Filter<'a>,
        style: Style,
        limits: Limits,
        interrupt: &'a Interrupt,
        output: &'a mut Output,
    ) -> Self {
        Self {
            pool,
            filter,
            style,
            left: AtomicU64::new(limits.count.unwrap_or(u64::MAX)),
            shown: AtomicU64::new(0),
            watched: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            until: limits.duration.and_then(|duration| Instant::now().checked_add(duration)),
            interrupt,
            writer: Writer::new(output, style.format),
        }
    }

    /// Watches all servers at once until there is an end; what failed is told as it happens.
    pub(super) fn follow(&self, servers: &[usize], is_default: bool) -> Ended {
        let losts: Vec<(usize, Mutex<Lost>)> = servers
            .iter()
            .map(|&index| (index, Mutex::new(Lost::new(self.pool.name(index), None))))
            .collect();
        let failures = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let threads: Vec<_> = losts
                .iter()
                .map(|(index, lost)| {
                    let failures = &failures;
                    scope.spawn(move || {
                        let Err(error) = self.watch(*index, lost) else { return };
                        let failure = explained(error, is_default);
                        self.writer.tell(&failure);
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    })
                })
                .collect();
            let mut asked = Instant::now();
            while threads.iter().any(|thread| !thread.is_finished()) {
                thread::sleep(LOOK);
                if asked.elapsed() >= ASK && !self.is_over() {
                    asked = Instant::now();
                    lost::ask_all(&losts, self.pool, &self.writer);
                }
            }
        });
        let losses = losts
            .into_iter()
            .map(|(index, lost)| (index, lost.into_inner().unwrap_or_else(PoisonError::into_inner)));
        Ended {
            shown: self.shown.load(Ordering::Relaxed),
            watched: self.watched.load(Ordering::Relaxed),
            losses: losses.filter(|(_, lost)| !lost.is_nothing()).collect(),
            failures: failures.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Follows one server to an end; a log that breaks off is a failure.
    fn watch(&self, index: usize, lost: &Mutex<Lost>) -> Result<(), crate::pool::ServerError> {
        let name = self.pool.name(index);
        let before = self.pool.losses(index);
        *lost.lock().unwrap_or_else(PoisonError::into_inner) = Lost::new(name.clone(), before);
        let result = self.pool.watch(index, &self.filter.kinds, CAPACITY, |watch| {
            self.watched.fetch_add(1, Ordering::Relaxed);
            if self.filter.kinds.contains(&Kind::Deletions) && !watch.tells(Kind::Deletions) {
                self.writer.note_deletions();
            }
            self.work(&name, watch, lost)
        });
        if result.is_ok() {
            lost.lock().unwrap_or_else(PoisonError::into_inner).ask(self.pool, index);
        }
        result?
    }

    fn work(
        &self,
        name: &str,
        watch: &mut Watch,
        lost: &Mutex<Lost>,
    ) -> Result<(), crate::pool::ServerError> {
        let mut block = Vec::with_capacity(BLOCK + 1024);
        while !self.is_over() {
            let limit = if block.is_empty() { LOOK } else { Duration::ZERO };
            match watch.next_event(limit) {
                Ok(Seen::Event(event, client)) => {
                    if !self.filter.matches(&event) {
                        continue;
                    }
                    let take = |left: u64| left.checked_sub(1);
                    if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
                        self.stop.store(true, Ordering::Relaxed);
                        break;
                    }
                    self.shown.fetch_add(1, Ordering::Relaxed);
                    self.style.write(&mut block, &event, client, name);
                    if self.left.load(Ordering::Relaxed) == 0 {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                    if block.len() >= BLOCK {
                        self.flush(&mut block);
                    }
                }
                Ok(Seen::Skipped(count)) => lost::add(lost, |lost| &mut lost.skipped, count, &self.writer),
                Ok(Seen::Dropped(count)) => lost::add(lost, |lost| &mut lost.unread, count, &self.writer),
                Ok(Seen::Nothing) => self.flush(&mut block),
                Err(error) => {
                    self.flush(&mut block);
                    return Err(error);
                }
            }
        }
        self.flush(&mut block);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.interrupt.is_wanted()
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Writes a block; nobody needs to go on once the reader is gone.
    fn flush(&self, block: &mut Vec<u8>) {
        if self.writer.flush(block).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}
