//! JSON → a value, as Python's `json.loads` reads it: integers of any size, lone surrogates, `NaN` and `Infinity`.

use std::collections::HashMap;

use thiserror::Error;

use crate::python::Text;
use crate::python::Value;
use crate::python::budget::Budget;
use crate::python::budget::NODE;
use crate::python::budget::Spent;
use crate::python::integer;
use crate::python::pickle::MAX_DEPTH;

/// Why a JSON document was not read; offsets count bytes from its start.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JsonError {
    /// Something else stands where a part of the document has to.
    #[error("not JSON: {expected} expected at byte {offset}")]
    Expected {
        /// What has to stand there.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// Nested deeper than is read.
    #[error("the JSON nests deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// Unfolds to more than the limit.
    #[error("the JSON unfolds to more than the limit")]
    TooLarge,
}

impl From<Spent> for JsonError {
    fn from(Spent: Spent) -> Self {
        Self::TooLarge
    }
}

/// Reads one document that takes up all of the bytes, white space around it aside; of equal keys the last value counts.
///
/// # Errors
///
/// A [`JsonError`] for anything else, and for a value that unfolds to more than `limit` bytes.
pub fn read(bytes: &[u8], limit: usize) -> Result<Value, JsonError> {
    let mut reader = Reader { bytes, position: 0, budget: Budget::new(limit), depth: 0 };
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.expected("the end")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    budget: Budget,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Expected { expected, offset: self.position }
    }

    fn space(&mut self) {
        let space =
            self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.position += space;
    }

    /// Skips the byte if it is the next one.
    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.position += usize::from(there);
        there
    }

    fn value(&mut self) -> Result<Value, JsonError> {
        self.space();
        self.budget.charge(NODE)?;
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => Ok(Value::Str(self.string()?)),
            _ => self.word().map_or_else(|| self.number(), Ok),
        }
    }

    fn word(&mut self) -> Option<Value> {
        let words = [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        let (word, value) = words.into_iter().find(|(word, _)| self.rest().starts_with(word.as_bytes()))?;
        self.position += word.len();
        Some(value)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let rest = self.rest();
        let minus = usize::from(rest.first() == Some(&b'-'));
        let digits = |from: usize| {
            rest.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let whole = digits(minus);
        if whole == 0 || whole > 1 && rest.get(minus) == Some(&b'0') {
            return Err(self.expected("a value"));
        }
        let integer_end = minus + whole;
        let mut end = integer_end;
        if rest.get(end) == Some(&b'.') {
            match digits(end + 1) {
                0 => return Err(self.expected("a number with digits behind its point")),
                fraction => end += 1 + fraction,
            }
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            match digits(end + 1 + sign) {
                0 => return Err(self.expected("a number with digits in its exponent")),
                exponent => end += 1 + sign + exponent,
            }
        }
        let text = rest.get(..end).unwrap_or_default();
        let value = if end == integer_end {
            integer::parse(text).map(|number| (integer::cost(&number), Value::Int(number)))
        } else {
            std::str::from_utf8(text).ok().and_then(|text| Some((0, Value::Float(text.parse().ok()?))))
        };
        let (cost, value) = value.ok_or_else(|| self.expected("a number of fewer digits"))?;
        self.budget.charge(cost)?;
        self.position += end;
        Ok(value)
    }

    fn string(&mut self) -> Result<Text, JsonError> {
        if !self.skip(b'"') {
            return Err(self.expected("a text"));
        }
        let mut bytes = Vec::new();
        loop {
            let plain =
                self.rest().iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F)).count();
            bytes.extend(self.rest().get(..plain).unwrap_or_default());
            self.position += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut bytes)?,
                _ => return Err(self.expected("the end of a text")),
            }
        }
        let text = Text::from_wtf8(bytes).ok_or_else(|| self.expected("UTF-8 before the end of the text"));
        self.position += 1;
        text
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), JsonError> {
        let plain = match self.rest().get(1) {
            Some(escape @ (b'"' | b'\\' | b'/')) => *escape,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.code_point(bytes),
            _ => return Err(self.expected("an escape")),
        };
        bytes.push(plain);
        self.position += 2;
        Ok(())
    }

    /// Reads `\uXXXX`, or a surrogate pair of two.
    fn code_point(&mut self, bytes: &mut Vec<u8>) -> Result<(), JsonError> {
        let high = self.unit(0).ok_or_else(|| self.expected("an escape of four digits"))?;
        self.position += 6;
        let mut point = high;
        if (0xD800..0xDC00).contains(&high)
            && let Some(low @ 0xDC00..0xE000) = self.unit(0)
        {
            point = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            self.position += 6;
        }
        let mut text = Text::default();
        text.push(point);
        bytes.extend(text.as_bytes());
        Ok(())
    }

    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.rest().get(at..)?.strip_prefix(b"\\u")?.first_chunk::<4>()?;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    fn deeper(&mut self) -> Result<(), JsonError> {
        self.position += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(JsonError::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        self.deeper()?;
        let mut items = Vec::new();
        self.space();
        if !self.skip(b']') {
            loop {
                items.push(self.value()?);
                self.space();
                if self.skip(b']') {
                    break;
                }
                if !self.skip(b',') {
                    return Err(self.expected("a comma or ]"));
                }
            }
        }
        self.depth -= 1;
        Ok(Value::List(items))
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        self.deeper()?;
        let mut items: Vec<(Value, Value)> = Vec::new();
        let mut places: HashMap<Text, usize> = HashMap::new();
        self.space();
        if !self.skip(b'}') {
            loop {
                self.space();
                let key = self.string()?;
                self.budget.charge(NODE)?;
                self.space();
                if !self.skip(b':') {
                    return Err(self.expected("a colon"));
                }
                let value = self.value()?;
                match places.get(&key).and_then(|place| items.get_mut(*place)) {
                    Some((_, old)) => *old = value,
                    None => {
                        places.insert(key.clone(), items.len());
                        items.push((Value::Str(key), value));
                    }
                }
                self.space();
                if self.skip(b'}') {
                    break;
                }
                if !self.skip(b',') {
                    return Err(self.expected("a comma or }"));
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Dict(items))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        match read(text.as_bytes(), 1 << 20) {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn documents_are_read_as_python_reads_them() {
        let int = |text: &str| Value::Int(integer::parse(text.as_bytes()).unwrap());
        for (text, expected) in [
            (" null ", Value::None),
            ("true", Value::Bool(true)),
            ("-0", int("0")),
            ("1180591620717411303424", int("1180591620717411303424")),
            ("-1.5e3", Value::Float(-1500.0)),
            ("1E400", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
            (r#""a\n\"\/\u00e9é\ud83d\ude00""#, Value::Str("a\n\"/éé😀".into())),
            ("[1, [], {}]", Value::List(vec![int("1"), Value::List(vec![]), Value::Dict(vec![])])),
            (
                r#"{"a": 1, "b": 2, "a": 3}"#,
                Value::Dict(vec![(Value::Str("a".into()), int("3")), (Value::Str("b".into()), int("2"))]),
            ),
        ] {
            assert_eq!(shown(text), format!("{expected:?}"), "{text}");
        }
        let Ok(Value::Str(lone)) = read(br#""\ud800x""#, 100) else { panic!("a lone surrogate is text") };
        assert_eq!(lone.as_bytes(), b"\xED\xA0\x80x");
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, expected) in [
            ("", "not JSON: a value expected at byte 0"),
            ("[1,]", "not JSON: a value expected at byte 3"),
            ("[1", "not JSON: a comma or ] expected at byte 2"),
            ("{1: 2}", "not JSON: a text expected at byte 1"),
            ("{\"a\" 2}", "not JSON: a colon expected at byte 5"),
            ("01", "not JSON: a value expected at byte 0"),
            ("1.", "not JSON: a number with digits behind its point expected at byte 0"),
            ("1 2", "not JSON: the end expected at byte 2"),
            ("\"a\nb\"", "not JSON: the end of a text expected at byte 2"),
            ("\"\\x\"", "not JSON: an escape expected at byte 1"),
            ("nul", "not JSON: a value expected at byte 0"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(shown(&"[".repeat(10_000)), "the JSON nests deeper than 200 levels");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}:,\"\\\\a-fu0-9eE.+ -]{0,60}") {
            drop(read(text.as_bytes(), 1 << 16));
        }

        #[test]
        fn what_serde_writes_is_read(numbers in proptest::collection::vec(any::<f64>(), 0..9), text: String) {
            let document = serde_json::json!({ "n": numbers, "t": text });
            let value = read(document.to_string().as_bytes(), 1 << 20).unwrap();
            let floats = numbers.iter().map(|number| Value::Float(*number)).collect();
            let expected = Value::Dict(vec![
                (Value::Str("n".into()), Value::List(floats)),
                (Value::Str("t".into()), Value::Str(text.into())),
            ]);
            prop_assert_eq!(format!("{value:?}"), format!("{expected:?}"));
        }
    }
}
