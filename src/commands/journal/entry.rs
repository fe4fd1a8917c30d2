//! The files of the journal: one an entry, complete or not there, readable by their owner alone.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tempfile::Builder;

use crate::commands::context::Context;
use crate::failure::Failure;
use crate::settings;

/// The most bytes that all entries together may have.
const ALL_BYTES: u64 = 64 << 20;

/// How long an entry is kept.
const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most bytes that the first line of an entry may have.
const HEADER_BYTES: u64 = 1 << 20;

/// How names of entries end.
const SUFFIX: &str = ".jsonl";

/// The first line of an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// By what the entry is named.
    pub id: String,
    /// When it was made, RFC 3339.
    pub at: String,
    /// The command that deleted or overwrote the items.
    pub command: String,
    /// The profile that was in use.
    pub profile: Option<String>,
    /// The servers, in order.
    pub servers: Vec<String>,
    /// How many items follow.
    pub items: u64,
    /// How many of the first of them have an expiry that the servers did not tell.
    pub unknown_expiry: u64,
    /// Bytes of the keys and values.
    pub bytes: u64,
}

/// An entry whose first line was read.
pub struct Entry {
    /// The first line.
    pub header: Header,
    path: PathBuf,
    records: BufReader<File>,
}

impl Entry {
    fn open(path: PathBuf) -> io::Result<Self> {
        let mut records = BufReader::new(File::open(&path)?);
        let mut line = Vec::new();
        records.by_ref().take(HEADER_BYTES).read_until(b'\n', &mut line)?;
        let header = serde_json::from_slice(&line)?;
        Ok(Self { header, path, records })
    }

    /// The records behind the first line.
    #[must_use]
    pub fn into_records(self) -> Box<dyn BufRead> {
        Box::new(self.records)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The directory of the journal; it may not exist yet.
///
/// # Errors
/// No home.
pub fn directory(context: &Context) -> Result<PathBuf, Failure> {
    let directory = settings::state_directory(&context.environment).ok_or_else(|| {
        Failure::usage("there is no place for the journal").hint("set HOME or XDG_STATE_HOME")
    })?;
    Ok(directory.join("journal"))
}

/// All entries, the oldest first; files that are none are passed over.
///
/// # Errors
/// A directory that cannot be read.
pub fn all(context: &Context) -> Result<Vec<Entry>, Failure> {
    let directory = directory(context)?;
    let names = names(&directory)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", directory.display())))?;
    Ok(names.into_iter().filter_map(|path| Entry::open(path).ok()).collect())
}

/// The entry of this name.
///
/// # Errors
/// A name that no entry has.
pub fn find(context: &Context, id: &str) -> Result<Entry, Failure> {
    all(context)?.into_iter().find(|entry| entry.header.id == id).ok_or_else(|| {
        Failure::usage(format!("the journal has no entry {id}")).hint("cachier journal ls lists them")
    })
}

/// Takes an entry away.
///
/// # Errors
/// What the operating system reports; an entry that is gone already is none.
pub fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::usage(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Writes an entry, which gets its name here, then takes away what is too old or too much.
///
/// # Errors
/// What the operating system reports.
pub fn write(directory: &Path, mut header: Header, records: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    // Names in order of time; a file that is not complete has none of an entry.
    let now = jiff::Timestamp::now();
    let prefix = now.strftime("%Y%m%dT%H%M%S.%3f-").to_string();
    let mut file = Builder::new().prefix(&prefix).suffix(".part").tempfile_in(directory)?;
    let name = file.path().file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    header.at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    header.id.clone_from(&name);
    serde_json::to_writer(&mut file, &header)?;
    file.write_all(b"\n")?;
    file.write_all(records)?;
    file.persist_noclobber(directory.join(name + SUFFIX))?;
    bound(directory)
}

/// The files of entries, the oldest first.
fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    let files = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        files => files?,
    };
    for file in files {
        let path = file?.path();
        names.extend(Some(path).filter(|path| path.extension().is_some_and(|end| end == "jsonl")));
    }
    names.sort();
    Ok(names)
}

/// Takes away what is too old, what a run that was killed left behind, and the oldest of what is too much.
fn bound(directory: &Path) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    let mut left = ALL_BYTES;
    for path in paths.iter().rev() {
        let Ok(metadata) = fs::metadata(path) else { continue };
        let is_old = metadata.modified()?.elapsed().is_ok_and(|age| age > AGE);
        let fits = left.checked_sub(metadata.len());
        left = fits.unwrap_or(0);
        if is_old || fits.is_none() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
