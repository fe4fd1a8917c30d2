//! The flags of meta commands (`proto_text.c:_meta_flag_preparse`).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::number;
use super::words::Words;

/// What the flags of a command ask for; times in seconds as they came.
#[derive(Debug)]
pub(super) struct Flags<'a> {
    pub(super) key: Cow<'a, [u8]>,
    pub(super) is_binary: bool,
    pub(super) is_quiet: bool,
    pub(super) no_bump: bool,
    pub(super) wants_value: bool,
    pub(super) invalidates: bool,
    pub(super) expiry: Option<i64>,
    pub(super) vivify: Option<i64>,
    pub(super) recache: Option<i64>,
    pub(super) client_flags: u32,
    pub(super) cas: Option<u64>,
    pub(super) mode: Option<u8>,
    pub(super) initial: u64,
    pub(super) delta: u64,
}

const BAD_TOKEN: &str = "CLIENT_ERROR bad token in command line format";

impl<'a> Flags<'a> {
    /// Reads the flags from a word on; of several errors the last is told, but unknown and repeated flags at once.
    pub(super) fn parse(words: &Words<'a>, start: usize) -> Result<Self, &'static str> {
        let mut flags = Self {
            key: Cow::Borrowed(words.at(1)),
            is_binary: false,
            is_quiet: false,
            no_bump: false,
            wants_value: false,
            invalidates: false,
            expiry: None,
            vivify: None,
            recache: None,
            client_flags: 0,
            cas: None,
            mode: None,
            initial: 0,
            delta: 1,
        };
        let mut seen = 0u128;
        let mut error = None;
        for word in words.from(start) {
            let Some((&flag, token)) = word.split_first() else { continue };
            if flag >= 127 || seen >> flag & 1 == 1 {
                return Err("CLIENT_ERROR duplicate flag");
            }
            seen |= 1 << flag;
            match flags.take(flag, token) {
                Ok(true) => {}
                Ok(false) => return Err("CLIENT_ERROR invalid flag"),
                // A bad `F` leaves the message of another flag in place.
                Err("") => error = error.or(Some(super::text::BAD_FORMAT)),
                Err(what) => error = Some(what),
            }
        }
        error.map_or(Ok(flags), Err)
    }

    /// Takes one flag; `false` if it is unknown.
    fn take(&mut self, flag: u8, token: &[u8]) -> Result<bool, &'static str> {
        let seconds = || number::signed_32(token).map(i64::from).ok_or(BAD_TOKEN);
        match flag {
            b'b' => {
                self.is_binary = true;
                self.key = Cow::Owned(decode_base64(&self.key).ok_or("CLIENT_ERROR error decoding key")?);
            }
            b'N' => self.vivify = Some(seconds()?),
            b'T' => self.expiry = Some(seconds()?),
            b'R' => self.recache = Some(seconds()?),
            b'v' => self.wants_value = true,
            b'u' => self.no_bump = true,
            b'q' => self.is_quiet = true,
            b'F' => self.client_flags = number::unsigned_32(token).ok_or("")?,
            b'C' => self.cas = Some(number::unsigned(token).ok_or(BAD_TOKEN)?),
            b'M' => match token {
                [mode] => self.mode = Some(*mode),
                _ => return Err("CLIENT_ERROR incorrect length for M token"),
            },
            b'J' => {
                self.initial = number::unsigned(token).ok_or("CLIENT_ERROR invalid numeric initial value")?;
            }
            b'D' => self.delta = number::unsigned(token).ok_or("CLIENT_ERROR invalid numeric delta value")?,
            b'I' => self.invalidates = true,
            b'l' | b'O' | b'P' | b'L' | b'k' | b's' | b't' | b'c' | b'f' | b'h' => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A key as it is shown: in base64 if it is binary.
pub(super) fn key_text(key: &[u8], is_binary: bool) -> Cow<'_, [u8]> {
    if is_binary { Cow::Owned(STANDARD.encode(key).into_bytes()) } else { Cow::Borrowed(key) }
}

/// Reads base64 as memcached does: other characters are passed over, and it ends at the first padding.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let sextet = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        b'=' => Some(0),
        _ => None,
    };
    let digits: Vec<u8> = text.iter().copied().filter(|&byte| sextet(byte).is_some()).collect();
    let (groups, []) = digits.as_chunks::<4>() else { return None };
    let mut out = Vec::with_capacity(groups.len() * 3);
    for group in groups {
        let [a, b, c, d] = group.map(|byte| sextet(byte).unwrap_or(0));
        let padding = group.iter().filter(|&&byte| byte == b'=').count();
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        if padding > 2 {
            return None;
        }
        out.truncate(out.len() - padding);
        if padding > 0 {
            break;
        }
    }
    (!out.is_empty()).then_some(out)
}
