//! The arguments of a call as Flask-Caching writes them into a key.

use crate::flask::error::FlaskError;
use crate::flask::facts::Generation;
use crate::python::Signature;
use crate::python::Value;
use crate::python::repr;
use crate::python::repr::unordered;
use crate::python::signature::Default;
use crate::python::signature::Kind;
use crate::python::signature::Parameter;
use crate::python::version::PythonVersion;

/// What a call gives to a function, `self` or `cls` included.
pub(super) struct Given<'a> {
    pub(super) signature: &'a Signature,
    pub(super) positional: &'a [Value],
    pub(super) keywords: &'a [(String, Value)],
    pub(super) ignored: &'a [String],
}

impl Given<'_> {
    /// The names that Flask-Caching goes by: of parameters that take arguments by position and by keyword.
    pub(super) fn names(&self) -> Vec<&str> {
        names(self.signature)
    }

    /// Checks that Python would make the call.
    pub(super) fn check(&self) -> Result<(), FlaskError> {
        let parameters = &self.signature.parameters;
        let has = |kind| parameters.iter().any(|parameter| parameter.kind == kind);
        let by_position = |kind| matches!(kind, Kind::Ordinary | Kind::PositionalOnly);
        let places = parameters.iter().filter(|parameter| by_position(parameter.kind)).count();
        if self.positional.len() > places && !has(Kind::VarPositional) {
            return Err(FlaskError::TooManyArguments { given: self.positional.len(), taken: places });
        }
        for (index, (name, _)) in self.keywords.iter().enumerate() {
            let parameter = parameters.iter().position(|parameter| {
                parameter.name == *name && matches!(parameter.kind, Kind::Ordinary | Kind::KeywordOnly)
            });
            let is_given_before = parameter.is_some_and(|place| {
                parameters.get(place).is_some_and(|found| found.kind == Kind::Ordinary)
                    && place < self.positional.len()
            });
            let is_repeated =
                self.keywords.get(..index).unwrap_or_default().iter().any(|(other, _)| other == name);
            if is_given_before || is_repeated {
                return Err(FlaskError::RepeatedArgument { name: name.clone() });
            }
            if parameter.is_none() && !has(Kind::VarKeyword) {
                return Err(FlaskError::UnknownArgument { name: name.clone() });
            }
        }
        for (place, parameter) in parameters.iter().enumerate() {
            let is_given = by_position(parameter.kind) && place < self.positional.len()
                || parameter.kind != Kind::PositionalOnly
                    && self.keywords.iter().any(|(name, _)| *name == parameter.name);
            let is_optional = parameter.default.is_some()
                || matches!(parameter.kind, Kind::VarKeyword | Kind::VarPositional);
            if !is_given && !is_optional {
                return Err(FlaskError::MissingArgument { name: parameter.name.clone() });
            }
        }
        Ok(())
    }

    /// The text that is hashed after the name: a tuple and an `OrderedDict`.
    ///
    /// Source: `_memoize_kwargs_to_args` in flask_caching/__init__.py.
    pub(super) fn text(&self, generation: Generation, python: PythonVersion) -> Result<String, FlaskError> {
        let is_ignored = |name: &str| self.ignored.iter().any(|ignored| ignored == name);
        let names = self.names();
        // Up to 2.1.0 an ignored argument that is passed by keyword stays among the keywords.
        let leaks = generation < Generation::V2_2;
        let mut remaining: Vec<&(String, Value)> =
            self.keywords.iter().filter(|(name, _)| leaks || !is_ignored(name)).collect();
        let mut positional = self.positional.iter();
        let mut used = 0;
        let mut args = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let keyword = self.keywords.iter().find(|(known, _)| known == name);
            if is_ignored(name) {
                args.push(Value::None);
            } else if index == 0 && matches!(*name, "self" | "cls") {
                let first = positional.clone().next();
                args.push(Value::Str(token(first, python)?.into()).native(python));
            } else if let Some((_, value)) = keyword {
                args.push(value.clone());
                remaining.retain(|(known, _)| known != name);
                continue;
            } else if let Some(value) = self.positional.get(used) {
                args.push(value.clone());
            } else {
                args.push(default(self.signature.parameters.get(index), generation)?);
            }
            used += 1;
        }
        args.extend(positional.by_ref().skip(names.len()).cloned());
        remaining.sort_by(|(one, _), (other, _)| one.cmp(other));
        let args = Value::Tuple(args);
        let unordered = unordered(&args, python)
            .or_else(|| remaining.iter().find_map(|(_, value)| unordered(value, python)));
        if let Some(value) = unordered {
            return Err(FlaskError::Unordered { text: repr(value, python) });
        }
        Ok(format!("{}{}", repr(&args, python), ordered_dict(&remaining, python)))
    }
}

