//! How well each routing explains where an audit found the keys.

use serde::Serialize;

use super::candidates::Candidate;
use crate::commands::figures::humane;
use crate::measure::Dimension;
use crate::measure::copies::Agreement;
use crate::measure::copies::Holders;
use crate::output::Cell;
use crate::output::Format;
use crate::output::Table;

/// How many routings a table shows.
const SHOWN: usize = 10;

/// How many routings that explain a placement equally well are named.
const NAMED: usize = 3;

/// How well a routing explains the placement.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) routing: String,
    pub(super) client: &'static str,
    pub(super) in_use: bool,
    /// Copies of keys that are where it says, of all that are or should be there; from 0 to 1.
    pub(super) explains: Option<f64>,
}

/// How well each routing explains the sample, best first; servers that did not list all say nothing.
pub(super) fn explain(candidates: &[Candidate], sample: &[Holders], reached: &[bool]) -> Vec<Explained> {
    let is_reached = |server: &usize| reached.get(*server).copied().unwrap_or(false);
    let mut explained: Vec<Explained> = candidates
        .iter()
        .filter_map(|candidate| {
            let router = candidate.router.as_ref().ok()?;
            let mut agreement = Agreement::default();
            for (key, holders) in sample {
                let holders: Vec<usize> = holders.iter().copied().filter(is_reached).collect();
                let rule: Vec<usize> = router.writers(key).iter().filter(is_reached).collect();
                if !holders.is_empty() {
                    agreement.add(&holders, &rule);
                }
            }
            Some(Explained {
                routing: candidate.routing.clone(),
                client: candidate.about,
                in_use: candidate.in_use,
                explains: agreement.share(),
            })
        })
        .collect();
    let share = |explained: &Explained| explained.explains.unwrap_or(0.0);
    // Among equals the one in use comes first, and the others in the order of the list.
    explained.sort_by(|one, other| {
        share(other).total_cmp(&share(one)).then_with(|| other.in_use.cmp(&one.in_use))
    });
    explained
}

/// A row a routing; for people the best ones, and always the one in use.
pub(super) fn table(explained: &[Explained], format: Format) -> Table {
    let mut table = Table::new(&["routing", "explains", "in_use", "client"]);
    let shown = if format == Format::Table { SHOWN } else { usize::MAX };
    let rows = explained.iter().enumerate().filter(|(place, row)| *place < shown || row.in_use);
    table.rows = rows
        .map(|(_, row)| {
            let share = match row.explains {
                Some(share) if format == Format::Table => Cell::Number(humane(share, Dimension::Ratio)),
                share => Cell::number(share.map(|share| format!("{share:.6}"))),
            };
            vec![
                Cell::text(row.routing.as_str()),
                share,
                Cell::text(if row.in_use { "yes" } else { "" }),
                Cell::text(row.client),
            ]
        })
        .collect();
    table
}

/// Which routings explain the placement best, in a sentence; some place keys alike on some pools.
pub(super) fn verdict(explained: &[Explained]) -> Option<String> {
    let best = explained.first()?.explains?;
    let equals: Vec<&Explained> = explained.iter().take_while(|row| row.explains == Some(best)).collect();
    let mut names: Vec<&str> = equals.iter().map(|row| row.routing.as_str()).take(NAMED).collect();
    let more = format!("{} more", equals.len() - names.len());
    if equals.len() > names.len() {
        names.push(&more);
    }
    let text = match names.as_slice() {
        [] => return None,
        [one] => format!("{one} explains"),
        [before @ .., last] => format!("{} and {last} explain", before.join(", ")),
    };
    let percent = |share: f64| humane(share, Dimension::Ratio);
    let in_use = explained.iter().find(|row| row.in_use)?;
    let in_use = if in_use.explains == Some(best) {
        format!("{} is in use", in_use.routing)
    } else {
        format!("{}, which is in use, explains {}", in_use.routing, percent(in_use.explains.unwrap_or(0.0)))
    };
    Some(format!("{text} the placement best: {}; {in_use}", percent(best)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shares: &[(&str, f64, bool)], expected: &str) {
        let explained: Vec<Explained> = shares
            .iter()
            .map(|&(routing, share, in_use)| Explained {
                routing: routing.to_owned(),
                client: "",
                in_use,
                explains: Some(share),
            })
            .collect();
        assert_eq!(verdict(&explained).as_deref(), Some(expected));
    }

    #[test]
    fn the_verdict_names_all_that_explain_equally_well() {
        check(&[("a", 1.0, true), ("b", 0.3, false)], "a explains the placement best: 100.0%; a is in use");
        check(
            &[("b", 0.9, false), ("c", 0.9, false), ("a", 0.333, true)],
            "b and c explain the placement best: 90.0%; a, which is in use, explains 33.3%",
        );
        let many =
            [("b", 1.0, true), ("c", 1.0, false), ("d", 1.0, false), ("e", 1.0, false), ("f", 1.0, false)];
        check(&many, "b, c, d and 2 more explain the placement best: 100.0%; b is in use");
        assert_eq!(verdict(&[]), None);
    }
}
