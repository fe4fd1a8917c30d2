//! One event as one line.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::output::Format;
use crate::output::escape::Lines;
use crate::output::escape::escape;
use crate::output::escape::escape_json;
use crate::output::record::KeyRecord;
use crate::protocol::watch::Event;
use crate::protocol::watch::Kind;

/// How events are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub format: Format,
    /// Whether a terminal is written to.
    pub escaped: bool,
    /// Whether a table names the server.
    pub shows_server: bool,
}

impl Style {
    /// What comes before the events.
    pub(super) fn head(self) -> String {
        let server = if self.shows_server { format!("{:<21}  ", "SERVER") } else { String::new() };
        match self.format {
            Format::Table => format!(
                "{:<12}  {server}{:<8}{:<11}{:>9} {:>8}  {:<21}  KEY\n",
                "TIME", "COMMAND", "RESULT", "SIZE", "TTL", "CLIENT"
            ),
            Format::Json => "{\"schema\":\"cachier/tail/1\",\"events\":[".to_owned(),
            _ => String::new(),
        }
    }

    /// Appends an event; in a document with a comma before it.
    pub(super) fn write(self, out: &mut Vec<u8>, event: &Event<'_>, client: Option<&str>, server: &str) {
        let client = client.unwrap_or_default();
        match self.format {
            Format::Json | Format::Jsonl => {
                let text = object(event, client, server).to_string();
                let text = if self.escaped { escape_json(text) } else { text };
                if self.format == Format::Json {
                    out.push(b',');
                    out.extend_from_slice(text.as_bytes());
                } else {
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'\n');
                }
            }
            Format::Table => self.aligned(out, event, client, server),
            _ => {
                let size = event.size.map_or_else(String::new, |size| size.to_string());
                let ttl = event.ttl.map_or_else(String::new, |ttl| ttl.to_string());
                let (command, result) = (command(event), result(event));
                // Writing to a vector cannot fail.
                drop(write!(out, "{}\t{server}\t{command}\t{result}\t", time(event)));
                self.text(out, event.key);
                drop(writeln!(out, "\t{size}\t{ttl}\t{client}"));
            }
        }
    }

    fn aligned(self, out: &mut Vec<u8>, event: &Event<'_>, client: &str, server: &str) {
        let time = time(event);
        let clock = time.get(11..23).unwrap_or(&time);
        let server = if self.shows_server { format!("{server:<21}  ") } else { String::new() };
        let size = event.size.map_or_else(|| "–".to_owned(), |size| size.to_string());
        let ttl = event.ttl.map_or_else(|| "–".to_owned(), |ttl| ttl.to_string());
        let (command, result) = (command(event), result(event));
        let client = escape(client.as_bytes(), Lines::Escape);
        let (command, result) =
            (escape(command.as_bytes(), Lines::Escape), escape(result.as_bytes(), Lines::Escape));
        // Writing to a vector cannot fail.
        drop(write!(out, "{clock}  {server}{command:<8}{result:<11}{size:>9} {ttl:>8}  {client:<21}  "));
        self.text(out, event.key);
        while out.last() == Some(&b' ') {
            out.pop();
        }
        out.push(b'\n');
    }

    fn text(self, out: &mut Vec<u8>, bytes: &[u8]) {
        if self.escaped {
            out.extend_from_slice(escape(bytes, Lines::Escape).as_bytes());
        } else {
            out.extend_from_slice(bytes);
        }
    }
}

/// When it happened, by the server's clock.
fn time(event: &Event<'_>) -> String {
    let micros = i64::try_from(event.micros).unwrap_or(i64::MAX);
    let time = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX);
    format!("{time:.6}")
}

/// What was done.
fn command<'a>(event: &Event<'a>) -> &'a str {
    match (event.kind, event.name) {
        (Kind::Fetches, _) => "get",
        (Kind::Deletions, _) => "delete",
        (Kind::Evictions, _) => "evict",
        (Kind::Mutations, _) => event.command,
        (Kind::Connections, "conn_new") => "connect",
        (Kind::Connections, _) => "close",
        (Kind::Other, name) => name,
    }
}

/// What came of it.
fn result<'a>(event: &Event<'a>) -> &'a str {
    match (event.kind, event.status) {
        (Kind::Fetches, "found") => "hit",
        (Kind::Fetches, "not_found") => "miss",
        (Kind::Evictions, _) => match event.fetched {
            Some(true) => "fetched",
            _ => "unfetched",
        },
        (Kind::Connections, _) => event.reason,
        (_, status) => status,
    }
}

fn object(event: &Event<'_>, client: &str, server: &str) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), json!(time(event)));
    object.insert("server".to_owned(), json!(server));
    object.insert("command".to_owned(), json!(command(event)));
    object.insert("result".to_owned(), json!(Some(result(event)).filter(|result| !result.is_empty())));
    if !event.key.is_empty() {
        let (name, text) = match KeyRecord::from(event.key) {
            KeyRecord::Key(text) => ("key", text),
            KeyRecord::KeyB64(text) => ("key_b64", text),
        };
        object.insert(name.to_owned(), json!(text));
    }
    object.insert("size".to_owned(), json!(event.size));
    object.insert("ttl".to_owned(), json!(event.ttl));
    object.insert("last_access".to_owned(), json!(event.idle));
    object.insert("slab".to_owned(), json!(event.slab.filter(|&slab| slab > 0)));
    object.insert("client".to_owned(), json!(Some(client).filter(|client| !client.is_empty())));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Limits;
    use crate::protocol::watch;

    fn written(format: Format, line: &str) -> String {
        let (mut scratch, line) = (Vec::new(), format!("ts=1795832080.7 gid=1 {line}\n"));
        let Ok(Some((watch::Line::Event(event), _))) =
            watch::next(&Limits::default(), line.as_bytes(), &mut scratch)
        else {
            panic!("{line}")
        };
        let mut out = Vec::new();
        Style { format, escaped: format == Format::Table, shows_server: true }.write(
            &mut out,
            &event,
            Some("127.0.0.1:4"),
            "a:1",
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_format_has_its_line() {
        let miss = "type=item_get key=a%1Bb status=not_found clsid=0 cfd=16 size=0";
        assert_eq!(
            written(Format::Tsv, miss),
            "2026-11-28T02:14:40.000007Z\ta:1\tget\tmiss\ta\u{1b}b\t0\t\t127.0.0.1:4\n"
        );
        assert_eq!(
            written(Format::Table, miss),
            "02:14:40.000  a:1                    get     miss               0        –  127.0.0.1:4            a\\x1bb\n"
        );
        let head = Style { format: Format::Table, escaped: true, shows_server: true }.head();
        assert_eq!(head.find("KEY"), written(Format::Table, miss).replace('–', "-").find("a\\x1bb"));
        assert_eq!(
            written(Format::Jsonl, "type=eviction key=%FF fetch=no ttl=5 la=60 clsid=3 size=9"),
            "{\"time\":\"2026-11-28T02:14:40.000007Z\",\"server\":\"a:1\",\"command\":\"evict\",\"result\":\"unfetched\",\
             \"key_b64\":\"/w==\",\"size\":9,\"ttl\":5,\"last_access\":60,\"slab\":3,\"client\":\"127.0.0.1:4\"}\n"
        );
        assert!(
            written(Format::Json, "type=conn_close rip=::1 rport=4 transport=tcp reason=normal cfd=16")
                .contains("\"command\":\"close\",\"result\":\"normal\",\"size\":null")
        );
    }
}
