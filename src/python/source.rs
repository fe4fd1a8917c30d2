//! The text of a function, cut out of its module as `inspect.getsource` does.

use thiserror::Error;

use super::version::PythonVersion;

/// Why a module's text does not give the text of a function.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SourceError {
    /// Several functions have that name.
    #[error("there are several functions {name}: {}", .found.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The qualified names of the functions that there are.
        found: Vec<String>,
    },
    /// No function or class has that name.
    #[error("there is no function {name} in this source")]
    Missing {
        /// What was asked for.
        name: String,
    },
}

/// Returns a text as Python reads it from a file: line ends are LF, the last line has one, and there is no byte order mark.
#[must_use]
pub fn normalised(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_end_matches('\n');
    format!("{text}\n")
}

/// Returns the text of one function: from its first decorator to the last line of its body, indented as it stands.
///
/// The name is that of the function or as much of its qualified name as is needed (`total`, `Cart.total`); the last of several definitions
/// with one qualified name counts. From Python 3.8 on comments after the body belong to it if they are indented
/// like it. Source: `getsource` and `BlockFinder` in CPython Lib/inspect.py.
///
/// # Errors
/// [`SourceError`], if no or more than one function has that name.
pub fn function(module: &str, name: &str, python: PythonVersion) -> Result<String, SourceError> {
    let text = normalised(module);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let statements = statements(&lines);
    let definitions = definitions(&statements);
    let plain = |name: &str| name.replace("<locals>.", "");
    let wanted = plain(name);
    let matching: Vec<&Definition> = definitions
        .iter()
        .filter(|definition| {
            let known = plain(&definition.name);
            known == wanted || known.strip_suffix(&wanted).is_some_and(|before| before.ends_with('.'))
        })
        .collect();
    let exact = matching.iter().rfind(|definition| plain(&definition.name) == wanted);
    let Some(found) = exact.or(matching.last()) else {
        return Err(SourceError::Missing { name: name.to_owned() });
    };
    if exact.is_none() && matching.iter().any(|other| other.name != found.name) {
        let found = matching.iter().map(|definition| definition.name.clone()).collect();
        return Err(SourceError::Ambiguous { name: name.to_owned(), found });
    }
    let last = last_line(&statements, found.statement, python);
    Ok(lines.get(found.first..=last).unwrap_or_default().concat())
}

/// A logical line: a statement, or a comment that stands alone.
struct Statement<'a> {
    /// Its first physical line, from 0.
    first: usize,
    /// Its last physical line.
    last: usize,
    /// Characters before its text.
    column: usize,
    /// Its indentation with tabs going to multiples of eight.
    indent: usize,
    /// The text of the first line.
    head: &'a str,
    is_comment: bool,
}

/// Takes a module apart into logical lines.
fn statements<'a>(lines: &[&'a str]) -> Vec<Statement<'a>> {
    let mut statements: Vec<Statement<'a>> = Vec::new();
    let mut open = Open::default();
    for (number, line) in lines.iter().enumerate() {
        let is_continued = open.is_open();
        if is_continued {
            if let Some(statement) = statements.last_mut() {
                statement.last = number;
            }
        } else {
            let head = line.trim_start_matches([' ', '\t', '\x0C']);
            if head.trim().is_empty() {
                continue;
            }
            let blank = line.get(..line.len() - head.len()).unwrap_or_default();
            let indent = blank.chars().fold(0, |column, character| match character {
                '\t' => (column / 8 + 1) * 8,
                '\x0C' => 0,
                _ => column + 1,
            });
            let is_comment = head.starts_with('#');
            let column = blank.len();
            statements.push(Statement { first: number, last: number, column, indent, head, is_comment });
        }
        open.read(line);
    }
    statements
}

/// What is still open at the end of a physical line.
#[derive(Default)]
struct Open {
    brackets: usize,
    string: Option<&'static str>,
    backslash: bool,
}

impl Open {
    /// Tells whether the next physical line belongs to the same logical line.
    fn is_open(&self) -> bool {
        self.brackets > 0 || self.string.is_some() || self.backslash
    }

    /// Reads one physical line.
    fn read(&mut self, line: &str) {
        self.backslash = false;
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let after = rest.get(first.len_utf8()..).unwrap_or_default();
            if let Some(quote) = self.string {
                rest = match rest.strip_prefix(quote) {
                    Some(after) => {
                        self.string = None;
                        after
                    }
                    None if first == '\\' => {
                        let skipped = after.chars().next().map_or(0, char::len_utf8);
                        self.backslash = after == "\n";
                        after.get(skipped..).unwrap_or_default()
                    }
                    None => after,
                };
                continue;
            }
            match first {
                '#' => return,
                '\'' | '"' => {
                    let quotes = ["'''", "\"\"\"", "'", "\""];
                    self.string = quotes.into_iter().find(|quote| rest.starts_with(quote));
                    rest = self.string.and_then(|quote| rest.strip_prefix(quote)).unwrap_or(after);
                    continue;
                }
                '(' | '[' | '{' => self.brackets += 1,
                ')' | ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                '\\' if after == "\n" => self.backslash = true,
                _ => {}
            }
            rest = after;
        }
        // A string with single quotes ends with its line, unless a backslash joins the next one.
        if self.string.is_some_and(|quote| quote.len() == 1) && !self.backslash {
            self.string = None;
        }
    }
}

