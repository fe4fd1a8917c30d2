//! The file of saved items: plain or compressed, complete or not there.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::failure::Failure;

/// What a file that zstd wrote begins with.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A file of records, readable by its owner alone.
pub struct Saving<'a> {
    path: &'a Path,
    writer: Writer,
}

enum Writer {
    Plain(Place),
    Compressed(Encoder<'static, Place>),
}

/// Where the bytes go until the file is complete.
enum Place {
    /// Beside the name that it gets in the end.
    Beside(NamedTempFile),
    /// Under its name from the beginning.
    There(File),
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::There(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::There(file) => file.flush(),
        }
    }
}

impl<'a> Saving<'a> {
    /// Begins a file that appears under its name when it is complete; a name that ends in `.zst` is compressed.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn create(path: &'a Path) -> Result<Self, Failure> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")));
        Self::begin(path, file.map(Place::Beside))
    }

    /// Begins a file that has its name at once, so that nothing is lost if the program is ended; one that is there is not overwritten.
    ///
    /// # Errors
    /// A place that cannot be written, or a file that is there.
    pub fn create_there(path: &'a Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        Self::begin(path, file.map(Place::There))
    }

    fn begin(path: &'a Path, file: io::Result<Place>) -> Result<Self, Failure> {
        let failed = |error: io::Error| cannot_write(path, &error);
        let file = file.map_err(failed)?;
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

    /// Hands all that was written to the operating system.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn flush(&mut self) -> Result<(), Failure> {
        let flushed = match &mut self.writer {
            Writer::Plain(file) => file.flush(),
            Writer::Compressed(encoder) => encoder.flush(),
        };
        flushed.map_err(|error| cannot_write(self.path, &error))
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
        match file {
            Place::Beside(file) => {
                file.as_file().sync_all().map_err(failed)?;
                file.persist(self.path).map_err(|error| failed(error.error))?;
            }
            Place::There(file) => file.sync_all().map_err(failed)?,
        }
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
