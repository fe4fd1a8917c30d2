//! The key facts of `flask_keys.json`, observed on a real memcached, through the functions that compute keys.

use std::collections::BTreeSet;
use std::collections::HashMap;

use cachier::flask::Backend;
use cachier::flask::ComputedKey;
use cachier::flask::Facts;
use cachier::flask::HashMethod;
use cachier::flask::Unreadable;
use cachier::flask::explain;
use cachier::flask::fragment;
use cachier::flask::key;
use cachier::flask::memo;
use cachier::flask::session;
use cachier::flask::view;
use cachier::python::Signature;
use cachier::python::literal;
use cachier::python::source;
use serde_json::Value as Json;

/// A vector: what was done with which versions, and what was seen.
struct Vector<'a> {
    id: &'a str,
    kind: &'a str,
    version: &'a str,
    input: &'a Json,
    expect: &'a Json,
    facts: Facts,
}

impl<'a> Vector<'a> {
    fn of(json: &'a Json) -> Self {
        let input = &json["input"];
        let usual = Facts::default();
        let version = json["version"].as_str().unwrap();
        let is_caching = json["library"] == "Flask-Caching";
        let key_prefix = match input.get("key_prefix") {
            None => usual.key_prefix,
            Some(prefix) => prefix.as_str().unwrap_or_default().to_owned(),
        };
        let backend = match input["cache_type"].as_str() {
            Some("saslmemcached" | "SASLMemcachedCache") => Backend::Sasl,
            Some("spreadsaslmemcached" | "SpreadSASLMemcachedCache") => Backend::Spread,
            _ => Backend::Memcached,
        };
        let facts = Facts {
            flask_caching: is_caching.then(|| version.parse().unwrap()),
            python: json["python"].as_str().unwrap().parse().unwrap(),
            werkzeug: json["with"]["Werkzeug"].as_str().map(|text| text.parse().unwrap()),
            key_prefix,
            backend,
        };
        let text = |name: &str| json[name].as_str().unwrap();
        Self { id: text("id"), kind: text("kind"), version, input, expect: &json["expect"], facts }
    }

    /// Fails with the name of the vector.
    fn agree(&self, found: &impl std::fmt::Debug, is_right: bool) {
        assert!(is_right, "{}: {found:?} for {} instead of {}", self.id, self.input, self.expect);
    }

    /// Compares keys with `expected_keys`, or with `expected_key`.
    fn agree_on_keys(&self, found: &[String]) {
        let expected = match self.expect.get("expected_keys") {
            Some(keys) => texts(keys),
            None => self.expect["expected_key"].as_str().map(str::to_owned).into_iter().collect(),
        };
        self.agree(&found, found == expected);
    }

    /// The key of the first chunk, if the server stores it at all.
    fn stored(&self, key: &ComputedKey) -> Vec<String> {
        let is_stored = match &key.unreadable {
            None => true,
            Some(Unreadable::Forbidden { stored, .. }) => *stored,
            Some(_) => false,
        };
        Vec::from_iter(is_stored.then(|| key.first_wire_key(self.facts.backend)))
    }

    /// The hash method in a setting or a decorator's argument.
    fn hash(&self, decorator: &str) -> Option<HashMethod> {
        let argument = self.input[decorator]["hash_method"].as_str();
        let setting = self.input["config_expr"]["CACHE_HASH_METHOD"].as_str();
        argument.or(setting).map(|name| name.parse().unwrap())
    }
}

