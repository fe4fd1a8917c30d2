//! Which sessions are meant, by what they hold.

use clap::Args;
use serde_json::Value;

use crate::flask::session;

/// Which sessions.
#[derive(Args, Clone, Debug)]
pub(super) struct WhichArgs {
    /// Sessions in which a field has a value: NAME=VALUE, NAME!=VALUE or NAME (it is there); all of several must hold
    ///
    /// NAME may be a path such as user.id or cart.0.sku.
    #[arg(long = "where", value_name = "CONDITION", value_parser = Condition::parse)]
    pub(super) conditions: Vec<Condition>,
    /// `SESSION_KEY_PREFIX` of the application
    #[arg(long, value_name = "PREFIX", default_value = session::PREFIX)]
    pub(super) prefix: String,
}

/// A condition on a field of a decoded session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    path: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Present,
    Is(String),
    IsNot(String),
}

impl Condition {
    /// Reads `NAME=VALUE`, `NAME!=VALUE` or `NAME`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (path, test) = match text.split_once('=') {
            None => (text, Test::Present),
            Some((path, value)) => match path.strip_suffix('!') {
                Some(path) => (path, Test::IsNot(value.to_owned())),
                None => (path, Test::Is(value.to_owned())),
            },
        };
        if path.is_empty() {
            return Err(format!("\"{text}\" names no field: write NAME=VALUE, NAME!=VALUE or NAME"));
        }
        Ok(Self { path: path.to_owned(), test })
    }

    /// Whether a session is meant.
    pub(super) fn holds(&self, session: &Value) -> bool {
        let found = field(session, &self.path);
        match &self.test {
            Test::Present => found.is_some(),
            Test::Is(value) => found.is_some_and(|found| text(found) == *value),
            Test::IsNot(value) => found.is_none_or(|found| text(found) != *value),
        }
    }
}

/// A field by its name, or by a path of names and numbers with dots between; the whole text is tried as a name first.
pub(super) fn field<'a>(session: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = session.get(path) {
        return Some(found);
    }
    path.split('.').try_fold(session, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    })
}

/// A value as it is compared and shown: texts as they are, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_compared_by_its_text() {
        let session = json!({"user_id": 7, "name": "Zoë", "admin": true, "a.b": 1, "cart": [{"sku": "x"}], "none": null});
        for (condition, expected) in [
            ("user_id=7", true),
            ("user_id=77", false),
            ("user_id!=7", false),
            ("user_id!=8", true),
            ("name=Zoë", true),
            ("admin=true", true),
            ("none=null", true),
            ("none", true),
            ("absent", false),
            ("absent!=1", true),
            ("absent=", false),
            ("a.b=1", true),
            ("cart.0.sku=x", true),
            ("cart.1.sku=x", false),
            ("cart.sku", false),
        ] {
            assert_eq!(Condition::parse(condition).unwrap().holds(&session), expected, "{condition}");
        }
        assert!(Condition::parse("=7").is_err() && Condition::parse("").is_err());
    }
}
