//! What a user types of Python: nothing panics, and a `repr` reads back as the value that it shows.
#![no_main]

use cachier::flask::Facts;
use cachier::flask::memo;
use cachier::flask::memo::Call;
use cachier::flask::memo::MemoOptions;
use cachier::python::PythonVersion;
use cachier::python::Signature;
use cachier::python::Value;
use cachier::python::literal;
use cachier::python::repr;
use cachier::python::source;
use libfuzzer_sys::fuzz_target;

const PYTHONS: [&str; 5] = ["2.7", "3.6", "3.8", "3.11", "3.13"];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(python) = PYTHONS[usize::from(*choice) % PYTHONS.len()].parse() else { return };
    literal(text, python);
    call(text, python);
    let (name, module) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(function) = source::function(module, name, python) {
        assert!(source::normalised(module).contains(&function), "{function}");
    }
});

/// A literal, its `repr`, and what that reads as.
fn literal(text: &str, python: PythonVersion) {
    let Ok(value) = literal::parse(text, python) else { return };
    let shown = repr(&value, python);
    // `inf`, `nan` and parts of complex numbers that are zeros with a sign are no literals.
    if ["inf", "nan", "j"].iter().any(|name| shown.contains(name)) {
        return;
    }
    match literal::parse(&shown, python) {
        Ok(again) => assert_eq!(repr(&again, python), shown, "{text}"),
        Err(error) => panic!("{text} is shown as {shown}: {error}"),
    }
}

/// A signature before a call of it, with a line end between.
fn call(text: &str, python: PythonVersion) {
    let (signature, arguments) = text.split_once('\n').unwrap_or((text, text));
    let signature = Signature::parse(signature, python).ok();
    let Ok((positional, keywords)) = literal::parse_arguments(arguments, python) else { return };
    let call = Call {
        function: "m.f".to_owned(),
        signature,
        instance: keywords.iter().find_map(|(_, value)| match value {
            Value::Str(text) => text.as_str().map(str::to_owned),
            _ => None,
        }),
        positional,
        keywords,
    };
    let facts = Facts { python, ..Facts::default() };
    if let Ok(keys) = memo::value_keys(&facts, &call, &MemoOptions::default()) {
        assert!(!keys.is_empty());
        assert!(keys.iter().all(|key| key.hash.len() == memo::call::HASH_LENGTH));
    }
}