/// The texts in a JSON array.
fn texts(json: &Json) -> Vec<String> {
    json.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The vectors of some kinds; checks how many there are, so that none is lost.
fn check(kinds: &[&str], count: usize, check: impl Fn(&Vector<'_>)) {
    let golden: Json = serde_json::from_str(include_str!("../golden/flask_keys.json")).unwrap();
    let vectors: Vec<Vector<'_>> = golden["vectors"].as_array().unwrap().iter().map(Vector::of).collect();
    let chosen: Vec<&Vector<'_>> = vectors.iter().filter(|vector| kinds.contains(&vector.kind)).collect();
    assert_eq!(chosen.len(), count);
    chosen.into_iter().for_each(check);
}

#[test]
fn views_are_stored_under_the_computed_keys() {
    check(&["view"], 76, |vector| {
        let cached = &vector.input["cached"];
        let returned = ["key_prefix_returns", "make_cache_key_returns", "key_prefix"];
        let target = vector.input["request"]["target"].as_str().unwrap();
        let options = view::ViewOptions {
            query_string: if cached["query_string"] == true {
                view::QueryString::Hashed
            } else {
                view::QueryString::Ignored
            },
            key_prefix: returned.iter().find_map(|name| cached[*name].as_str()).map(str::to_owned),
            hash: vector.hash("cached"),
            source: vector.expect["function_source"].as_str().map(str::to_owned),
            ..view::ViewOptions::default()
        };
        let keys = view::keys(&vector.facts, &options, target).unwrap();
        assert_eq!(keys.len(), 1);
        vector.agree_on_keys(&vector.stored(&keys[0]));
        let is_readable = keys[0].unreadable.is_none();
        vector.agree(&keys[0], is_readable == (vector.expect["second_request"] == "hit"));
        if is_readable {
            let wire = keys[0].first_wire_key(vector.facts.backend);
            assert!(matches!(
                explain::explain(&vector.facts, session::PREFIX, &wire).shape,
                explain::Shape::View { .. } | explain::Shape::HashedView { .. } | explain::Shape::Unknown
            ));
        }
    });
}

#[test]
fn functions_under_cached_are_stored_under_their_prefix() {
    check(&["function_cached"], 1, |vector| {
        let key_prefix = vector.input["cached"]["key_prefix"].as_str().map(str::to_owned);
        let options = view::ViewOptions { key_prefix, ..view::ViewOptions::default() };
        let keys = view::keys(&vector.facts, &options, "/").unwrap();
        vector.agree_on_keys(&vector.stored(&keys[0]));
    });
}

/// The call of a `memoize` vector.
fn call(vector: &Vector<'_>) -> memo::Call {
    let python = vector.facts.python;
    let input = vector.input;
    let text = |name: &str| input[name].as_str();
    let class = text("class_name").unwrap_or("Thing");
    let name = text("name").unwrap();
    let qualified = match text("function_kind").unwrap() {
        "function" => name.to_owned(),
        "nested" => format!("make.<locals>.{name}"),
        "nested_class_method" => format!("Outer.{class}.{name}"),
        _ => format!("{class}.{name}"),
    };
    // `__caching_id__` is honoured from 1.8.0 on.
    let caching_id = text("caching_id").filter(|_| vector.version != "1.7.2" && vector.version != "1.4.0");
    let literal = |json: &Json| literal::parse(json.as_str().unwrap(), python).unwrap();
    memo::Call {
        function: format!("{}.{qualified}", text("module").unwrap()),
        signature: Some(Signature::parse(text("signature").unwrap(), python).unwrap()),
        instance: caching_id.or(text("self_repr")).map(str::to_owned),
        positional: input["args"].as_array().unwrap().iter().map(literal).collect(),
        keywords: input["kwargs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap().to_owned(), literal(&pair[1])))
            .collect(),
    }
}

#[test]
fn memoized_results_are_stored_under_the_computed_keys() {
    check(&["memoize"], 63, |vector| {
        let call = call(vector);
        let memoize = &vector.input["memoize"];
        let suffix = memoize["make_name_suffix"].as_str();
        let namespace = vector.expect["namespace"].as_str().unwrap();
        let options = memo::MemoOptions {
            make_name: memoize["make_name_returns"]
                .as_str()
                .map(str::to_owned)
                .or(suffix.map(|suffix| format!("{namespace}{suffix}"))),
            hash: vector.hash("memoize"),
            ignore: memoize.get("args_to_ignore").map(texts).unwrap_or_default(),
            source: (vector.expect["source_in_hash"] == true)
                .then(|| vector.expect["function_source"].as_str().unwrap().to_owned()),
        };
        let keys = memo::value_keys(&vector.facts, &call, &options).unwrap();
        assert_eq!(keys.len(), 1);
        vector.agree(&keys, keys[0].hashed_text == vector.expect["hashed_text"].as_str().unwrap());
        let observed = vector.expect["version_keys"].as_array().unwrap();
        let versions = |name: &str| -> Vec<&str> {
            observed.iter().map(|version| version[name].as_str().unwrap()).collect()
        };
        let computed: Vec<&str> = keys[0].version_keys.iter().map(|key| key.key.as_str()).collect();
        vector.agree(&computed, computed == versions("key"));
        let value = keys[0].key(&vector.facts, &versions("value")).unwrap();
        vector.agree_on_keys(&vector.stored(&value));
        let is_readable = keys[0].version_keys.iter().all(|key| key.unreadable.is_none());
        vector.agree(&keys, is_readable == (vector.expect["second_call"] == "hit"));
        let standing = memo::version_keys(&vector.facts, &call.function, call.instance.as_deref());
        assert!(standing.function.iter().chain(&standing.instance).map(|key| &key.key).eq(&computed));
    });
}

#[test]
fn set_stores_reads_and_deletes_under_the_computed_keys() {
    check(&["set"], 21, |vector| {
        let library_key = vector.input["key"].as_str().unwrap();
        let newest = vector.facts.generations()[0];
        let computed = ComputedKey::new(&vector.facts, library_key, key::Access::Value, newest);
        let chunks = vector.expect["expected_keys"].as_array().unwrap().len();
        let wire = computed.wire_keys(vector.facts.backend);
        let stored = if vector.stored(&computed).is_empty() { Vec::new() } else { wire[..chunks].to_vec() };
        vector.agree_on_keys(&stored);
        let is_readable = computed.unreadable.is_none();
        vector.agree(&computed, is_readable == (vector.expect["get_returns_value"] == true));
        let left = texts(&vector.expect["keys_after_delete"]);
        vector.agree(&left, if is_readable { left.is_empty() } else { left == stored });
    });
}

#[test]
fn fragments_are_stored_under_the_computed_keys() {
    check(&["fragment"], 17, |vector| {
        let (name, vary) = match vector.input["fragment_name"].as_str() {
            Some(name) => (name.to_owned(), vector.input.get("vary_on").map(texts).unwrap_or_default()),
            None => tag(vector.input),
        };
        let key = fragment::key(&vector.facts, &name, &vary);
        vector.agree_on_keys(&[key.first_wire_key(vector.facts.backend)]);
    });
}

/// Name and values of the `{% cache %}` tag in a template, for literals and names in the context.
fn tag(input: &Json) -> (String, Vec<String>) {
    let template = input["template_source"].as_str().unwrap();
    let (before, after) = template.split_once("{% cache").unwrap();
    let mut arguments = after.split_once("%}").unwrap().0.split(',').map(|text| {
        let text = text.trim().trim_end_matches("|string");
        match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(literal) => literal.to_owned(),
            None => match &input["context"][text] {
                Json::String(value) => value.clone(),
                other => other.to_string(),
            },
        }
    });
    let _timeout = arguments.next();
    let name = arguments.next().unwrap_or_else(|| {
        let file = input["template_filename"].as_str().unwrap_or("None");
        format!("{file}{}", before.matches('\n').count() + 1)
    });
    (name, arguments.collect())
}

#[test]
fn sessions_are_stored_under_the_id_in_their_cookie() {
    check(&["session"], 12, |vector| {
        let prefix = vector.input["config"]["SESSION_KEY_PREFIX"].as_str().unwrap_or(session::PREFIX);
        let cookie = vector.expect["session_cookie"].as_str().unwrap();
        vector.agree_on_keys(&[session::key(cookie, prefix).unwrap()]);
    });
}

#[test]
fn keys_of_django_are_recognised() {
    check(&["django"], 6, |vector| {
        let keys = match vector.expect.get("expected_keys") {
            Some(keys) => texts(keys),
            None => vec![vector.expect["expected_key"].as_str().unwrap().to_owned()],
        };
        for key in &keys {
            let shape = explain::explain(&vector.facts, session::PREFIX, key).shape;
            let is_right = match vector.input["op"].as_str().unwrap() {
                "make_key" => {
                    shape
                        == explain::Shape::Django {
                            prefix: vector.input["KEY_PREFIX"].as_str().unwrap_or_default().to_owned(),
                            version: vector.input["VERSION"].as_u64().unwrap_or(1).to_string(),
                            rest: "hello".to_owned(),
                        }
                }
                "fragment" => shape == explain::Shape::DjangoFragment { name: "sidebar".to_owned() },
                _ if key.contains("cache_header") => shape == explain::Shape::DjangoHeaders,
                _ => shape == explain::Shape::DjangoPage { method: "GET".to_owned() },
            };
            vector.agree(&shape, is_right);
        }
    });
}

#[test]
fn timed_stores_have_the_computed_keys() {
    check(&["timeout"], 30, |vector| {
        let stores = vector.expect["stores"].as_array().unwrap();
        let newest = vector.facts.generations()[0];
        let function = memo::version_keys(&vector.facts, "app.tools.f", None).function[0].key.clone();
        for store in stores {
            let seen = store["key"].as_str().unwrap();
            let expected = match vector.input["op"].as_str().unwrap() {
                "set" => ComputedKey::new(&vector.facts, "k", key::Access::Value, newest).key,
                "fragment" => fragment::key(&vector.facts, "k", &[""; 0]).key,
                "cached" => {
                    view::keys(&vector.facts, &view::ViewOptions::default(), "/").unwrap()[0].key.clone()
                }
                "memoize" if seen != function => timed_value(vector, seen),
                _ => function.clone(),
            };
            vector.agree(&expected, expected == seen);
        }
    });
}

/// The value key of `f(1)` or `f()`, whichever was called, with the version that was seen.
fn timed_value(vector: &Vector<'_>, seen: &str) -> String {
    let version = &seen[seen.len() - 6..];
    let call = memo::Call {
        function: "app.tools.f".to_owned(),
        signature: Some(Signature::parse("(a)", vector.facts.python).unwrap()),
        positional: vec![literal::parse("1", vector.facts.python).unwrap()],
        ..memo::Call::default()
    };
    let keys = memo::value_keys(&vector.facts, &call, &memo::MemoOptions::default()).unwrap();
    keys[0].key(&vector.facts, &[version]).unwrap().key
}

#[test]
fn deletions_hit_the_computed_keys() {
    check(&["invalidate"], 20, |vector| {
        let module = vector.input["module_source"].as_str().unwrap();
        let name = vector.input["module"].as_str().unwrap();
        let before = texts(&vector.expect["keys_before"]);
        let mut versions: HashMap<String, String> = HashMap::new();
        let warm: Vec<(String, String)> = texts(&vector.input["warm"])
            .iter()
            .map(|line| {
                let (function, arguments) = line.split_once('(').unwrap();
                let key = replayed(vector, name, module, function, arguments.trim_end_matches(')'));
                let value = before
                    .iter()
                    .find(|seen| seen.starts_with(&format!("{}{}", vector.facts.key_prefix, key.hash)))
                    .unwrap_or_else(|| panic!("{}: no item of {line} among {before:?}", vector.id));
                let mut tail = &value[vector.facts.key_prefix.len() + memo::call::HASH_LENGTH..];
                for version in &key.version_keys {
                    let (own, rest) = tail.split_at(6);
                    versions.insert(version.key.clone(), own.to_owned());
                    tail = rest;
                }
                assert!(tail.is_empty(), "{}: {value}", vector.id);
                (line.clone(), value.clone())
            })
            .collect();
        let known: BTreeSet<&String> = warm.iter().map(|(_, key)| key).chain(versions.keys()).collect();
        vector.agree(&known, known == before.iter().collect());
        let effect = effect(vector, name, module, &versions);
        for (what, keys) in ["deleted", "created", "rewritten"].into_iter().zip(&effect) {
            vector.agree(&effect, *keys == texts(&vector.expect[what]));
        }
        let untouched: Vec<&String> =
            before.iter().filter(|key| !effect.iter().flatten().any(|changed| changed == *key)).collect();
        vector.agree(&untouched, untouched == texts(&vector.expect["untouched"]).iter().collect::<Vec<_>>());
    });
}

/// The value key of a call such as `f` or `a.total` in a module.
fn replayed(
    vector: &Vector<'_>,
    module: &str,
    text: &str,
    function: &str,
    arguments: &str,
) -> memo::ValueKey {
    let (qualified, instance) = target(function);
    let python = vector.facts.python;
    let source = source::function(text, &qualified, python).unwrap();
    let definition = &source[source.find("def ").unwrap()..];
    let signature = definition.split_once(":\n").unwrap().0;
    let (positional, keywords) = literal::parse_arguments(arguments, python).unwrap();
    let call = memo::Call {
        function: format!("{module}.{qualified}"),
        signature: Some(Signature::parse(signature, python).unwrap()),
        instance,
        positional,
        keywords,
    };
    memo::value_keys(&vector.facts, &call, &memo::MemoOptions::default()).unwrap().remove(0)
}

/// The qualified name of a function, and the `repr` of the instance it is bound to: `a` is `Cart(1)`, `b` is `Cart(2)`.
fn target(function: &str) -> (String, Option<String>) {
    match function.split_once('.') {
        Some(("a", method)) => (format!("Cart.{method}"), Some("Cart:1".to_owned())),
        Some(("b", method)) => (format!("Cart.{method}"), Some("Cart:2".to_owned())),
        _ => (function.to_owned(), None),
    }
}

/// What a deletion of the library changes: keys deleted, created and rewritten.
fn effect(
    vector: &Vector<'_>,
    module: &str,
    text: &str,
    versions: &HashMap<String, String>,
) -> [Vec<String>; 3] {
    let action = vector.input["action"].as_str().unwrap();
    let (method, arguments) = action.strip_suffix(')').unwrap().split_once('(').unwrap();
    let (function, arguments) = arguments.split_once(", ").unwrap_or((arguments, ""));
    let (qualified, instance) = target(function);
    let keys = memo::version_keys(&vector.facts, &format!("{module}.{qualified}"), instance.as_deref());
    let own = keys.instance.first().or(keys.function.first()).unwrap().key.clone();
    if arguments.is_empty() {
        let keys = vec![own];
        return match method {
            "cache.delete_memoized_verhash" => [keys, Vec::new(), Vec::new()],
            _ => [Vec::new(), Vec::new(), keys],
        };
    }
    // Up to 2.4.1 a method wants its instance as the first argument, and takes whatever stands there for it.
    let (given, arguments) = match (arguments.split_once(", "), &instance) {
        (Some((_, arguments)), Some(_)) => (None, arguments),
        (None, Some(_)) if vector.version < "2.5" => (Some(arguments), ""),
        _ => (None, arguments),
    };
    if let Some(given) = given {
        let junk = memo::version_keys(&vector.facts, &format!("{module}.{qualified}"), Some(given));
        return [Vec::new(), vec![junk.instance[0].key.clone()], Vec::new()];
    }
    let key = replayed(vector, module, text, function, arguments);
    let values: Vec<&String> = key.version_keys.iter().map(|version| &versions[&version.key]).collect();
    [vec![key.key(&vector.facts, &values).unwrap().key], Vec::new(), Vec::new()]
}
