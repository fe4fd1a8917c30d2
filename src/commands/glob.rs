//! Globs over keys: `*` is any run of bytes, `/` included, since keys are no paths.

/// A pattern of `*`, `?`, `[…]` and `\`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// `?`: one character, or one byte of what is no UTF-8.
    Any,
    /// `[a-z_]`, `[!0-9]`: one character.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Literal(Vec<u8>),
    /// `*`.
    Run,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence that names the pattern and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' => {
                    if tokens.last() != Some(&Token::Run) {
                        tokens.push(Token::Run);
                    }
                    continue;
                }
                '?' => {
                    tokens.push(Token::Any);
                    continue;
                }
                '[' => {
                    let class = class(&mut characters);
                    tokens.push(class.ok_or_else(|| format!("\"{text}\" has a [ without its ]"))?);
                    continue;
                }
                '\\' => characters.next().ok_or_else(|| format!("\"{text}\" ends with a backslash"))?,
                other => other,
            };
            let mut buffer = [0; 4];
            let bytes = literal.encode_utf8(&mut buffer).as_bytes();
            match tokens.last_mut() {
                Some(Token::Literal(last)) => last.extend_from_slice(bytes),
                _ => tokens.push(Token::Literal(bytes.to_vec())),
            }
        }
        Ok(Self(tokens))
    }

    /// Whether the whole key is described; never takes more than (key length × pattern length) steps.
    #[must_use]
    pub fn matches(&self, key: &[u8]) -> bool {
        let (mut token, mut rest) = (0, key);
        // Where to go on if what follows the last run does not fit: only the last one needs to be tried again.
        let mut retry: Option<(usize, &[u8])> = None;
        loop {
            let fits = match self.0.get(token) {
                None if rest.is_empty() => return true,
                None => None,
                Some(Token::Run) => {
                    if token + 1 == self.0.len() {
                        return true;
                    }
                    retry = Some((token + 1, rest));
                    Some(rest)
                }
                Some(token) => token.strip(rest),
            };
            match (fits, &mut retry) {
                (Some(behind), _) => {
                    rest = behind;
                    token += 1;
                }
                (None, Some((after, from))) => {
                    let Some((_, behind)) = from.split_first() else { return false };
                    *from = behind;
                    token = *after;
                    rest = behind;
                }
                (None, None) => return false,
            }
        }
    }
}

impl Token {
    /// What follows if the text starts with this.
    fn strip<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Literal(literal) => text.strip_prefix(literal.as_slice()),
            Self::Any => first(text).map(|(_, rest)| rest),
            Self::Class { negated, ranges } => {
                let (character, rest) = first(text)?;
                let inside = character.is_some_and(|character| {
                    ranges.iter().any(|&(from, to)| (from..=to).contains(&character))
                });
                (inside != *negated).then_some(rest)
            }
            Self::Run => Some(text),
        }
    }
}

/// The first character, or `None` for a byte that starts none, and the rest.
fn first(text: &[u8]) -> Option<(Option<char>, &[u8])> {
    let (&byte, rest) = text.split_first()?;
    let length = match byte {
        0..0x80 => return Some((Some(char::from(byte)), rest)),
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    let character = text.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    match character.and_then(|character| character.chars().next()) {
        Some(character) => Some((Some(character), text.get(length..)?)),
        None => Some((None, rest)),
    }
}

/// What stands behind a `[`, up to its `]`; one that comes first is meant.
fn class(characters: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut negated = false;
    let mut members: Vec<(char, bool)> = Vec::new();
    loop {
        match characters.next()? {
            '!' | '^' if members.is_empty() && !negated => negated = true,
            ']' if !members.is_empty() => break,
            '\\' => members.push((characters.next()?, false)),
            character => members.push((character, character == '-')),
        }
    }
    let mut ranges = Vec::new();
    let mut rest = members.as_slice();
    while let [(from, _), behind @ ..] = rest {
        if let [(_, true), (to, _), behind @ ..] = behind {
            ranges.push((*from, *to));
            rest = behind;
        } else {
            ranges.push((*from, *from));
            rest = behind;
        }
    }
    Some(Token::Class { negated, ranges })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_a_shell_but_for_slashes() {
        let check = |glob: &str, key: &str, expected: bool| {
            assert_eq!(Glob::parse(glob).unwrap().matches(key.as_bytes()), expected, "{glob} {key}");
        };
        for (glob, key) in [
            ("*", ""),
            ("*", "view//a/b"),
            ("view/*", "view//a/b"),
            ("*a*b*c", "xaxbxbxc"),
            ("a?c", "abc"),
            ("a?c", "aéc"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[^a]", "é"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("[é-ü]", "ö"),
            ("\\*", "*"),
            ("a[\\]]b", "a]b"),
            ("", ""),
            ("**a", "ba"),
        ] {
            check(glob, key, true);
        }
        for (glob, key) in [
            ("", "a"),
            ("a", "ab"),
            ("a*", "ba"),
            ("a?c", "ac"),
            ("[a-c]x", "dx"),
            ("[!a-c]x", "ax"),
            ("\\*", "a"),
            ("*ab", "abc"),
            ("?", ""),
        ] {
            check(glob, key, false);
        }
        assert!(Glob::parse("a?b").unwrap().matches(b"a\xffb"));
        assert!(Glob::parse("[!x]").unwrap().matches(b"\xff"));
    }

    #[test]
    fn broken_globs_are_named() {
        for glob in ["[", "[a", "a\\", "[]"] {
            assert!(Glob::parse(glob).unwrap_err().contains(glob), "{glob}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let glob = Glob::parse(&"a*".repeat(40)).unwrap();
        assert!(!glob.matches("b".repeat(250).as_bytes()));
        let glob = Glob::parse(&("*a".repeat(40) + "b")).unwrap();
        assert!(!glob.matches("a".repeat(250).as_bytes()));
    }
}
