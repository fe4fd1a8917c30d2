//! Ten thousand nested literals: our `repr` of them against that of a real Python (`PYTHON`, else `python3`).

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use cachier::python::PythonVersion;
use cachier::python::literal;
use cachier::python::repr;

const CASES: usize = 10_000;
const SEED: u64 = 0x5EED_CAC4_1E55_0001;

/// Evaluates each line and answers with its `repr`, escaped to one line; the first line is the version.
const PROGRAM: &str = r#"
import datetime, sys, warnings
from datetime import date, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID
warnings.simplefilter('ignore')
print('%d.%d' % sys.version_info[:2], flush=True)
for line in sys.stdin.buffer.read().decode('utf-8').split('\n'):
    if line:
        try:
            shown = repr(eval(line))
        except Exception as error:
            shown = 'error: %s' % error
        sys.stdout.buffer.write(shown.encode('unicode_escape') + b'\n')
"#;

/// The same for Python 2, whose `print` and streams know no text.
const PROGRAM_2: &str = r#"
import datetime, sys, warnings
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID
warnings.simplefilter('ignore')
print('%d.%d' % sys.version_info[:2])
for line in sys.stdin.read().decode('utf-8').split('\n'):
    if line:
        try:
            print(repr(eval(line)).encode('string_escape').replace("\\'", "'"))
        except Exception as error:
            print('error: %s' % error)
"#;

/// A source of numbers that is the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// A generator of literals for one Python.
struct Literals {
    random: Random,
    python: PythonVersion,
}

impl Literals {
    fn value(&mut self, depth: u64) -> String {
        match self.random.below(if depth == 0 { 9 } else { 14 }) {
            0 => {
                self.random.one_of(&["None", "True", "False", "Ellipsis", "set()", "frozenset()"]).to_owned()
            }
            1 => self.integer(),
            2 => self.float(),
            3 => self.complex(),
            4..=6 => self.string(),
            7 => self.bytes(),
            8 => self.object(),
            9 | 10 => self.items("(", depth, ",)"),
            11 => self.items("[", depth, "]"),
            12 => format!("{{{}}}", self.string()),
            _ => self.dict(depth),
        }
    }

    fn integer(&mut self) -> String {
        let bits = self.random.below(64);
        let number = self.random.next() >> bits;
        let sign = self.random.one_of(&["", "-", "+", "~", "- -"]);
        let digits = match self.random.below(6) {
            0 => format!("0x{number:X}"),
            1 => format!("0o{number:o}"),
            2 => format!("0B{number:b}"),
            3 => format!("{number}{:020}", self.random.next()),
            4 if number > 999 && self.python.at_least(3, 6) => {
                format!("{}_{:03}", number / 1000, number % 1000)
            }
            4 if self.python.is_python_2() => return format!("{}{number}L", sign.replace('~', "")),
            _ => number.to_string(),
        };
        format!("{sign}{digits}")
    }

    /// Any finite float, often one with few digits.
    fn float(&mut self) -> String {
        let bits = f64::from_bits(self.random.next());
        let number = if bits.is_finite() { bits } else { 0.5 };
        match self.random.below(6) {
            0 => format!("{number:e}"),
            1 => format!("{number:.17e}"),
            2 => format!("{}e{}", self.random.below(1000), self.random.below(40)),
            3 => format!("-{}.{}e-{}", self.random.below(10), self.random.below(1000), self.random.below(30)),
            4 => format!("{}.", self.random.next() >> self.random.below(64)),
            _ => format!(".{}", self.random.next() >> self.random.below(64)),
        }
    }

    fn complex(&mut self) -> String {
        let sign = self.random.one_of(&["+", "-", " - "]);
        match self.random.below(3) {
            0 => format!("{}j", self.float()),
            1 => format!("({}{sign}{}j)", self.float(), self.float().replace('-', "")),
            _ => format!("{}{sign}{}J", self.random.below(100), self.random.below(100)),
        }
    }

