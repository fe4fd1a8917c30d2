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
    /// Nobody can tell, since the server is down.
    Down,
    /// The failing condition does not hold, or nothing has happened that it could hold for.
    Passed,
    /// Nobody can tell, since the server does not offer the field or the number is withheld.
    Unavailable,
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
    /// the number ([`Figure::Unavailable`]), leaves the check open, which is not ok, unless the others decide it:
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
            return Ok(open(None, Verdict::Down, None));
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
                None => open(Some(server.name), Verdict::Down, known),
                Some(fields) => match fields.field(self.field()) {
                    Some(field) => self.answer(Some(server.name), &field)?,
                    // Another server knows it: this one is of another version.
                    None => open(Some(server.name), Verdict::Unavailable, known),
                },
            });
        }
        Ok(self.decide(answers, deciding))
    }

    fn decide<'a>(&self, answers: Vec<Answer<'a>>, deciding: Verdict) -> Answer<'a> {
        let rank = |answer: &Answer<'_>| match answer.verdict {
            verdict if verdict == deciding => 0,
            Verdict::Unavailable => 1,
            Verdict::Down => 2,
            _ if answer.value.is_some() => 3,
            _ => 4,
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
            .unwrap_or_else(|| open(None, Verdict::Unavailable, None))
    }

    fn answer<'a>(&self, name: Option<&'a str>, field: &Field) -> Result<Answer<'a>, ExpressionError> {
        let (limit, is_share) = self.limit(field)?;
        let figure =
            if is_share { Figure::quotient(field.figure.number(), field.whole) } else { field.figure };
        let dimension = Some(if is_share { Dimension::Ratio } else { field.dimension });
        let verdict = match figure {
            Figure::Number(value) if self.operator().holds(value, limit) => Verdict::Breached,
            Figure::Idle | Figure::Number(_) => Verdict::Passed,
            Figure::Unavailable => Verdict::Unavailable,
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

/// Returns the answer of somebody who cannot tell.
fn open(name: Option<&str>, verdict: Verdict, known: Option<Field>) -> Answer<'_> {
    Answer { name, value: None, dimension: known.map(|field| field.dimension), verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields by a list, all counts of which 200 are the whole, but `ratio`.
    struct Table(Vec<(&'static str, Figure)>);

    impl Fields for Table {
        fn field(&self, name: &str) -> Option<Field> {
            let (_, figure) = self.0.iter().find(|(known, _)| *known == name)?;
            let dimension = if name == "ratio" { Dimension::Ratio } else { Dimension::Count };
            Some(Field { figure: *figure, dimension, whole: Some(200.0).filter(|_| name != "ratio") })
        }

        fn names(&self) -> Vec<String> {
            self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
        }
    }

    fn number(value: f64) -> Option<Figure> {
        Some(Figure::Number(value))
    }

    /// Asks servers `a`, `b`, `c` that have this figure of `x`, or are down.
    fn check(text: &str, figures: &[Option<Figure>], total: Figure) -> Result<Check, ExpressionError> {
        let tables: Vec<Option<Table>> = figures
            .iter()
            .map(|figure| figure.map(|figure| Table(vec![("x", figure), ("own", figure)])))
            .collect();
        let sources: Vec<Source<'_>> = ["a", "b", "c"]
            .into_iter()
            .zip(&tables)
            .map(|(name, table)| Source { name, fields: table.as_ref().map(|table| table as &dyn Fields) })
            .collect();
        Expression::parse(text)?.evaluate(&sources, &Table(vec![("x", total), ("skew", total)]))
    }

    type Case<'a> = (&'a str, &'a [Option<Figure>], Verdict, Option<f64>, Option<&'a str>);

    #[test]
    fn scopes_decide_whom_a_condition_is_asked_of() {
        use Verdict::{Breached, Down, Passed, Unavailable};
        let idle = Some(Figure::Idle);
        let unavailable = Some(Figure::Unavailable);
        let cases: [Case<'_>; 26] = [
            // One breach decides @any; the worst value is shown.
            ("x>5", &[number(1.0), number(7.0), number(9.0)], Breached, Some(9.0), Some("c")),
            ("x<5", &[number(1.0), number(0.5), number(9.0)], Breached, Some(0.5), Some("b")),
            ("x>5@any", &[number(7.0), None, unavailable], Breached, Some(7.0), Some("a")),
            // Without a breach the value nearest to the limit is shown.
            ("x>5", &[number(1.0), number(5.0), number(2.0)], Passed, Some(5.0), Some("b")),
            ("x<5", &[number(8.0), number(6.0), number(7.0)], Passed, Some(6.0), Some("b")),
            ("x==5", &[number(5.0), number(1.0)], Breached, Some(5.0), Some("a")),
            // What cannot be told is never ok.
            ("x>5", &[number(1.0), None], Down, None, Some("b")),
            ("x>5", &[unavailable, number(1.0)], Unavailable, None, Some("a")),
            ("x>5", &[None, None], Down, None, Some("a")),
            ("x>5@total", &[None, None], Down, None, None),
            ("nonsense>5", &[None], Down, None, Some("a")),
            ("x>5", &[None, unavailable], Unavailable, None, Some("b")),
            ("x>5", &[], Unavailable, None, None),
            // Where nothing happened nothing holds.
            ("x<5", &[idle, number(9.0)], Passed, Some(9.0), Some("b")),
            ("x<5", &[idle], Passed, None, Some("a")),
            // One server that passes decides @all.
            ("x>5@all", &[number(7.0), number(9.0)], Breached, Some(7.0), Some("a")),
            ("x>5@all", &[number(7.0), number(3.0), None], Passed, Some(3.0), Some("b")),
            ("x>5@all", &[number(7.0), None], Down, None, Some("b")),
            ("x<5@all", &[number(1.0), number(3.0)], Breached, Some(3.0), Some("b")),
            // The total.
            ("x>5@total", &[number(1.0), None], Breached, Some(70.0), None),
            ("x>70@total", &[number(1.0)], Passed, Some(70.0), None),
            ("own>5@total", &[number(9.0)], Unavailable, None, None),
            // Only the total knows it.
            ("skew>5", &[number(1.0)], Breached, Some(70.0), None),
            // Every server knows whether it is up.
            ("up==0", &[number(1.0), None], Breached, Some(0.0), Some("b")),
            ("up<2@total", &[number(1.0), None], Breached, Some(1.0), None),
            ("up<50%@total", &[number(1.0), None], Passed, Some(0.5), None),
        ];
        for (text, figures, verdict, value, server) in cases {
            let check = check(text, figures, Figure::Number(70.0)).unwrap();
            assert_eq!(check.verdict, verdict, "{text} {figures:?}");
            assert_eq!(check.ok, verdict == Passed, "{text} {figures:?}");
            assert_eq!((check.value, check.server.as_deref()), (value, server), "{text} {figures:?}");
        }
    }

    #[test]
    fn percent_of_a_count_is_a_share_of_its_whole() {
        let passed = check("x>5%", &[number(10.0)], Figure::Idle).unwrap();
        assert_eq!(
            (passed.value, passed.verdict, passed.dimension),
            (Some(0.05), Verdict::Passed, Some(Dimension::Ratio))
        );
        let breached = check("x>5%", &[number(11.0)], Figure::Idle).unwrap();
        assert_eq!((breached.value, breached.verdict), (Some(0.055), Verdict::Breached));
    }

    #[test]
    fn a_server_without_a_field_that_another_has_leaves_the_check_open() {
        let (new, old) = (Table(vec![("x", Figure::Number(1.0))]), Table(vec![("y", Figure::Number(1.0))]));
        let sources =
            [Source { name: "new", fields: Some(&new) }, Source { name: "old", fields: Some(&old) }];
        let check = Expression::parse("x>5").unwrap().evaluate(&sources, &Table(Vec::new())).unwrap();
        assert_eq!((check.verdict, check.server.as_deref()), (Verdict::Unavailable, Some("old")));
    }

    #[test]
    fn unknown_names_are_errors_with_the_nearest_name() {
        let error = check("sker>1", &[number(1.0), None], Figure::Idle).unwrap_err();
        assert_eq!(error.hint(), "did you mean skew?");
        let error = check("skew>1@any", &[number(1.0)], Figure::Idle).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bad expression \"skew>1@any\": \"skew\" is a number of all servers together"
        );
        assert_eq!(error.hint(), "write skew@total");
        let error = check("elephant>1@total", &[number(1.0)], Figure::Idle).unwrap_err();
        assert_eq!(error.hint(), "the JSON output (-o json) names every field");
    }

    #[test]
    fn json_has_expression_value_verdict_and_server() {
        let shown =
            |text, figure| serde_json::to_string(&check(text, &[figure], Figure::Idle).unwrap()).unwrap();
        assert_eq!(shown("x > 5", number(7.0)), r#"{"expr":"x > 5","value":7,"ok":false,"server":"a"}"#);
        assert_eq!(shown("x>5", None), r#"{"expr":"x>5","value":null,"ok":false,"server":"a"}"#);
        assert_eq!(
            shown("x>5@total", number(7.0)),
            r#"{"expr":"x>5@total","value":null,"ok":true,"server":null}"#
        );
    }
}
