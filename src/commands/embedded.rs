//! A pool of embedded servers on this machine, and the variables with which a program finds it.

use std::fs;
use std::io::Read as _;

use super::context::Cluster;
use crate::dev;
use crate::dev::Authentication;
use crate::dev::Config;
use crate::dev::Credentials;
use crate::dev::Listen;
use crate::dev::arrivals::Look;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::settings;
use crate::settings::Auth;
use crate::settings::Environment;
use crate::settings::Flags;

/// The user name of a pool with authentication.
const USERNAME: &str = "dev";

/// What a pool shall be.
#[derive(Clone, Debug)]
pub struct Shape {
    /// How many servers.
    pub nodes: u16,
    /// The address of all, without a port; or the path of a UNIX socket, with `.1`, `.2`… for further servers.
    pub host: String,
    /// The port of the first server, the others follow; 0 lets the system choose.
    pub port: u16,
    /// What clients must know.
    pub credentials: Option<Credentials>,
    /// Memory for items of each server, in bytes.
    pub memory: u64,
}

/// A running pool; the servers stop when it is dropped.
pub struct Embedded {
    servers: Vec<dev::Server>,
    credentials: Option<Credentials>,
}

impl Embedded {
    /// Starts the servers.
    ///
    /// # Errors
    /// An address that cannot be used, with exit code 2.
    pub fn start(shape: &Shape) -> Result<Self, Failure> {
        let mut servers = Vec::new();
        for node in 0..shape.nodes {
            let listen = listen(shape, node)?;
            let shown = shown(&listen);
            let config = Config {
                listen,
                credentials: shape.credentials.clone(),
                memory_limit: usize::try_from(shape.memory).unwrap_or(usize::MAX),
                ..Config::default()
            };
            let server = dev::Server::start(&config);
            servers
                .push(server.map_err(|error| Failure::usage(format!("cannot listen on {shown}: {error}")))?);
        }
        Ok(Self { servers, credentials: shape.credentials.clone() })
    }

    /// The addresses in order, separated by commas.
    #[must_use]
    pub fn addresses(&self) -> String {
        let shown: Vec<String> = self.servers.iter().map(|server| shown(server.address())).collect();
        shown.join(",")
    }

    /// What arrived at each server since the last call; the first one only begins to listen.
    #[must_use]
    pub fn look(&self) -> Vec<(String, Look)> {
        self.servers.iter().map(|server| (shown(server.address()), server.look())).collect()
    }

    /// The variables with which applications find the pool.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for prefix in ["MEMCACHIER", "MEMCACHE"] {
            variables.push((format!("{prefix}_SERVERS"), self.addresses()));
            if let Some(credentials) = &self.credentials {
                variables.push((format!("{prefix}_USERNAME"), credentials.username.clone()));
                variables.push((format!("{prefix}_PASSWORD"), credentials.password.clone()));
            }
        }
        variables
    }

    /// The pool as a client of the application sees it.
    ///
    /// # Errors
    /// None that the variables of a running pool could cause.
    pub fn cluster(&self) -> Result<Cluster, Failure> {
        let variables = self.variables().into_iter().map(|(name, value)| (name, value.into()));
        let text =
            self.credentials.as_ref().is_some_and(|known| known.authentication == Authentication::Text);
        let flags = Flags { auth: text.then_some(Auth::Text), ..Flags::default() };
        let settings = settings::resolve(&flags, &Environment::new(variables))?;
        Ok(Cluster::of(&settings)?.0)
    }
}

/// Credentials for this run only, as MemCachier's: a user name and a random password, shown with SASL.
///
/// # Errors
/// A system without random numbers, with exit code 2.
pub fn random_credentials() -> Result<Credentials, Failure> {
    let mut bytes = [0; 12];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Failure::usage(format!("cannot make a password: {error}")))?;
    let password = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Credentials { authentication: Authentication::Sasl, username: USERNAME.to_owned(), password })
}

/// Where one of the servers listens.
fn listen(shape: &Shape, node: u16) -> Result<Listen, Failure> {
    if shape.host.starts_with('/') {
        let path = if node == 0 { shape.host.clone() } else { format!("{}.{node}", shape.host) };
        return Ok(Listen::Unix(path.into()));
    }
    let port = if shape.port == 0 { 0 } else { shape.port.saturating_add(node) };
    let text = format!("{}:{port}", shape.host);
    let address =
        text.parse().map_err(|_| Failure::usage(format!("\"{text}\" is no address to listen on")))?;
    Ok(Listen::Tcp(address))
}

fn shown(listen: &Listen) -> String {
    match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => path.display().to_string(),
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self { nodes: 1, host: "127.0.0.1".to_owned(), port: 0, credentials: None, memory: 64 << 20 }
    }
}

/// The exit code of a program that was run.
#[must_use]
pub fn exit_of(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(1);
    Exit::Child(u8::try_from(code).unwrap_or(1))
}
