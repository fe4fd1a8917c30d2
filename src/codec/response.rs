//! Pickled responses of Flask and Werkzeug.

use crate::python::Value;

use super::objects::View;
use super::objects::text;

/// A response as it would go to a browser.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The class, e.g. `flask.wrappers.Response` or `flask_caching.CachedResponse`.
    pub class: String,
    /// Code and reason, e.g. `201 CREATED`.
    pub status: String,
    /// Names and values in order, duplicates possible.
    pub headers: Vec<(String, String)>,
    /// The body, its pieces joined.
    pub body: Vec<u8>,
    /// The timeout of a `CachedResponse`, as Python text.
    pub timeout: Option<String>,
}

impl Response {
    /// Reads a response from the state of its pickle; `None` if the value is no such object.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::Object(object) = value else { return None };
        let view = View::of(object);
        let status = match (view.field("_status"), view.field("_status_code")) {
            (Some(status), _) => text(status)?.into_owned(),
            (None, Some(Value::Int(code))) => code.to_string(),
            _ => return None,
        };
        Some(Self {
            class: view.class.to_owned(),
            status,
            headers: headers(view.field("headers")?)?,
            body: body(view.field("response")?)?,
            timeout: view.field("timeout").map(super::render::inline),
        })
    }

    /// The body as text, if it is UTF-8.
    #[must_use]
    pub fn body_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }

    /// Status line, headers, an empty line and the body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name.as_str(), ": ", value.as_str(), "\n"]);
        }
        head.push('\n');
        [head.as_bytes(), &self.body].concat()
    }
}

fn headers(value: &Value) -> Option<Vec<(String, String)>> {
    let Value::Object(object) = value else { return None };
    let Value::List(list) = View::of(object).field("_list")? else { return None };
    list.iter()
        .map(|header| match header {
            Value::Tuple(pair) | Value::List(pair) => match pair.as_slice() {
                [name, value] => Some((text(name)?.into_owned(), text(value)?.into_owned())),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn body(value: &Value) -> Option<Vec<u8>> {
    let pieces = match value {
        Value::List(pieces) | Value::Tuple(pieces) => pieces.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut body = Vec::new();
    for piece in pieces {
        match piece {
            Value::Bytes(bytes) | Value::Py2Str(bytes) => body.extend(bytes),
            Value::Str(text) => body.extend(text.as_bytes()),
            _ => return None,
        }
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Object;

    fn field(name: &str, value: Value) -> (Value, Value) {
        (Value::Str(name.into()), value)
    }

    fn with_state(class: &str, state: Vec<(Value, Value)>) -> Value {
        let (class, state) = (class.to_owned(), Some(Value::Dict(state)));
        Value::Object(Box::new(Object { class, state, ..Object::default() }))
    }

    #[test]
    fn a_response_is_read_from_its_state() {
        let header =
            |name: &str, value: &str| Value::Tuple(vec![Value::Str(name.into()), Value::Str(value.into())]);
        let list = Value::List(vec![header("X-A", "1"), header("X-A", "2")]);
        let response = with_state(
            "flask_caching.CachedResponse",
            vec![
                field("headers", with_state("werkzeug.datastructures.Headers", vec![field("_list", list)])),
                field("_status", Value::Str("201 CREATED".into())),
                field(
                    "response",
                    Value::List(vec![Value::Bytes(b"Hel".to_vec()), Value::Bytes(b"lo".to_vec())]),
                ),
                field("timeout", Value::Int(10.into())),
            ],
        );
        let response = Response::from_value(&response).unwrap();
        assert_eq!(response.to_bytes(), b"201 CREATED\nX-A: 1\nX-A: 2\n\nHello");
        assert_eq!(response.timeout.as_deref(), Some("10"));
    }

    #[test]
    fn other_objects_are_no_responses() {
        assert_eq!(Response::from_value(&Value::None), None);
        assert_eq!(Response::from_value(&with_state("werkzeug.exceptions.NotFound", vec![])), None);
    }
}
