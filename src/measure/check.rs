//! Checks: an expression asked of servers and of their total.

use serde::Serialize;

use super::expression::Expression;
use super::expression::Operator;
use super::expression::Scope;
use super::expression_error::ExpressionError;
use super::figure::Dimension;
use super::figure::Field;
use super::figure::Fields;
use super::figure::Figure;
use super::figure::serialize_number;

/// One server that a check is asked of.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its name, `host:port`.
    pub name: &'a str,
    /// Its numbers; `None` if it is down.
    pub fields: Option<&'a dyn Fields>,
}

/// The outcome of a check, as JSON shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The expression as it was written.
    pub expr: String,
    /// The deciding number in the JSON unit of the field, a fraction where `%` was asked of a count; `None` without one.
    #[serde(serialize_with = "serialize_number")]
    pub value: Option<f64>,
    /// Whether the failing condition is known not to hold; false as well where nobody can tell.
    pub ok: bool,
    /// The server that decided; `None` for the total.
    pub server: Option<String>,
    /// The outcome in full.
    #[serde(skip)]
    pub verdict: Verdict,
    /// What the field counts, for showing the value to people.
    #[serde(skip)]
    pub dimension: Option<Dimension>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The failing condition holds.
    Breached,
    /// The failing condition does not hold, or nothing has happened that it could hold for.
    Passed,
    /// Nobody can tell: the server is down, does not offer the field, or the number is withheld.
    Unevaluated,
}

/// One server's answer to an expression.
struct Answer<'a> {
    name: Option<&'a str>,
    value: Option<f64>,
    dimension: Option<Dimension>,
    verdict: Verdict,
}

impl Expression {
    /// Asks the condition of servers, or of their total.
    ///
    /// The expression states when to fail: `ok` is that the condition does not hold. A number that does not exist
    /// because nothing happened ([`Figure::Idle`]) fulfils no condition. A server that is down, or that cannot tell
    /// the number ([`Figure::Unavailable`]), makes the check unevaluated, which is not ok, unless the others decide it:
    /// one breach decides `@any`, one server that passes decides `@all`. `up` is 1 or 0 for every server and
    /// their number in the total. A field that only the total knows is asked of the total if no scope is written.
    ///
    /// The value is that of the server that decided, else the one nearest to the limit.
    ///
    /// # Errors
    /// [`ExpressionError::UnknownField`] if nobody who is up knows the name, [`ExpressionError::OnlyTotal`],
    /// [`ExpressionError::UnitMismatch`]. With every server down no name is unknown.
    pub fn evaluate(&self, servers: &[Source<'_>], total: &dyn Fields) -> Result<Check, ExpressionError> {
        let answer = match self.scope() {
            Some(Scope::Total) => self.ask_total(servers, total)?,
            Some(Scope::All) => self.ask_servers(servers, total, Verdict::Passed)?,
            Some(Scope::Any) => self.ask_servers(servers, total, Verdict::Breached)?,
            None => match self.ask_servers(servers, total, Verdict::Breached) {
                Err(ExpressionError::OnlyTotal { .. }) => self.ask_total(servers, total)?,
                answer => answer?,
            },
        };
        Ok(Check {
            expr: self.to_string(),
            value: answer.value,
            ok: answer.verdict == Verdict::Passed,
            server: answer.name.map(str::to_owned),
            verdict: answer.verdict,
            dimension: answer.dimension,
        })
    }

    fn ask_total(
        &self,
        servers: &[Source<'_>],
        total: &dyn Fields,
    ) -> Result<Answer<'static>, ExpressionError> {
        if self.field() == "up" {
            let number = servers.iter().filter(|server| server.fields.is_some()).count() as f64;
            let whole = Some(servers.len() as f64);
            let field = Field { figure: Figure::Number(number), dimension: Dimension::Count, whole };
            return self.answer(None, &field);
        }
        if servers.iter().all(|server| server.fields.is_none()) {
            return Ok(unevaluated(None, None));
        }
        match total.field(self.field()) {
            Some(field) => self.answer(None, &field),
            None => match self.field_of_servers(servers) {
                // Known to servers, but nothing that can be added up, such as a process id.
                Some(field) => self.answer(None, &Field { figure: Figure::Unavailable, ..field }),
                None => Err(self.unknown(servers, total)),
            },
        }
    }

    /// Asks every server; the first answer with the deciding verdict decides.
    fn ask_servers<'a>(
        &self,
        servers: &[Source<'a>],
        total: &dyn Fields,
        deciding: Verdict,
    ) -> Result<Answer<'a>, ExpressionError> {
        let is_up_asked = self.field() == "up";
        let any_up = servers.iter().any(|server| server.fields.is_some());
        let known = self.field_of_servers(servers);
        if any_up && !is_up_asked && known.is_none() {
            return Err(if total.field(self.field()).is_some() {
                ExpressionError::OnlyTotal { text: self.to_string(), field: self.field().to_owned() }
            } else {
                self.unknown(servers, total)
            });
        }
        let mut answers = Vec::with_capacity(servers.len());
        for server in servers {
            answers.push(match server.fields {
                fields if is_up_asked => self.answer(Some(server.name), &Field::up(fields.is_some()))?,
                None => unevaluated(Some(server.name), known),
                Some(fields) => match fields.field(self.field()) {
                    Some(field) => self.answer(Some(server.name), &field)?,
                    // Another server knows it: this one is of another version.
                    None => unevaluated(Some(server.name), known),
                },
            });
        }
        Ok(self.decide(answers, deciding))
    }

