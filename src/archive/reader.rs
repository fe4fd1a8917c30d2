//! Records one after the other from anything that can be read, whichever form they have.

use std::io;
use std::io::BufRead;
use std::io::Read as _;

use thiserror::Error;

use super::ArchiveError;
use super::Flaw;
use super::Form;
use super::Saved;
use super::json;
use super::text;

/// The most that is read of one record: a value of memcached's largest size, 1 GiB, with every byte escaped.
const LONGEST: usize = (2 << 30) + (64 << 10);

/// How many bytes of a long value are made room for at once, so that an announced length costs nothing.
const STEP: usize = 1 << 20;

/// What is kept of the room for a long record, in bytes.
const KEPT: usize = 4 << 20;

/// Why there are no more records.
#[derive(Debug, Error)]
pub enum ReaderError {
    /// The bytes are no record.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Nothing can be read, for the reason of the operating system or of the decompressor.
    #[error("line {line}: {error}")]
    Io {
        /// The line that was being read, from 1.
        line: u64,
        /// The reason.
        error: io::Error,
    },
}

/// Records one after the other; memory is bounded by the largest of them.
pub struct Reader<R> {
    input: R,
    form: Option<Form>,
    /// What a short expiry in text counts from, in UNIX seconds.
    now: u64,
    longest: usize,
    /// Line ends read so far.
    lines: u64,
    record: Vec<u8>,
    value: Vec<u8>,
    scratch: json::Scratch,
}

impl<R: BufRead> Reader<R> {
    /// A reader; `now` (UNIX seconds) is what a short expiry in text counts from.
    pub fn new(input: R, now: u64) -> Self {
        Self {
            input,
            form: None,
            now,
            longest: LONGEST,
            lines: 0,
            record: Vec::new(),
            value: Vec::new(),
            scratch: json::Scratch::default(),
        }
    }

    /// The form of the records, once the first was read.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        self.form
    }

    /// The next record, or `None` at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// [`ReaderError`]; nothing sensible can follow after it.
    pub fn next_record(&mut self) -> Result<Option<Saved<'_>>, ReaderError> {
        loop {
            if !self.line()? {
                return Ok(None);
            }
            if !self.record.is_empty() {
                break;
            }
        }
        let line = self.lines;
        let form = *self.form.get_or_insert(match self.record.first() {
            Some(b'{') => Form::Json,
            _ => Form::MemcachedTool,
        });
        match form {
            Form::Json => {
                Ok(Some(json::decode(&self.record, &mut self.scratch).map_err(|flaw| flaw.at(line))?))
            }
            Form::MemcachedTool => {
                let head = text::head(&self.record, self.now).map_err(|flaw| flaw.at(line))?;
                let length = head.length;
                if length > self.longest {
                    return Err(Flaw::TooLong { limit: self.longest }.at(line).into());
                }
                read_value(&mut self.input, length, &mut self.value, line)?;
                let Some(value) = self.value.strip_suffix(b"\r\n") else {
                    return Err(Flaw::ValueEnd { length }.at(line).into());
                };
                self.lines += memchr::memchr_iter(b'\n', value).count() as u64 + 1;
                Ok(Some(Saved { key: head.key, flags: head.flags, expires: head.expires, value }))
            }
        }
    }

    /// Reads the next line without its end; `false` at the end of the input.
    fn line(&mut self) -> Result<bool, ReaderError> {
        self.record.clear();
        self.record.shrink_to(KEPT);
        let line = self.lines + 1;
        let mut limited = (&mut self.input).take(self.longest as u64);
        limited.read_until(b'\n', &mut self.record).map_err(|error| failed(error, line))?;
        if self.record.is_empty() {
            return Ok(false);
        }
        self.lines = line;
        if self.record.pop_if(|last| *last == b'\n').is_some() {
            self.record.pop_if(|last| *last == b'\r');
        } else if self.record.len() >= self.longest {
            return Err(Flaw::TooLong { limit: self.longest }.at(line).into());
        }
        Ok(true)
    }
}

