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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::Figure;
    use crate::measure::Probe;
    use crate::measure::Vocabulary;

    #[test]
    fn every_form_is_read() {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        let cases = [
            ("hit_ratio<80%@total", "hit_ratio", Some(Scope::Total), Less, 80.0, Some(Unit::Percent)),
            ("hit_ratio@total<80%", "hit_ratio", Some(Scope::Total), Less, 80.0, Some(Unit::Percent)),
            ("p99>5ms", "p99", None, Greater, 5.0, Some(Unit::Milliseconds)),
            ("evictions>0", "evictions", None, Greater, 0.0, None),
            (" p99.9 @all >= 2.5 s ", "p99.9", Some(Scope::All), GreaterOrEqual, 2.5, Some(Unit::Seconds)),
            (
                "connect.p99<=100us @any",
                "connect.p99",
                Some(Scope::Any),
                LessOrEqual,
                100.0,
                Some(Unit::Microseconds),
            ),
            ("items:12:evicted==-0.5", "items:12:evicted", None, Equal, -0.5, None),
            ("12:chunk_size > 1k", "12:chunk_size", None, Greater, 1.0, Some(Unit::Kilo)),
            ("bytes>10M", "bytes", None, Greater, 10.0, Some(Unit::Mega)),
            ("uptime<5m", "uptime", None, Less, 5.0, Some(Unit::Minutes)),
            ("uptime\t>\t+2h", "uptime", None, Greater, 2.0, Some(Unit::Hours)),
            ("x<.5", "x", None, Less, 0.5, None),
        ];
        for (text, field, scope, operator, number, unit) in cases {
            let expression = Expression::parse(text).unwrap();
            assert_eq!(expression.field(), field, "{text}");
            assert_eq!(expression.scope(), scope, "{text}");
            assert_eq!(expression.operator(), operator, "{text}");
            assert_eq!((expression.number, expression.unit), (number, unit), "{text}");
            assert_eq!(expression.to_string(), text.trim());
        }
    }

    #[test]
    fn mistakes_name_the_piece_and_what_to_write() {
        let cases = [
            ("", "a field is missing at the end", "FIELD OP NUMBER"),
            ("<5", "a field is due at offset 0, not \"<5\"", "FIELD OP NUMBER"),
            ("p99", "one of < <= > >= == is missing at the end", "quote"),
            ("p99=5", "one of < <= > >= == is due at offset 3, not \"=5\"", "write =="),
            ("p99=>5", "not \"=>5\"", "write >="),
            ("p99=<5", "not \"=<5\"", "write <="),
            ("p99!=5", "not \"!=5\"", "no such comparison"),
            ("p99 5", "not \"5\"", "FIELD OP NUMBER"),
            ("p99>", "a number is missing at the end", "FIELD OP NUMBER"),
            ("p99>five", "a number is due at offset 4, not \"five\"", "FIELD OP NUMBER"),
            ("p99>>5", "a number is due at offset 4, not \">5\"", "FIELD OP NUMBER"),
            ("p99>1.2.3", "a number is due at offset 4, not \"1.2.3\"", "FIELD OP NUMBER"),
            ("p99>-", "not \"-\"", "FIELD OP NUMBER"),
            ("p99>5 µs", "a unit (% us ms s m h k M) is due at offset 6, not \"µs\"", "write us"),
            ("p99>5e3", "not \"e3\"", "FIELD OP NUMBER"),
            ("uptime<1d", "not \"d\"", "24h"),
            ("bytes>1G", "not \"G\"", "1024M"),
            ("bytes>1K", "not \"K\"", "write k"),
            ("p99@most>5", "any, all or total is due at offset 4, not \"most\"", "FIELD OP NUMBER"),
            ("p99>5@", "any, all or total is missing at the end", "FIELD OP NUMBER"),
            ("p99@any>5@any", "\"@any\" at offset 9 is left over", "one scope"),
            ("p99>5 and p50>1", "not \"and\"", "FIELD OP NUMBER"),
            ("p99>5ms,p50>1", "\",p50>1\" at offset 7 is left over", "one comparison"),
            ("größe>1", "one of < <= > >= == is due at offset 2, not \"öße>1\"", "FIELD OP NUMBER"),
        ];
        for (text, message, hint) in cases {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.to_string().starts_with(&format!("bad expression {text:?}: ")), "{error}");
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.hint().contains(hint), "{text}: {}", error.hint());
        }
    }

    #[test]
    fn a_number_too_large_for_a_double_is_refused() {
        assert!(Expression::parse(&format!("x>{}", "9".repeat(400))).is_err());
    }

    #[test]
    fn units_are_converted_to_that_of_the_field() {
        let cases = [
            ("x>80%", Dimension::Ratio, 0.8),
            ("x>0.8", Dimension::Ratio, 0.8),
            ("x>5", Dimension::Microseconds, 5.0),
            ("x>5us", Dimension::Microseconds, 5.0),
            ("x>5ms", Dimension::Microseconds, 5_000.0),
            ("x>5s", Dimension::Microseconds, 5_000_000.0),
            ("x>5m", Dimension::Microseconds, 300_000_000.0),
            ("x>1h", Dimension::Microseconds, 3_600_000_000.0),
            ("x>5", Dimension::Seconds, 5.0),
            ("x>250ms", Dimension::Seconds, 0.25),
            ("x>5m", Dimension::Seconds, 300.0),
            ("x>2h", Dimension::Seconds, 7_200.0),
            ("x>10k", Dimension::Bytes, 10_240.0),
            ("x>10M", Dimension::Bytes, 10_485_760.0),
            ("x>1k", Dimension::Count, 1_024.0),
            ("x>1.5k", Dimension::Rate, 1_536.0),
        ];
        for (text, dimension, expected) in cases {
            let field = Field::new(Figure::Idle, dimension);
            assert_eq!(
                Expression::parse(text).unwrap().limit(&field),
                Ok((expected, false)),
                "{text} {dimension:?}"
            );
        }
        let part = Field { whole: Some(10.0), ..Field::new(Figure::Idle, Dimension::Count) };
        assert_eq!(Expression::parse("x>5%").unwrap().limit(&part), Ok((0.05, true)));
    }

    #[test]
    fn units_that_do_not_fit_are_refused() {
        let cases = [
            ("hit_ratio<5ms", "\"hit_ratio\" is a ratio, \"ms\" does not fit", "%"),
            ("hit_ratio<5k", "is a ratio", "%"),
            ("uptime<5%", "is a time", "ms, s, m or h"),
            ("uptime<5k", "is a time", "ms, s, m or h"),
            ("bytes>10m", "\"bytes\" is a number of bytes, \"m\" does not fit", "M is 1024"),
            ("bytes>10%", "a number of bytes", "k, M"),
            ("items>1%", "\"items\" is a count", "without a unit"),
            ("gets_per_second>1s", "a rate per second", "without a unit"),
            ("interval.evictions>1s", "a count", "without a unit"),
            ("time_in_listen_disabled_us>1%", "a time", "ms, s, m or h"),
            ("skew_items>1s", "a ratio", "%"),
        ];
        for (text, message, hint) in cases {
            let error = Expression::parse(text).unwrap().validate(&Vocabulary).unwrap_err();
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.hint().contains(hint), "{text}: {}", error.hint());
        }
    }

    #[test]
    fn vocabularies_know_their_names_before_any_server_is_asked() {
        let probe = Probe::default();
        for text in
            ["p99>5ms", "p99.99>5ms", "service.max>1s", "auth.p50>1", "timeouts>1%", "up<1", "connect.max>1s"]
        {
            assert_eq!(Expression::parse(text).unwrap().validate(&probe), Ok(()), "{text}");
        }
        for text in ["hit_ratio<80%", "lifetime.hit_ratio<80%", "evictions>0", "up==0", "items:1:age>1h"] {
            assert_eq!(Expression::parse(text).unwrap().validate(&Vocabulary), Ok(()), "{text}");
        }
        let error = Expression::parse("timeuts>0").unwrap().validate(&probe).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bad expression \"timeuts>0\": no server has a number called \"timeuts\""
        );
        assert_eq!(error.hint(), "did you mean timeouts?");
        for text in ["p100>1", "p0>1", "auth>1", "hit_ratio<1", "auth.hits>1"] {
            assert!(Expression::parse(text).unwrap().validate(&probe).is_err(), "{text}");
        }
    }

    #[test]
    fn operators_compare_up_to_the_precision_of_a_double() {
        let third = 0.1 + 0.2;
        let cases = [
            (Operator::Less, [true, false, false]),
            (Operator::LessOrEqual, [true, true, false]),
            (Operator::Equal, [false, true, false]),
            (Operator::GreaterOrEqual, [false, true, true]),
            (Operator::Greater, [false, false, true]),
        ];
        for (operator, expected) in cases {
            let actual = [0.2, third, 0.4].map(|value| operator.holds(value, 0.3));
            assert_eq!(actual, expected, "{operator:?}");
            assert_eq!(operator.holds(0.0, 0.0), expected[1], "{operator:?}");
            assert_eq!(operator.holds(f64::INFINITY, f64::INFINITY), expected[1], "{operator:?}");
        }
    }

    fn written() -> impl Strategy<Value = String> {
        let scope = "( ?@(any|all|total) ?)?";
        (
            "[a-z][a-z0-9_.:]{0,20}",
            scope,
            "(<|<=|>|>=|==)",
            " ?-?[0-9]{1,9}(\\.[0-9]{1,4})?",
            " ?(|%|us|ms|s|m|h|k|M)",
            scope,
            any::<bool>(),
        )
            .prop_map(|(field, first, operator, number, unit, second, scope_first)| {
                let (first, second) =
                    if scope_first { (first, String::new()) } else { (String::new(), second) };
                format!("{field}{first}{operator}{number}{unit}{second}")
            })
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|[a-z@<>=%0-9.: ]{0,30}") {
            if let Ok(expression) = Expression::parse(&text) {
                prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression));
            }
        }

        #[test]
        fn what_is_written_by_the_grammar_is_read_and_shown_as_written(text in written()) {
            let expression = Expression::parse(&text).unwrap();
            prop_assert_eq!(expression.to_string(), text.trim());
            prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression));
        }
    }
}