    /// A character or escape that may stand in any string literal.
    fn character(&mut self, ascii: bool) -> String {
        let mut text = String::new();
        match self.random.below(if ascii { 5 } else { 10 }) {
            0 => text.push_str(
                self.random.one_of(&["\\n", "\\t", "\\\\", "\\'", "\\\"", "\\x00", "\\7", "\\xff"]),
            ),
            1 => write!(text, "\\x{:02x}", self.random.below(256)).unwrap(),
            2..=4 => {
                let visible = char::from(u8::try_from(0x20 + self.random.below(0x5F)).unwrap());
                text.push(if matches!(visible, '\'' | '"' | '\\') { '-' } else { visible });
            }
            5 => write!(text, "\\u{:04x}", self.random.below(0x1_0000)).unwrap(),
            6 => write!(text, "\\U{:08x}", self.random.below(0x11_0000)).unwrap(),
            7 => text.extend(char::from_u32(0xA0 + u32::try_from(self.random.below(0x500)).unwrap())),
            8 => text.extend(char::from_u32(0x3000 + u32::try_from(self.random.below(0x8000)).unwrap())),
            _ => text.extend(char::from_u32(0x1_0000 + u32::try_from(self.random.below(0x2_0000)).unwrap())),
        }
        text
    }

    fn quoted(&mut self, prefix: &str, ascii: bool) -> String {
        let quote = self.random.one_of(&["'", "\"", "'''", "\"\"\""]);
        let length = self.random.below(6);
        let is_raw = prefix.to_ascii_lowercase().contains('r');
        let mut content = String::new();
        for _ in 0..length {
            let character = self.character(ascii);
            if !is_raw || !character.starts_with('\\') {
                content.push_str(&character);
            }
        }
        // The other quote may stand without a backslash.
        let other = if quote.starts_with('\'') { "\"" } else { "'" };
        if self.random.below(3) == 0 {
            content.push_str(other);
        }
        format!("{prefix}{quote}{content}{quote}")
    }

    fn string(&mut self) -> String {
        let prefixes: &[&str] =
            if self.python.is_python_2() { &["u", "U", "", "r"] } else { &["", "u", "", "r", "R"] };
        let prefix = self.random.one_of(prefixes);
        let first = self.quoted(prefix, false);
        if self.random.below(5) > 0 {
            return first;
        }
        let prefix = if self.python.is_python_2() { "" } else { self.random.one_of(&["", "r"]) };
        format!(
            "{first} {}",
            self.quoted(prefix, self.python.is_python_2()).replace("\\xff", "\\x7f").replace("\\x", "x")
        )
    }

    fn bytes(&mut self) -> String {
        let prefix = self.random.one_of(&["b", "B", "br", "b"]);
        self.quoted(prefix, true)
    }

    fn items(&mut self, open: &str, depth: u64, close: &str) -> String {
        let count = self.random.below(4);
        if count == 0 {
            return format!("{open}{}", close.trim_start_matches(','));
        }
        let items: Vec<String> = (0..count).map(|_| self.value(depth - 1)).collect();
        format!("{open}{}{close}", items.join(" , "))
    }

    fn dict(&mut self, depth: u64) -> String {
        let count = if self.python.at_least(3, 6) { self.random.below(4) } else { self.random.below(2) };
        let entries: Vec<String> = (0..count)
            .map(|_| {
                let key = match self.random.below(4) {
                    0 => self.integer(),
                    1 => self
                        .random
                        .one_of(&["1", "True", "1.0", "0", "False", "(1+0j)", "(1, 'a')"])
                        .to_owned(),
                    2 => self.float(),
                    _ => self.string(),
                };
                format!("{key} : {}", self.value(depth - 1))
            })
            .collect();
        format!("{{{}}}", entries.join(", "))
    }

