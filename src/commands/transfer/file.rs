//! The file of saved items: plain or compressed, complete or not there.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::failure::Failure;

/// What a file that zstd wrote begins with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A file that appears under its name when it is complete, readable by its owner alone.
pub struct Saving<'a> {
    path: &'a Path,
    writer: Writer,
}

enum Writer {
    Plain(NamedTempFile),
    Compressed(Encoder<'static, NamedTempFile>),
}

impl<'a> Saving<'a> {
    /// Begins the file beside its place; a name that ends in `.zst` is compressed.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn create(path: &'a Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| cannot_write(path, &error);
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(failed)?;
        let writer = if path.extension().is_some_and(|extension| extension == "zst") {
            Writer::Compressed(Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(failed)?)
        } else {
            Writer::Plain(file)
        };
        Ok(Self { path, writer })
    }

    /// Writes records.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.writer {
            Writer::Plain(file) => file.write_all(bytes),
            Writer::Compressed(encoder) => encoder.write_all(bytes),
        };
        written.map_err(|error| cannot_write(self.path, &error))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn finish(self) -> Result<(), Failure> {
        let failed = |error: io::Error| cannot_write(self.path, &error);
        let file = match self.writer {
            Writer::Plain(file) => file,
            Writer::Compressed(encoder) => encoder.finish().map_err(failed)?,
        };
        file.as_file().sync_all().map_err(failed)?;
        file.persist(self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", path.display()))
}

/// Opens saved items, compressed or not; `-` is standard input.
///
/// # Errors
/// A file that cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    let failed = |error: io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    let mut input = BufReader::with_capacity(1 << 16, source);
    if input.fill_buf().map_err(failed)?.starts_with(&MAGIC) {
        let decoder = Decoder::with_buffer(input).map_err(failed)?;
        return Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)));
    }
    Ok(Box::new(input))
}
