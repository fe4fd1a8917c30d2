//! Text → value: the Python literals that a user types.

mod call;
mod clock;
mod decimal;
mod equal;
mod number;
mod string;

use thiserror::Error;

use super::value::Value;
use super::version::PythonVersion;

/// Brackets may nest this deep, as in CPython (`MAXSTACK` in Parser/tokenizer.h).
const MAX_DEPTH: usize = 200;

/// Why a text is no Python literal, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a Python literal at character {}: {problem}", .offset + 1)]
pub struct LiteralError {
    /// Characters before the problem.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl LiteralError {
    /// What to do about a value that no literal can say.
    pub const HINT: &str = "give what repr() shows for any other object with --arg-repr TEXT";
}

/// What is wrong with a literal.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// A call with arguments that its class does not take.
    #[error("{class}() does not take these arguments")]
    Arguments {
        /// Name of the class.
        class: &'static str,
    },
    /// The text ends too early.
    #[error("the text ends here")]
    End,
    /// An escape without its digits, or a code point that there is not.
    #[error("broken escape in a string")]
    Escape,
    /// A string whose value only the application can know.
    #[error("an f-string is no literal")]
    Format,
    /// A line end in a string with single quotes.
    #[error("line end in a string; use three quotes or \\n")]
    LineEnd,
    /// `'a' b'b'`.
    #[error("bytes and text stand side by side")]
    Mixed,
    /// A name that stands for a variable, function or class.
    #[error("{name} is a name, not a literal")]
    Name {
        /// The name with its dots.
        name: String,
    },
    /// `b'é'`.
    #[error("bytes can only have ASCII characters; write others as \\xHH")]
    NotAscii,
    /// Digits that are no number.
    #[error("broken number")]
    Number,
    /// More nested brackets than Python reads.
    #[error("brackets nest deeper than {MAX_DEPTH}")]
    TooDeep,
    /// A character that cannot stand here.
    #[error("unexpected {found:?}")]
    Unexpected {
        /// The character.
        found: char,
    },
    /// A list, dict or set as a key of a dict or an element of a set.
    #[error("a list, dict or set cannot be a key or an element of a set")]
    Unhashable,
    /// A text with no closing quote.
    #[error("the string that starts here has no end")]
    Unterminated,
}

/// Reads one Python literal, with blanks around it.
///
/// In Python 2 a string without prefix is a byte string, and a number may end in `L`.
///
/// # Errors
/// [`LiteralError`] says where the text stops being a literal, and why.
pub fn parse(text: &str, python: PythonVersion) -> Result<Value, LiteralError> {
    let mut parser = Parser::new(text, python);
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

/// Positional arguments and keyword arguments as a caller types them.
pub type Arguments = (Vec<Value>, Vec<(String, Value)>);

/// Reads the arguments of a call without its parentheses: `1, b=2`.
///
/// # Errors
/// As [`parse`].
pub fn parse_arguments(text: &str, python: PythonVersion) -> Result<Arguments, LiteralError> {
    let mut parser = Parser::new(text, python);
    let arguments = parser.arguments(None)?;
    parser.end()?;
    Ok(arguments)
}

/// A text and how much of it is read.
pub(super) struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    python: PythonVersion,
}

impl<'a> Parser<'a> {
    /// Starts at the beginning of a text.
    pub(super) fn new(text: &'a str, python: PythonVersion) -> Self {
        Self { text, position: 0, depth: 0, python }
    }

    /// Tells whether the text is meant for Python 2.
    fn is_python_2(&self) -> bool {
        self.python.is_python_2()
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes the next character.
    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    /// Takes a text if it comes next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let is_next = self.rest().starts_with(expected);
        if is_next {
            self.position += expected.len();
        }
        is_next
    }

    /// Skips blanks, then takes a text if it comes next.
    pub(super) fn take_token(&mut self, expected: &str) -> bool {
        self.skip_blanks();
        self.take(expected)
    }

