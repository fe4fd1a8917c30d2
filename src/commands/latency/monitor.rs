//! What is shown while a probe runs: a line an interval, or one line that changes.

use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use super::LatencyArgs;
use super::board::Board;
use super::files::HistogramLog;
use super::interval;
use super::table;
use crate::commands::context;
use crate::commands::context::Context;
use crate::failure::Failure;
use crate::measure::Percentile;
use crate::measure::Probe;
use crate::measure::interpretation::time;
use crate::output::Format;
use crate::output::progress::Progress;

/// How often the line that changes does so.
const REFRESH: Duration = Duration::from_millis(200);

/// How often is looked whether the first interval has begun.
const SOON: Duration = Duration::from_millis(10);

/// How long is waited at most where nothing is shown.
const LONG: Duration = Duration::from_secs(3600);

/// What is shown while a probe runs.
pub(super) struct Monitor<'a> {
    args: &'a LatencyArgs,
    board: &'a Board,
    format: Format,
    names: Vec<String>,
    totals: Vec<Probe>,
    /// Since the last line.
    recent: Vec<Probe>,
    started: Instant,
    /// When the present interval began; `None` before the first.
    began: Option<Instant>,
    live: Option<Progress>,
    log: Option<HistogramLog>,
}

impl<'a> Monitor<'a> {
    /// Begins to show.
    #[must_use]
    pub(super) fn new(
        context: &mut Context,
        args: &'a LatencyArgs,
        format: Format,
        names: &[String],
        board: &'a Board,
        log: Option<HistogramLog>,
    ) -> Self {
        let started = Instant::now();
        let live = args.watch.is_none().then(|| context.output.live_line()).filter(Progress::is_shown);
        if args.watch.is_some() && format == Format::Table {
            context.output.line(table::interval_header().as_bytes());
            context.output.flush_now();
        }
        let none = || names.iter().map(|_| Probe::default()).collect();
        Self {
            args,
            board,
            format,
            names: names.to_vec(),
            totals: none(),
            recent: none(),
            started,
            began: None,
            live,
            log,
        }
    }

    /// Shows until the probes have ended; returns all that was measured, one a server.
    ///
    /// # Errors
    /// A log that cannot be written.
    pub(super) fn run(mut self, context: &mut Context, ended: &Receiver<()>) -> Result<Vec<Probe>, Failure> {
        let result = loop {
            let now = Instant::now();
            let wait = match (self.args.watch, &self.live) {
                (Some(interval), _) => match self.began {
                    Some(began) => (began + interval).saturating_duration_since(now),
                    None => SOON,
                },
                (None, Some(_)) => REFRESH,
                (None, None) => LONG,
            };
            let has_ended = ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
            if let Err(failure) = self.tick(context, has_ended) {
                self.board.stop();
                break Err(failure);
            }
            if has_ended {
                break Ok(());
            }
            if context.output.is_closed() {
                self.board.stop();
            }
        };
        result.map(|()| self.totals)
    }

    fn tick(&mut self, context: &mut Context, has_ended: bool) -> Result<(), Failure> {
        for ((fresh, total), recent) in self.board.take().iter().zip(&mut self.totals).zip(&mut self.recent) {
            total.merge(fresh);
            recent.merge(fresh);
        }
        self.began = self.began.or_else(|| self.board.began());
        let Some(began) = self.began else { return Ok(()) };
        let now = Instant::now();
        match self.args.watch.map(|interval| began + interval) {
            Some(end) if end <= now => self.close_interval(context, began, end, true)?,
            _ if has_ended => self.close_interval(context, began, now, false)?,
            _ => {}
        }
        if let Some(live) = &self.live {
            live.tell(&self.live_words());
        }
        Ok(())
    }

    /// Shows an interval and begins the next one; the rest after the last full one only if something is in it.
    fn close_interval(
        &mut self,
        context: &mut Context,
        began: Instant,
        end: Instant,
        is_full: bool,
    ) -> Result<(), Failure> {
        let length = end.saturating_duration_since(began);
        let recent =
            std::mem::replace(&mut self.recent, self.names.iter().map(|_| Probe::default()).collect());
        self.began = Some(end);
        if !is_full && recent.iter().all(|probe| probe.requests() + probe.skipped == 0) {
            return Ok(());
        }
        if let Some(log) = &mut self.log {
            let servers: Vec<_> = self.names.iter().cloned().zip(&recent).collect();
            log.interval(context::now().saturating_sub(began.elapsed()), length, &servers)?;
        }
        if self.args.watch.is_some() {
            interval::show(context, self.format, &self.names, &recent, length);
        }
        Ok(())
    }

    fn live_words(&self) -> String {
        let mut total = Probe::default();
        self.totals.iter().for_each(|probe| total.merge(probe));
        if total.requests() == 0 {
            return if self.started.elapsed() < self.args.warmup { "warming up" } else { "measuring" }
                .to_owned();
        }
        let shown = |microseconds: Option<u64>| microseconds.map_or_else(|| "–".to_owned(), time);
        let response = &total.response;
        format!(
            "{} requests  p50 {}  p99 {}  max {}  {} timeouts  {} errors",
            total.requests(),
            shown(response.percentile(Percentile::P50)),
            shown(response.percentile(Percentile::P99)),
            shown(response.max()),
            total.timeouts,
            total.errors
        )
    }
}
