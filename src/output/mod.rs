//! The only writer of stdout and stderr: data on the one, everything else on the other.

pub mod escape;
pub mod progress;
pub mod prompt;
pub mod record;
mod table;

use std::io;
use std::io::IsTerminal as _;
use std::io::Write;

use serde::Serialize;

use escape::Lines;
use escape::escape;
use escape::escape_json;
pub use table::Cell;
pub use table::Table;
pub use table::quote;

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// Tab-separated values without a header.
    Tsv,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Prometheus' text format.
    Prometheus,
}

impl Format {
    /// The name as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Prometheus => "prometheus",
        }
    }
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a program's words go.
pub struct Output {
    data: Box<dyn Write + Send>,
    notes: Box<dyn Write + Send>,
    is_terminal: bool,
    notes_to_terminal: bool,
    quiet: bool,
    verbosity: u8,
    /// The first error of stdout; later writes are dropped.
    failed: Option<io::Error>,
}

impl Output {
    /// Writes to the process's own stdout and stderr.
    #[must_use]
    pub fn standard(quiet: bool, verbosity: u8) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Self {
            data: Box::new(io::BufWriter::with_capacity(64 << 10, stdout)),
            notes: Box::new(io::stderr()),
            is_terminal,
            notes_to_terminal: io::stderr().is_terminal(),
            quiet,
            verbosity,
            failed: None,
        }
    }

    /// Says nothing, or more, on stderr from here on.
    pub fn speak(&mut self, quiet: bool, verbosity: u8) {
        self.quiet = quiet;
        self.verbosity = verbosity;
    }

    /// Writes as to a terminal from here on.
    pub fn assume_terminal(&mut self) {
        self.is_terminal = true;
        self.notes_to_terminal = true;
    }

    /// Whether stdout is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether nothing can be written to stdout any more, as when its reader has gone away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// A bar on stderr, if that is a terminal that is to be told anything.
    #[must_use]
    pub fn progress(&self, what: &'static str, total: Option<u64>) -> progress::Progress {
        progress::Progress::new(what, total, self.notes_to_terminal && !self.quiet)
    }

    /// A line on stderr that can be replaced, if that is a terminal that is to be told anything.
    #[must_use]
    pub fn live_line(&self) -> progress::Progress {
        progress::Progress::line(self.notes_to_terminal && !self.quiet)
    }

    /// How many columns the terminal has that stdout is; `None` if it is none.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        if !self.is_terminal {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
    }

    /// Whether somebody at a terminal can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.notes_to_terminal && io::stdin().is_terminal()
    }

    /// Whether somebody at a terminal can be asked though standard input is a pipe.
    #[must_use]
    pub fn can_ask_beside_input(&self) -> bool {
        self.notes_to_terminal && prompt::has_terminal()
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.data.write_all(bytes)
        {
            self.failed = Some(error);
        }
    }

    /// Writes a value that is shown alone: untouched into a pipe, escaped and with a final line feed on a terminal.
    pub fn value(&mut self, bytes: &[u8]) {
        if self.is_terminal {
            let shown = escape(bytes, Lines::Keep).into_owned();
            self.raw(shown.as_bytes());
            if !shown.ends_with('\n') {
                self.raw(b"\n");
            }
        } else {
            self.raw(bytes);
        }
    }

    /// Writes a line: untouched into a pipe, escaped on a terminal.
    pub fn line(&mut self, bytes: &[u8]) {
        if self.is_terminal {
            let shown = escape(bytes, Lines::Escape).into_owned();
            self.raw(shown.as_bytes());
        } else {
            self.raw(bytes);
        }
        self.raw(b"\n");
    }

    /// Writes a table in the format given; JSON is not a table's business.
    pub fn table(&mut self, format: Format, table: &Table) {
        match format {
            Format::Csv if self.is_terminal => self.raw(&table.escaped().csv()),
            Format::Csv => self.raw(&table.csv()),
            Format::Tsv if self.is_terminal => self.raw(&table.escaped().tsv()),
            Format::Tsv => self.raw(&table.tsv()),
            _ if table.rows.is_empty() => {}
            _ => self.raw(table.aligned().as_bytes()),
        }
    }

    /// Takes columns out of a table, those named first before the others, until it fits the terminal.
    pub fn narrow(&self, table: &mut Table, least: &[&str]) {
        let Some(width) = self.width() else { return };
        for name in least {
            if table.width() <= width {
                return;
            }
            table.remove(name);
        }
    }

    /// Writes rows that go on below those of an earlier table.
    pub fn more_rows(&mut self, format: Format, table: &Table) {
        if format != Format::Csv {
            self.table(format, table);
            return;
        }
        let rows = if self.is_terminal { table.escaped().csv() } else { table.csv() };
        let header = rows.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        self.raw(rows.get(header..).unwrap_or_default());
    }

    /// Writes a JSON document: indented on a terminal, one line elsewhere.
    pub fn document(&mut self, document: &impl Serialize) {
        let text = if self.is_terminal {
            serde_json::to_string_pretty(document)
        } else {
            serde_json::to_string(document)
        };
        self.json(text);
    }

    /// Writes one JSON object on a line of its own.
    pub fn object(&mut self, object: &impl Serialize) {
        self.json(serde_json::to_string(object));
    }

    fn json(&mut self, text: serde_json::Result<String>) {
        // Records are plain data: nothing in them can fail to serialise.
        let text = text.unwrap_or_default();
        let text = if self.is_terminal { escape_json(text) } else { text };
        self.raw(text.as_bytes());
        self.raw(b"\n");
    }

    /// Says something beside the data.
    pub fn note(&mut self, text: &str) {
        self.say("note: ", text);
    }

    /// Says something that needs no word before it to be told from the data.
    pub fn aside(&mut self, text: &str) {
        self.say("", text);
    }

    /// Says what to do.
    pub fn hint(&mut self, text: &str) {
        self.say("hint: ", text);
    }

    /// Says what went wrong.
    pub fn error(&mut self, text: &str) {
        self.say("cachier: ", text);
    }

    /// Says what is wrong with a command line, as it is laid out.
    pub fn usage(&mut self, text: &str) {
        if !self.quiet {
            // There is nobody to tell that stderr is gone.
            drop(writeln!(self.notes, "cachier: {text}"));
        }
    }

    /// Says how a command is used, as it is laid out.
    pub fn help(&mut self, text: &str) {
        if !self.quiet {
            // There is nobody to tell that stderr is gone.
            drop(write!(self.notes, "{text}"));
        }
    }

    /// Says something that only a curious user wants to know (`-v`).
    pub fn detail(&mut self, text: &str) {
        if self.verbosity > 0 {
            self.say("", text);
        }
    }

    /// Writes out what is buffered, for a reader that waits for it.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// Writes out what is buffered; where that fails, later writes are dropped, as after any other.
    pub fn flush_now(&mut self) {
        if self.failed.is_none()
            && let Err(error) = self.data.flush()
        {
            self.failed = Some(error);
        }
    }

    /// Writes data to stderr from here on, for a command whose stdout is another program's; nothing with `-q`.
    pub fn use_stderr(&mut self) {
        self.data = if self.quiet { Box::new(io::sink()) } else { Box::new(io::stderr()) };
        self.is_terminal = self.notes_to_terminal;
    }

    /// Writes data to a file from here on.
    pub fn use_file(&mut self, file: std::fs::File) {
        self.data = Box::new(io::BufWriter::new(file));
        self.is_terminal = false;
    }

    /// Writes out what is buffered, at the end.
    ///
    /// # Errors
    /// The first error that any write met; a closed pipe is one.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.data.flush(),
        }
    }

    fn say(&mut self, prefix: &str, text: &str) {
        if self.quiet {
            return;
        }
        let shown = if self.notes_to_terminal { escape(text.as_bytes(), Lines::Escape) } else { text.into() };
        // There is nobody to tell that stderr is gone.
        drop(writeln!(self.notes, "{prefix}{shown}"));
    }
}
