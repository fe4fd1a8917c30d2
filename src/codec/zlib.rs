//! The zlib layer, bounded.

use std::io::Read as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::CodecError;

/// Inflates a zlib stream of at most `limit` bytes; bytes behind its end are ignored, as Python's `zlib` does.
///
/// # Errors
///
/// [`CodecError::TooLarge`] once more than `limit` bytes came out, [`CodecError::Zlib`] for a damaged stream.
pub fn inflate(stream: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut inflated = Vec::new();
    ZlibDecoder::new(stream)
        .take(most)
        .read_to_end(&mut inflated)
        .map_err(|error| CodecError::Zlib { reason: error.to_string() })?;
    if inflated.len() > limit {
        return Err(CodecError::TooLarge { limit });
    }
    Ok(inflated)
}

/// Returns the zlib stream of the bytes at the default level, if it is smaller than the bytes.
#[must_use]
pub fn deflate_if_smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let stream = encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()?;
    (stream.len() < bytes.len()).then_some(stream)
}

/// Whether the bytes start with one of the four usual zlib headers.
#[must_use]
pub fn looks_like_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_back() {
        let text = b"cachier ".repeat(1000);
        let stream = deflate_if_smaller(&text).unwrap();
        assert!(stream.len() < 100 && looks_like_zlib(&stream));
        assert_eq!(inflate(&stream, text.len()), Ok(text));
    }

    #[test]
    fn a_bomb_is_cut_off_at_the_limit() {
        let bomb = deflate_if_smaller(&vec![0; 10 << 20]).unwrap();
        assert_eq!(inflate(&bomb, 1 << 20), Err(CodecError::TooLarge { limit: 1 << 20 }));
    }

    #[test]
    fn every_cut_of_a_stream_is_an_error() {
        let stream = deflate_if_smaller(b"hello, hello, hello, hello").unwrap();
        for cut in 0..stream.len() {
            assert!(matches!(inflate(&stream[..cut], 100), Err(CodecError::Zlib { .. })), "cut at {cut}");
        }
    }

    #[test]
    fn what_does_not_shrink_is_left_alone() {
        assert_eq!(deflate_if_smaller(b"hello"), None);
    }
}
