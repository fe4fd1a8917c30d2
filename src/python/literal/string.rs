//! String and bytes literals.

use super::LiteralError;
use super::Parser;
use super::Problem;
use crate::python::value::Text;
use crate::python::value::Value;

/// What the letters before a quote say.
#[derive(Clone, Copy, Default)]
struct Prefix {
    raw: bool,
    bytes: bool,
    unicode: bool,
    format: bool,
}

impl Prefix {
    /// Reads the letters; none if they are no prefix.
    fn of(letters: &str, python_2: bool) -> Option<Self> {
        let mut prefix = Self::default();
        for letter in letters.chars() {
            let part = match letter.to_ascii_lowercase() {
                'r' => &mut prefix.raw,
                'b' => &mut prefix.bytes,
                'u' => &mut prefix.unicode,
                'f' | 't' => &mut prefix.format,
                _ => return None,
            };
            if std::mem::replace(part, true) {
                return None;
            }
        }
        let kinds = [prefix.unicode, prefix.bytes, prefix.format];
        let has_two_kinds = kinds.into_iter().filter(|kind| *kind).count() > 1;
        let is_raw_unicode = prefix.unicode && prefix.raw;
        (!has_two_kinds && (python_2 || !is_raw_unicode)).then_some(prefix)
    }
}

/// What is read of a string so far: code points of a text, or bytes.
enum Content {
    Text(Text),
    Bytes(Vec<u8>),
}

impl Content {
    /// Appends a character of the source; false if bytes cannot have it.
    fn push(&mut self, character: char, python_2: bool) -> bool {
        match self {
            Self::Text(text) => text.push(u32::from(character)),
            Self::Bytes(bytes) if character.is_ascii() || python_2 => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Self::Bytes(_) => return false,
        }
        true
    }

    /// Appends the value of a numeric escape.
    fn push_point(&mut self, point: u32) {
        match self {
            Self::Text(text) => text.push(point),
            Self::Bytes(bytes) => bytes.push(point.to_le_bytes()[0]),
        }
    }
}

