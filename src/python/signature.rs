//! The signature of a function, as it stands after `def name`.

use thiserror::Error;

use super::literal::Parser;
use super::value::Value;
use super::version::PythonVersion;

/// How arguments reach a parameter (`inspect.Parameter.kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// By position or by keyword.
    Ordinary,
    /// By position only: before `/`.
    PositionalOnly,
    /// `*args`.
    VarPositional,
    /// By keyword only: after `*` or `*args`.
    KeywordOnly,
    /// `**kwargs`.
    VarKeyword,
}

/// What a parameter is without an argument.
#[derive(Clone, Debug)]
pub enum Default {
    /// A literal.
    Known(Value),
    /// An expression that only the application can evaluate.
    Unknown(String),
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How arguments reach it.
    pub kind: Kind,
    /// What it is without one; none if it needs one.
    pub default: Option<Default>,
}

/// The parameters of a function in order.
#[derive(Clone, Debug, std::default::Default)]
pub struct Signature {
    /// All of them, `self` and `cls` included.
    pub parameters: Vec<Parameter>,
}

/// Why a text is no signature.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a signature at character {}: {problem}", .offset + 1)]
pub struct SignatureError {
    /// Characters before the problem.
    pub offset: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl Signature {
    /// Reads `(a, b=2, /, c: int = 3, *args, d, **kw) -> None`; parentheses, annotations and a `def name` before may be missing.
    ///
    /// # Errors
    /// [`SignatureError`] says where the text stops being a signature.
    pub fn parse(text: &str, python: PythonVersion) -> Result<Self, SignatureError> {
        let mut reader = Reader { text, position: 0, python };
        reader.header();
        let is_parenthesised = reader.take("(");
        let mut signature = Self::default();
        let mut keyword_only = false;
        loop {
            reader.skip_blanks();
            if reader.rest().is_empty() || is_parenthesised && reader.rest().starts_with(')') {
                break;
            }
            reader.parameter(&mut signature.parameters, &mut keyword_only)?;
            if !reader.take(",") {
                break;
            }
        }
        if is_parenthesised {
            if !reader.take(")") {
                return Err(reader.error("a comma or a parenthesis is missing"));
            }
        } else if !reader.rest().is_empty() {
            return Err(reader.error("a comma is missing"));
        }
        signature.checked(text)
    }

    /// Makes the signature of a function that takes so many arguments by position and nothing else.
    #[must_use]
    pub fn of_positional(count: usize) -> Self {
        let parameter =
            |index| Parameter { name: format!("argument {index}"), kind: Kind::Ordinary, default: None };
        Self { parameters: (1..=count).map(parameter).collect() }
    }

    /// Checks what holds across parameters: names differ, `*args` and `**kw` stand once and in order.
    fn checked(self, text: &str) -> Result<Self, SignatureError> {
        let error = |problem| SignatureError { offset: text.chars().count(), problem };
        let mut var_keyword = false;
        let mut var_positional = false;
        for (index, parameter) in self.parameters.iter().enumerate() {
            if var_keyword {
                return Err(error("nothing can follow a ** parameter"));
            }
            match parameter.kind {
                Kind::VarKeyword => var_keyword = true,
                Kind::VarPositional if var_positional => return Err(error("there are two * parameters")),
                Kind::VarPositional => var_positional = true,
                _ => {}
            }
            let before = self.parameters.get(..index).unwrap_or_default();
            if before.iter().any(|other| other.name == parameter.name) {
                return Err(error("two parameters have one name"));
            }
        }
        Ok(self)
    }
}

/// A text and how much of it is read.
struct Reader<'a> {
    text: &'a str,
    position: usize,
    python: PythonVersion,
}

