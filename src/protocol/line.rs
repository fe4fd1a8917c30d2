//! Lines and words of the text protocols, in both directions.

use super::Key;
use super::Limits;
use super::Malformed;
use super::Refusal;
use super::RefusalKind;

/// As much of a line as [`Malformed::Unexpected`] keeps.
const SHOWN: usize = 100;

/// Why a key that text cannot carry is not sent; see [`super::Unsupported`].
pub(super) const ILLEGAL_KEY: &str = "carry a key with a blank, a line end or NUL";

/// Takes the first line off `input`: without its end, and the number of bytes with it; `None` while it has no end.
pub(super) fn split<'a>(input: &'a [u8], limits: &Limits) -> Result<Option<(&'a [u8], usize)>, Malformed> {
    let window = input.get(..limits.line).unwrap_or(input);
    match memchr::memchr(b'\n', window) {
        Some(end) => {
            let line = &window[..end];
            Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1)))
        }
        None if input.len() >= limits.line => Err(Malformed::Line { limit: limits.line }),
        None => Ok(None),
    }
}

/// Takes a value of the announced length and its line end off `input` from `start`: the value and where it ends.
pub(super) fn value<'a>(
    input: &'a [u8],
    start: usize,
    claimed: u64,
    limits: &Limits,
) -> Result<Option<(&'a [u8], usize)>, Malformed> {
    let too_long = Malformed::TooLong { claimed, limit: limits.value };
    let Some(length) = usize::try_from(claimed).ok().filter(|&length| length <= limits.value) else {
        return Err(too_long);
    };
    let Some(end) = start.checked_add(length).filter(|&end| end <= usize::MAX - 2) else {
        return Err(too_long);
    };
    match (input.get(start..end), input.get(end..end + 2)) {
        (Some(value), Some(b"\r\n")) => Ok(Some((value, end + 2))),
        (Some(_), Some(_)) => Err(unexpected(input.get(end..).unwrap_or_default())),
        _ => Ok(None),
    }
}

/// The words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b' ').filter(|word| !word.is_empty())
}

/// A decimal number, digits only.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &digit| {
        let digit = digit.checked_sub(b'0').filter(|&digit| digit < 10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Like [`number`], for a field of 32 bits.
pub(super) fn small_number(digits: &[u8]) -> Option<u32> {
    number(digits).and_then(|number| u32::try_from(number).ok())
}

/// Appends a decimal number.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let start = out.len();
    loop {
        // A remainder of 10 always fits.
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// The bytes of a key, if text can carry them.
pub(super) fn text_key(key: &Key) -> Option<&[u8]> {
    let bytes = key.as_bytes();
    (!bytes.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r' | b' '))).then_some(bytes)
}

/// A refusal, if the line is one (`doc/protocol.txt`, "Error strings").
pub(super) fn refusal(line: &[u8]) -> Option<Refusal<'_>> {
    if line == b"ERROR" || line.starts_with(b"ERROR ") {
        return Some(Refusal {
            kind: RefusalKind::Unknown,
            message: line.strip_prefix(b"ERROR ").unwrap_or(line),
        });
    }
    if line == b"BUSY" || line.starts_with(b"BUSY ") {
        return Some(Refusal { kind: RefusalKind::Busy, message: line });
    }
    let (message, fallback) = match line.strip_prefix(b"CLIENT_ERROR") {
        Some(message) => (message, RefusalKind::Invalid),
        None => (line.strip_prefix(b"SERVER_ERROR")?, RefusalKind::Server),
    };
    let message = message.trim_ascii_start();
    let contains = |words: &str| memchr::memmem::find(message, words.as_bytes()).is_some();
    let kind = if contains("too large") {
        RefusalKind::TooLarge
    } else if message.starts_with(b"out of memory") {
        RefusalKind::OutOfMemory
    } else if contains("non-numeric value") {
        RefusalKind::NonNumeric
    } else if contains("unauthenticated") || contains("authentication failure") {
        RefusalKind::Unauthenticated
    } else {
        fallback
    };
    Some(Refusal { kind, message })
}

/// The error for a line that is no answer to what was asked.
pub(super) fn unexpected(line: &[u8]) -> Malformed {
    Malformed::Unexpected { line: line.get(..SHOWN).unwrap_or(line).to_vec() }
}
