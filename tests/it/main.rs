//! The integration tests: one binary, one file a command, all through `harness`.
#![expect(clippy::disallowed_methods, reason = "tests open sockets and read the environment of the test run")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod arithmetic;
mod bulk;
mod computed_keys;
mod delete;
mod demo;
mod dev;
mod exists;
mod failures;
mod flask_commands;
mod flask_keys;
mod flush;
mod get;
mod harness;
mod harness_answers;
mod help;
mod hostile;
mod keys;
mod latency;
mod layers;
mod listing;
mod live;
mod locate;
mod meta;
mod peers;
mod ping;
mod purge;
mod python_printable;
mod python_repr;
mod qa_answers;
mod qa_failures;
mod qa_interrupt;
mod qa_spread;
mod qa_time;
mod qa_usage;
mod real_pickles;
mod servers;
mod set;
mod settings;
mod shell;
mod sizes;
mod stats;
mod stored_values;
mod touch;