impl<'a> Reader<'a> {
    /// What is not read yet.
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// Skips blanks and line ends.
    fn skip_blanks(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    /// Skips blanks, then takes a text if it comes next.
    fn take(&mut self, expected: &str) -> bool {
        self.skip_blanks();
        let is_next = self.rest().starts_with(expected);
        if is_next {
            self.position += expected.len();
        }
        is_next
    }

    /// An error at the next character.
    fn error(&self, problem: &'static str) -> SignatureError {
        let offset = self.text.get(..self.position).unwrap_or(self.text).chars().count();
        SignatureError { offset, problem }
    }

    /// Skips `async def name` before a parenthesis.
    fn header(&mut self) {
        self.skip_blanks();
        let before = self.rest().split('(').next().unwrap_or_default();
        if before.len() < self.rest().len()
            && (before.starts_with("def ") || before.starts_with("async def "))
        {
            self.position += before.len();
        }
    }

    /// Reads a parameter, `/` or `*`.
    fn parameter(
        &mut self,
        parameters: &mut Vec<Parameter>,
        keyword_only: &mut bool,
    ) -> Result<(), SignatureError> {
        if self.take("/") {
            let is_right = !parameters.is_empty()
                && parameters.iter().all(|parameter| parameter.kind == Kind::Ordinary)
                && !*keyword_only;
            if !is_right {
                return Err(self.error("/ cannot stand here"));
            }
            for parameter in parameters {
                parameter.kind = Kind::PositionalOnly;
            }
            return Ok(());
        }
        let kind = if self.take("**") {
            Kind::VarKeyword
        } else if self.take("*") {
            if std::mem::replace(keyword_only, true) {
                return Err(self.error("there are two *"));
            }
            self.skip_blanks();
            if self.rest().starts_with(',') {
                return Ok(());
            }
            Kind::VarPositional
        } else if *keyword_only {
            Kind::KeywordOnly
        } else {
            Kind::Ordinary
        };
        self.skip_blanks();
        let name = self.name().ok_or_else(|| self.error("the name of a parameter is missing"))?;
        if self.take(":") {
            self.expression("=,)");
        }
        let has_default = self.take("=");
        if has_default && matches!(kind, Kind::VarKeyword | Kind::VarPositional) {
            return Err(self.error("a * parameter has no default"));
        }
        let default = if has_default { Some(self.default()?) } else { None };
        parameters.push(Parameter { name, kind, default });
        Ok(())
    }

    /// Takes an identifier.
    fn name(&mut self) -> Option<String> {
        let mut parser = Parser::new(self.rest(), self.python);
        let name = parser.identifier()?.to_owned();
        self.position += name.len();
        Some(name)
    }

    /// Reads a default.
    fn default(&mut self) -> Result<Default, SignatureError> {
        self.skip_blanks();
        let start = self.rest();
        let text = self.expression(",)").trim();
        if text.is_empty() {
            return Err(self.error("a default is missing"));
        }
        let mut parser = Parser::new(start, self.python);
        if let Ok(value) = parser.value() {
            parser.skip_blanks();
            if matches!(parser.peek(), None | Some(',' | ')')) {
                return Ok(Default::Known(value));
            }
        }
        Ok(Default::Unknown(text.to_owned()))
    }

    /// Skips an expression up to one of some characters outside of brackets and strings, and returns it.
    fn expression(&mut self, ends: &str) -> &'a str {
        let start = self.rest();
        let mut depth = 0_usize;
        let mut quote = None;
        let mut is_escaped = false;
        let end = start.find(|character: char| {
            if let Some(open) = quote {
                if !is_escaped && character == open {
                    quote = None;
                }
                is_escaped = !is_escaped && character == '\\';
                return false;
            }
            if depth == 0 && ends.contains(character) {
                return true;
            }
            match character {
                '\'' | '"' => quote = Some(character),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            false
        });
        let expression = start.get(..end.unwrap_or(start.len())).unwrap_or_default();
        self.position += expression.len();
        expression
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::repr;

    /// A signature in short: name, kind and default of each parameter.
    fn shown(text: &str) -> String {
        let python = PythonVersion::DEFAULT;
        let signature = match Signature::parse(text, python) {
            Ok(signature) => signature,
            Err(error) => return error.to_string(),
        };
        let parameters = signature.parameters.iter().map(|parameter| {
            let default = match &parameter.default {
                None => String::new(),
                Some(Default::Known(value)) => format!("={}", repr(value, python)),
                Some(Default::Unknown(text)) => format!("~{text}"),
            };
            let kind = match parameter.kind {
                Kind::Ordinary => "",
                Kind::PositionalOnly => "/",
                Kind::VarPositional => "*",
                Kind::KeywordOnly => "!",
                Kind::VarKeyword => "**",
            };
            format!("{kind}{}{default}", parameter.name)
        });
        parameters.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_kind_of_parameter_is_read() {
        for (text, expected) in [
            ("()", ""),
            ("", ""),
            ("(a, b=2)", "a b=2"),
            ("a, b = 'x,)'", "a b='x,)'"),
            ("(self, a)", "self a"),
            ("(a, /, b=2)", "/a b=2"),
            ("(a, *rest)", "a *rest"),
            ("(a, *, flag=True)", "a !flag=True"),
            ("(a, *rest, c, **extra,)", "a *rest !c **extra"),
            ("(a: int, b: dict[str, int] = {'k': (1,)}) -> None", "a b={'k': (1,)}"),
            ("def price(a: 'x=1', b: f(1)=0x10):", "a b=16"),
            ("async def f(\n  a,\n  b=[1,\n 2],\n)", "a b=[1, 2]"),
            ("(a, b=DEFAULT, c=now(), d=1 + 1)", "a b~DEFAULT c~now() d~1 + 1"),
            ("(a=\"it's\", b='\\'')", "a=\"it's\" b=\"'\""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_signature_is_named() {
        for (text, expected) in [
            ("(a", "not a signature at character 3: a comma or a parenthesis is missing"),
            ("(a b)", "not a signature at character 4: a comma or a parenthesis is missing"),
            ("(1)", "not a signature at character 2: the name of a parameter is missing"),
            ("(a=)", "not a signature at character 4: a default is missing"),
            ("(a, a)", "not a signature at character 7: two parameters have one name"),
            ("(/)", "not a signature at character 3: / cannot stand here"),
            ("(*a, *b)", "not a signature at character 7: there are two *"),
            ("(**a, b)", "not a signature at character 9: nothing can follow a ** parameter"),
            ("(*a=1)", "not a signature at character 5: a * parameter has no default"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