    /// Skips what may stand between tokens, joined lines included.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let after = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0C']);
            let after = after.strip_prefix("\\\n").or_else(|| after.strip_prefix("\\\r\n")).unwrap_or(after);
            if after.len() == rest.len() {
                return;
            }
            self.position += rest.len() - after.len();
        }
    }

    /// An error at a byte position.
    fn error_at(&self, position: usize, problem: Problem) -> LiteralError {
        let offset = self.text.get(..position).unwrap_or(self.text).chars().count();
        LiteralError { offset, problem }
    }

    /// An error at the next character.
    pub(super) fn error(&self, problem: Problem) -> LiteralError {
        self.error_at(self.position, problem)
    }

    /// The error for a character that cannot stand next.
    pub(super) fn unexpected(&self) -> LiteralError {
        self.error(self.peek().map_or(Problem::End, |found| Problem::Unexpected { found }))
    }

    /// Checks that nothing but blanks is left.
    pub(super) fn end(&mut self) -> Result<(), LiteralError> {
        self.skip_blanks();
        if self.rest().is_empty() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Reads a literal: a value, or a real and an imaginary number with a sign between.
    pub(super) fn value(&mut self) -> Result<Value, LiteralError> {
        let start = self.position;
        let left = self.signed()?;
        let after = self.position;
        self.skip_blanks();
        let (Value::Int(_) | Value::Float(_), Some(sign @ ('+' | '-'))) = (&left, self.peek()) else {
            self.position = after;
            return Ok(left);
        };
        self.next();
        match self.signed()? {
            Value::Complex(real, imaginary) => number::sum(&left, sign, (real, imaginary), self.python)
                .ok_or_else(|| self.error_at(start, Problem::Number)),
            _ => Err(self.error_at(after, Problem::Unexpected { found: sign })),
        }
    }

    /// Reads a value with signs before it.
    fn signed(&mut self) -> Result<Value, LiteralError> {
        self.skip_blanks();
        let start = self.position;
        let mut signs = Vec::new();
        while let Some(sign @ ('+' | '-' | '~')) = self.peek() {
            if signs.len() == MAX_DEPTH {
                return Err(self.error(Problem::TooDeep));
            }
            signs.push(sign);
            self.next();
            self.skip_blanks();
        }
        let is_number = matches!(self.peek(), Some('.' | '0'..='9'));
        let mut value = self.atom()?;
        // Python 2 reads a minus as part of the number after it, so that no real part of -0.0 comes into being.
        if let (true, Value::Complex(_, imaginary)) = (is_number && self.is_python_2(), &mut value)
            && signs.pop_if(|sign| *sign == '-').is_some()
        {
            *imaginary = -*imaginary;
        }
        for sign in signs.into_iter().rev() {
            value = number::with_sign(value, sign)
                .ok_or_else(|| self.error_at(start, Problem::Unexpected { found: sign }))?;
        }
        Ok(value)
    }

    /// Reads a value that starts with neither blank nor sign.
    fn atom(&mut self) -> Result<Value, LiteralError> {
        match self.peek() {
            None => Err(self.error(Problem::End)),
            Some('.') if self.rest().starts_with("...") => {
                self.position += 3;
                Ok(Value::Ellipsis)
            }
            Some('.' | '0'..='9') => self.number(),
            Some('\'' | '"') => self.strings(),
            Some('(') => self.nested(Self::parentheses),
            Some('[') => self.nested(|parser| Ok(Value::List(parser.items(']', None)?.0))),
            Some('{') => self.nested(Self::braces),
            Some(first) if first == '_' || first.is_alphabetic() => {
                if self.has_string_prefix() {
                    self.strings()
                } else {
                    self.named()
                }
            }
            Some(_) => Err(self.unexpected()),
        }
    }

    /// Takes an opening bracket and reads what is in it.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, LiteralError>,
    ) -> Result<Value, LiteralError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(Problem::TooDeep));
        }
        self.next();
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Reads values, after a first one, up to a closing bracket, and tells whether a comma stood after the last.
    fn items(&mut self, close: char, first: Option<Value>) -> Result<(Vec<Value>, bool), LiteralError> {
        let mut comma = first.is_some() && self.take_token(",");
        let mut items = Vec::from_iter(first);
        loop {
            self.skip_blanks();
            if self.peek() == Some(close) {
                self.next();
                return Ok((items, comma));
            }
            if !items.is_empty() && !comma {
                return Err(self.unexpected());
            }
            items.push(self.value()?);
            comma = self.take_token(",");
        }
    }

    /// Reads a tuple, or a value in parentheses, after `(`.
    fn parentheses(&mut self) -> Result<Value, LiteralError> {
        let (mut items, comma) = self.items(')', None)?;
        if items.len() == 1 && !comma {
            return items.pop().ok_or_else(|| self.error(Problem::End));
        }
        Ok(Value::Tuple(items))
    }

    /// Reads a dict or a set after `{`.
    fn braces(&mut self) -> Result<Value, LiteralError> {
        if self.take_token("}") {
            return Ok(Value::Dict(Vec::new()));
        }
        self.skip_blanks();
        let start = self.position;
        let first = self.value()?;
        if !self.take_token(":") {
            let (items, _) = self.items('}', Some(first))?;
            return equal::set(items)
                .map(Value::Set)
                .ok_or_else(|| self.error_at(start, Problem::Unhashable));
        }
        let mut items = vec![(first, self.value()?)];
        while self.take_token(",") {
            self.skip_blanks();
            if self.peek() == Some('}') {
                break;
            }
            let key = self.value()?;
            if !self.take_token(":") {
                return Err(self.unexpected());
            }
            items.push((key, self.value()?));
        }
        if !self.take_token("}") {
            return Err(self.unexpected());
        }
        equal::dict(items).map(Value::Dict).ok_or_else(|| self.error_at(start, Problem::Unhashable))
    }

    /// Takes an identifier.
    pub(super) fn identifier(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest
            .find(|character: char| character != '_' && !character.is_alphanumeric())
            .unwrap_or(rest.len());
        let name = rest.get(..end)?;
        if name.is_empty() || name.starts_with(char::is_numeric) {
            return None;
        }
        self.position += end;
        Some(name)
    }

    /// Reads `value, value, name=value` up to a closing bracket, which is taken, or to the end.
    fn arguments(&mut self, close: Option<char>) -> Result<Arguments, LiteralError> {
        let (mut positional, mut keywords) = (Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            if self.peek() == close {
                self.next();
                return Ok((positional, keywords));
            }
            let start = self.position;
            let name = self.identifier().map(str::to_owned);
            self.skip_blanks();
            match name {
                Some(name) if self.peek() == Some('=') && !self.rest().starts_with("==") => {
                    self.next();
                    keywords.push((name, self.value()?));
                }
                _ if !keywords.is_empty() => {
                    self.position = start;
                    return Err(self.unexpected());
                }
                _ => {
                    self.position = start;
                    positional.push(self.value()?);
                }
            }
            self.skip_blanks();
            if !self.take(",") && self.peek() != close {
                return Err(self.unexpected());
            }
        }
    }
}

#[cfg(test)]
mod tests;
