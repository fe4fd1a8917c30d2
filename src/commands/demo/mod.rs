//! `demo`: the guided tour, on an embedded pool with real bytes.

pub mod seed;

use std::process::Command;
use std::process::Stdio;

use clap::Args;

use super::context::Context;
use super::embedded::Embedded;
use super::embedded::Shape;
use super::embedded::random_credentials;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::settings;

/// Show every main command on a pool of embedded servers, in a few seconds
///
/// Starts three servers with SASL, stores what a Flask application leaves behind, and runs one command after the other as
/// it would be typed. Nothing is left behind.
#[derive(Args, Debug)]
pub struct DemoArgs {}

/// What is shown, and why.
const STEPS: &[(&str, &[&str])] = &[
    ("Three servers that want SASL, as MemCachier's do; the variables name them.", &["servers"]),
    ("A rendered view, as the application stored it.", &["get", "-F", "view//products/42"]),
    ("A pickled Response, shown and never executed.", &["get", "-F", "view//orders"]),
    (
        "A session, whatever serialised it.",
        &["session", "show", "LpLf6AbSbPxeJTTO5br1003ECcb9K1orFQPTko8NwX0"],
    ),
    (
        "Store a text as the application's client does.",
        &["set", "-F", "banner", "Summer sale", "--ttl", "15m"],
    ),
    ("And read it back.", &["get", "-F", "banner"]),
    ("Count.", &["incr", "flask_cache_hits"]),
    ("The key of a template fragment.", &["fragment-key", "item", "42"]),
    (
        "What is a key, and what is stored under it?",
        &["explain", "flask_cache__template_fragment_cache_item_42", "flask_cache_shop.catalog.price_memver"],
    ),
    ("Which server has a key?", &["where", "flask_cache_view//products/42", "flask_cache_view//orders"]),
    ("A view is stale: what would go?", &["invalidate-view", "/products/42", "--dry-run"]),
    (
        "One with a query, as each generation of Flask-Caching named it.",
        &["invalidate-view", "/search?q=shoes&page=2"],
    ),
    (
        "The key of one result of a memoized function.",
        &["memo-key", "shop.catalog.price", "1", "--signature", "(a, b=2)", "--flask-caching", "2.3.1"],
    ),
    ("Every result of it at once.", &["invalidate-memo", "shop.catalog.price"]),
    ("What do the servers do?", &["stats"]),
    ("How fast do they answer?", &["latency", "--duration", "1s", "--warmup", "0s", "--rate", "500"]),
];

/// Runs the command.
///
/// # Errors
/// A step that does not end as it should.
pub fn run(context: &mut Context, _args: &DemoArgs) -> Result<Exit, Failure> {
    let credentials = Some(random_credentials()?);
    let pool = Embedded::start(&Shape { nodes: 3, credentials, ..Shape::default() })?;
    seed::store(&pool.cluster()?)?;
    let program = settings::program()
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot find this program: {error}")))?;
    for (why, words) in STEPS {
        let typed: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        context.output.line(format!("# {why}").as_bytes());
        context.output.line(format!("$ cachier {}", typed.join(" ")).as_bytes());
        let done = Command::new(&program)
            .args(*words)
            .env_clear()
            .envs(pool.variables())
            .env(settings::TERMINAL_VARIABLE, "1")
            .env("CACHIER_NO_JOURNAL", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::new(Exit::Bug, format!("cannot run this program: {error}")))?;
        context.output.raw(&done.stdout);
        context.output.raw(&done.stderr);
        context.output.line(b"");
        if !done.status.success() {
            return Err(Failure::new(
                Exit::Bug,
                format!("cachier {} ended with {}", typed.join(" "), done.status),
            ));
        }
    }
    Ok(Exit::Done)
}

/// A word as it is typed into a shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.:=,+".contains(&byte);
    if word.bytes().all(plain) { word.to_owned() } else { format!("'{word}'") }
}