/// The names of the parameters that take arguments by position and by keyword.
pub(super) fn names(signature: &Signature) -> Vec<&str> {
    let ordinary = signature.parameters.iter().filter(|parameter| parameter.kind == Kind::Ordinary);
    ordinary.map(|parameter| parameter.name.as_str()).collect()
}

/// What stands for an instance: the `repr` of the first argument.
pub(super) fn token(first: Option<&Value>, python: PythonVersion) -> Result<String, FlaskError> {
    first.map(|value| repr(value, python)).ok_or(FlaskError::MissingInstance)
}

/// The default of the parameter in one place among all, which up to 2.4.1 counts only if it is true.
fn default(parameter: Option<&Parameter>, generation: Generation) -> Result<Value, FlaskError> {
    let Some(parameter) = parameter else { return Ok(Value::None) };
    match &parameter.default {
        Some(Default::Known(value)) if generation >= Generation::V2_5 || is_true(value) => Ok(value.clone()),
        None | Some(Default::Known(_)) => Ok(Value::None),
        Some(Default::Unknown(text)) => {
            Err(FlaskError::UnknownDefault { name: parameter.name.clone(), text: text.clone() })
        }
    }
}

/// The truth of a default (`bool(value)`).
fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(bool) => *bool,
        Value::Int(int) => int.bits() > 0,
        Value::Float(float) => *float != 0.0,
        Value::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
        Value::Str(text) => !text.as_bytes().is_empty(),
        Value::Bytes(bytes) | Value::ByteArray(bytes) | Value::Py2Str(bytes) => !bytes.is_empty(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            !items.is_empty()
        }
        Value::Dict(items) => !items.is_empty(),
        Value::Range(start, stop, step) => {
            if step.sign() == num_bigint::Sign::Minus {
                stop < start
            } else {
                start < stop
            }
        }
        Value::Object(object) => match object.class.as_str() {
            "datetime.timedelta" => object.args.iter().any(is_true),
            "decimal.Decimal" => {
                !matches!(object.args.as_slice(), [Value::Str(text)] if is_zero(text.as_bytes()))
            }
            _ => true,
        },
        Value::Verbatim(text) => text != "0L",
        Value::Ellipsis | Value::Slice(_) | Value::Timestamp(_) | Value::Global(_) => true,
    }
}

/// Tells whether the text of a `Decimal` is a zero.
fn is_zero(text: &[u8]) -> bool {
    let mantissa = text.split(|byte| *byte == b'E').next().unwrap_or_default();
    mantissa.iter().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

/// The text of an `OrderedDict` with text keys, which changed with Python 3.12.
fn ordered_dict(items: &[&(String, Value)], python: PythonVersion) -> String {
    if items.is_empty() {
        return "OrderedDict()".to_owned();
    }
    let is_new = python.at_least(3, 12);
    let shown: Vec<String> = items
        .iter()
        .map(|(name, value)| {
            let name = repr(&Value::Str(name.as_str().into()).native(python), python);
            let value = repr(value, python);
            if is_new { format!("{name}: {value}") } else { format!("({name}, {value})") }
        })
        .collect();
    let shown = shown.join(", ");
    if is_new { format!("OrderedDict({{{shown}}})") } else { format!("OrderedDict([{shown}])") }
}

/// A `str` of the application's Python.
trait Native {
    /// Turns text into the bytes that `str` is in Python 2.
    fn native(self, python: PythonVersion) -> Value;
}

impl Native for Value {
    fn native(self, python: PythonVersion) -> Self {
        match self {
            Self::Str(text) if python.is_python_2() => Self::Py2Str(text.as_bytes().to_vec()),
            other => other,
        }
    }
}
