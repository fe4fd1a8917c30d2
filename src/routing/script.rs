//! What an application does with its libmemcached handle, step by step (pylibmc, PHP memcached).

use super::families::illegal;
use super::hash::Hash;
use super::options::Spelling;
use super::options::Written;
use super::spec::RoutingError;

/// libmemcached's distributions; `consistent` and `consistent ketama` are the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    Ketama,
    KetamaSpy,
    Modula,
    Random,
    VirtualBucket,
    Weighted,
}

/// One call to libmemcached that can move keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `memcached_server_add` for each server.
    AddServers,
    /// `memcached_server_push` of all servers at once.
    PushServers,
    Distribution(Distribution),
    Hash(Hash),
    Ketama(bool),
    KetamaWeighted(bool),
    /// PHP's `OPT_LIBKETAMA_COMPATIBLE`, which cleans up when it is switched off.
    LibketamaCompatible(bool),
    SortHosts(bool),
}

/// The steps in order, and the settings of which only the last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) client: &'static str,
    pub(super) steps: Vec<Step>,
    /// pylibmc's `namespace`, PHP's `OPT_PREFIX_KEY`.
    pub(super) namespace: Vec<u8>,
    pub(super) hash_with_namespace: bool,
    pub(super) replicas: u32,
    /// libmemcached before 1.1, as in pylibmc's wheels.
    pub(super) before_1_1: bool,
    binary: bool,
    walk: Walk,
}

/// The behaviours of one dict, which pylibmc applies in the order of its own table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Walk {
    hash: Option<Hash>,
    ketama: Option<bool>,
    ketama_weighted: Option<bool>,
    distribution: Option<Distribution>,
    sort_hosts: Option<bool>,
}

/// pylibmc's names of hash functions; libmemcached is usually built without hsieh.
const HASHES: [(&str, Hash); 10] = [
    ("default", Hash::Default),
    ("md5", Hash::Md5),
    ("crc", Hash::Crc),
    ("fnv1_64", Hash::Fnv1_64),
    ("fnv1a_64", Hash::Fnv1a64),
    ("fnv1_32", Hash::Fnv1_32),
    ("fnv1a_32", Hash::Fnv1a32),
    ("hsieh", Hash::Hsieh),
    ("murmur", Hash::Murmur),
    ("jenkins", Hash::Jenkins),
];

const DISTRIBUTIONS: [(&str, Distribution); 7] = [
    ("modula", Distribution::Modula),
    ("consistent", Distribution::Ketama),
    ("consistent_ketama", Distribution::Ketama),
    ("consistent_ketama_spy", Distribution::KetamaSpy),
    ("consistent_weighted", Distribution::Weighted),
    ("random", Distribution::Random),
    ("virtual_bucket", Distribution::VirtualBucket),
];

/// The distributions that PHP has constants for.
const PHP_DISTRIBUTIONS: [(&str, Distribution); 3] = [
    ("modula", Distribution::Modula),
    ("consistent", Distribution::Ketama),
    ("virtual_bucket", Distribution::VirtualBucket),
];

impl Script {
    fn of(client: &'static str) -> Self {
        Self {
            client,
            steps: Vec::new(),
            namespace: Vec::new(),
            hash_with_namespace: false,
            replicas: 0,
            before_1_1: false,
            binary: true,
            walk: Walk::default(),
        }
    }

    /// A pylibmc client without behaviours.
    pub(super) fn pylibmc() -> Self {
        Self::of("pylibmc")
    }

    /// A PHP script that sets nothing.
    pub(super) fn php() -> Self {
        Self::of("php-memcached")
    }

    /// The servers come here, unless the script added them before.
    pub(super) fn servers_added(&mut self) {
        self.apply_walk();
        self.add_servers(Step::AddServers);
    }

    /// Adds the servers if they are not there yet.
    fn add_servers(&mut self, step: Step) {
        if !self.steps.iter().any(|step| matches!(step, Step::AddServers | Step::PushServers)) {
            self.steps.push(step);
        }
    }

    /// The script is complete.
    pub(super) fn finish(&mut self) {
        self.servers_added();
        if !self.binary {
            self.replicas = 0;
        }
    }

