//! The checks that are made: those of the command line, of the profile, and the defaults that neither replaces.

use serde::Serialize;

use crate::commands::checks::CheckArgs;
use crate::commands::checks::failure;
use crate::commands::rules::RULES;
use crate::commands::rules::Rule;
use crate::commands::rules::Severity;
use crate::commands::rules::plain_name;
use crate::failure::Failure;
use crate::measure::Check;
use crate::measure::Expression;
use crate::measure::ExpressionError;
use crate::measure::Fields;
use crate::measure::Source;
use crate::measure::Verdict;
use crate::measure::Vocabulary;
use crate::settings::ProfileChecks;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// The condition holds, and that fails; or nobody can tell whether it does.
    Fail,
    /// The condition does not hold.
    Ok,
    /// Nobody can tell: the server is down or does not offer the number.
    Unknown,
    /// The condition holds, and that is worth a warning.
    Warn,
}

impl Status {
    /// The name as JSON has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
        }
    }
}

/// A check that was made.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    /// How it came out.
    pub(super) status: Status,
    /// The check.
    #[serde(flatten)]
    pub(super) check: Check,
    /// What it means if the condition holds.
    pub(super) severity: Severity,
    /// Whether nobody asked for it.
    pub(super) default: bool,
}

/// The checks to make.
pub(super) struct Asked {
    given: Vec<(Severity, Expression)>,
    defaults: Vec<&'static Rule>,
}

impl Asked {
    /// Puts together what is asked; who names a field replaces weaker conditions about it of the same severity.
    ///
    /// # Errors
    /// A field that nobody knows, a unit that does not fit, or nothing to ask.
    pub(super) fn new(
        flags: &CheckArgs,
        profile: &ProfileChecks,
        no_defaults: bool,
    ) -> Result<Self, Failure> {
        let mut given: Vec<(Severity, Expression)> = Vec::new();
        let sources = [(&flags.fail_if, &flags.warn_if), (&profile.fail_if, &profile.warn_if)];
        for (fail, warn) in sources {
            let stronger: Vec<(Severity, String)> = given.iter().map(named).collect();
            let fail = fail.iter().map(|expression| (Severity::Fail, expression.clone()));
            let warn = warn.iter().map(|expression| (Severity::Warn, expression.clone()));
            given.extend(fail.chain(warn).filter(|condition| !stronger.contains(&named(condition))));
        }
        for (_, expression) in &given {
            expression.validate(&Vocabulary).map_err(|error| failure(&error))?;
        }
        let known = |name: &String| RULES.iter().any(|rule| field_of(rule).is_ok_and(|field| field == *name));
        if let Some(name) = profile.off.iter().find(|name| !known(name)) {
            return Err(Failure::usage(format!("checks.off names \"{name}\", and no default is about it"))
                .hint("cachier check --all shows the defaults"));
        }
        let mut defaults = Vec::new();
        for rule in RULES.iter().filter(|rule| rule.severity != Severity::Note && !no_defaults) {
            let field = field_of(rule).map_err(|error| failure(&error))?;
            let is_replaced = given.iter().map(named).any(|other| other == (rule.severity, field.clone()));
            if !is_replaced && !profile.off.contains(&field) {
                defaults.push(rule);
            }
        }
        if given.is_empty() && defaults.is_empty() {
            return Err(
                Failure::usage("there is nothing to check").hint("say what with --fail-if or --warn-if")
            );
        }
        Ok(Self { given, defaults })
    }

    /// Makes all checks, those that were asked for first.
    ///
    /// # Errors
    /// A field that no server has.
    pub(super) fn make(&self, servers: &[Source<'_>], total: &dyn Fields) -> Result<Vec<Made>, Failure> {
        let mut made = Vec::new();
        for (severity, expression) in &self.given {
            let check = expression.evaluate(servers, total).map_err(|error| failure(&error))?;
            made.push(Made {
                status: status(&check, *severity, false),
                check,
                severity: *severity,
                default: false,
            });
        }
        for rule in &self.defaults {
            let check = rule.ask(servers, total).map_err(|error| failure(&error))?;
            let check = match check {
                Some(check) => check,
                None => nothing(rule.text),
            };
            let status = status(&check, rule.severity, true);
            made.push(Made { status, check, severity: rule.severity, default: true });
        }
        Ok(made)
    }
}

/// What conditions replace each other: the severity and the field, of whatever period.
fn named((severity, expression): &(Severity, Expression)) -> (Severity, String) {
    (*severity, plain_name(expression.field()).to_owned())
}

fn field_of(rule: &Rule) -> Result<String, ExpressionError> {
    Ok(plain_name(rule.expression()?.field()).to_owned())
}

/// A condition that nobody asked for fails no check by being beyond anybody's knowledge.
fn status(check: &Check, severity: Severity, is_default: bool) -> Status {
    match (check.verdict, severity) {
        (Verdict::Passed, _) => Status::Ok,
        (Verdict::Down, _) => Status::Unknown,
        (Verdict::Unavailable, _) if is_default => Status::Unknown,
        (Verdict::Unavailable | Verdict::Breached, Severity::Fail) => Status::Fail,
        (Verdict::Unavailable | Verdict::Breached, Severity::Warn | Severity::Note) => Status::Warn,
    }
}

/// The check of a condition that no server has done enough for.
fn nothing(text: &str) -> Check {
    Check {
        expr: text.to_owned(),
        value: None,
        ok: false,
        server: None,
        verdict: Verdict::Unavailable,
        dimension: None,
    }
}
