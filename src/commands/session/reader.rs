//! Sessions as they are listed, read and decoded, on all servers at once and in bounded memory.

use serde_json::Value;

use super::conditions::WhichArgs;
use crate::codec;
use crate::codec::Client;
use crate::codec::DecodedValue;
use crate::codec::Format;
use crate::codec::plain;
use crate::commands::context;
use crate::commands::context::Context;
use crate::commands::interrupt::Interrupt;
use crate::commands::selection::Clock;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::pool::Pool;
use crate::pool::Server;
use crate::pool::ServerError;
use crate::pool::listing::Listing;
use crate::protocol::Key;
use crate::protocol::Reply;
use crate::protocol::Request;
use crate::protocol::Wire;

/// How many sessions of a server are read at once.
const BATCH: usize = 100;

/// How many stored bytes are read at once, but for a single larger session.
const BATCH_BYTES: u64 = 1 << 20;

/// A session that was listed and read.
pub(super) struct Session {
    pub(super) key: Key,
    /// Whether it was read since it was stored.
    pub(super) fetched: bool,
    /// With memcached's overhead, in bytes.
    pub(super) size: u64,
    /// Seconds until it expires; `None`: never.
    pub(super) ttl: Option<u64>,
    /// Seconds since its last use before this.
    pub(super) idle: u64,
    /// How it is serialised.
    pub(super) form: &'static str,
    /// What it holds, or why that cannot be read.
    pub(super) content: Result<Value, String>,
}

impl Session {
    /// The id.
    pub(super) fn id<'a>(&'a self, prefix: &str) -> &'a [u8] {
        self.key.as_bytes().strip_prefix(prefix.as_bytes()).unwrap_or(self.key.as_bytes())
    }
}

/// Takes a session; `false` if it has had enough.
pub(super) type Take<'a> = &'a mut dyn FnMut(Session) -> Result<bool, ServerError>;

/// What came of one server.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Sessions that were read.
    pub(super) read: u64,
    /// Sessions that could not be decoded, so that no condition holds.
    pub(super) unreadable: u64,
    pub(super) error: Option<ServerError>,
}

/// What the threads of all servers share.
pub(super) struct Reader<'a> {
    pub(super) pool: &'a Pool,
    pub(super) which: &'a WhichArgs,
    client: Client,
    options: codec::Options,
    clock: Clock,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
}

impl<'a> Reader<'a> {
    /// A reader for the client of the settings.
    ///
    /// # Errors
    /// Settings that are not understood.
    pub(super) fn new(
        context: &Context,
        pool: &'a Pool,
        which: &'a WhichArgs,
        interrupt: &'a Interrupt,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        let python2 = context.settings.facts()?.python.is_python_2();
        let options = codec::Options { python2, ..codec::Options::default() };
        let client = context.settings.client()?;
        Ok(Self { pool, which, client, options, clock: Clock::at(context::now()), interrupt, progress })
    }

    /// Hands over the sessions of one server that are meant, until `take` has had enough.
    pub(super) fn work(&self, server: usize, listing: &mut Listing, take: Take<'_>) -> Part {
        let mut part = Part::default();
        Part { error: self.read_all(server, listing, &mut part, take).err(), ..part }
    }

    fn read_all(
        &self,
        server: usize,
        listing: &mut Listing,
        part: &mut Part,
        take: Take<'_>,
    ) -> Result<(), ServerError> {
        let mut connection = None;
        let mut batch: Vec<Session> = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        loop {
            let entry = if self.interrupt.is_wanted() { None } else { listing.next_entry()? };
            let is_over = entry.is_none();
            if let Some(entry) = entry {
                self.progress.add(1);
                if entry.key.starts_with(self.which.prefix.as_bytes())
                    && let Ok(key) = Key::parse(entry.key, Wire::Text)
                {
                    bytes += entry.size;
                    batch.push(Session {
                        key,
                        fetched: entry.fetched,
                        size: entry.size,
                        ttl: u64::try_from(self.clock.remaining(&entry)).ok(),
                        idle: self.clock.idle(&entry),
                        form: "",
                        content: Err(String::new()),
                    });
                }
            }
            if is_over || batch.len() >= BATCH || bytes >= BATCH_BYTES {
                if !batch.is_empty() {
                    let connection = match &mut connection {
                        Some(open) => open,
                        None => connection.insert(self.pool.open(server)?.0),
                    };
                    bytes = 0;
                    if !self.read_batch(connection, &mut batch, part, take)? {
                        return Ok(());
                    }
                }
                if is_over {
                    return Ok(());
                }
            }
        }
    }

    /// Reads and decodes a batch, and hands over those that are meant; `false` when that was enough.
    fn read_batch(
        &self,
        connection: &mut Server,
        batch: &mut Vec<Session>,
        part: &mut Part,
        take: Take<'_>,
    ) -> Result<bool, ServerError> {
        let keys: Vec<Key> = batch.iter().map(|session| session.key.clone()).collect();
        let requests: Vec<Request<'_>> = keys.iter().map(|key| Request::Get { key }).collect();
        let mut found = vec![false; batch.len()];
        connection.batch(&requests, &mut |at, reply| {
            if let (Reply::Value(item), Some(session), Some(found)) =
                (reply, batch.get_mut(at), found.get_mut(at))
            {
                *found = true;
                (session.form, session.content) = self.decode(item.flags, item.value);
            }
        })?;
        for (session, found) in batch.drain(..).zip(found) {
            // What is not found has expired since it was listed.
            if !found {
                continue;
            }
            part.read += 1;
            let is_meant = match &session.content {
                Ok(content) => self.which.conditions.iter().all(|condition| condition.holds(content)),
                Err(_) => {
                    part.unreadable += 1;
                    self.which.conditions.is_empty()
                }
            };
            if is_meant && !take(session)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn decode(&self, flags: u32, value: &[u8]) -> (&'static str, Result<Value, String>) {
        let decoded = codec::decode_as(Format::Session, self.client, flags, value, &self.options);
        let content = match decoded.value {
            DecodedValue::Value(value) => Ok(plain::json(&value)),
            DecodedValue::Opaque { format, .. } => Err(format!("a {format}")),
            DecodedValue::Unreadable { error, .. } => Err(error.to_string()),
        };
        (decoded.kind, content)
    }
}