    /// Sets the behaviour `ketama`.
    pub(super) fn ketama(&mut self) {
        self.walk.ketama = Some(true);
    }

    /// Takes an option; `false` if it is none of those that have an influence.
    pub(super) fn set(
        &mut self,
        option: &Written<'_>,
        spelling: &mut Spelling,
    ) -> Result<bool, RoutingError> {
        match option.name.as_str() {
            "binary" | "binary_protocol" => self.binary = spelling.switch(option)?,
            "libmemcached" => self.before_1_1 = before_1_1(option, spelling.text(option)?)?,
            _ if self.client == "pylibmc" => return self.set_behaviour(option, spelling),
            _ => return self.set_php_option(option, spelling),
        }
        Ok(true)
    }

    fn set_behaviour(&mut self, option: &Written<'_>, spelling: &mut Spelling) -> Result<bool, RoutingError> {
        match option.name.as_str() {
            "hash" => self.walk.hash = Some(spelling.choice(option, &HASHES, "")?),
            // Stored by libmemcached and never read.
            "ketama_hash" => {
                spelling.choice(option, &HASHES, "")?;
            }
            "ketama" => self.walk.ketama = Some(spelling.switch(option)?),
            "ketama_weighted" => self.walk.ketama_weighted = Some(spelling.switch(option)?),
            "distribution" => self.walk.distribution = Some(spelling.choice(option, &DISTRIBUTIONS, "")?),
            "num_replicas" => self.replicas = spelling.number(option)?,
            "_hash_with_prefix_key" => self.hash_with_namespace = spelling.switch(option)?,
            "_sort_hosts" => self.walk.sort_hosts = Some(spelling.switch(option)?),
            "namespace" => self.namespace = namespace(option, spelling.text(option)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_php_option(
        &mut self,
        option: &Written<'_>,
        spelling: &mut Spelling,
    ) -> Result<bool, RoutingError> {
        let step = match option.name.as_str() {
            "add_servers" => {
                if spelling.switch(option)? {
                    self.add_servers(Step::PushServers);
                }
                return Ok(true);
            }
            "hash" => Step::Hash(spelling.choice(option, &HASHES, "hash_")?),
            "distribution" => {
                Step::Distribution(spelling.choice(option, &PHP_DISTRIBUTIONS, "distribution_")?)
            }
            "libketama_compatible" => Step::LibketamaCompatible(spelling.switch(option)?),
            "sort_hosts" => Step::SortHosts(spelling.switch(option)?),
            "prefix_key" => {
                self.namespace = namespace(option, spelling.text(option)?)?;
                return Ok(true);
            }
            "hash_with_prefix_key" => {
                self.hash_with_namespace = spelling.switch(option)?;
                return Ok(true);
            }
            "number_of_replicas" => {
                self.replicas = spelling.number(option)?;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.steps.push(step);
        Ok(true)
    }

    /// Appends what was collected in the order of pylibmc's table (`_pylibmcmodule.h:PylibMC_behaviors`).
    fn apply_walk(&mut self) {
        let walk = std::mem::take(&mut self.walk);
        self.steps.extend(walk.hash.map(Step::Hash));
        self.steps.extend(walk.ketama.map(Step::Ketama));
        self.steps.extend(walk.ketama_weighted.map(Step::KetamaWeighted));
        self.steps.extend(walk.distribution.map(Step::Distribution));
        self.steps.extend(walk.sort_hosts.map(Step::SortHosts));
    }
}

/// Reads a version of libmemcached.
fn before_1_1(option: &Written<'_>, text: &str) -> Result<bool, RoutingError> {
    let mut numbers = text.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return Err(illegal(option, "write a version, 1.0.16 or 1.1.4 for instance"));
    };
    Ok((major, minor) < (1, 1))
}

/// Reads a namespace; libmemcached takes 127 bytes (`MEMCACHED_PREFIX_KEY_MAX_SIZE`).
fn namespace(option: &Written<'_>, text: &str) -> Result<Vec<u8>, RoutingError> {
    if text.len() > 127 {
        return Err(illegal(option, "libmemcached takes at most 127 bytes"));
    }
    Ok(text.as_bytes().to_vec())
}
