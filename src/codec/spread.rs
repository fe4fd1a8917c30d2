//! Spread values of Flask-Caching (`SpreadSASLMemcachedCache`): one pickle cut into chunks `key.0` to `key.31`.

use crate::python::Value;
use crate::python::pickle;

use super::CodecError;

/// The length of every chunk but the last, in bytes (`flask_caching/backends/memcache.py`).
pub const CHUNK_SIZE: usize = 1_048_448;

/// The most chunks a value has.
pub const MAX_CHUNKS: usize = 32;

/// The protocol of the pickle that is cut up.
const PROTOCOL: u8 = 2;

/// Joins the chunks that are there, in the order of their numbers.
///
/// A chunk missing in the middle makes the pickle unreadable, which decoding then says; a stale one behind a shorter
/// value is harmless.
#[must_use]
pub fn join<'a>(chunks: impl IntoIterator<Item = Option<&'a [u8]>>) -> Vec<u8> {
    chunks.into_iter().flatten().collect::<Vec<_>>().concat()
}

/// Pickles a value and cuts it into chunks, to be stored with flags 0 as `key.0`, `key.1` and so on.
///
/// # Errors
///
/// [`CodecError::TooManyChunks`] above 32 chunks, [`CodecError::Unwritable`] for a value that is only read.
pub fn encode(value: &Value) -> Result<Vec<Vec<u8>>, CodecError> {
    let pickle = pickle::write(value, PROTOCOL)?;
    if pickle.len() > CHUNK_SIZE * MAX_CHUNKS {
        return Err(CodecError::TooManyChunks { length: pickle.len(), limit: MAX_CHUNKS });
    }
    Ok(pickle.chunks(CHUNK_SIZE).map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Client;
    use super::super::DecodedValue;
    use super::super::Format;
    use super::super::Options;
    use super::super::decode_as;
    use super::*;

    fn text(length: usize) -> Value {
        Value::Str("0".repeat(length).into())
    }

    #[test]
    fn a_value_is_cut_and_joined() {
        let chunks = encode(&text(CHUNK_SIZE)).unwrap();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [CHUNK_SIZE, 8]);
        let joined =
            join(chunks.iter().map(|chunk| Some(chunk.as_slice())).chain([None, Some(b"stale".as_slice())]));
        let decoded = decode_as(Format::Spread, Client::Pylibmc, 0, &joined, &Options::default());
        let DecodedValue::Value(Value::Str(text)) = decoded.value else { panic!("{}", decoded.encoding) };
        assert_eq!(text.as_bytes().len(), CHUNK_SIZE);
        assert!(decoded.encoding.contains("5 stale bytes"), "{}", decoded.encoding);
    }

    #[test]
    fn a_missing_chunk_is_noticed() {
        let chunks = encode(&text(CHUNK_SIZE * 2)).unwrap();
        let joined = join([Some(chunks[0].as_slice()), None, Some(chunks[2].as_slice())]);
        let decoded = decode_as(Format::Spread, Client::Pylibmc, 0, &joined, &Options::default());
        let DecodedValue::Unreadable { error, .. } = decoded.value else { panic!("{}", decoded.encoding) };
        assert!(error.to_string().contains("cut off"), "{error}");
    }

    #[test]
    fn more_than_thirty_two_chunks_are_refused() {
        assert!(matches!(
            encode(&text(CHUNK_SIZE * MAX_CHUNKS)),
            Err(CodecError::TooManyChunks { limit: MAX_CHUNKS, .. })
        ));
        assert_eq!(encode(&text(3)).unwrap().len(), 1);
    }
}
