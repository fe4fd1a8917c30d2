//! How long a value is when it is written out, told before it is: escapes make a text up to six times as long.

use crate::python::Value;
use crate::python::budget::Budget;
use crate::python::budget::Spent;

/// Whether a value within a container may be written out: JSON or Python text of at most so many bytes, marks and names
/// of types aside, which the budget of nodes has counted.
#[must_use]
pub fn fits(value: &Value, limit: usize) -> bool {
    // A text alone is printed as it is, and is never longer than what was unfolded.
    let is_alone = matches!(value, Value::Str(_) | Value::Bytes(_) | Value::ByteArray(_) | Value::Py2Str(_));
    is_alone || charge(value, &mut Budget::new(limit)).is_ok()
}

fn charge(value: &Value, budget: &mut Budget) -> Result<(), Spent> {
    match value {
        Value::Str(text) => budget.charge(escaped(text.as_bytes())),
        Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes) => {
            let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
            // `\xff` in Python text.
            budget.charge(escaped(bytes).saturating_add(high.saturating_mul(3)))
        }
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            charge_all(items, budget)
        }
        Value::Dict(items) => charge_pairs(items, budget),
        Value::Object(object) => {
            charge_all(&object.args, budget)?;
            charge_pairs(&object.kwargs, budget)?;
            object.state.as_ref().map_or(Ok(()), |state| charge(state, budget))?;
            charge_all(&object.list_items, budget)?;
            charge_pairs(&object.dict_items, budget)
        }
        _ => Ok(()),
    }
}

fn charge_all(items: &[Value], budget: &mut Budget) -> Result<(), Spent> {
    items.iter().try_for_each(|item| charge(item, budget))
}

fn charge_pairs(items: &[(Value, Value)], budget: &mut Budget) -> Result<(), Spent> {
    items.iter().try_for_each(|(key, value)| charge(key, budget).and_then(|()| charge(value, budget)))
}

/// The length with every control character as `\u0001`, which is the longest of the forms.
fn escaped(bytes: &[u8]) -> usize {
    let controls = bytes.iter().filter(|byte| byte.is_ascii_control()).count();
    bytes.len().saturating_add(controls.saturating_mul(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_count_within_a_container_only() {
        let text = Value::Str("\u{1}".repeat(100).into());
        assert!(fits(&text, 100));
        assert!(!fits(&Value::List(vec![text.clone()]), 599));
        assert!(fits(&Value::List(vec![text]), 600));
    }
}
