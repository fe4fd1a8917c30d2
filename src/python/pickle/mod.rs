//! Pickles, protocols 0 to 5: an inert reader, in which nothing is imported or run, and a writer of plain data.

mod cursor;
mod error;
mod escape;
mod expand;
mod graph;
mod machine;
mod memo;
mod objects;
mod opcode;
mod reduce;
mod write;

pub use error::PickleError;
pub use write::Unwritable;
pub use write::write;

use super::Value;

/// The deepest nesting of values that is read, so that what comes out may be walked recursively, and so that its
/// typed tree, three levels of JSON a level, is still read by other JSON readers (Python stops near 1000).
pub const MAX_DEPTH: usize = 200;

/// A pickle that was read.
#[derive(Clone, Debug)]
pub struct Pickle {
    /// The value; a class that is not evaluated is an [`super::Object`].
    pub value: Value,
    /// The protocol that the pickle names; 0 if it names none, as those of protocol 0 and 1 do.
    pub protocol: u8,
    /// Bytes of the pickle, STOP included; the input may go on behind it.
    pub length: usize,
}

/// Reads the pickle at the start of the bytes; what stands behind its STOP is left alone.
///
/// `limit` bounds what it may unfold to, in bytes: values that are referred to many times count as often.
/// A container that holds itself becomes [`Value::Verbatim`] (`[...]`) where it recurs.
///
/// # Errors
///
/// A [`PickleError`] for anything that is not a pickle of protocol 0 to 5, that needs what only its writer has
/// (persistent ids, the extension registry, out-of-band buffers), or that is larger or deeper than allowed.
pub fn read_prefix(bytes: &[u8], limit: usize) -> Result<Pickle, PickleError> {
    let parsed = machine::run(bytes, limit)?;
    let value = expand::expand(&parsed.graph, parsed.root, limit)?;
    Ok(Pickle { value, protocol: parsed.protocol, length: parsed.length })
}

/// Reads a pickle that takes up all of the bytes.
///
/// # Errors
///
/// Those of [`read_prefix`], and [`PickleError::TrailingBytes`].
pub fn read(bytes: &[u8], limit: usize) -> Result<Pickle, PickleError> {
    let pickle = read_prefix(bytes, limit)?;
    match bytes.len() - pickle.length {
        0 => Ok(pickle),
        count => Err(PickleError::TrailingBytes { count }),
    }
}

#[cfg(test)]
mod tests;