impl Parser<'_> {
    /// Tells whether letters and a quote come next.
    pub(super) fn has_string_prefix(&self) -> bool {
        let rest = self.rest();
        let letters = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
        let is_quoted = rest.get(letters..).is_some_and(|after| after.starts_with(['\'', '"']));
        is_quoted
            && rest
                .get(..letters)
                .is_some_and(|letters| Prefix::of(letters, self.python.is_python_2()).is_some())
    }

    /// Reads one or more strings side by side.
    pub(super) fn strings(&mut self) -> Result<Value, LiteralError> {
        let start = self.position;
        let mut joined = self.string()?;
        loop {
            let before = self.position;
            self.skip_blanks();
            if !matches!(self.peek(), Some('\'' | '"')) && !self.has_string_prefix() {
                self.position = before;
                return Ok(joined);
            }
            let next = self.string()?;
            joined = joined_strings(joined, next).ok_or_else(|| self.error_at(start, Problem::Mixed))?;
        }
    }

    /// Reads one string with its prefix.
    fn string(&mut self) -> Result<Value, LiteralError> {
        let start = self.position;
        let python_2 = self.python.is_python_2();
        let letters = self.rest().find(['\'', '"']).unwrap_or(0);
        let prefix = self.rest().get(..letters).and_then(|letters| Prefix::of(letters, python_2));
        let prefix = prefix.unwrap_or_default();
        if prefix.format {
            return Err(self.error(Problem::Format));
        }
        self.position += letters;
        let quote = if self.peek() == Some('\'') { ["'''", "'"] } else { ["\"\"\"", "\""] };
        let close = if self.take(quote[0]) { quote[0] } else { quote[1] };
        if close.len() == 1 {
            self.next();
        }
        let is_bytes = prefix.bytes || python_2 && !prefix.unicode;
        let mut content = if is_bytes { Content::Bytes(Vec::new()) } else { Content::Text(Text::default()) };
        while !self.take(close) {
            let at = self.position;
            match self.next() {
                None => return Err(self.error_at(start, Problem::Unterminated)),
                Some('\n' | '\r') if close.len() == 1 => return Err(self.error_at(at, Problem::LineEnd)),
                // Python reads source with universal line ends.
                Some('\r') => {
                    self.take("\n");
                    content.push_point(10);
                }
                Some('\\') if prefix.raw => self.raw_escape(&mut content, prefix.unicode)?,
                Some('\\') => self.escape(&mut content)?,
                Some(character) => {
                    if !content.push(character, python_2) {
                        return Err(self.error_at(at, Problem::NotAscii));
                    }
                }
            }
        }
        Ok(match content {
            Content::Text(text) => Value::Str(text),
            Content::Bytes(bytes) if python_2 => Value::Py2Str(bytes),
            Content::Bytes(bytes) => Value::Bytes(bytes),
        })
    }

    /// A backslash in a raw string: it stays, and so does a quote after it. `ur''` of Python 2 knows `\u` all the same.
    fn raw_escape(&mut self, content: &mut Content, unicode: bool) -> Result<(), LiteralError> {
        let at = self.position;
        if unicode && self.take("u") {
            return self.point(content, at, 4);
        }
        if unicode && self.take("U") {
            return self.point(content, at, 8);
        }
        content.push('\\', true);
        match self.peek() {
            Some(next @ ('\'' | '"' | '\\')) => {
                self.next();
                content.push(next, true);
            }
            Some('\n') => {
                self.next();
                content.push('\n', true);
            }
            _ => {}
        }
        Ok(())
    }

    /// What stands after a backslash.
    fn escape(&mut self, content: &mut Content) -> Result<(), LiteralError> {
        let at = self.position.saturating_sub(1);
        let is_text = matches!(content, Content::Text(_));
        let simple = match self.next() {
            None => return Err(self.error_at(at, Problem::Unterminated)),
            Some('\n') => return Ok(()),
            Some('\r') => {
                self.take("\n");
                return Ok(());
            }
            Some('x') => return self.point(content, at, 2),
            Some('u') if is_text => return self.point(content, at, 4),
            Some('U') if is_text => return self.point(content, at, 8),
            Some('N') if is_text => return self.named_character(content, at),
            Some(first @ '0'..='7') => {
                let mut point = u32::from(first) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|digit| digit.to_digit(8)) else { break };
                    self.next();
                    point = point * 8 + digit;
                }
                content.push_point(point);
                return Ok(());
            }
            Some('a') => '\x07',
            Some('b') => '\x08',
            Some('f') => '\x0C',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\x0B',
            Some(quoted @ ('\\' | '\'' | '"')) => quoted,
            // An unknown escape is no escape; the character after the backslash is read on its own.
            Some(other) => {
                self.position -= other.len_utf8();
                '\\'
            }
        };
        content.push(simple, true);
        Ok(())
    }

    /// The digits of `\xHH`, `\uHHHH` or `\UHHHHHHHH`.
    fn point(&mut self, content: &mut Content, at: usize, digits: usize) -> Result<(), LiteralError> {
        let text = self.rest().get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let point =
            text.and_then(|text| u32::from_str_radix(text, 16).ok()).filter(|point| *point <= 0x10_FFFF);
        content.push_point(point.ok_or_else(|| self.error_at(at, Problem::Escape))?);
        self.position += digits;
        Ok(())
    }

    /// The name of `\N{NAME}`.
    fn named_character(&mut self, content: &mut Content, at: usize) -> Result<(), LiteralError> {
        let name = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
        // No name starts with a hyphen, and the table subtracts from its place.
        let name = name.filter(|name| name.starts_with(|first: char| first.is_ascii_alphanumeric()));
        let found = name.and_then(|name| Some((name, unicode_names2::character(name)?)));
        let (name, character) = found.ok_or_else(|| self.error_at(at, Problem::Escape))?;
        self.position += name.len() + 2;
        content.push(character, true);
        Ok(())
    }
}

/// Two strings side by side; none if one is bytes and the other text, which only Python 2 joins.
fn joined_strings(left: Value, right: Value) -> Option<Value> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok().filter(|text| text.is_ascii()).map(Text::from);
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => {
            let mut joined = left;
            right.code_points().for_each(|point| joined.push(point));
            Some(Value::Str(joined))
        }
        (Value::Bytes(mut left), Value::Bytes(right)) => {
            left.extend(right);
            Some(Value::Bytes(left))
        }
        (Value::Py2Str(mut left), Value::Py2Str(right)) => {
            left.extend(right);
            Some(Value::Py2Str(left))
        }
        (Value::Py2Str(left), right @ Value::Str(_)) => joined_strings(Value::Str(text(left)?), right),
        (left @ Value::Str(_), Value::Py2Str(right)) => joined_strings(left, Value::Str(text(right)?)),
        _ => None,
    }
}