    fn decide<'a>(&self, answers: Vec<Answer<'a>>, deciding: Verdict) -> Answer<'a> {
        let rank = |answer: &Answer<'_>| match answer.verdict {
            verdict if verdict == deciding => 0,
            Verdict::Unevaluated => 1,
            _ if answer.value.is_some() => 2,
            _ => 3,
        };
        // For @any the most extreme value is of interest, for @all the least extreme.
        let least = matches!(self.operator(), Operator::Less | Operator::LessOrEqual)
            == (deciding == Verdict::Breached);
        answers
            .into_iter()
            .min_by(|left, right| {
                let by_value = match (left.value, right.value) {
                    (Some(left), Some(right)) if least => left.total_cmp(&right),
                    (Some(left), Some(right)) => right.total_cmp(&left),
                    (left, right) => right.is_some().cmp(&left.is_some()),
                };
                rank(left).cmp(&rank(right)).then(by_value)
            })
            .unwrap_or_else(|| unevaluated(None, None))
    }

    fn answer<'a>(&self, name: Option<&'a str>, field: &Field) -> Result<Answer<'a>, ExpressionError> {
        let (limit, is_share) = self.limit(field)?;
        let figure =
            if is_share { Figure::quotient(field.figure.number(), field.whole) } else { field.figure };
        let dimension = Some(if is_share { Dimension::Ratio } else { field.dimension });
        let verdict = match figure {
            Figure::Number(value) if self.operator().holds(value, limit) => Verdict::Breached,
            Figure::Idle | Figure::Number(_) => Verdict::Passed,
            Figure::Unavailable => Verdict::Unevaluated,
        };
        Ok(Answer { name, value: figure.number(), dimension, verdict })
    }

    fn field_of_servers(&self, servers: &[Source<'_>]) -> Option<Field> {
        servers.iter().find_map(|server| server.fields?.field(self.field()))
    }

    fn unknown(&self, servers: &[Source<'_>], total: &dyn Fields) -> ExpressionError {
        let first = servers.iter().find_map(|server| server.fields);
        let mut names = first.map(Fields::names).unwrap_or_default();
        names.extend(total.names());
        names.push("up".to_owned());
        self.unknown_field(names)
    }
}

fn unevaluated(name: Option<&str>, known: Option<Field>) -> Answer<'_> {
    Answer { name, value: None, dimension: known.map(|field| field.dimension), verdict: Verdict::Unevaluated }
}
