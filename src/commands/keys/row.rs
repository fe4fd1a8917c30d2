//! One listed item as a line of output.

use std::io::Write as _;

use crate::output::Format;
use crate::output::escape::Lines;
use crate::output::escape::escape;
use crate::output::quote;
use crate::output::record::KeyRecord;

/// How items are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) format: Format,
    /// All columns, not only the key.
    pub(super) long: bool,
    /// Keys end with NUL.
    pub(super) null: bool,
    /// Hidden characters are shown.
    pub(super) escaped: bool,
}

/// What is shown of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) key: &'a [u8],
    pub(super) server: &'a str,
    pub(super) size: u64,
    /// Remaining seconds, -1 for ever.
    pub(super) ttl: i64,
    /// Seconds since the last use.
    pub(super) last_access: u64,
    pub(super) fetched: bool,
    pub(super) slab: u32,
    pub(super) cas: u64,
}

impl Style {
    /// What comes before the first item.
    pub(super) fn head(self) -> &'static str {
        match self.format {
            Format::Json => "{\"schema\":\"cachier/keys/1\",\"keys\":[",
            Format::Csv => "key,server,size,ttl,last_access,fetched,slab,cas\n",
            Format::Table if self.long => {
                "      SIZE        TTL  LAST ACCESS  FETCHED  SLAB         CAS  SERVER                 KEY\n"
            }
            _ => "",
        }
    }

    /// Whether items stand in one document, each behind a comma.
    pub(super) fn is_document(self) -> bool {
        self.format == Format::Json
    }

    /// Whether nothing but the key of an item is shown.
    pub(super) fn shows_keys_alone(self) -> bool {
        matches!(self.format, Format::Table | Format::Tsv) && !self.long
    }

    /// Appends an item.
    pub(super) fn write(self, out: &mut Vec<u8>, row: &Row<'_>) {
        match self.format {
            Format::Json => {
                out.push(b',');
                object(out, row);
            }
            Format::Jsonl => {
                object(out, row);
                out.push(b'\n');
            }
            Format::Csv => {
                quote(row.key, out);
                out.push(b',');
                quote(row.server.as_bytes(), out);
                self.numbers(out, row, ',');
                out.push(b'\n');
            }
            Format::Table if self.long => {
                let Row { server, size, ttl, last_access, fetched, slab, cas, .. } = *row;
                let ttl = if ttl < 0 { "never".to_owned() } else { ttl.to_string() };
                let fetched = if fetched { "yes" } else { "no" };
                self.append(
                    out,
                    format_args!("{size:>10} {ttl:>10} {last_access:>12} {fetched:>8} {slab:>5} {cas:>11}  {server:<21}  "),
                );
                self.key(out, row.key);
            }
            _ if self.long => {
                out.extend_from_slice(row.key);
                out.push(b'\t');
                out.extend_from_slice(row.server.as_bytes());
                self.numbers(out, row, '\t');
                out.push(if self.null { 0 } else { b'\n' });
            }
            _ => self.key(out, row.key),
        }
    }

    /// Appends a key and the end of its line.
    fn key(self, out: &mut Vec<u8>, key: &[u8]) {
        if self.escaped && !self.null {
            out.extend_from_slice(escape(key, Lines::Escape).as_bytes());
        } else {
            out.extend_from_slice(key);
        }
        out.push(if self.null { 0 } else { b'\n' });
    }

    fn numbers(self, out: &mut Vec<u8>, row: &Row<'_>, comma: char) {
        let Row { size, ttl, last_access, fetched, slab, cas, .. } = *row;
        let fetched = if fetched { "yes" } else { "no" };
        self.append(
            out,
            format_args!(
                "{comma}{size}{comma}{ttl}{comma}{last_access}{comma}{fetched}{comma}{slab}{comma}{cas}"
            ),
        );
    }

    fn append(self, out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
        // Writing to a vector cannot fail.
        drop(out.write_fmt(text));
    }
}

/// Appends `{key, server, size, ttl, last_access, fetched, slab, cas}`.
fn object(out: &mut Vec<u8>, row: &Row<'_>) {
    let Row { size, ttl, last_access, fetched, slab, cas, .. } = *row;
    let (name, text) = match KeyRecord::from(row.key) {
        KeyRecord::Key(text) => ("key", text),
        KeyRecord::KeyB64(text) => ("key_b64", text),
    };
    // Written by hand: a million rows through a flattened record take twice as long. Nothing here can fail.
    drop(write!(out, "{{\"{name}\":"));
    drop(serde_json::to_writer(&mut *out, &text));
    out.extend_from_slice(b",\"server\":");
    drop(serde_json::to_writer(&mut *out, row.server));
    drop(write!(
        out,
        ",\"size\":{size},\"ttl\":{ttl},\"last_access\":{last_access},\"fetched\":{fetched},\"slab\":{slab},\"cas\":{cas}}}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: Format, long: bool, null: bool, key: &[u8]) -> String {
        let row =
            Row { key, server: "h:1", size: 68, ttl: -1, last_access: 5, fetched: true, slab: 1, cas: 7 };
        let mut out = Vec::new();
        Style { format, long, null, escaped: true }.write(&mut out, &row);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_format_has_its_line() {
        for (format, long, null, expected) in [
            (Format::Tsv, false, false, "a,b\n"),
            (Format::Tsv, false, true, "a,b\0"),
            (Format::Tsv, true, false, "a,b\th:1\t68\t-1\t5\tyes\t1\t7\n"),
            (Format::Csv, false, false, "\"a,b\",h:1,68,-1,5,yes,1,7\n"),
            (
                Format::Jsonl,
                false,
                false,
                "{\"key\":\"a,b\",\"server\":\"h:1\",\"size\":68,\"ttl\":-1,\"last_access\":5,\"fetched\":true,\"slab\":1,\"cas\":7}\n",
            ),
        ] {
            assert_eq!(shown(format, long, null, b"a,b"), expected);
        }
        assert!(shown(Format::Json, false, false, b"\xff").starts_with(",{\"key_b64\":\"/w==\""));
        assert_eq!(shown(Format::Table, false, false, b"\x1b["), "\\x1b[\n");
    }

    #[test]
    fn the_long_table_stands_under_its_header() {
        let style = Style { format: Format::Table, long: true, null: false, escaped: true };
        let row = shown(Format::Table, true, false, b"key");
        assert_eq!(style.head().find("KEY\n"), row.find("key\n"));
        assert_eq!(style.head().find("SERVER"), row.find("h:1"));
    }
}