/// Reads a value of this length and its line end.
fn read_value(
    input: &mut impl BufRead,
    length: usize,
    value: &mut Vec<u8>,
    line: u64,
) -> Result<(), ReaderError> {
    value.clear();
    value.shrink_to(KEPT);
    let whole = length + 2;
    while value.len() < whole {
        let step = (whole - value.len()).min(STEP);
        let read = input.take(step as u64).read_to_end(value).map_err(|error| failed(error, line))?;
        if read < step {
            return Err(Flaw::CutOff.at(line).into());
        }
    }
    Ok(())
}

fn failed(error: io::Error, line: u64) -> ReaderError {
    // What a decompressor says of a file that ends too early.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Flaw::CutOff.at(line).into();
    }
    ReaderError::Io { line, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8], buffer: usize, longest: usize) -> (Vec<String>, Option<String>) {
        let mut reader = Reader::new(io::BufReader::with_capacity(buffer, input), 1000);
        reader.longest = longest;
        let mut shown = Vec::new();
        loop {
            match reader.next_record() {
                Ok(Some(saved)) => shown.push(format!("{saved:?}")),
                Ok(None) => return (shown, None),
                Err(error) => return (shown, Some(error.to_string())),
            }
        }
    }

    fn records() -> [Saved<'static>; 3] {
        [
            Saved { key: b"a", flags: 0, expires: None, value: b"" },
            Saved { key: b"b", flags: 7, expires: Some(1_900_000_000), value: b"x\r\ny\nadd c 0 0 1\r\n" },
            Saved { key: b"c", flags: 1, expires: None, value: b"\xff{" },
        ]
    }

    #[test]
    fn both_forms_are_read_at_every_cut() {
        for form in [Form::Json, Form::MemcachedTool] {
            let mut archive = Vec::new();
            for saved in records() {
                assert!(form.encode(&saved, &mut archive));
            }
            archive.extend_from_slice(b"\n\r\n");
            let expected: Vec<String> = records().iter().map(|saved| format!("{saved:?}")).collect();
            for buffer in 1..archive.len() {
                assert_eq!(all(&archive, buffer, LONGEST), (expected.clone(), None), "{form:?} {buffer}");
            }
        }
    }

    #[test]
    fn an_archive_that_is_cut_off_gives_what_is_whole_and_an_error() {
        for form in [Form::Json, Form::MemcachedTool] {
            let mut archive = Vec::new();
            let mut ends = vec![0];
            for saved in records() {
                form.encode(&saved, &mut archive);
                ends.push(archive.len());
            }
            for cut in 0..archive.len() {
                let (shown, error) = all(&archive[..cut], 8, LONGEST);
                let whole = ends.iter().filter(|&&end| 0 < end && end <= cut).count();
                // The line feed behind the last object may be missing.
                let is_whole = ends.contains(&cut) || (form == Form::Json && ends.contains(&(cut + 1)));
                let whole = whole + usize::from(is_whole && !ends.contains(&cut));
                assert_eq!((shown.len(), error.is_none()), (whole, is_whole), "{form:?} {cut} {error:?}");
            }
        }
    }

    #[test]
    fn an_error_names_the_line() {
        let (_, error) = all(b"add a 0 0 3\r\nx\ny\r\n\nadd b 0 0 x\r\n", 8, LONGEST);
        assert!(error.unwrap().starts_with("line 5: neither a JSON object nor"));
        let (shown, error) =
            all(b"\n{\"key\":\"a\",\"flags\":0,\"expires\":null,\"value\":\"\"}\n{\n", 8, LONGEST);
        assert_eq!(shown.len(), 1);
        assert!(error.unwrap().starts_with("line 3: the JSON object is cut off"));
        let (_, error) = all(b"add a 0 0 3\r\nabcd\r\n", 8, LONGEST);
        assert_eq!(error.unwrap(), "line 1: the value does not end after 3 bytes");
    }

    #[test]
    fn no_length_is_believed() {
        let (_, error) = all(b"add a 0 0 2147480000\r\nabc", 8, LONGEST);
        assert_eq!(error.unwrap(), "line 1: the record is cut off");
        let (_, error) = all(b"add a 0 0 18446744073709551615\r\n", 8, LONGEST);
        assert!(error.unwrap().contains("longer than"));
        let (_, error) = all(&[b'{'; 5000], 8, 1000);
        assert_eq!(error.unwrap(), "line 1: the record is longer than 1000 bytes");
    }
}
