//! Real memcached servers of every kind, on free loopback ports, gone with their value.

use std::fs;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::PATIENCE;
use super::cachier::Cachier;
use super::material::{self, PASSWORD, USERNAME, launcher, scratch};
use super::wait_for;
use super::wire::{Stored, Wire};

/// What a server demands of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text authentication file (`-Y`); text protocol only.
    AuthFile,
    /// TLS with a client certificate.
    MutualTls,
    Plain,
    /// SASL PLAIN; binary protocol only.
    Sasl,
    SaslTls,
    Tls,
    /// A UNIX socket instead of TCP.
    Unix,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::AuthFile, Self::MutualTls, Self::Plain, Self::Sasl, Self::SaslTls, Self::Tls, Self::Unix];

    pub(crate) fn is_sasl(self) -> bool {
        matches!(self, Self::Sasl | Self::SaslTls)
    }

    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::MutualTls | Self::SaslTls | Self::Tls)
    }

    /// Whether clients have to give user name and password.
    pub(crate) fn is_protected(self) -> bool {
        self.is_sasl() || self == Self::AuthFile
    }
}

/// One running memcached.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    address: Address,
    child: Child,
    _directory: TempDir,
}

enum Address {
    Port(u16),
    Socket(PathBuf),
}

impl Server {
    /// Starts a server.
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// Starts a server with more arguments for memcached, such as `-I` or `-X`.
    pub(crate) fn start_with(kind: Kind, arguments: &[&str]) -> Self {
        if arguments.is_empty() && is_embedded(kind) {
            return Self::embedded(kind);
        }
        let launcher = launcher();
        let directory = scratch();
        launcher.give(directory.path());
        let socket = directory.path().join("socket");
        let port_file = directory.path().join("port");
        let log = directory.path().join("log");
        let mut command = Command::new(launcher.before[0]);
        command.args(&launcher.before[1..]).arg("memcached").args(&launcher.after);
        command.args(["-m", "64", "-t", "2", "-U", "0"]);
        if kind == Kind::Unix {
            command.arg("-s").arg(&socket).args(["-a", "0777"]);
        } else {
            // The kernel picks the port, so that nobody can take it between the choice and the bind.
            command.args(["-l", "127.0.0.1", "-p", "-1"]).env("MEMCACHED_PORT_FILENAME", &port_file);
        }
        if kind.is_sasl() {
            command.arg("-S").env("SASL_CONF_PATH", material::sasl());
        }
        if kind == Kind::AuthFile {
            command.arg("-Y").arg(material::auth_file());
        }
        if kind.is_tls() {
            command.args(["-Z", "-o", &tls_options(kind)]);
        }
        let output = fs::File::create(&log).unwrap();
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut child = spawn(command);
        let address = wait_for("memcached to listen", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("memcached ({kind:?}) ended with {status}: {}", fs::read_to_string(&log).unwrap());
            }
            if kind == Kind::Unix {
                return UnixStream::connect(&socket).is_ok().then(|| Address::Socket(socket.clone()));
            }
            let port = fs::read_to_string(&port_file).ok()?;
            Some(Address::Port(port.trim().strip_prefix("TCP INET: ")?.parse().ok()?))
        });
        Self { kind, address, child, _directory: directory }
    }

    /// Starts the embedded server of the program in place of memcached.
    pub(crate) fn embedded(kind: Kind) -> Self {
        let directory = scratch();
        let socket = directory.path().join("socket");
        let log = directory.path().join("log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_cachier"), "dev"]);
        if kind == Kind::Unix {
            command.arg("--listen").arg(&socket);
        }
        if kind.is_protected() {
            command.args(["--username", USERNAME]).env("CACHIER_PASSWORD", PASSWORD);
        }
        if kind == Kind::AuthFile {
            command.args(["--auth", "text"]);
        }
        let output = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut child = spawn(command);
        let address = wait_for("the embedded server to listen", || {
            let text = fs::read_to_string(&log).unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the embedded server ({kind:?}) ended with {status}: {text}");
            }
            let list = text.lines().find_map(|line| line.strip_prefix("export MEMCACHIER_SERVERS="))?;
            let port = list.strip_prefix("127.0.0.1:").map(|port| Address::Port(port.parse().unwrap()));
            Some(port.unwrap_or_else(|| Address::Socket(socket.clone())))
        });
        Self { kind, address, child, _directory: directory }
    }

    /// Starts a server of each kind.
    pub(crate) fn of_each_kind() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::start)
    }

    /// Returns the address as a user writes it: `127.0.0.1:PORT` or a path.
    pub(crate) fn address(&self) -> String {
        match &self.address {
            Address::Port(port) => format!("127.0.0.1:{port}"),
            Address::Socket(path) => path.to_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Opens a connection that is ready for commands: TLS and authentication are done.
    pub(crate) fn connect(&self) -> Wire {
        match &self.address {
            Address::Port(port) => Wire::tcp(self.kind, TcpStream::connect(("127.0.0.1", *port)).unwrap()),
            Address::Socket(path) => Wire::unix(UnixStream::connect(path).unwrap()),
        }
    }

    /// Opens a bare connection to the port of a server.
    pub(crate) fn stream(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes on a connection of their own and returns all the server answers to them.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        self.connect().raw(bytes)
    }

    /// Returns what the server has under a key, as stored.
    pub(crate) fn stored(&self, key: impl AsRef<[u8]>) -> Option<Stored> {
        self.connect().stored(key.as_ref())
    }

    /// Stores bytes under a key, without expiry.
    pub(crate) fn store(&self, key: impl AsRef<[u8]>, flags: u32, value: impl AsRef<[u8]>) {
        self.connect().store(key.as_ref(), flags, value.as_ref());
    }

    /// Returns one of the general statistics.
    pub(crate) fn stat(&self, name: &str) -> String {
        self.connect().stat(name)
    }

    /// Stops the server in its tracks: connections are accepted by the kernel and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.pid());
        wait_for("memcached to stop", || {
            let text = fs::read_to_string(&stat).unwrap();
            text.rsplit_once(')').unwrap().1.starts_with(" T").then_some(())
        });
    }

    /// Lets a frozen server go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the server: from here on its port refuses connections.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Returns a run of the program with this server in its environment.
    pub(crate) fn cachier<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(&self, arguments: I) -> Cachier {
        Cachier::new(arguments).envs(environment(self.kind, self.address()))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that a test has killed is gone already, and then both calls fail harmlessly.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether this run of the tests is about the embedded server, and it has such a kind.
fn is_embedded(kind: Kind) -> bool {
    let asked = std::env::var_os("CACHIER_TEST_SERVER").is_some_and(|value| value == "embedded");
    asked && matches!(kind, Kind::AuthFile | Kind::Plain | Kind::Sasl | Kind::Unix)
}

/// Several servers of one kind, in the order of the configuration.
pub(crate) struct Pool {
    servers: Vec<Server>,
}

impl Pool {
    pub(crate) fn start(kind: Kind, count: usize) -> Self {
        Self { servers: (0..count).map(|_| Server::start(kind)).collect() }
    }

    pub(crate) fn plain(count: usize) -> Self {
        Self::start(Kind::Plain, count)
    }

    pub(crate) fn sasl(count: usize) -> Self {
        Self::start(Kind::Sasl, count)
    }

    pub(crate) fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    pub(crate) fn server_mut(&mut self, index: usize) -> &mut Server {
        &mut self.servers[index]
    }

    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Returns the server list as the application's configuration has it.
    pub(crate) fn list(&self) -> String {
        self.servers.iter().map(Server::address).collect::<Vec<_>>().join(",")
    }

    /// Returns the environment of an application that uses the pool.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        environment(self.servers[0].kind, self.list())
    }

    /// Returns a run of the program with the pool in its environment.
    pub(crate) fn cachier<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(&self, arguments: I) -> Cachier {
        Cachier::new(arguments).envs(self.env())
    }

    /// Returns the indices of the servers that have a key.
    pub(crate) fn holders(&self, key: impl AsRef<[u8]>) -> Vec<usize> {
        let key = key.as_ref();
        (0..self.servers.len()).filter(|&index| self.servers[index].stored(key).is_some()).collect()
    }
}

/// `MEMCACHIER_*` as the add-on sets them, and what that convention cannot say as `CACHIER_*`.
fn environment(kind: Kind, servers: String) -> Vec<(String, String)> {
    let mut pairs = vec![("MEMCACHIER_SERVERS".to_owned(), servers)];
    let mut add = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
    if kind.is_protected() {
        add("MEMCACHIER_USERNAME", USERNAME);
        add("MEMCACHIER_PASSWORD", PASSWORD);
    }
    if kind == Kind::AuthFile {
        add("CACHIER_AUTH", "text");
    }
    if kind.is_tls() {
        add("CACHIER_TLS", "1");
        add("CACHIER_TLS_CA", material::tls().ca.to_str().unwrap());
    }
    if kind == Kind::MutualTls {
        add("CACHIER_TLS_CERT", material::tls().client.to_str().unwrap());
        add("CACHIER_TLS_KEY", material::tls().client_key.to_str().unwrap());
    }
    pairs
}

fn tls_options(kind: Kind) -> String {
    let files = material::tls();
    let (chain, key, ca) = (files.server.display(), files.server_key.display(), files.ca.display());
    let verify =
        if kind == Kind::MutualTls { format!(",ssl_verify_mode=2,ssl_ca_cert={ca}") } else { String::new() };
    format!("ssl_chain_cert={chain},ssl_key={key}{verify}")
}

/// Starts a process from a thread that lives as long as the test process.
///
/// `setpriv --pdeathsig` speaks of the *thread* that forked (prctl(2)); tests have threads of their own, which end.
fn spawn(command: Command) -> Child {
    static SPAWNER: OnceLock<Sender<(Command, Sender<Child>)>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<(Command, Sender<Child>)>();
        std::thread::spawn(move || {
            for (mut command, answer) in receiver {
                answer.send(command.spawn().expect("setpriv should run")).ok();
            }
        });
        sender
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).unwrap();
    child.recv().unwrap()
}
