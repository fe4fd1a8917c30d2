//! `where`: which server has a key.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::wanted::KeyArgs;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::output::record::KeyRecord;
use crate::protocol::Wire;

/// Show which server each key belongs to; no server is contacted
///
/// JSON has `servers` instead of `server` where the client writes to several.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier where view//products\n  \
    cachier where --servers a:11211,b:11211 --routing pylibmc:ketama,hash=md5 k1 k2 -o tsv")]
pub struct WhereArgs {
    #[command(flatten)]
    keys: KeyArgs,
}

/// Where one key belongs.
#[derive(Debug, Serialize)]
struct Place {
    #[serde(flatten)]
    key: KeyRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<String>>,
}

/// Where all keys belong.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    keys: Vec<Place>,
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used.
pub fn run(context: &mut Context, args: &WhereArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    // Nothing is sent, so the narrower rule of the text protocol does not apply.
    let keys = args.keys.read_for(context, Wire::Binary)?;
    let route = context.route()?;
    let places = keys.iter().map(|key| {
        let mut names: Vec<String> =
            route.router.writers(key.as_bytes()).iter().map(|server| route.names[server].clone()).collect();
        let key = key.as_bytes().into();
        if names.len() == 1 {
            Place { key, server: names.pop(), servers: None }
        } else {
            Place { key, server: None, servers: Some(names) }
        }
    });
    match format {
        Format::Json => {
            context.output.document(&Document { schema: "cachier/where/1", keys: places.collect() });
        }
        Format::Jsonl => places.for_each(|place| context.output.object(&place)),
        _ => {
            let mut table = Table::new(&["key", "server"]);
            table.rows = places
                .map(|place| {
                    let names = place.server.or_else(|| Some(place.servers?.join(","))).unwrap_or_default();
                    vec![place.key.cell(), Cell::text(names)]
                })
                .collect();
            context.output.table(format, &table);
        }
    }
    Ok(Exit::Done)
}
