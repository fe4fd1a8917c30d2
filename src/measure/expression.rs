//! The text of a check: `FIELD[@SCOPE] OP NUMBER[UNIT][@SCOPE]`, as in `hit_ratio<80%@total` or `p99 > 5ms`.

use std::cmp::Ordering;
use std::fmt;

use super::expression_error::ExpressionError;
use super::expression_error::Part;
use super::expression_error::nearest;
use super::figure::Dimension;
use super::figure::Field;
use super::figure::Fields;

/// The condition under which a check fails, parsed.
///
/// Blanks are allowed around every part, and the scope may stand after the field or at the end. Shown as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    field: String,
    scope: Option<Scope>,
    operator: Operator,
    number: f64,
    unit: Option<Unit>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`, up to the precision of a double.
    Equal,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
}

/// Of whom a condition is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// It holds if it holds for every server.
    All,
    /// It holds if it holds for one server; what is meant where nothing is said.
    Any,
    /// It is asked of all servers taken together.
    Total,
}

/// What stands after the number. `k` and `M` are 1024-based, as sizes are everywhere in cachier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `h`.
    Hours,
    /// `k`, 1024.
    Kilo,
    /// `M`, 1024 × 1024.
    Mega,
    /// `us`.
    Microseconds,
    /// `ms`.
    Milliseconds,
    /// `m`.
    Minutes,
    /// `%`: hundredths of a ratio, or of the whole that a count is part of.
    Percent,
    /// `s`.
    Seconds,
}

const OPERATORS: [(&str, Operator); 5] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

const UNITS: [(&str, Unit); 8] = [
    ("%", Unit::Percent),
    ("us", Unit::Microseconds),
    ("ms", Unit::Milliseconds),
    ("s", Unit::Seconds),
    ("m", Unit::Minutes),
    ("h", Unit::Hours),
    ("k", Unit::Kilo),
    ("M", Unit::Mega),
];

const SCOPES: [(&str, Scope); 3] = [("any", Scope::Any), ("all", Scope::All), ("total", Scope::Total)];

impl Expression {
    /// Reads a check.
    ///
    /// # Errors
    /// [`ExpressionError::Part`] and [`ExpressionError::Rest`] name the offending piece and where it stands;
    /// whether the field exists and its unit fits is told by [`Expression::validate`] and [`Expression::evaluate`].
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        let mut cursor = Cursor { text, offset: 0 };
        let field = cursor.run(|character| character.is_ascii_alphanumeric() || "_.:-".contains(character));
        if field.is_empty() {
            return Err(cursor.unexpected(Part::Field));
        }
        let first_scope = cursor.scope()?;
        let Some(operator) = cursor.table(&OPERATORS) else {
            return Err(cursor.unexpected(Part::Operator));
        };
        let number = cursor.number()?;
        let unit = cursor.unit()?;
        let scope = if first_scope.is_none() { cursor.scope()? } else { first_scope };
        let piece = cursor.rest();
        if !piece.is_empty() {
            return Err(ExpressionError::Rest {
                text: text.to_owned(),
                piece: shortened(piece),
                offset: cursor.offset,
            });
        }
        Ok(Self { text: text.to_owned(), field: field.to_owned(), scope, operator, number, unit })
    }

    /// Returns the name of the number that is compared.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns the scope as it was written, if it was.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        self.scope
    }

    /// Returns the comparison.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Checks name and unit against a vocabulary, so that a mistake is told before any server is asked.
    ///
    /// # Errors
    /// [`ExpressionError::UnknownField`], [`ExpressionError::UnitMismatch`].
    pub fn validate(&self, vocabulary: &dyn Fields) -> Result<(), ExpressionError> {
        if self.field == "up" {
            return self.limit(&Field::up(false)).map(|_| ());
        }
        match vocabulary.field(&self.field) {
            Some(field) => self.limit(&field).map(|_| ()),
            None => Err(self.unknown_field(vocabulary.names())),
        }
    }

    /// Returns the number to compare with in the unit of the field, and whether the field is taken as a share of its whole.
    pub(super) fn limit(&self, field: &Field) -> Result<(f64, bool), ExpressionError> {
        let Some(unit) = self.unit else {
            return Ok((self.number, false));
        };
        let limit = match (unit, field.dimension) {
            (Unit::Percent, Dimension::Ratio) => Some(self.number / 100.0),
            (Unit::Percent, Dimension::Count) if field.whole.is_some() => {
                return Ok((self.number / 100.0, true));
            }
            (_, Dimension::Microseconds) => unit.microseconds().map(|factor| self.number * factor),
            // Dividing keeps 250ms exact where multiplying by 0.001 does not.
            (_, Dimension::Seconds) => unit.microseconds().map(|factor| self.number * factor / 1_000_000.0),
            (Unit::Kilo, Dimension::Bytes | Dimension::Count | Dimension::Rate) => Some(self.number * 1024.0),
            (Unit::Mega, Dimension::Bytes | Dimension::Count | Dimension::Rate) => {
                Some(self.number * 1_048_576.0)
            }
            _ => None,
        };
        limit.map(|limit| (limit, false)).ok_or_else(|| ExpressionError::UnitMismatch {
            text: self.text.clone(),
            field: self.field.clone(),
            unit,
            dimension: field.dimension,
        })
    }

    /// Returns the error of a name that is none of `names`.
    pub(super) fn unknown_field(&self, names: Vec<String>) -> ExpressionError {
        ExpressionError::UnknownField {
            text: self.text.clone(),
            field: self.field.clone(),
            nearest: nearest(&self.field, names),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Operator {
    /// Returns whether `value OP limit` holds, where a difference below the precision of a double is none.
    #[must_use]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        let ordering = if value == limit || (value - limit).abs() <= 1e-12 * value.abs().max(limit.abs()) {
            Some(Ordering::Equal)
        } else {
            value.partial_cmp(&limit)
        };
        match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
            Self::Less => ordering == Some(Ordering::Less),
            Self::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

impl Unit {
    /// Returns the unit as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        UNITS.iter().find(|(_, unit)| *unit == self).map_or("", |(symbol, _)| symbol)
    }

    /// Returns how many microseconds one is, for units of time.
    fn microseconds(self) -> Option<f64> {
        match self {
            Self::Microseconds => Some(1.0),
            Self::Milliseconds => Some(1e3),
            Self::Seconds => Some(1e6),
            Self::Minutes => Some(60e6),
            Self::Hours => Some(3600e6),
            Self::Kilo | Self::Mega | Self::Percent => None,
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// Takes the longest run of such characters, and the blanks behind it.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        self.offset += length;
        self.skip_blanks();
        rest.get(..length).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start().len();
    }

    /// Takes the first symbol of the table that stands here.
    fn table<T: Copy>(&mut self, table: &[(&str, T)]) -> Option<T> {
        let rest = self.rest();
        let (symbol, value) = table.iter().find(|(symbol, _)| rest.starts_with(symbol))?;
        self.offset += symbol.len();
        self.skip_blanks();
        Some(*value)
    }

    /// Takes the whole word that stands here if it is one of the table, nothing if there is no word.
    fn word<T: Copy>(&mut self, table: &[(&str, T)], wanted: Part) -> Result<Option<T>, ExpressionError> {
        let start = self.offset;
        let word = self.run(|character| character.is_alphanumeric() || "%_/".contains(character));
        if word.is_empty() {
            return Ok(None);
        }
        match table.iter().find(|(symbol, _)| *symbol == word) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                self.offset = start;
                Err(self.error(wanted, word))
            }
        }
    }

    fn scope(&mut self) -> Result<Option<Scope>, ExpressionError> {
        if !self.rest().starts_with('@') {
            return Ok(None);
        }
        self.offset += 1;
        match self.word(&SCOPES, Part::Scope)? {
            Some(scope) => Ok(Some(scope)),
            None => Err(self.unexpected(Part::Scope)),
        }
    }

    fn unit(&mut self) -> Result<Option<Unit>, ExpressionError> {
        self.word(&UNITS, Part::Unit)
    }

    fn number(&mut self) -> Result<f64, ExpressionError> {
        let start = self.offset;
        let rest = self.rest();
        let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        let is_digit = |character: char| character.is_ascii_digit() || character == '.';
        let end = unsigned.find(|character| !is_digit(character)).unwrap_or(unsigned.len());
        let piece = rest.get(..rest.len() - unsigned.len() + end).unwrap_or_default();
        match piece.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.offset += piece.len();
                self.skip_blanks();
                Ok(number)
            }
            _ => {
                self.offset = start;
                Err(self.unexpected(Part::Number))
            }
        }
    }

    /// Returns the error of what stands here, up to the next blank.
    fn unexpected(&self, wanted: Part) -> ExpressionError {
        self.error(wanted, self.rest().split_whitespace().next().unwrap_or_default())
    }

    fn error(&self, wanted: Part, piece: &str) -> ExpressionError {
        ExpressionError::Part {
            text: self.text.to_owned(),
            wanted,
            piece: shortened(piece),
            offset: self.offset,
        }
    }
}

fn shortened(piece: &str) -> String {
    piece.chars().take(40).collect()
}
