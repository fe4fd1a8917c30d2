//! `where`: which server has a key.

mod ask;
mod audit;
mod audit_report;
mod candidates;
mod clients;
mod routings;

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
use crate::protocol::Key;
use crate::protocol::Wire;
use crate::routing::Router;

/// Show which server each key belongs to; no server is contacted unless asked for
///
/// JSON has `servers` instead of `server` where the client writes to several. With --ask and --audit, exit 1 if a key is not
/// where it belongs.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier where view//products\n  \
    cachier where --servers a:11211,b:11211 --routing pylibmc:ketama,hash=md5 k1 k2 -o tsv\n  \
    cachier where view//products --ask          who really has it\n  \
    cachier where view//products --all-clients  where each known client would put it\n  \
    cachier where --audit                       is the routing right, for all keys of all servers?")]
pub struct WhereArgs {
    #[command(flatten)]
    keys: KeyArgs,
    /// Ask every server who has the keys
    #[arg(long)]
    ask: bool,
    /// One row for each known client and its common options
    #[arg(long, conflicts_with = "ask")]
    all_clients: bool,
    /// List every key of every server, count misplaced and duplicated ones, and name the routing that explains the placement
    #[arg(long, conflicts_with_all = ["keys", "stdin", "null", "flask", "ask", "all_clients"])]
    audit: bool,
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

impl Place {
    /// Where a key goes by this router.
    fn of(router: &Router, names: &[String], key: &Key) -> Self {
        let targets = router.writers(key.as_bytes());
        let mut found: Vec<String> = targets.iter().filter_map(|server| names.get(server).cloned()).collect();
        let key = key.as_bytes().into();
        if found.len() == 1 {
            Self { key, server: found.pop(), servers: None }
        } else {
            Self { key, server: None, servers: Some(found) }
        }
    }

    /// A key that these servers have no place for.
    fn unknown(key: &Key) -> Self {
        Self { key: key.as_bytes().into(), server: None, servers: None }
    }

    /// The servers' names.
    fn names(&self) -> Vec<&String> {
        self.server.iter().chain(self.servers.iter().flatten()).collect()
    }

    /// The servers' names with commas between.
    fn servers_text(&self) -> Option<String> {
        let names: Vec<&str> = self.names().into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}

/// Runs the command.
///
/// # Errors
/// Keys or settings that cannot be used, or servers that cannot list.
pub fn run(context: &mut Context, args: &WhereArgs) -> Result<Exit, Failure> {
    let format = context.format(&[Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Jsonl])?;
    if args.audit {
        return audit::run(context, format);
    }
    if args.ask {
        let keys = args.keys.read(context)?;
        return ask::run(context, &keys, format);
    }
    // Nothing is sent, so the narrower rule of the text protocol does not apply.
    let keys = args.keys.read_for(context, Wire::Binary)?;
    if args.all_clients {
        return clients::run(context, &keys, format);
    }
    let route = context.route()?;
    let places = keys.iter().map(|key| Place::of(&route.router, &route.names, key));
    match format {
        Format::Json => {
            context.output.document(&Document { schema: "cachier/where/1", keys: places.collect() });
        }
        Format::Jsonl => places.for_each(|place| context.output.object(&place)),
        _ => {
            let mut table = Table::new(&["key", "server"]);
            table.rows = places
                .map(|place| vec![place.key.cell(), Cell::text(place.servers_text().unwrap_or_default())])
                .collect();
            context.output.table(format, &table);
        }
    }
    Ok(Exit::Done)
}
