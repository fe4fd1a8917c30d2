//! `dev`: a pool for development, with nothing to install.

use std::ffi::OsString;
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
use super::passed_on::PassedOn;
use super::program;
use crate::dev::Authentication;
use crate::dev::Credentials;
use crate::dev::arrivals::Arrival;
use crate::dev::arrivals::Look;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::escape::Lines;
use crate::output::escape::escape;
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
    // The signals first, so that none of them leaves a UNIX socket behind.
    match args.command.split_first() {
        Some((program, arguments)) => {
            let signals = PassedOn::listen();
            run_program(&start(context, args)?, program, arguments, &signals)
        }
        None => {
            let interrupt = Interrupt::listen();
            let pool = start(context, args)?;
            serve(context, &pool, &interrupt)
        }
    }
}

fn start(context: &mut Context, args: &DevArgs) -> Result<Embedded, Failure> {
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
    Ok(pool)
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
    // From the first look on it is kept what arrives, so before anybody is told that the servers run.
    let is_watched = context.output.is_terminal();
    let mut shown = if is_watched { show(context, pool, "") } else { String::new() };
    if is_watched {
        context.output.note("the servers run until Ctrl-C");
    }
    let mut ticks = 0_u32;
    while !interrupt.is_wanted() {
        thread::sleep(TICK);
        ticks = ticks.wrapping_add(1);
        if is_watched && ticks.is_multiple_of(100) {
            shown = show(context, pool, &shown);
        }
    }
    Ok(Exit::Done)
}

/// Shows what arrived since the last time and how much there was so far, unless that is `shown` already.
fn show(context: &mut Context, pool: &Embedded, shown: &str) -> String {
    let looks = pool.look();
    for (server, look) in &looks {
        let server = if looks.len() > 1 { format!("{server}  ") } else { String::new() };
        for Arrival { operation, key, outcome, times } in &look.arrivals {
            let times = if *times > 1 { format!("  × {times}") } else { String::new() };
            let key = escape(key, Lines::Escape);
            context.output.aside(&format!("{server}{operation:<9} {outcome:<10} {key}{times}"));
        }
        if look.others > 0 {
            context.output.aside(&format!("{server}… and {} more", look.others));
        }
    }
    let sum = |part: fn(&Look) -> u64| looks.iter().map(|(_, look)| part(look)).sum::<u64>();
    let (gets, hits) = (sum(|look| look.gets), sum(|look| look.hits));
    let (sets, items) = (sum(|look| look.sets), sum(|look| look.items));
    let totals = format!("{gets} gets ({hits} hits), {sets} sets, {items} items");
    if !shown.is_empty() && totals != shown {
        context.output.note(&totals);
    }
    totals
}

/// Runs a program with the variables set; a signal to this program reaches that one.
fn run_program(
    pool: &Embedded,
    program: &OsString,
    arguments: &[OsString],
    signals: &PassedOn,
) -> Result<Exit, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).envs(pool.variables());
    Ok(exit_of(program::run(command, signals)?))
}
