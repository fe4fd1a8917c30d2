//! `latency`: a probe of every server, open loop unless told otherwise.

pub mod args;
mod board;
mod compared;
mod document;
mod files;
mod interval;
mod monitor;
mod picture;
mod plan;
mod probe;
mod prometheus;
mod report;
mod table;

use std::sync::mpsc;
use std::thread;

use super::context;
use super::context::Cluster;
use super::context::Context;
use super::interrupt::Interrupt;
use super::outcome::ending;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::pool::ServerError;
use crate::protocol::Key;
pub use args::LatencyArgs;
use board::Board;
use files::HistogramLog;
use monitor::Monitor;
use probe::Prober;
use report::Measured;
use report::Report;

/// Runs the command.
///
/// # Errors
/// Settings, a rate, an expression or a file that cannot be used.
pub fn run(context: &mut Context, args: &LatencyArgs) -> Result<Exit, Failure> {
    let format = context.format(&report::FORMATS)?;
    args.validate(format)?;
    if args.op.needs_key() {
        context.allow_change("latency --op get or set")?;
    }
    let cluster = context.cluster()?;
    let earlier = args.compare.as_deref().map(files::read_earlier).transpose()?;
    let plot = args.plot.as_deref().map(files::open_plot).transpose()?;
    let key = plan::key(context)?;
    let interrupt = Interrupt::listen();
    let started_at = jiff::Timestamp::now();
    let measured = measure(context, args, format, &cluster, &key, &interrupt)?;
    let failures: Vec<Failure> = measured.iter().filter_map(|(_, measured)| measured.error.clone()).collect();
    context.report(&failures);
    let report = Report::new(context, args, started_at, measured, earlier)?;
    let exit = match report.answered() {
        0 if interrupt.is_wanted() => Exit::Interrupted,
        answered if answered > 0 && report.checks.have_failed() => Exit::Check,
        // A server that answered nothing within the limits is as unreachable as one that refuses connections.
        0 if failures.is_empty() => Exit::Unreachable,
        answered => ending(Exit::Done, answered, &failures),
    };
    report.print(context, format, exit);
    if let (Some(file), Some(path)) = (plot, &args.plot) {
        files::write_plot(file, path, &report.picture())?;
    }
    Ok(exit)
}

/// Probes all servers at once and shows what comes meanwhile.
fn measure(
    context: &mut Context,
    args: &LatencyArgs,
    format: Format,
    cluster: &Cluster,
    key: &Key,
    interrupt: &Interrupt,
) -> Result<Vec<(String, Measured)>, Failure> {
    let pool = &cluster.pool;
    let all: Vec<usize> = (0..pool.endpoints().len()).collect();
    let names: Vec<String> = all.iter().map(|&index| pool.name(index)).collect();
    let about = format!("cachier latency --op {}", args.op.name());
    let log =
        args.hdr_out.as_deref().map(|path| HistogramLog::create(path, context::now(), &about)).transpose()?;
    let board = Board::new(all.len());
    let monitor = Monitor::new(context, args, format, &names, &board, log);
    let (results, totals) = thread::scope(|scope| {
        let (ending, ended) = mpsc::channel::<()>();
        let probing = scope.spawn(|| {
            // Dropped when all is measured, which is what ends the monitor.
            let _ending = ending;
            pool.each(&all, |index, server| {
                let prober = Prober { args, key, interrupt, board: &board, pool, index };
                let error = prober.run(server).err();
                if error.is_some() {
                    server.abandon();
                }
                Ok(error)
            })
        });
        let totals = monitor.run(context, &ended);
        (probing.join(), totals)
    });
    let results = results.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let measured = results.into_iter().zip(names).zip(totals?).map(|(((_, result), name), probe)| {
        let error: Option<ServerError> = result.unwrap_or_else(Some);
        (name, Measured { probe, error: error.map(|error| context.failure(error)) })
    });
    Ok(measured.collect())
}
