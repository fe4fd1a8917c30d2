//! The names that checks of statistics may use, before any server is asked.

use super::derive::DERIVATIONS;
use super::figure::Dimension;
use super::figure::Field;
use super::figure::Fields;
use super::figure::Figure;
use super::sample::raw_dimension;
use super::stats::derived_names;
use super::total;

/// What [`Expression::validate`](super::Expression::validate) takes for statistics: the
/// derived names with their dimensions, and every other name as a raw field that some server may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vocabulary;

impl Fields for Vocabulary {
    fn field(&self, name: &str) -> Option<Field> {
        let name = name.strip_prefix("lifetime.").or_else(|| name.strip_prefix("interval.")).unwrap_or(name);
        let derived = DERIVATIONS.iter().find(|rule| rule.name == name).map(|rule| rule.dimension);
        let dimension = derived
            .or_else(|| total::NAMES.contains(&name).then_some(Dimension::Ratio))
            .unwrap_or_else(|| raw_dimension(name));
        Some(Field::new(Figure::Unavailable, dimension))
    }

    fn names(&self) -> Vec<String> {
        derived_names().map(str::to_owned).collect()
    }
}
