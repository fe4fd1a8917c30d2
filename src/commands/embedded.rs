//! A pool of embedded servers on this machine, and the variables with which a program finds it.

use std::fs;
use std::io;
use std::io::Read as _;

use super::context::Cluster;
use crate::dev;
use crate::dev::Authentication;
use crate::dev::Config;
use crate::dev::Credentials;
use crate::dev::Listen;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::settings;
use crate::settings::Environment;
use crate::settings::Flags;

/// The user name of a pool with authentication.
const USERNAME: &str = "dev";

/// What a pool shall be.
#[derive(Clone, Debug)]
pub struct Shape {
    /// How many servers.
    pub nodes: u16,
    /// The address of all, without a port.
    pub host: String,
    /// The port of the first server, the others follow; 0 lets the system choose.
    pub port: u16,
    /// Whether clients must log in with SASL.
    pub sasl: bool,
    /// Memory for items of each server, in bytes.
    pub memory: u64,
}

/// A running pool; the servers stop when it is dropped.
pub struct Embedded {
    servers: Vec<dev::Server>,
    password: Option<String>,
}

impl Embedded {
    /// Starts the servers.
    ///
    /// # Errors
    /// An address that cannot be used, with exit code 2.
    pub fn start(shape: &Shape) -> Result<Self, Failure> {
        let failed = |what: &str, error: io::Error| Failure::usage(format!("cannot {what}: {error}"));
        let password = match shape.sasl {
            true => Some(random_password().map_err(|error| failed("make a password", error))?),
            false => None,
        };
        let credentials = password.as_ref().map(|password| Credentials {
            authentication: Authentication::Sasl,
            username: USERNAME.to_owned(),
            password: password.clone(),
        });
        let mut servers = Vec::new();
        for node in 0..shape.nodes {
            let port = if shape.port == 0 { 0 } else { shape.port.saturating_add(node) };
            let text = format!("{}:{port}", shape.host);
            let address =
                text.parse().map_err(|_| Failure::usage(format!("\"{text}\" is no address to listen on")))?;
            let config = Config {
                listen: Listen::Tcp(address),
                credentials: credentials.clone(),
                memory_limit: usize::try_from(shape.memory).unwrap_or(usize::MAX),
                ..Config::default()
            };
            let server = dev::Server::start(config);
            servers.push(server.map_err(|error| failed(&format!("listen on {text}"), error))?);
        }
        Ok(Self { servers, password })
    }

    /// The addresses in order, separated by commas.
    #[must_use]
    pub fn addresses(&self) -> String {
        let shown: Vec<String> = self
            .servers
            .iter()
            .map(|server| match server.address() {
                Listen::Tcp(address) => address.to_string(),
                Listen::Unix(path) => path.display().to_string(),
            })
            .collect();
        shown.join(",")
    }

    /// The variables with which applications find the pool.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for prefix in ["MEMCACHIER", "MEMCACHE"] {
            variables.push((format!("{prefix}_SERVERS"), self.addresses()));
            if let Some(password) = &self.password {
                variables.push((format!("{prefix}_USERNAME"), USERNAME.to_owned()));
                variables.push((format!("{prefix}_PASSWORD"), password.clone()));
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
        let settings = settings::resolve(&Flags::default(), &Environment::new(variables))?;
        Ok(Cluster::of(&settings)?.0)
    }
}

/// A password for this run only.
fn random_password() -> io::Result<String> {
    let mut bytes = [0; 12];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Default for Shape {
    fn default() -> Self {
        Self { nodes: 1, host: "127.0.0.1".to_owned(), port: 0, sasl: false, memory: 64 << 20 }
    }
}

/// The exit code of a program that was run.
#[must_use]
pub fn exit_of(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(1);
    Exit::Child(u8::try_from(code).unwrap_or(1))
}
