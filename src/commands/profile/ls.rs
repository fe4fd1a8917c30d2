//! `profile ls`: the profiles of the file.

use serde::Serialize;

use crate::commands::change::FORMATS;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;
use crate::settings;
use crate::settings::explain;

#[derive(Debug, Serialize)]
struct ProfileRecord {
    name: String,
    default: bool,
    servers: Option<Vec<String>>,
    routing: Option<String>,
    protected: bool,
    read_only: bool,
}

#[derive(Debug, Serialize)]
struct ListDocument {
    schema: &'static str,
    profiles: Vec<ProfileRecord>,
}

/// Lists the profiles.
///
/// # Errors
/// A file that is not understood.
pub(super) fn run(context: &mut Context) -> Result<Exit, Failure> {
    let format = context.format(&FORMATS)?;
    let (_, file) = settings::profile_file(&context.flags, &context.environment)?;
    let records: Vec<ProfileRecord> = file
        .profiles
        .into_iter()
        .map(|(name, profile)| ProfileRecord {
            default: file.default_profile.as_ref() == Some(&name),
            name,
            servers: profile
                .servers
                .map(|servers| servers.iter().map(|server| explain::hide_user_info(server)).collect()),
            routing: profile.routing,
            protected: profile.protected,
            read_only: profile.read_only,
        })
        .collect();
    match format {
        Format::Json => {
            context.output.document(&ListDocument { schema: "cachier/profile-ls/1", profiles: records });
        }
        Format::Jsonl => records.iter().for_each(|record| context.output.object(record)),
        _ => {
            let mut table = Table::new(&["name", "default", "servers", "routing", "safety"]);
            for record in records {
                let safety = match (record.protected, record.read_only) {
                    (_, true) => "read-only",
                    (true, false) => "protected",
                    (false, false) => "",
                };
                table.rows.push(vec![
                    Cell::text(record.name),
                    Cell::text(if record.default { "default" } else { "" }),
                    record.servers.map_or(Cell::Missing, |servers| Cell::text(servers.join(","))),
                    record.routing.map_or(Cell::Missing, Cell::text),
                    Cell::text(safety),
                ]);
            }
            context.output.table(format, &table);
        }
    }
    Ok(Exit::Done)
}
