//! `decode`: the same decoding for bytes from a file; contacts no server.

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::decode_args::DecodeArgs;
use super::fetch::Stored;
use super::shown;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;

/// Decode bytes from a file as a stored value is decoded; contacts no server
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier get view --raw > v; cachier decode v --flags 1 -o json\n  \
    cachier decode --flags 0 --decode session < session.bin")]
pub struct DecodeCommandArgs {
    /// File to read; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Flags of the item
    #[arg(long, value_name = "N")]
    flags: u32,
    /// Key of the item, for what its name tells
    #[arg(long, value_name = "KEY", default_value = "")]
    key: String,
    #[command(flatten)]
    decode: DecodeArgs,
}

/// The item in JSON.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    flags: u32,
    size: usize,
    #[serde(flatten)]
    value: shown::ValueRecord,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, or settings that are not understood.
pub fn run(context: &mut Context, args: &DecodeCommandArgs) -> Result<Exit, Failure> {
    let format = context.chosen_format(&[Format::Table, Format::Tsv, Format::Json])?;
    let decoder = shown::Decoder::new(context, args.decode)?;
    let value = read(args)?;
    let (key, size) = (args.key.as_bytes(), value.len());
    let stored = Stored { flags: args.flags, cas: None, value };
    if format == Some(Format::Json) {
        let value = decoder.record(key, &stored);
        context.output.document(&Document { schema: "cachier/decode/1", flags: args.flags, size, value });
    } else {
        decoder.print(context, key, &stored);
    }
    Ok(Exit::Done)
}

fn read(args: &DecodeCommandArgs) -> Result<Vec<u8>, Failure> {
    match &args.file {
        Some(path) if path.as_os_str() != "-" => {
            fs::read(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
        }
        _ => {
            let mut bytes = Vec::new();
            io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
            Ok(bytes)
        }
    }
}
