//! The integration tests: one binary, one file a command, all through `harness`.
#![expect(clippy::disallowed_methods, reason = "tests open sockets and read the environment of the test run")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod harness;
mod harness_answers;
mod layers;
mod python_printable;
