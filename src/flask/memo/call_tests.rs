//! Tables of calls and the texts that are hashed for them.

use super::*;
use crate::python::literal::parse_arguments;

/// A call of `app.f` with a signature and arguments as they are typed.
fn call(signature: &str, arguments: &str, python: &str) -> Call {
    let python = python.parse().unwrap();
    let (positional, keywords) = parse_arguments(arguments, python).unwrap();
    let signature = (!signature.is_empty()).then(|| Signature::parse(signature, python).unwrap());
    Call { function: "app.f".to_owned(), signature, positional, keywords, ..Call::default() }
}

/// The hashed text of a call without the name, or the error.
fn hashed(version: &str, python: &str, call: &Call, ignore: &[&str]) -> String {
    let facts = Facts {
        flask_caching: Some(version.parse().unwrap()),
        python: python.parse().unwrap(),
        ..Facts::default()
    };
    let ignore = ignore.iter().map(|name| (*name).to_owned()).collect();
    match value_keys(&facts, call, &MemoOptions { ignore, ..MemoOptions::default() }) {
        Ok(keys) => {
            let text = &keys[0].hashed_text;
            let text = text.strip_prefix("app.f").unwrap_or(text);
            text.strip_suffix("OrderedDict()").unwrap_or(text).to_owned()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn arguments_are_normalised_as_each_generation_does() {
    for (signature, arguments, old, new) in [
        ("(a, b=2)", "1", "(1, 2)", "(1, 2)"),
        ("(a, b=2)", "1, 2", "(1, 2)", "(1, 2)"),
        ("(a, b=2)", "b=2, a=1", "(1, 2)", "(1, 2)"),
        ("(a, b=0, c='')", "1", "(1, None, None)", "(1, 0, '')"),
        ("(a, b=0.0, c=[], d=())", "1", "(1, None, None, None)", "(1, 0.0, [], ())"),
        ("(a, b=None)", "1", "(1, None)", "(1, None)"),
        ("(a, *rest)", "1, 2, 3", "(1, 2, 3)", "(1, 2, 3)"),
        ("(a, *, flag=True)", "1", "(1,)", "(1,)"),
        (
            "(a, *, flag=True)",
            "1, flag=True",
            "(1,)OrderedDict([('flag', True)])",
            "(1,)OrderedDict([('flag', True)])",
        ),
        ("(a, /, b=2)", "1", "(1,)", "(1,)"),
        ("(a, /, b=2)", "1, 5", "(1, 5)", "(1, 5)"),
        ("(a, /, b=2)", "1, b=5", "(5,)", "(5,)"),
        ("(a=7, /, b=2)", "", "(7,)", "(7,)"),
        ("(a, b, c=3)", "1, c=9, b=2", "(1, 2, 9)", "(1, 2, 9)"),
        ("(a, b=1, c=2)", "c=3, a=0", "(0, 1, 3)", "(0, 1, 3)"),
        (
            "(a, **kw)",
            "1, z=26, y='w'",
            "(1,)OrderedDict([('y', 'w'), ('z', 26)])",
            "(1,)OrderedDict([('y', 'w'), ('z', 26)])",
        ),
        ("()", "", "()", "()"),
        ("", "1, 2", "(1, 2)", "(1, 2)"),
    ] {
        let call = call(signature, arguments, "3.11");
        assert_eq!(hashed("2.4.1", "3.11", &call, &[]), old, "{signature} {arguments}");
        assert_eq!(hashed("2.5.0", "3.11", &call, &[]), new, "{signature} {arguments}");
    }
}

#[test]
fn an_ordered_dict_is_written_by_its_python() {
    let entries = call("(**kw)", "b=1, a='é'", "3.12");
    assert_eq!(hashed("2.3.1", "3.12", &entries, &[]), "()OrderedDict({'a': 'é', 'b': 1})");
    let entries = call("(**kw)", "b=1, a='x', c=u'x'", "2.7");
    assert_eq!(hashed("1.7.2", "2.7", &entries, &[]), "()OrderedDict([('a', 'x'), ('b', 1), ('c', u'x')])");
}

#[test]
fn ignored_arguments_leak_up_to_2_1_when_passed_by_keyword() {
    for (arguments, old, new) in
        [("1, 2", "(1, None)", "(1, None)"), ("1, b=2", "(1, None)OrderedDict([('b', 2)])", "(1, None)")]
    {
        let call = call("(a, b)", arguments, "3.11");
        assert_eq!(hashed("2.1.0", "3.11", &call, &["b"]), old);
        assert_eq!(hashed("2.2.0", "3.11", &call, &["b"]), new);
    }
    let old = hashed("1.9.0", "3.11", &call("(a)", "1", "3.11"), &["a"]);
    assert_eq!(old, "Flask-Caching 1.9.0 has no args_to_ignore, which came with 1.10.0");
}

#[test]
fn instances_and_classes_stand_for_themselves_as_text() {
    let facts = Facts { flask_caching: Some("2.3.1".parse().unwrap()), ..Facts::default() };
    let mut call = call("(self, a)", "10", "3.11");
    call.instance = Some("it's Cart".to_owned());
    let key = &value_keys(&facts, &call, &MemoOptions::default()).unwrap()[0];
    assert_eq!(key.hashed_text, "app.f(\"it's Cart\", 10)OrderedDict()");
    assert_eq!(key.version_keys.len(), 2);
    let options = MemoOptions { ignore: vec!["self".to_owned()], ..MemoOptions::default() };
    let key = &value_keys(&facts, &call, &options).unwrap()[0];
    assert_eq!((key.hashed_text.as_str(), key.version_keys.len()), ("app.f(None, 10)OrderedDict()", 1));
    call.signature = Some(Signature::parse("(cls, a)", facts.python).unwrap());
    call.instance = None;
    call.function = "shop.models.Shop.f".to_owned();
    let key = &value_keys(&facts, &call, &MemoOptions::default()).unwrap()[0];
    assert_eq!(key.hashed_text, "shop.models.Shop.f(\"<class 'shop.models.Shop'>\", 10)OrderedDict()");
    assert_eq!(key.version_keys.len(), 1);
}

#[test]
fn only_an_ordinary_self_that_is_not_ignored_has_a_version_of_its_own() {
    for (signature, ignore, expected) in [
        ("", None, true),
        ("(self, a)", None, true),
        ("(self, a)", Some("self"), false),
        ("(cls, a)", None, false),
        ("(self, /, a)", None, false),
        ("()", None, false),
    ] {
        let call = Call { instance: Some("Cart:7".to_owned()), ..call(signature, "", "3.11") };
        let options =
            MemoOptions { ignore: ignore.map(str::to_owned).into_iter().collect(), ..MemoOptions::default() };
        let keys = version_keys_of_call(&Facts::default(), &call, &options);
        assert_eq!(!keys.instance.is_empty(), expected, "{signature} {ignore:?}");
    }
}

#[test]
fn a_positional_only_self_is_no_instance_but_an_argument() {
    let facts = Facts { flask_caching: Some("2.3.1".parse().unwrap()), ..Facts::default() };
    let mut call = call("(self, /, a)", "10", "3.11");
    call.instance = Some("<Cart>".to_owned());
    let key = &value_keys(&facts, &call, &MemoOptions::default()).unwrap()[0];
    assert_eq!((key.hashed_text.as_str(), key.version_keys.len()), ("app.f(<Cart>, 10)OrderedDict()", 1));
}

#[test]
fn calls_that_python_refuses_have_no_key() {
    for (signature, arguments, expected) in [
        ("(a)", "1, 2", "2 arguments are given, the signature takes 1"),
        ("(a)", "b=1", "the signature has no argument b"),
        ("(a, b)", "1, a=2", "argument a is given twice"),
        ("(a, *, b)", "1", "argument b is missing"),
        ("(a, /)", "a=1", "the signature has no argument a"),
        ("(self)", "", "what stands for self is missing"),
        ("(a, b=NOW)", "1", "the default NOW of argument b is no literal"),
        ("(a)", "{1, 2}", "only the running Python knows the order of {1, 2}"),
        ("", "a=1", "without a signature arguments can neither be named nor ignored"),
    ] {
        assert_eq!(hashed("2.5.0", "3.11", &call(signature, arguments, "3.11"), &[]), expected);
    }
    let same_name = call("(a, /, **kw)", "1, a=2", "3.11");
    assert_eq!(hashed("2.5.0", "3.11", &same_name, &[]), "(1,)OrderedDict([('a', 2)])");
}

#[test]
fn the_key_is_the_hash_and_then_the_versions() {
    let facts = Facts::default();
    let mut call = call("(a, b=2)", "1", "3.11");
    call.function = "shop.catalog.price".to_owned();
    let keys = value_keys(&facts, &call, &MemoOptions::default()).unwrap();
    let shown: Vec<(String, String)> = keys
        .iter()
        .map(|key| key.key(&facts, &["vDiHV4"]).unwrap())
        .map(|key| (key.generation_labels().join(" "), key.key))
        .collect();
    let expected = [
        ("2.5.0+", "flask_cache_Dd/7WQ1+IzIzTUHnvDiHV4"),
        ("1.4.0-2.4.1", "flask_cache_SZ7CWdKM4GEpwXvWvDiHV4"),
    ];
    assert_eq!(shown, expected.map(|(label, key)| (label.to_owned(), key.to_owned())));
    assert_eq!(
        keys[0].key(&facts, &["a", "b"]).unwrap_err().to_string(),
        "2 version values are given, the key has 1"
    );
}
