//! What an audit found, in words and in JSON.

use serde::Serialize;

use super::routings;
use super::routings::Explained;
use crate::commands::context::Context;
use crate::commands::outcome::UnreachedRecord;
use crate::failure::Failure;
use crate::measure::copies::Duplicates;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;
use crate::pool::ServerError;

/// What one server has.
#[derive(Debug, Default, Serialize)]
pub(super) struct ServerPart {
    pub(super) server: String,
    pub(super) listed: u64,
    pub(super) misplaced: u64,
    /// Some of the misplaced keys.
    pub(super) sample: Vec<KeyRecord>,
    /// Whether it did not list all.
    pub(super) failed: bool,
    #[serde(skip)]
    pub(super) error: Option<ServerError>,
    /// How selective the common sample was when last seen.
    #[serde(skip)]
    pub(super) level: u32,
}

/// What an audit found.
pub(super) struct Audited<'a> {
    pub(super) parts: Vec<ServerPart>,
    pub(super) duplicates: Duplicates,
    /// How many keys the routings were tried on.
    pub(super) tried: usize,
    /// Best first.
    pub(super) explained: Vec<Explained>,
    pub(super) interrupted: bool,
    pub(super) failures: &'a [Failure],
}

#[derive(Debug, Serialize)]
struct DuplicatesRecord {
    keys: u64,
    extra_copies: u64,
    exact: bool,
    /// The counts are of one in so many keys, multiplied by it.
    one_in: u64,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    listed: u64,
    misplaced: u64,
    duplicates: DuplicatesRecord,
    servers: &'a [ServerPart],
    routings: &'a [Explained],
    /// Keys of all servers, chosen by their hashes, that the routings were tried on.
    keys_tried: usize,
    interrupted: bool,
    unreached: Vec<UnreachedRecord>,
}

impl Audited<'_> {
    fn listed(&self) -> u64 {
        self.parts.iter().map(|part| part.listed).sum()
    }

    /// Copies of keys on servers where they do not belong.
    pub(super) fn misplaced(&self) -> u64 {
        self.parts.iter().map(|part| part.misplaced).sum()
    }

    /// Writes everything, and the verdict as a note.
    pub(super) fn print(&self, context: &mut Context, format: Format) {
        match format {
            Format::Json => context.output.document(&self.document()),
            Format::Jsonl => self.explained.iter().for_each(|row| context.output.object(row)),
            _ => {
                if format == Format::Table {
                    context.output.table(format, &self.servers());
                    context.output.raw(b"\n");
                }
                context.output.table(format, &routings::table(&self.explained, format));
            }
        }
        self.tell(context);
    }

    fn document(&self) -> Document<'_> {
        let Duplicates { keys, extra, one_in, .. } = self.duplicates;
        Document {
            schema: "cachier/where-audit/1",
            listed: self.listed(),
            misplaced: self.misplaced(),
            duplicates: DuplicatesRecord { keys, extra_copies: extra, exact: one_in == 1, one_in },
            servers: &self.parts,
            routings: &self.explained,
            keys_tried: self.tried,
            interrupted: self.interrupted,
            unreached: self.failures.iter().map(UnreachedRecord::from).collect(),
        }
    }

    fn servers(&self) -> Table {
        let mut table = Table::new(&["server", "listed", "misplaced", "such_as"]);
        let row = |name: &str, listed, misplaced, sample: Option<&KeyRecord>| {
            let numbers = [listed, misplaced].map(|number: u64| Cell::number(Some(number)));
            let mut cells = vec![Cell::text(name)];
            cells.extend(numbers);
            cells.push(sample.map_or(Cell::text(""), KeyRecord::cell));
            cells
        };
        table.rows = self
            .parts
            .iter()
            .map(|part| row(&part.server, part.listed, part.misplaced, part.sample.first()))
            .collect();
        if self.parts.len() > 1 {
            table.rows.push(row("total", self.listed(), self.misplaced(), None));
        }
        table
    }

    fn tell(&self, context: &mut Context) {
        let (listed, misplaced) = (self.listed(), self.misplaced());
        let Duplicates { keys, one_in, sampled, .. } = self.duplicates;
        let certainty = match (one_in, sampled) {
            (1, _) => String::new(),
            (_, 0) => format!(" (by a sample of one key in {one_in})"),
            _ => {
                // Two standard deviations.
                let margin = 200.0 / (sampled as f64).sqrt();
                format!(" (by a sample of one key in {one_in}, within {margin:.0}%)")
            }
        };
        context.output.note(&format!(
            "{listed} keys listed, {misplaced} of them misplaced; {keys} keys are on several servers{certainty}"
        ));
        let verdict = if self.parts.len() == 1 {
            Some("there is one server, so that every routing explains the placement".to_owned())
        } else {
            routings::verdict(&self.explained)
        };
        if let Some(verdict) = verdict {
            context.output.note(&format!("{verdict} (tried on {} keys)", self.tried));
        }
    }
}
