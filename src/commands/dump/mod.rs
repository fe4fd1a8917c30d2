//! `dump`: save items with their values.

mod report;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use clap::Args;
use clap::ValueEnum;

use self::report::Done;
use self::report::conclude;
use super::context;
use super::context::Context;
use super::interrupt::Interrupt;
use super::listed;
use super::selection::SelectionArgs;
use super::transfer::file::Saving;
use super::transfer::source::Source;
use crate::archive::Form;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// How many bytes of records are written at once.
const BLOCK: usize = 256 << 10;

/// Save items with their values, flags and expiries
///
/// Writes one JSON object an item, to be read by cachier restore, in constant memory. A file appears under its name when it is
/// complete, readable by its owner alone; without one, the records go to standard output.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier dump cache.jsonl.zst\n  cachier dump sessions.jsonl --prefix session:\n  \
    cachier dump - 'view//*'\n  cachier dump --format memcached-tool | nc 127.0.0.1 11211"
)]
pub struct DumpArgs {
    /// File to write, compressed if its name ends in .zst [default: standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How records are written
    #[arg(long, value_enum, default_value = "json", value_name = "FORM")]
    format: Records,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Records {
    /// One JSON object an item
    Json,
    /// As memcached-tool dump prints them: commands that netcat can replay
    MemcachedTool,
}

/// Where records go.
enum Sink<'a, 'c> {
    File(Saving<'a>),
    Output(&'c mut crate::output::Output),
}

/// What all threads write to.
struct Shared<'a, 'c> {
    sink: Sink<'a, 'c>,
    failure: Option<Failure>,
    left_out: u64,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, servers that cannot list, or a file that cannot be written.
pub fn run(context: &mut Context, args: &DumpArgs) -> Result<Exit, Failure> {
    let format = context.chosen_format(&[Format::Table, Format::Tsv, Format::Json])?;
    let path = args.file.as_deref().filter(|path| *path != Path::new("-"));
    if path.is_none() && format == Some(Format::Json) {
        return Err(Failure::usage("-o json needs a FILE: standard output is for the records"));
    }
    let cluster = listed::cluster(context, "dump")?;
    let selection = args.selection.at(context::now())?;
    let progress = listed::progress(context, &cluster, "saving");
    let interrupt = Interrupt::listen();
    let began = Instant::now();
    let form = match args.format {
        Records::Json => Form::Json,
        Records::MemcachedTool => Form::MemcachedTool,
    };
    let sink = match path {
        Some(path) => Sink::File(Saving::create(path)?),
        None => Sink::Output(&mut context.output),
    };
    let shared = Mutex::new(Shared { sink, failure: None, left_out: 0 });
    let source =
        Source { pool: &cluster.pool, selection: &selection, interrupt: &interrupt, progress: &progress };
    let taken = cluster.pool.list(&listed::servers(&cluster), |index, listing| {
        let mut block = Vec::new();
        let mut left_out = 0;
        let taken = source.read(index, listing, &mut |saved| {
            left_out += u64::from(!form.encode(saved, &mut block));
            block.len() < BLOCK || write(&shared, &mut block)
        });
        write(&shared, &mut block);
        shared.lock().unwrap_or_else(PoisonError::into_inner).left_out += left_out;
        taken
    });
    drop(progress);
    let Shared { sink, failure, left_out } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failure {
        return Err(failure);
    }
    if let Sink::File(file) = sink
        && !interrupt.is_wanted()
    {
        file.finish()?;
    }
    let done = Done { seconds: began.elapsed().as_secs_f64(), interrupted: interrupt.is_wanted(), left_out };
    Ok(conclude(context, format, path, &cluster, &done, taken))
}

/// Writes a block; `false` once nothing can be written any more.
fn write(shared: &Mutex<Shared<'_, '_>>, block: &mut Vec<u8>) -> bool {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.failure.is_none() {
        match &mut shared.sink {
            Sink::File(file) => shared.failure = file.write(block).err(),
            Sink::Output(output) => output.raw(block),
        }
    }
    block.clear();
    let is_closed = matches!(&shared.sink, Sink::Output(output) if output.is_closed());
    shared.failure.is_none() && !is_closed
}
