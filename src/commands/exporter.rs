//! `exporter`: the statistics of all servers for Prometheus.

use std::sync::Mutex;
use std::sync::TryLockError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use clap::Args;

use super::context::Context;
use super::interrupt::Interrupt;
use super::sampler;
use super::sampler::Sampler;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::http::Listener;
use crate::http::Request;
use crate::http::Response;

/// The type of Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The header in which Prometheus says how long it waits, in seconds.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// Serve the statistics of all servers to Prometheus
///
/// GET /metrics answers with the names of memcached_exporter and a label for the server, so that its dashboards and
/// alerts work, and with cachier_* for the rest; SASL and TLS included. A dead server is memcached_up 0, and a scrape
/// takes no longer than the scraper waits. Whoever reaches the address can read the statistics.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  cachier exporter\n  cachier -p production exporter --listen 127.0.0.1:9150\n  \
    curl -s http://127.0.0.1:9150/metrics"
)]
pub struct ExporterArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9150")]
    listen: String,
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be used, or an address that cannot be listened on.
pub fn run(context: &mut Context, args: &ExporterArgs) -> Result<Exit, Failure> {
    let sampler = Mutex::new(Sampler::new(context)?.with_probe());
    let limits = context.cluster()?.pool.options().timeouts;
    let limit = limits.connect + limits.reply;
    let failed = |error: std::io::Error| {
        let words = error.to_string().to_lowercase();
        let reason = words.split(" (os error").next().unwrap_or_default();
        Failure::usage(format!("cannot listen on {}: {reason}", args.listen))
            .hint("name a free address, as in --listen 127.0.0.1:9150")
    };
    let listener = Listener::bind(&args.listen).map_err(failed)?;
    let address = listener.address().map_err(failed)?;
    let interrupt = Interrupt::listen();
    context.output.note(&format!("serving http://{address}/metrics; Ctrl-C ends it"));
    if !address.ip().is_loopback() {
        context.output.note("other hosts can reach this address and read the statistics");
    }
    listener.serve(|| interrupt.is_wanted(), |request| answer(&sampler, limit, request));
    Ok(Exit::Done)
}

fn answer(sampler: &Mutex<Sampler>, limit: Duration, request: &Request) -> Response {
    match request.path.as_str() {
        "/metrics" => {
            scrape(sampler, Instant::now() + patience(request).map_or(limit, |wish| wish.min(limit)))
        }
        "/" => Response::text("200 OK", "cachier exporter: see /metrics\n"),
        _ => Response::text("404 Not Found", "see /metrics\n"),
    }
}

/// How long the scraper waits, less what the way back takes.
fn patience(request: &Request) -> Option<Duration> {
    let seconds: f64 = request.header(SCRAPE_TIMEOUT)?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds * 0.8).ok().filter(|patience| !patience.is_zero())
}

/// Samples all servers; scrapes wait for each other, since the connections are shared.
fn scrape(sampler: &Mutex<Sampler>, until: Instant) -> Response {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut sampler = loop {
        match sampler.try_lock() {
            Ok(sampler) => break sampler,
            Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Response::text("503 Service Unavailable", "other scrapes are under way\n");
            }
        }
    };
    let servers = sampler.take("", Some(until));
    let body = sampler::exposition(&servers, &sampler::total(&servers)).to_string();
    Response { status: "200 OK", content_type: CONTENT_TYPE, body }
}
