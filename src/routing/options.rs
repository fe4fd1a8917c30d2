//! The grammar of a routing text: `CLIENT[:OPTION[=VALUE],…][;OPTION,…]`, whoever the client is.

use super::spec::RoutingError;

/// One option with the text of its value.
#[derive(Clone, Debug)]
pub(super) struct Written<'a> {
    /// In lower case, blanks and hyphens as `_`.
    pub(super) name: String,
    /// What stands behind the first `=`.
    pub(super) value: Option<&'a str>,
}

/// A routing text taken apart: the client, and its options in groups that a `;` separates.
pub(super) struct Parts<'a> {
    pub(super) client: String,
    pub(super) groups: Vec<Vec<Written<'a>>>,
}

/// Takes a routing text apart.
pub(super) fn parts(text: &str) -> Result<Parts<'_>, RoutingError> {
    let mut groups = text.split(';');
    let first = groups.next().unwrap_or_default();
    let (client, options) = first.split_once(':').unwrap_or((first, ""));
    let groups = std::iter::once(options).chain(groups).map(group).collect::<Result<_, _>>()?;
    Ok(Parts { client: client.trim().to_lowercase(), groups })
}

fn group(text: &str) -> Result<Vec<Written<'_>>, RoutingError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(option).collect()
}

fn option(text: &str) -> Result<Written<'_>, RoutingError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.trim())),
        None => (text, None),
    };
    if name.trim().is_empty() {
        return Err(RoutingError::EmptyOption);
    }
    Ok(Written { name: underscored(name), value })
}

/// A name or value as it is compared: lower case, blanks and hyphens as `_`.
pub(super) fn underscored(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

impl<'a> Written<'a> {
    /// The option without what its client writes before every name.
    pub(super) fn without_prefix(&self, prefix: &str) -> Self {
        let name = self.name.strip_prefix(prefix).unwrap_or(&self.name);
        Self { name: name.to_owned(), value: self.value }
    }

    /// The value as it stands; an empty one is none.
    pub(super) fn given(&self) -> Result<&'a str, RoutingError> {
        match self.value {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(RoutingError::MissingValue { option: self.name.clone() }),
        }
    }

    /// The complaint about a value that is none of the known ones.
    fn unknown_value(&self, known: Vec<&'static str>) -> RoutingError {
        let given = self.value.unwrap_or_default();
        RoutingError::UnknownValue {
            option: self.name.clone(),
            value: given.to_owned(),
            suggestion: nearest(&underscored(given), &known),
            known,
        }
    }
}

/// Reads values and keeps the canonical spelling of the options they belong to.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    groups: Vec<Vec<String>>,
}

impl Spelling {
    /// Begins the next group of options.
    pub(super) fn open_group(&mut self) {
        self.groups.push(Vec::new());
    }

    fn keep(&mut self, option: String) {
        if let Some(group) = self.groups.last_mut() {
            group.push(option);
        }
    }

    /// Reads a switch; a bare option is on.
    pub(super) fn switch(&mut self, option: &Written<'_>) -> Result<bool, RoutingError> {
        let on = match option.value.map(str::to_lowercase).as_deref() {
            None | Some("true" | "1" | "yes" | "on") => true,
            Some("false" | "0" | "no" | "off") => false,
            Some(_) => return Err(option.unknown_value(vec!["true", "false"])),
        };
        self.keep(if on { option.name.clone() } else { format!("{}=false", option.name) });
        Ok(on)
    }

    /// Reads a value that is taken as it stands.
    pub(super) fn text<'a>(&mut self, option: &Written<'a>) -> Result<&'a str, RoutingError> {
        let text = option.given()?;
        self.keep(format!("{}={text}", option.name));
        Ok(text)
    }

    /// Reads a number.
    pub(super) fn number(&mut self, option: &Written<'_>) -> Result<u32, RoutingError> {
        let text = option.given()?;
        let number: u32 = text
            .parse()
            .map_err(|_| RoutingError::NotANumber { option: option.name.clone(), value: text.to_owned() })?;
        self.keep(format!("{}={number}", option.name));
        Ok(number)
    }

    /// Reads a word of a table; the prefix of PHP's constants may stand before it.
    pub(super) fn choice<T: Copy>(
        &mut self,
        option: &Written<'_>,
        table: &[(&'static str, T)],
        prefix: &str,
    ) -> Result<T, RoutingError> {
        let given = underscored(option.given()?);
        let given = given.strip_prefix(prefix).unwrap_or(&given);
        let Some((name, chosen)) = table.iter().find(|(name, _)| *name == given) else {
            return Err(option.unknown_value(table.iter().map(|(name, _)| *name).collect()));
        };
        self.keep(format!("{}={name}", option.name));
        Ok(*chosen)
    }

    /// Keeps an option that has no influence, whatever its value.
    pub(super) fn no_influence(&mut self, option: &Written<'_>) {
        self.keep(match option.value {
            Some(value) => format!("{}={value}", option.name),
            None => option.name.clone(),
        });
    }

    /// Keeps an option whose value has a better spelling than the one given.
    pub(super) fn rewritten(&mut self, option: &Written<'_>, value: &str) {
        self.keep(format!("{}={value}", option.name));
    }

    /// Returns the canonical routing text.
    pub(super) fn finish(mut self, client: &str) -> String {
        while self.groups.last().is_some_and(Vec::is_empty) {
            self.groups.pop();
        }
        if self.groups.is_empty() {
            return client.to_owned();
        }
        let groups: Vec<String> = self.groups.iter().map(|group| group.join(",")).collect();
        format!("{client}:{}", groups.join(";"))
    }
}

/// Returns the known word that was most likely meant.
pub(super) fn nearest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = known
        .iter()
        .map(|&word| (distance(given, word), word))
        .filter(|&(distance, word)| distance <= 1 + word.len() / 5)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word);
    let begins = |word: &&'static str| given.len() >= 3 && word.starts_with(given);
    near.or_else(|| known.iter().copied().find(begins))
}

/// Levenshtein's distance; a long given word is as far as it is long.
fn distance(given: &str, word: &str) -> usize {
    if given.len() > 2 * word.len() + 8 {
        return given.len();
    }
    let mut row: Vec<usize> = (0..=word.chars().count()).collect();
    for (line, letter) in given.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in word.chars().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}
