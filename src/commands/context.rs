//! What every command is given: the settings, the output, and the servers once it asks for them.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::failure::Failure;
use crate::output::Output;
use crate::pool::Login;
use crate::pool::Pool;
use crate::routing::Credentials;
use crate::routing::Router;
use crate::routing::servers::ServerList;
use crate::settings::Environment;
use crate::settings::Flags;
use crate::settings::Settings;
use crate::settings::explain;

/// What every command is given.
pub struct Context {
    /// Every effective setting.
    pub settings: Settings,
    /// Where words go.
    pub output: Output,
    /// The flags as typed, for the commands that look at settings themselves.
    pub flags: Flags,
    /// The environment, for the commands that look at settings themselves.
    pub environment: Environment,
    cluster: Option<Arc<Cluster>>,
}

/// The servers and the way keys find them.
pub struct Cluster {
    /// The servers.
    pub pool: Pool,
    /// The way keys find them.
    pub router: Router,
}

impl Cluster {
    /// The servers and the router of settings, and what is odd about them; nothing is contacted yet.
    ///
    /// # Errors
    /// Settings that are not understood or do not go together.
    pub fn of(settings: &Settings) -> Result<(Self, Vec<String>), Failure> {
        let options = settings.pool_options()?;
        let list = settings.server_list()?.for_routing(&settings.routing()?);
        let (router, notes) = router(settings, &list, options.login.as_ref())?;
        let endpoints = list.servers.into_iter().map(|server| server.endpoint).collect();
        Ok((Self { pool: Pool::new(endpoints, options), router }, notes))
    }
}

/// The way keys find their servers, with nobody to talk to.
pub struct Route {
    /// The way.
    pub router: Router,
    /// The servers' names.
    pub names: Vec<String>,
}

impl Context {
    /// A context over resolved settings; nothing is contacted yet.
    #[must_use]
    pub fn new(settings: Settings, output: Output, flags: Flags, environment: Environment) -> Self {
        Self { settings, output, flags, environment, cluster: None }
    }

    /// Goes on with other settings; connections are not kept.
    pub fn change_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.cluster = None;
    }

    /// Does something with other flags, and with other settings if they are given; what was before is there again afterwards, with
    /// its connections.
    pub fn with<T>(
        &mut self,
        flags: Flags,
        settings: Option<Settings>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let flags = std::mem::replace(&mut self.flags, flags);
        let before =
            settings.map(|settings| (std::mem::replace(&mut self.settings, settings), self.cluster.take()));
        let result = work(self);
        self.flags = flags;
        if let Some((settings, cluster)) = before {
            self.settings = settings;
            self.cluster = cluster;
        }
        result
    }

    /// The servers and the router, made when first asked for.
    ///
    /// # Errors
    /// Settings that are not understood or do not go together.
    pub fn cluster(&mut self) -> Result<Arc<Cluster>, Failure> {
        if let Some(cluster) = &self.cluster {
            return Ok(Arc::clone(cluster));
        }
        let (cluster, notes) = Cluster::of(&self.settings)?;
        self.tell(&notes);
        self.output.detail(&explain::sentence(&self.settings));
        let cluster = Arc::new(cluster);
        self.cluster = Some(Arc::clone(&cluster));
        Ok(cluster)
    }

    /// The router alone, for commands that contact nobody.
    ///
    /// # Errors
    /// Settings that are not understood.
    pub fn route(&mut self) -> Result<Route, Failure> {
        let routing = self.settings.routing()?;
        let list = self.settings.server_list()?.for_routing(&routing);
        // The one client whose ring knows the password.
        let login = match routing.client() {
            "bmemcached-distributed" => self.settings.login()?,
            _ => None,
        };
        let (router, notes) = router(&self.settings, &list, login.as_ref())?;
        self.tell(&notes);
        let names = list.servers.into_iter().map(|server| server.endpoint.to_string()).collect();
        Ok(Route { router, names })
    }

    fn tell(&mut self, notes: &[String]) {
        for note in notes {
            self.output.note(note);
        }
    }

    /// What is to be said when a command has ended.
    pub fn closing_notes(&mut self) {
        let Some(cluster) = &self.cluster else { return };
        let without = cluster.pool.take_without_login();
        if !without.is_empty() {
            let have = if without.len() == 1 { "has" } else { "have" };
            self.output.note(&format!(
                "{} {have} no authentication (SASL unknown there): used without the credentials",
                without.join(", ")
            ));
        }
    }
}

/// Makes the router; with what is odd about the servers.
fn router(
    settings: &Settings,
    list: &ServerList,
    login: Option<&Login>,
) -> Result<(Router, Vec<String>), Failure> {
    let credentials = login.map(|login| Credentials { username: &login.username, password: &login.password });
    let router = Router::new(&settings.routing()?, &list.servers, credentials)?;
    let notes = list.notes.iter().cloned().chain(router.notes()).collect();
    Ok((router, notes))
}

/// The time since the UNIX epoch.
#[must_use]
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
