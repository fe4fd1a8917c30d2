//! `dev`: a pool for development, with nothing to install.

use std::ffi::OsString;
use std::process::Child;
use std::process::Command;
use std::thread;
use std::time::Duration;

use clap::Args;

use super::context::Context;
use super::demo::seed;
use super::embedded::Embedded;
use super::embedded::Shape;
use super::embedded::exit_of;
use super::embedded::random_credentials;
use super::interrupt::Interrupt;
use crate::dev::Authentication;
use crate::dev::Credentials;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::pool::AuthMode;
use crate::settings::units;

/// How often the end of a program and of this one are looked for.
const TICK: Duration = Duration::from_millis(10);

/// Run memcached-compatible servers on this machine for development
///
/// Prints the MEMCACHIER_ and MEMCACHE_ variables to be evaluated by a shell and runs until it is stopped; or runs a program
/// with them set, and ends with its exit code. Nothing is left behind.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier dev --sasl -- flask run\n  cachier dev --nodes 3 --seed\n  \
    cachier dev --nodes 3 --sasl -- pytest")]
pub struct DevArgs {
    /// How many servers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    nodes: u16,
    /// Demand SASL, as MemCachier does, with a user name and password of this run; --username and --password-file set others,
    /// and with --auth text they are demanded as memcached -Y does
    #[arg(long)]
    sasl: bool,
    /// Port of the first server, the others follow [default: free ones]
    #[arg(long, value_name = "P", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Address to listen on, or path of a UNIX socket; an address that others can reach needs a login
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    listen: String,
    /// Memory for the items of each server
    #[arg(long, value_name = "SIZE", value_parser = units::size, default_value = "64M")]
    memory: u64,
    /// Store a sample of what a Flask application leaves behind
    #[arg(long)]
    seed: bool,
    /// Program to run, with its arguments
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
/// An address that cannot be used, or a program that cannot be run.
pub fn run(context: &mut Context, args: &DevArgs) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen();
    let pool = Embedded::start(&Shape {
        nodes: args.nodes,
        host: args.listen.clone(),
        port: args.port,
        credentials: credentials(context, args)?,
        memory: args.memory,
    })?;
    if args.seed {
        let items = seed::store(&pool.cluster()?)?;
        context.output.detail(&format!("stored a sample of {items} items"));
    }
    match args.command.split_first() {
        Some((program, arguments)) => run_program(&pool, program, arguments, &interrupt),
        None => serve(context, &pool, &interrupt),
    }
}

/// What clients must know: what the user says, or something for this run.
fn credentials(context: &Context, args: &DevArgs) -> Result<Option<Credentials>, Failure> {
    if context.flags.username.is_none() {
        return args.sasl.then(random_credentials).transpose();
    }
    let Some(login) = context.settings.login()? else { return Ok(None) };
    let authentication = match login.mode {
        AuthMode::Sasl => Authentication::Sasl,
        AuthMode::Text => Authentication::Text,
        AuthMode::MemcachierText => {
            return Err(Failure::usage(
                "these servers know SASL and memcached's auth file, not MemCachier's text dialect",
            ));
        }
    };
    Ok(Some(Credentials { authentication, username: login.username, password: login.password.to_string() }))
}

/// Prints the variables and waits to be stopped.
fn serve(context: &mut Context, pool: &Embedded, interrupt: &Interrupt) -> Result<Exit, Failure> {
    for (name, value) in pool.variables() {
        context.output.line(format!("export {name}={value}").as_bytes());
    }
    if context.output.flush().is_err() {
        // Whoever wanted the variables is gone.
        return Ok(Exit::Done);
    }
    let watched = context.output.is_terminal().then(|| pool.cluster()).transpose()?;
    if watched.is_some() {
        context.output.note("the servers run until Ctrl-C");
    }
    let mut shown = String::new();
    let mut ticks = 0_u32;
    while !interrupt.is_wanted() {
        thread::sleep(TICK);
        ticks = ticks.wrapping_add(1);
        if let Some(cluster) = watched.as_ref().filter(|_| ticks.is_multiple_of(100)) {
            let traffic = traffic(cluster);
            if traffic != shown {
                context.output.note(&traffic);
                shown = traffic;
            }
        }
    }
    Ok(Exit::Done)
}

/// What has arrived so far, on all servers.
fn traffic(cluster: &super::context::Cluster) -> String {
    const NAMES: [&str; 4] = ["cmd_get", "get_hits", "cmd_set", "curr_items"];
    let all: Vec<usize> = (0..cluster.pool.endpoints().len()).collect();
    let mut sums = [0_u64; NAMES.len()];
    for (_, counted) in cluster.pool.each(&all, |_, server| {
        let mut counts = [0_u64; NAMES.len()];
        server.statistics("", &mut |name, value| {
            if let Some(place) = NAMES.iter().position(|known| known.as_bytes() == name) {
                counts[place] =
                    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            }
        })?;
        Ok(counts)
    }) {
        for (sum, count) in sums.iter_mut().zip(counted.unwrap_or_default()) {
            *sum += count;
        }
    }
    let [gets, hits, sets, items] = sums;
    format!("{gets} gets ({hits} hits), {sets} sets, {items} items")
}

/// Runs a program with the variables set; a signal to this program reaches that one.
fn run_program(
    pool: &Embedded,
    program: &OsString,
    arguments: &[OsString],
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let mut child = Command::new(program)
        .args(arguments)
        .envs(pool.variables())
        .spawn()
        .map_err(|error| Failure::usage(format!("cannot run {}: {error}", program.display())))?;
    let mut told = false;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(exit_of(status)),
            Ok(None) => {}
            Err(error) => return Err(Failure::usage(format!("cannot wait for the program: {error}"))),
        }
        if interrupt.is_wanted() && !told {
            told = true;
            pass_on(&child);
        }
        thread::sleep(TICK);
    }
}

/// Asks the program to end. After Ctrl-C the terminal has asked it already, and asking twice does no harm.
fn pass_on(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended meanwhile.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap_or_default();
    }
}