    fn object(&mut self) -> String {
        let year = 1 + self.random.below(9999);
        let (month, day) = (1 + self.random.below(12), 1 + self.random.below(28));
        let clock = [
            self.random.below(24),
            self.random.below(60),
            self.random.below(2) * 7,
            self.random.below(2) * 9,
        ];
        let [hour, minute, second, micro] = clock;
        let is_3 = !self.python.is_python_2();
        match self.random.below(8) {
            0 => format!("datetime.date({year}, {month}, day={day})"),
            1 if is_3 => {
                let hours = self.random.below(23);
                format!(
                    "datetime.datetime({year}, {month}, {day}, {hour}, tzinfo=timezone(timedelta(hours=-{hours})))"
                )
            }
            2 if self.python.at_least(3, 6) => {
                format!("time({hour}, {minute}, {second}, {micro}, timezone.utc, fold=1)")
            }
            1..=3 => {
                format!("datetime.datetime({year}, {month}, {day}, {hour}, {minute}, {second}, {micro})")
            }
            4 => format!("datetime.time({hour}, {minute}, {second}, {micro})"),
            5 => {
                let (days, seconds) = (self.random.below(2000), self.random.below(200_000));
                format!("timedelta({days}, -{seconds}, {micro}, hours={hour}.5, minutes=0.{minute})")
            }
            6 => {
                let number = self.random.next() >> self.random.below(64);
                let sign = self.random.one_of(&["", "-", "+"]);
                let exponent = self.random.one_of(&["", "e5", "E-5", "e-30", "e+0", "E12"]);
                let point = self.random.one_of(&[".", "", ".000", "0.00"]);
                format!(
                    "Decimal('{sign}{number}{}{exponent}')",
                    if point.matches('.').count() == 1 { format!("{point}{micro}") } else { String::new() }
                )
            }
            _ => format!("UUID(int={})", self.random.next()),
        }
    }
}

/// What `unicode_escape` makes of a text, as Python writes it to one line.
fn escaped(text: &str, python: PythonVersion) -> String {
    let mut line = String::new();
    for character in text.chars() {
        match (character, u32::from(character)) {
            ('\\', _) => line.push_str("\\\\"),
            ('\n', _) => line.push_str("\\n"),
            (' '..='~', _) => line.push(character),
            (_, point) if python.is_python_2() || point <= 0xFF => write!(line, "\\x{point:02x}").unwrap(),
            (_, point) if point <= 0xFFFF => write!(line, "\\u{point:04x}").unwrap(),
            (_, point) => write!(line, "\\U{point:08x}").unwrap(),
        }
    }
    line
}

/// The version of a Python.
fn version(python: &str) -> PythonVersion {
    let output = Command::new(python)
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn ten_thousand_nested_literals_have_the_repr_of_a_real_python() {
    let interpreter = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python = version(&interpreter);
    let mut generator = Literals { random: Random(SEED), python };
    let literals: Vec<String> = (0..CASES).map(|_| generator.value(4)).collect();
    let program = if python.is_python_2() { PROGRAM_2 } else { PROGRAM };
    let mut child = Command::new(&interpreter)
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The program reads everything before it writes more than its version, so one write cannot block.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(literals.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut lines = output.lines();
    assert_eq!(lines.next(), Some(python.to_string().as_str()));
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut refused = 0;
    for (literal, expected) in literals.iter().zip(lines.by_ref()) {
        compared += 1;
        let found = match literal::parse(literal, python) {
            Ok(value) => escaped(&repr(&value, python), python),
            Err(error) => format!("error: {error}"),
        };
        let both_fail = found.starts_with("error: ") && expected.starts_with("error: ");
        refused += usize::from(both_fail);
        if found != expected && !both_fail {
            wrong.push(format!("{literal}\n  {found}\n  {expected}"));
        }
    }
    assert_eq!(compared, CASES);
    assert!(refused < CASES / 10, "{refused} literals are none in Python {python}");
    assert!(
        wrong.is_empty(),
        "{} of {CASES}, Python {python}\n{}",
        wrong.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
}
