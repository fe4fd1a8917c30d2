//! Another program, run to its end.

use std::process::Command;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use super::passed_on::PassedOn;
use crate::failure::Failure;

/// How often the end of the program and signals are looked for.
const TICK: Duration = Duration::from_millis(10);

/// Runs a program to its end; the signals taken over before reach it.
///
/// # Errors
/// A program that cannot be run.
pub fn run(mut command: Command, signals: &PassedOn) -> Result<ExitStatus, Failure> {
    let name = command.get_program().to_owned();
    let mut child =
        command.spawn().map_err(|error| Failure::usage(format!("cannot run {}: {error}", name.display())))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(Failure::usage(format!("cannot wait for the program: {error}"))),
        }
        signals.pass_on(&child);
        thread::sleep(TICK);
    }
}
