//! `--fail-if` and `--warn-if`: conditions that end a command with exit code 7, or with a warning.

use clap::Args;

use super::context::Context;
use super::figures::humane;
use super::figures::plain;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Dimension;
use crate::measure::Expression;
use crate::measure::ExpressionError;
use crate::measure::Fields;
use crate::measure::Source;
use crate::measure::Verdict;

/// The conditions of a command.
#[derive(Args, Debug, Default)]
pub struct CheckArgs {
    /// Exit 7 if this holds, such as 'hit_ratio<80%@total' or 'p99>5ms'; may be repeated
    #[arg(long, value_name = "EXPR", value_parser = Expression::parse)]
    pub fail_if: Vec<Expression>,
    /// Warn if this holds; may be repeated
    #[arg(long, value_name = "EXPR", value_parser = Expression::parse)]
    pub warn_if: Vec<Expression>,
}

/// What came of the conditions.
#[derive(Debug, Default)]
pub struct Checks {
    /// Of `--fail-if`, for JSON.
    pub checks: Vec<Check>,
    warnings: Vec<Check>,
}

impl CheckArgs {
    /// Checks the names of all fields before anything is contacted.
    ///
    /// # Errors
    /// A field that nobody knows, or a unit that does not fit.
    pub fn validate(&self, vocabulary: &dyn Fields) -> Result<(), Failure> {
        self.fail_if
            .iter()
            .chain(&self.warn_if)
            .try_for_each(|expression| expression.validate(vocabulary))
            .map_err(|error| failure(&error))
    }

    /// Asks all conditions of what was measured.
    ///
    /// # Errors
    /// A field that no server knows.
    pub fn evaluate(&self, servers: &[Source<'_>], total: &dyn Fields) -> Result<Checks, Failure> {
        let ask = |expressions: &[Expression]| {
            expressions
                .iter()
                .map(|expression| expression.evaluate(servers, total))
                .collect::<Result<Vec<Check>, _>>()
                .map_err(|error| failure(&error))
        };
        Ok(Checks { checks: ask(&self.fail_if)?, warnings: ask(&self.warn_if)? })
    }
}

impl Checks {
    /// Whether a condition holds, or cannot be told though the servers are up.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.checks.iter().any(|check| !check.ok && check.verdict != Verdict::Down)
    }

    /// Tells on stderr which conditions hold.
    pub fn report(&self, context: &mut Context) {
        for check in self.checks.iter().filter(|check| !check.ok) {
            context.output.error(&format!("check failed: {}", check.in_words()));
        }
        for check in self.warnings.iter().filter(|check| !check.ok) {
            context.output.note(&format!("warning: {}", check.in_words()));
        }
    }
}

impl Check {
    /// The deciding number with its unit, if there is one.
    #[must_use]
    pub fn value_in_words(&self) -> Option<String> {
        let value = self.value?;
        Some(match self.dimension {
            // Several times a part: 390 % of the mean would be hard to read.
            Some(Dimension::Ratio) if self.expr.starts_with("skew_") => format!("{value:.2}"),
            Some(dimension) => humane(value, dimension),
            None => plain(value),
        })
    }

    /// A check in words: the expression, what was found, and where.
    #[must_use]
    pub fn in_words(&self) -> String {
        let value = self.value_in_words().unwrap_or_else(|| "not known".to_owned());
        let place = self.server.as_deref().map_or_else(String::new, |server| format!(" on {server}"));
        format!("{} (is {value}{place})", self.expr)
    }
}

/// The failure of an expression that cannot be asked.
#[must_use]
pub fn failure(error: &ExpressionError) -> Failure {
    Failure::usage(error.to_string()).hint(error.hint())
}