/// A `def` or `class`.
struct Definition {
    /// The qualified name.
    name: String,
    /// The first line of its decorators.
    first: usize,
    /// Where it stands among the statements.
    statement: usize,
}

/// Finds every definition with its qualified name.
fn definitions(statements: &[Statement<'_>]) -> Vec<Definition> {
    let mut definitions = Vec::new();
    let mut around: Vec<(usize, String)> = Vec::new();
    let mut decorators = None;
    for (index, statement) in statements.iter().enumerate() {
        if statement.is_comment {
            continue;
        }
        around.retain(|(indent, _)| *indent < statement.indent);
        if statement.head.starts_with('@') {
            decorators = decorators.or(Some(statement.first));
            continue;
        }
        let first = decorators.take().unwrap_or(statement.first);
        let Some((keyword, name)) = defined(statement.head) else { continue };
        let scope = around.last().map_or("", |(_, scope)| scope.as_str());
        let name = format!("{scope}{name}");
        let inner = if keyword == "class" { "." } else { ".<locals>." };
        around.push((statement.indent, format!("{name}{inner}")));
        definitions.push(Definition { name, first, statement: index });
    }
    definitions
}

/// The keyword and the name of a definition.
fn defined(head: &str) -> Option<(&str, &str)> {
    let mut words = head.splitn(2, [' ', '\t']);
    let (keyword, rest) = (words.next()?, words.next()?.trim_start());
    match keyword {
        "def" | "class" => {
            let end = rest.find(|character: char| character != '_' && !character.is_alphanumeric());
            Some((keyword, rest.get(..end.unwrap_or(rest.len()))?))
        }
        "async" => defined(rest).filter(|(keyword, _)| *keyword == "def"),
        _ => None,
    }
}

/// The last line of the body of a definition.
fn last_line(statements: &[Statement<'_>], definition: usize, python: PythonVersion) -> usize {
    let Some(header) = statements.get(definition) else { return 0 };
    let following = statements.get(definition + 1..).unwrap_or_default();
    let body = following.iter().find(|statement| !statement.is_comment);
    let body_column = body.filter(|first| first.indent > header.indent).map(|first| first.column);
    let mut last = header.last;
    let mut in_body = false;
    for statement in following {
        if !statement.is_comment {
            if statement.indent <= header.indent {
                break;
            }
            in_body = true;
            last = statement.last;
        } else if in_body
            && python.at_least(3, 8)
            && body_column.is_some_and(|column| statement.column >= column)
        {
            last = statement.last;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"
import os

@cache.memoize(
    50)
# why
@other
def price(a, b={
    1: 2}):
    """Doc
string with def fake(): and # no comment
"""
    if a:
        return '#' + "'''"

    return b

    # belongs to it since 3.8
  # does not
CONSTANT = 1
class Cart(object):
	@cache.memoize(50)
	def total(self): return \
		1
	def other(self):
		def inner():
			pass
		return inner
async def price_async():
    pass
def total(): pass
def total():
    return 2"#;

    /// The first and last line of a function's text.
    fn ends(name: &str, python: &str) -> (String, String) {
        let text = function(MODULE, name, python.parse().unwrap()).unwrap();
        let mut lines = text.lines().map(str::to_owned);
        let first = lines.next().unwrap_or_default();
        (first.clone(), lines.next_back().unwrap_or(first))
    }

    #[test]
    fn a_function_reaches_from_its_first_decorator_to_the_end_of_its_body() {
        for (name, python, first, last) in [
            ("price", "3.7", "@cache.memoize(", "    return b"),
            ("price", "3.11", "@cache.memoize(", "    # belongs to it since 3.8"),
            ("Cart.total", "3.11", "\t@cache.memoize(50)", "\t\t1"),
            ("other", "3.11", "\tdef other(self):", "\t\treturn inner"),
            ("Cart.other.<locals>.inner", "3.11", "\t\tdef inner():", "\t\t\tpass"),
            ("other.inner", "3.11", "\t\tdef inner():", "\t\t\tpass"),
            ("price_async", "3.11", "async def price_async():", "    pass"),
            ("total", "3.11", "def total():", "    return 2"),
            ("Cart", "3.11", "class Cart(object):", "\t\treturn inner"),
        ] {
            assert_eq!(ends(name, python), (first.to_owned(), last.to_owned()), "{name}");
        }
    }

    #[test]
    fn the_text_ends_with_a_line_feed_and_has_no_other_line_ends() {
        let text = function("def f():\r\n    pass\r\n\r\n", "f", PythonVersion::DEFAULT).unwrap();
        assert_eq!(text, "def f():\n    pass\n");
        assert_eq!(normalised("\u{feff}def f(): pass"), "def f(): pass\n");
    }

    #[test]
    fn a_name_must_lead_to_one_function() {
        let python = PythonVersion::DEFAULT;
        assert_eq!(function(MODULE, "fake", python), Err(SourceError::Missing { name: "fake".to_owned() }));
        let two = "class A:\n  def f(self): pass\nclass B:\n  def f(self): pass\n";
        let error = function(two, "f", python).unwrap_err();
        assert_eq!(error.to_string(), "there are several functions f: A.f, B.f");
        assert!(function(two, "B.f", python).is_ok());
    }
}
