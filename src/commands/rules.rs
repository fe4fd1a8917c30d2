//! What is unusual in a pool: the checks that are made where nobody says others, and what each of them means.

use crate::measure::Check;
use crate::measure::Expression;
use crate::measure::ExpressionError;
use crate::measure::Fields;
use crate::measure::Scope;
use crate::measure::Source;
use crate::measure::Verdict;

/// How bad it is if a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `check` fails.
    Fail,
    /// `check` warns.
    Warn,
    /// `stats` says so.
    Note,
}

/// A condition, whom it is asked of, and what it means.
pub struct Rule {
    /// How bad it is.
    pub severity: Severity,
    /// The condition.
    pub text: &'static str,
    /// Whether a server, or the total, has done enough for the condition to mean something.
    applies: fn(&dyn Fields) -> bool,
    /// What it means; `{}` is the number.
    meaning: &'static str,
    /// The command that shows more.
    see: &'static str,
}

/// All rules, the worst first. A full memory is in none of them, and neither are evictions of what nobody wanted.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    rule(Severity::Fail, "up<1", always, "does not answer", "doctor"),
    rule(Severity::Fail, "interval.auth_errors>0", always, "{} logins were refused", "doctor"),
    rule(Severity::Fail, "connections_use>95%", always, "{} of the connections are taken", "stats conns"),
    rule(Severity::Fail, "listen_disabled>0", always, "the limit of connections was hit {} times", "stats conns"),
    rule(Severity::Fail, "rejected>0", always, "{} connections were rejected", "stats conns"),
    rule(Severity::Fail, "out_of_memory>0", always, "{} stores found no memory", "stats slabs"),
    rule(Severity::Fail, "evicted_age<10m", always, "items were evicted {} after their last use", "stats items"),
    rule(Severity::Warn, "connections_use>80%", always, "{} of the connections are taken", "stats conns"),
    rule(Severity::Warn, "interval.hit_ratio<80%", enough_gets, "only {} of the gets found something", "top"),
    rule(Severity::Warn, "lifetime.evicted_age<1h", always, "items were evicted {} after their last use", "stats items"),
    rule(Severity::Warn, "slab_waste>30%", half_in_pages, "{} of the slab memory holds nothing", "stats slabs"),
    rule(Severity::Warn, "uptime<5m", always, "started {} ago, so its ratios say little yet", "servers"),
    rule(Severity::Warn, "mixed_versions>0@total", always, "the servers run different versions", "version"),
    rule(Severity::Warn, "skew_items>1.5@total", enough_items, "one server has {} times its part of the items", "where --audit"),
    rule(Severity::Warn, "skew_bytes>1.5@total", enough_items, "one server has {} times its part of the bytes", "sizes"),
    rule(Severity::Warn, "skew_gets>1.5@total", enough_gets, "one server has {} times its part of the gets", "top"),
    rule(Severity::Note, "starving_classes>0", always, "{} slab classes evict far more than their part of the memory", "stats slabs"),
];

const fn rule(
    severity: Severity,
    text: &'static str,
    applies: fn(&dyn Fields) -> bool,
    meaning: &'static str,
    see: &'static str,
) -> Rule {
    Rule { severity, text, applies, meaning, see }
}

fn always(_fields: &dyn Fields) -> bool {
    true
}

/// A ratio of fewer gets is chance.
fn enough_gets(fields: &dyn Fields) -> bool {
    at_least(fields, "interval.cmd_get", 1000.0)
}

/// So few items lie anywhere by chance.
fn enough_items(fields: &dyn Fields) -> bool {
    at_least(fields, "items", 1000.0)
}

/// A server that has most of its pages still to give away wastes nothing that anybody needs.
fn half_in_pages(fields: &dyn Fields) -> bool {
    let number = |name| fields.field(name).and_then(|field| field.figure.number());
    let (pages, limit) = (number("total_malloced"), number("limit_maxbytes"));
    pages.zip(limit).is_none_or(|(pages, limit)| pages * 2.0 >= limit)
}

fn at_least(fields: &dyn Fields, name: &str, least: f64) -> bool {
    fields.field(name).and_then(|field| field.figure.number()).is_some_and(|number| number >= least)
}

impl Rule {
    /// Returns the condition.
    ///
    /// # Errors
    /// None: the rules are tried in a test.
    pub fn expression(&self) -> Result<Expression, ExpressionError> {
        Expression::parse(self.text)
    }

    /// Asks the condition of the servers that are up and have done enough, or of the total; `None` if that is nobody.
    ///
    /// # Errors
    /// See [`Rule::expression`].
    pub fn ask(&self, servers: &[Source<'_>], total: &dyn Fields) -> Result<Option<Check>, ExpressionError> {
        let expression = self.expression()?;
        let is_total = expression.scope() == Some(Scope::Total);
        let asked: Vec<Source<'_>> = servers
            .iter()
            .filter(|server| {
                expression.field() == "up"
                    || server.fields.is_some_and(|fields| is_total || (self.applies)(fields))
            })
            .copied()
            .collect();
        if asked.is_empty() || is_total && !(self.applies)(total) {
            return Ok(None);
        }
        match expression.evaluate(&asked, total) {
            // A hosted service does not even have the name.
            Err(ExpressionError::UnknownField { .. }) => Ok(None),
            check => check.map(Some),
        }
    }

    /// Returns a sentence that names the server, what is unusual, and the command that shows more.
    #[must_use]
    pub fn sentence(&self, check: &Check, others: usize) -> String {
        let number = check.value_in_words().unwrap_or_default();
        let who = match (&check.server, others) {
            (None, _) => String::new(),
            (Some(server), 0) => format!("{server}: "),
            (Some(server), 1) => format!("{server} and one other: "),
            (Some(server), others) => format!("{server} and {others} others: "),
        };
        format!("{who}{} (cachier {})", self.meaning.replacen("{}", &number, 1), self.see)
    }
}

/// What is unusual, a sentence a rule, the worst first: of two rules about one field only the worse.
#[must_use]
pub fn remarks(servers: &[Source<'_>], total: &dyn Fields) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut sentences = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.text != "up<1") {
        let Ok(expression) = rule.expression() else { continue };
        let field = plain_name(expression.field()).to_owned();
        if told.contains(&field) {
            continue;
        }
        let Ok(Some(check)) = rule.ask(servers, total) else { continue };
        if check.verdict != Verdict::Breached {
            continue;
        }
        let breaching = servers
            .iter()
            .filter(|server| {
                let alone = rule.ask(std::slice::from_ref(server), total);
                alone.is_ok_and(|check| check.is_some_and(|check| check.verdict == Verdict::Breached))
            })
            .count();
        sentences.push(rule.sentence(&check, breaching.saturating_sub(1)));
        told.push(field);
    }
    sentences
}

/// Returns the name of a field without the period that it is about.
#[must_use]
pub fn plain_name(field: &str) -> &str {
    field.strip_prefix("interval.").or_else(|| field.strip_prefix("lifetime.")).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Vocabulary;

    #[test]
    fn every_rule_is_an_expression_of_the_vocabulary() {
        for rule in RULES {
            rule.expression().unwrap().validate(&Vocabulary).unwrap();
        }
    }
}
