//! The files of a probe: the log of histograms, the picture, and the earlier document to compare with.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::measure::Probe;
use crate::measure::comparison::Earlier;
use crate::measure::hdr_log;

/// The log of histograms of `--hdr-out`.
pub(super) struct HistogramLog {
    file: File,
    path: PathBuf,
}

impl HistogramLog {
    /// Begins the log; `began` is the time since the UNIX epoch.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn create(path: &Path, began: Duration, about: &str) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| unwritable("--hdr-out", path, &error))?;
        let mut log = Self { file, path: path.to_owned() };
        log.write(&hdr_log::header(began, about))?;
        Ok(log)
    }

    /// Adds an interval: the response times of all servers together without a tag, then of each, if they are several.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn interval(
        &mut self,
        began: Duration,
        length: Duration,
        servers: &[(String, &Probe)],
    ) -> Result<(), Failure> {
        let mut all = Probe::default();
        servers.iter().for_each(|(_, probe)| all.merge(probe));
        let mut lines = hdr_log::line(None, began, length, &all.response);
        if servers.len() > 1 {
            for (name, probe) in servers {
                lines += &hdr_log::line(Some(name), began, length, &probe.response);
            }
        }
        self.write(&lines)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.file.write_all(text.as_bytes()).map_err(|error| unwritable("--hdr-out", &self.path, &error))
    }
}

/// Makes sure that a picture can be written before anything is measured for it.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn open_plot(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| unwritable("--plot", path, &error))
}

/// Writes a picture into its file.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write_plot(mut file: File, path: &Path, picture: &str) -> Result<(), Failure> {
    file.write_all(picture.as_bytes()).map_err(|error| unwritable("--plot", path, &error))
}

/// Reads an earlier document of `latency -o json`.
///
/// # Errors
/// A file that cannot be read or is something else.
pub(super) fn read_earlier(path: &Path) -> Result<Earlier, Failure> {
    let name = path.display();
    let text = fs::read(path).map_err(|error| Failure::usage(format!("--compare {name}: {error}")))?;
    Earlier::parse(&text).map_err(|error| {
        Failure::usage(format!("--compare: {name} {error}"))
            .hint("write one with: cachier latency -o json > FILE")
    })
}

fn unwritable(flag: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{flag} {}: {error}", path.display()))
}
