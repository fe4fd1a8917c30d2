//! Rows of cells as a table, as tab-separated or as comma-separated values.

use comfy_table::CellAlignment;
use comfy_table::ContentArrangement;

use super::escape::Lines;
use super::escape::escape;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing is known: `–` in a table, empty elsewhere.
    Missing,
    /// A number as it is written, to the right in a table.
    Number(String),
    /// Bytes as they are: escaped for a terminal only.
    Text(Vec<u8>),
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(text.into())
    }

    /// A number, or nothing.
    #[must_use]
    pub fn number(number: Option<impl ToString>) -> Self {
        number.map_or(Self::Missing, |number| Self::Number(number.to_string()))
    }

    /// The words of a table, not escaped.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Missing => "–".to_owned(),
            other => String::from_utf8_lossy(other.bytes()).into_owned(),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Missing => b"",
            Self::Number(number) => number.as_bytes(),
            Self::Text(text) => text,
        }
    }
}

/// Named columns and their rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names, as the JSON document has them.
    pub columns: Vec<&'static str>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Takes a column out, if there is one of that name.
    pub fn remove(&mut self, column: &str) {
        let Some(index) = self.columns.iter().position(|name| *name == column) else { return };
        self.columns.remove(index);
        self.rows.iter_mut().filter(|row| index < row.len()).for_each(|row| drop(row.remove(index)));
    }

    /// The columns of a terminal that its longest line takes.
    pub(super) fn width(&self) -> usize {
        self.aligned().lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// Aligned columns under a header, for a terminal or a reader; control characters are escaped.
    pub(super) fn aligned(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|name| name.to_uppercase().replace('_', " ")));
        let is_number = |column| self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Number(_))));
        let missing: Vec<CellAlignment> = (0..self.columns.len())
            .map(|column| if is_number(column) { CellAlignment::Right } else { CellAlignment::Left })
            .collect();
        for row in &self.rows {
            table.add_row(row.iter().zip(&missing).map(|(cell, &missing)| match cell {
                Cell::Missing => comfy_table::Cell::new("–").set_alignment(missing),
                Cell::Number(number) => comfy_table::Cell::new(number).set_alignment(CellAlignment::Right),
                Cell::Text(text) => comfy_table::Cell::new(escape(text, Lines::Escape)),
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// The same with everything escaped that a terminal would obey.
    pub fn escaped(&self) -> Self {
        let escaped = |cell: &Cell| match cell {
            Cell::Text(text) => Cell::text(escape(text, Lines::Escape).into_owned()),
            other => other.clone(),
        };
        let rows = self.rows.iter().map(|row| row.iter().map(escaped).collect()).collect();
        Self { columns: self.columns.clone(), rows }
    }

    /// One row a line, cells separated by tabs, no header; bytes are not touched.
    pub fn tsv(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for row in &self.rows {
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    text.push(b'\t');
                }
                text.extend_from_slice(cell.bytes());
            }
            text.push(b'\n');
        }
        text
    }

    /// A header and the rows as RFC 4180 wants them, with line feeds alone.
    pub fn csv(&self) -> Vec<u8> {
        let mut text = self.columns.join(",").into_bytes();
        text.push(b'\n');
        for row in &self.rows {
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                quote(cell.bytes(), &mut text);
            }
            text.push(b'\n');
        }
        text
    }
}

/// Appends a field of comma-separated values, quoted where it must be.
pub fn quote(field: &[u8], text: &mut Vec<u8>) {
    if !field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        text.extend_from_slice(field);
        return;
    }
    text.push(b'"');
    for &byte in field {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["key", "size"]);
        table.rows.push(vec![Cell::text("a,\"b"), Cell::number(Some(12))]);
        table.rows.push(vec![Cell::text("long\x1b[0m"), Cell::number(None::<u64>)]);
        table
    }

    #[test]
    fn a_table_is_aligned_and_escaped() {
        assert_eq!(sample().aligned(), "KEY          SIZE\na,\"b           12\nlong\\x1b[0m     –\n");
    }

    #[test]
    fn nothing_is_left_that_a_terminal_would_obey() {
        assert_eq!(sample().escaped().tsv(), b"a,\"b\t12\nlong\\x1b[0m\t\n");
    }

    #[test]
    fn what_is_missing_stands_as_its_column_does() {
        let mut table = Table::new(&["name", "size"]);
        table.rows.push(vec![Cell::Missing, Cell::Missing]);
        table.rows.push(vec![Cell::text("long"), Cell::number(Some(1234))]);
        assert_eq!(table.aligned(), "NAME  SIZE\n–        –\nlong  1234\n");
    }

    #[test]
    fn a_column_can_be_taken_out() {
        let mut table = sample();
        let width = table.width();
        table.remove("nothing");
        assert_eq!((table.width(), width), (17, 17));
        table.remove("size");
        assert_eq!(table.aligned(), "KEY\na,\"b\nlong\\x1b[0m\n");
    }

    #[test]
    fn tab_separated_values_are_untouched() {
        assert_eq!(sample().tsv(), b"a,\"b\t12\nlong\x1b[0m\t\n");
    }

    #[test]
    fn comma_separated_values_are_quoted() {
        assert_eq!(sample().csv(), b"key,size\n\"a,\"\"b\",12\nlong\x1b[0m,\n");
    }
}
