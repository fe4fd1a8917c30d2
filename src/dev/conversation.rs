//! A server without sockets, threads and clock: bytes in, bytes out, for the fuzz target.

use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;

use super::Config;
use super::connection::Connection;
use super::connection::Scratch;
use super::connection::Turn;
use super::session::Session;
use super::store::CLOCK_START;
use super::store::Peer;
use super::worker::Clock;
use super::worker::Shared;

/// A server in memory and its clients, which are numbered from 0.
pub struct Conversation {
    shared: Shared,
    scratch: Scratch,
    clients: Vec<Client>,
}

/// One client; without a connection once the server has ended it.
#[derive(Debug)]
struct Client {
    connection: Option<Connection<Pipe>>,
    answers: Vec<u8>,
}

/// What a client sent and was sent.
#[derive(Debug, Default)]
struct Pipe {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// How many bytes the client still takes.
    room: usize,
    is_over: bool,
}

impl Conversation {
    /// Starts a server with so many clients; where it listens and its threads play no part.
    ///
    /// # Errors
    /// None that a configuration could cause.
    pub fn new(config: &Config, clients: usize) -> io::Result<Self> {
        let config = Config { threads: 0, ..config.clone() };
        let (shared, _) = Shared::new(&config, &config.listen, -1, Clock::Set(0))?;
        let mut conversation = Self { shared, scratch: Scratch::new(), clients: Vec::new() };
        for client in 0..clients {
            let descriptor = i32::try_from(client).unwrap_or(i32::MAX);
            let peer = Peer {
                from: "memory".to_owned(),
                to: "memory".to_owned(),
                last_command: CLOCK_START,
                state: "conn_read",
            };
            conversation.shared.store().connections.insert(descriptor, peer);
            let session = Session::new((0, client), descriptor);
            let connection = Some(Connection::new(Pipe::default(), session));
            conversation.clients.push(Client { connection, answers: Vec::new() });
        }
        Ok(conversation)
    }

    /// Sends bytes as a client and returns everything that it is answered.
    pub fn say(&mut self, client: usize, bytes: &[u8]) -> Vec<u8> {
        self.say_and_take(client, bytes, usize::MAX)
    }

    /// Sends bytes as a client and returns what it is answered, up to `room` bytes; the rest waits until it takes more.
    pub fn say_and_take(&mut self, client: usize, bytes: &[u8], room: usize) -> Vec<u8> {
        if let Some(pipe) = self.pipe(client) {
            pipe.incoming.extend_from_slice(bytes);
            pipe.room = room;
        }
        self.serve(client);
        // What one client does may be news to the others.
        (0..self.clients.len()).filter(|&other| other != client).for_each(|other| self.serve(other));
        self.clients.get_mut(client).map_or_else(Vec::new, |client| std::mem::take(&mut client.answers))
    }

    /// Ends what a client sends; returns what it is still answered.
    pub fn hang_up(&mut self, client: usize) -> Vec<u8> {
        if let Some(pipe) = self.pipe(client) {
            pipe.is_over = true;
        }
        self.say(client, b"")
    }

    /// Whether the server has not ended the connection of a client.
    #[must_use]
    pub fn is_open(&self, client: usize) -> bool {
        self.clients.get(client).is_some_and(|client| client.connection.is_some())
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u32) {
        if let Clock::Set(now) = &mut self.shared.clock {
            *now = now.saturating_add(seconds);
        }
    }

    fn pipe(&mut self, client: usize) -> Option<&mut Pipe> {
        Some(&mut self.clients.get_mut(client)?.connection.as_mut()?.socket)
    }

    fn serve(&mut self, client: usize) {
        let Some(client) = self.clients.get_mut(client) else { return };
        let Some(connection) = client.connection.as_mut() else { return };
        let turn = loop {
            let turn = connection.serve(&self.shared, &mut self.scratch);
            if turn != Turn::Again {
                break turn;
            }
        };
        client.answers.append(&mut connection.socket.outgoing);
        if turn == Turn::End
            && let Some(connection) = client.connection.take()
        {
            self.shared.store().connections.remove(&connection.session.descriptor);
            connection.end(&self.shared);
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Conversation").field("clients", &self.clients).finish_non_exhaustive()
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() && !self.is_over {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = self.incoming.as_slice().read(buffer)?;
        self.incoming.drain(..length);
        Ok(length)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = bytes.get(..self.room).unwrap_or(bytes);
        self.outgoing.extend_from_slice(taken);
        self.room -= taken.len();
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
