//! Saved items on their way from a reader to the servers where they belong, and what is told of it.

use std::io::BufRead;
use std::time::Instant;

use super::Mode;
use super::report;
use super::report::Course;
use super::target;
use crate::archive::Reader;
use crate::archive::Saved;
use crate::commands::context;
use crate::commands::context::Cluster;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::output::progress::Progress;

/// How saved items are stored.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// The command, as its JSON schema names it.
    pub command: &'static str,
    /// Whether what is there stays.
    pub mode: Mode,
    /// Whether nothing is stored.
    pub dry_run: bool,
}

/// What came out of the reader.
#[derive(Default)]
struct Read {
    items: u64,
    expired: u64,
    /// Of the items that are not expired, how many go to each server.
    shares: Vec<u64>,
    failure: Option<Failure>,
}

impl Delivery {
    /// Stores what the reader has, but for what has expired, and prints what became of it; `adjust` sees each item that is stored.
    pub fn run(
        self,
        context: &mut Context,
        format: Format,
        cluster: &Cluster,
        reader: Reader<Box<dyn BufRead>>,
        adjust: &mut dyn FnMut(&mut Saved<'_>),
    ) -> Exit {
        let progress = context.output.progress("storing", None);
        let interrupt = Interrupt::listen();
        let began = Instant::now();
        let (read, stored, refused) = if self.dry_run {
            let read = each(reader, cluster, &interrupt, &progress, &mut |_| ());
            (read, Vec::new(), target::Refused::default())
        } else {
            target::store(cluster, self.mode.store(), |lanes| {
                let mut lanes = lanes();
                let read = each(reader, cluster, &interrupt, &progress, &mut |saved| {
                    let mut saved = *saved;
                    adjust(&mut saved);
                    lanes.push(&saved);
                });
                lanes.finish();
                read
            })
        };
        drop(progress);
        if self.dry_run {
            for (index, share) in read.shares.iter().enumerate() {
                context.output.note(&format!("{share} items would go to {}", cluster.pool.name(index)));
            }
        }
        let course = Course {
            command: self.command,
            dry_run: self.dry_run,
            items: read.items,
            expired: read.expired,
            interrupted: interrupt.is_wanted(),
            seconds: began.elapsed().as_secs_f64(),
        };
        let failures = read.failure.into_iter().collect();
        report::conclude(context, format, cluster, course, (stored, refused), failures)
    }
}

/// Hands over what has not expired, up to the end, an interrupt, or a record that is none.
fn each(
    mut reader: Reader<Box<dyn BufRead>>,
    cluster: &Cluster,
    interrupt: &Interrupt,
    progress: &Progress,
    take: &mut dyn FnMut(&Saved<'_>),
) -> Read {
    let mut read = Read { shares: vec![0; cluster.pool.endpoints().len()], ..Read::default() };
    let now = context::now().as_secs();
    while !interrupt.is_wanted() {
        let saved = match reader.next_record() {
            Ok(Some(saved)) => saved,
            Ok(None) => break,
            Err(error) => {
                read.failure = Some(
                    Failure::usage(error.to_string())
                        .hint("cachier dump and memcached-tool dump write what restore reads"),
                );
                break;
            }
        };
        read.items += 1;
        if saved.has_expired(now) {
            read.expired += 1;
            continue;
        }
        for server in cluster.router.writers(saved.key).iter() {
            if let Some(share) = read.shares.get_mut(server) {
                *share += 1;
            }
        }
        take(&saved);
        if read.items.is_multiple_of(1000) {
            progress.add(1000);
        }
    }
    read
}
