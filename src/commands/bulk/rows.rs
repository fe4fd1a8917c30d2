//! What became of streamed keys: a row a key, in the order in which they are done.

use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Serialize;

use super::report::Reporter;
use super::told::Told;
use crate::commands::change::word;
use crate::output::Format;
use crate::output::Output;
use crate::output::record::KeyRecord;
use crate::protocol::Key;
use crate::protocol::Reply;

/// How much a thread collects before it writes, in bytes.
const BLOCK: usize = 32 << 10;

/// The one output of all threads.
pub struct Rows<'a> {
    output: Mutex<(&'a mut Output, bool)>,
    reporter: Reporter,
}

/// What became of one key.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    key: KeyRecord,
    server: Option<&'a str>,
    result: &'a str,
    error: Option<&'a str>,
}

impl<'a> Rows<'a> {
    /// Rows to this output.
    pub(super) fn new(output: &'a mut Output, reporter: Reporter) -> Self {
        Self { output: Mutex::new((output, true)), reporter }
    }
}

impl Told for Rows<'_> {
    fn is_wanted(&self) -> bool {
        self.reporter.has_rows()
    }

    fn is_closed(&self) -> bool {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).0.is_closed()
    }

    fn tell(&self, block: &mut Vec<u8>, server: &str, key: &Key, reply: Option<Reply<'_>>) {
        let (result, error) = match &reply {
            None => ("unknown", Some("the connection broke before the answer".to_owned())),
            Some(Reply::Refused(refusal)) => {
                ("failed", Some(String::from_utf8_lossy(refusal.message).into_owned()))
            }
            Some(reply) => match word(self.reporter.change(), reply) {
                Some(result) => (result, None),
                None => ("failed", Some("the item has another CAS unique by now".to_owned())),
            },
        };
        self.row(block, Some(server), key.as_bytes(), result, error.as_deref());
        if block.len() >= BLOCK {
            self.flush(block);
        }
    }

    fn failed(&self, server: Option<&str>, keys: &[&[u8]], reason: &str) {
        if self.is_wanted() {
            let mut block = Vec::new();
            keys.iter().for_each(|key| self.row(&mut block, server, key, "failed", Some(reason)));
            self.flush(&mut block);
        }
    }

    fn flush(&self, block: &mut Vec<u8>) {
        if block.is_empty() {
            return;
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let (output, is_first) = &mut *output;
        let skipped = usize::from(*is_first && self.reporter.format == Format::Json);
        output.raw(block.get(skipped..).unwrap_or_default());
        *is_first = false;
        block.clear();
    }
}

impl Rows<'_> {
    fn row(&self, block: &mut Vec<u8>, server: Option<&str>, key: &[u8], result: &str, error: Option<&str>) {
        if matches!(self.reporter.format, Format::Json | Format::Jsonl) {
            let row = Row { key: key.into(), server, result, error };
            if self.reporter.format == Format::Json {
                block.push(b',');
            }
            // A row is plain data: nothing in it can fail to serialise.
            drop(serde_json::to_writer(&mut *block, &row));
        } else {
            for (cell, end) in
                [(key, b'\t'), (server.unwrap_or_default().as_bytes(), b'\t'), (result.as_bytes(), b'\n')]
            {
                block.extend_from_slice(cell);
                block.push(end);
            }
            return;
        }
        if self.reporter.format == Format::Jsonl {
            block.push(b'\n');
        }
    }
}
