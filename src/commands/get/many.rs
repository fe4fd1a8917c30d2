//! Values of any number of keys from standard input, a row a key as it comes, in constant memory.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::Show;
use super::record::record;
use crate::commands::bulk;
use crate::commands::bulk::KeyStream;
use crate::commands::bulk::Told;
use crate::commands::bulk::Work;
use crate::commands::context::Context;
use crate::commands::fetch::Fetched;
use crate::commands::fetch::Stored;
use crate::commands::outcome::ending;
use crate::commands::shown::Decoder;
use crate::commands::spelling::Spelling;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Output;
use crate::output::Table;
use crate::output::escape::escape_json;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::routing::Targets;

/// How much a thread collects before it writes, in bytes.
const BLOCK: usize = 32 << 10;

/// The one output of all threads.
struct Values<'a> {
    output: Mutex<(&'a mut Output, bool)>,
    decoder: &'a Decoder,
    show: Show<'a>,
    format: Format,
    is_terminal: bool,
    found: AtomicU64,
    missed: AtomicU64,
}

/// Reads the values of a long stream of keys and prints each as it comes.
///
/// # Errors
/// Settings that cannot be used, or what the operating system says about standard input.
pub(super) fn run(
    context: &mut Context,
    show: Show<'_>,
    keys: KeyStream,
    spelling: &Spelling,
) -> Result<Exit, Failure> {
    // A table would have to know all rows first.
    let format = match context.chosen_format(&super::FORMATS)? {
        None | Some(Format::Table) => Format::Tsv,
        Some(format) => format,
    };
    let cluster = context.cluster()?;
    let decoder = Decoder::new(context, show.decode)?;
    let progress = context.output.progress("keys", None);
    if format == Format::Json {
        context.output.raw(format!("{{\"schema\":\"cachier/{}/1\",\"items\":[", show.command).as_bytes());
    }
    let values = Values {
        is_terminal: context.output.is_terminal(),
        output: Mutex::new((&mut context.output, true)),
        decoder: &decoder,
        show,
        format,
        found: AtomicU64::new(0),
        missed: AtomicU64::new(0),
    };
    let work = Work {
        targets: &|cluster, key| Targets::One(cluster.router.readers(key).first()),
        request: &|key| Request::Get { key },
    };
    let streamed = bulk::stream(&cluster, &progress, 1, (keys, spelling), &work, &values)?;
    drop(progress);
    let (found, missed) = (values.found.into_inner(), values.missed.into_inner());
    if format == Format::Json {
        context.output.raw(b"]}\n");
    }
    let mut failures: Vec<Failure> = streamed
        .refused
        .refusal
        .map(|words| Failure::usage(format!("{} keys cannot be carried: {words}", streamed.refused.failed)))
        .into_iter()
        .collect();
    failures.extend(streamed.done.into_iter().filter_map(|(_, _, error)| error).map(Failure::from));
    context.report(&failures);
    if missed > 0 {
        context.output.note(&format!("{missed} of {} keys are not there", found + missed));
    }
    if streamed.interrupted {
        return Ok(Exit::Interrupted);
    }
    let usual = if missed > 0 && show.default.is_none() { Exit::Negative } else { Exit::Done };
    Ok(ending(usual, usize::try_from(found + missed).unwrap_or(usize::MAX), &failures))
}

impl Told for Values<'_> {
    fn is_wanted(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).0.is_closed()
    }

    fn tell(&self, block: &mut Vec<u8>, server: &str, key: &Key, reply: Option<Reply<'_>>) {
        let (found, error) = match reply {
            Some(Reply::Value(item)) => {
                self.found.fetch_add(1, Ordering::Relaxed);
                (Some(Stored { flags: item.flags, cas: item.cas, value: item.value.to_vec() }), None)
            }
            Some(Reply::Refused(refusal)) => {
                (None, Some(String::from_utf8_lossy(refusal.message).into_owned()))
            }
            Some(_) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                (None, None)
            }
            None => (None, Some("the connection broke before the answer".to_owned())),
        };
        self.row(block, Fetched { key: key.clone(), server: Some(server.to_owned()), found, error });
        if block.len() >= BLOCK {
            self.flush(block);
        }
    }

    fn flush(&self, block: &mut Vec<u8>) {
        if block.is_empty() {
            return;
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let (output, is_first) = &mut *output;
        if std::mem::take(is_first) {
            match self.format {
                Format::Csv => output.raw(b"key,value\n"),
                // The comma before the first item.
                Format::Json => drop(block.drain(..1)),
                _ => {}
            }
        }
        output.raw(block);
        block.clear();
    }

    fn failed(&self, server: Option<&str>, keys: &[&[u8]], reason: &str) {
        if !matches!(self.format, Format::Json | Format::Jsonl) {
            return;
        }
        let mut block = Vec::new();
        for key in keys.iter().filter_map(|key| Key::parse(key, crate::protocol::Wire::Binary).ok()) {
            let server = server.map(str::to_owned);
            self.row(&mut block, Fetched { key, server, found: None, error: Some(reason.to_owned()) });
        }
        self.flush(&mut block);
    }
}

impl Values<'_> {
    fn row(&self, block: &mut Vec<u8>, item: Fetched) {
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let is_json = self.format == Format::Json;
            block.extend_from_slice(if is_json { b"," } else { b"" });
            // A row is plain data: nothing in it can fail to serialise.
            let text = serde_json::to_string(&record(self.decoder, item)).unwrap_or_default();
            let text = if self.is_terminal { escape_json(text) } else { text };
            block.extend_from_slice(text.as_bytes());
            block.extend_from_slice(if is_json { b"" } else { b"\n" });
            return;
        }
        let value = match (&item.found, self.show.default) {
            (Some(found), _) if self.show.raw => found.value.clone(),
            (Some(found), _) => self.decoder.cell(item.key.as_bytes(), found),
            (None, Some(default)) if item.error.is_none() => default.as_bytes().to_vec(),
            (None, _) => return,
        };
        let mut table = Table::new(&["key", "value"]);
        table.rows.push(vec![Cell::text(item.key.as_bytes()), Cell::text(value)]);
        let table = if self.is_terminal { table.escaped() } else { table };
        if self.format == Format::Csv {
            let text = table.csv();
            let header = text.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            block.extend_from_slice(text.get(header..).unwrap_or_default());
        } else {
            block.extend_from_slice(&table.tsv());
        }
    }
}
