//! Files the servers need: one temporary directory, one CA and one SASL database for each test process.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The user name of every protected server.
pub(crate) const USERNAME: &str = "alice";
/// The password of every protected server.
pub(crate) const PASSWORD: &str = "sekret-9f2c";

/// The ids of `nobody` and `nogroup` on Debian and Ubuntu, as which servers run when the tests run as root.
const NOBODY: u32 = 65534;

/// PEM files of a CA, of what it signed, and of a CA that signed nothing.
pub(crate) struct Tls {
    pub(crate) ca: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) server_key: PathBuf,
    pub(crate) client: PathBuf,
    pub(crate) client_key: PathBuf,
    pub(crate) foreign_ca: PathBuf,
}

/// The directory of this test process, removed by a watchdog when the process is gone.
fn root() -> &'static Path {
    static ROOT: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (path, _) = ROOT.get_or_init(|| {
        let path = tempfile::Builder::new().prefix("cachier-it-").tempdir().unwrap().keep();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        // Statics are never dropped: the end of this pipe, however the process ends, is the watchdog's signal.
        let watchdog = Command::new("sh")
            .args(["-c", "cat; rm -rf -- \"$1\"", "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        (path, watchdog)
    });
    path
}

/// Makes an empty directory that is gone with the returned value.
pub(crate) fn scratch() -> TempDir {
    TempDir::new_in(root()).unwrap()
}

/// How servers are started, so that none outlives the test process and none runs as root without need.
pub(super) struct Launcher {
    /// The words before `memcached`.
    pub(super) before: Vec<&'static str>,
    /// The words after it.
    pub(super) after: Vec<&'static str>,
    unprivileged: bool,
}

impl Launcher {
    /// Gives a file or directory to the user that servers run as.
    pub(super) fn give(&self, path: &Path) {
        if self.unprivileged {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
}

pub(super) fn launcher() -> &'static Launcher {
    static LAUNCHER: OnceLock<Launcher> = OnceLock::new();
    LAUNCHER.get_or_init(|| {
        let dying = ["setpriv", "--pdeathsig", "KILL"];
        if !rustix::process::geteuid().is_root() {
            return Launcher { before: dying.into(), after: vec![], unprivileged: false };
        }
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--pdeathsig", "KILL"];
        // A temporary directory below /root is closed to nobody, and some containers cannot change users.
        let able =
            Command::new(nobody[0]).args(&nobody[1..]).args(["ls", "-d"]).arg(root()).output().unwrap();
        if able.status.success() {
            Launcher { before: nobody.into(), after: vec![], unprivileged: true }
        } else {
            Launcher { before: dying.into(), after: vec!["-u", "root"], unprivileged: false }
        }
    })
}

/// The certificates, made by the first test that asks.
pub(crate) fn tls() -> &'static Tls {
    static TLS: OnceLock<Tls> = OnceLock::new();
    TLS.get_or_init(|| {
        let at = |name: &str| root().join(name);
        fs::write(
            at("server.ext"),
            "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n",
        )
        .unwrap();
        fs::write(at("client.ext"), "extendedKeyUsage=clientAuth\n").unwrap();
        make_ca("ca");
        make_ca("foreign");
        make_certificate("server", "localhost");
        make_certificate("client", "client");
        launcher().give(&at("server.key"));
        Tls {
            ca: at("ca.pem"),
            server: at("server.pem"),
            server_key: at("server.key"),
            client: at("client.pem"),
            client_key: at("client.key"),
            foreign_ca: at("foreign.pem"),
        }
    })
}

fn make_ca(name: &str) {
    openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
    openssl(&format!(
        "req -x509 -new -key {name}.key -days 30 -subj /CN={name} -addext keyUsage=critical,keyCertSign,cRLSign \
         -out {name}.pem"
    ));
}

fn make_certificate(name: &str, subject: &str) {
    openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
    openssl(&format!("req -new -key {name}.key -subj /CN={subject} -out {name}.csr"));
    openssl(&format!(
        "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile {name}.ext \
         -out {name}.pem"
    ));
}

fn openssl(arguments: &str) {
    must(Command::new("openssl").args(arguments.split_whitespace()).current_dir(root()));
}

/// The directory for `SASL_CONF_PATH`: a Cyrus database with the one user.
pub(super) fn sasl() -> &'static Path {
    static SASL: OnceLock<PathBuf> = OnceLock::new();
    SASL.get_or_init(|| {
        let directory = root().join("sasl");
        let database = directory.join("sasldb2");
        fs::create_dir(&directory).unwrap();
        fs::write(
            directory.join("memcached.conf"),
            format!(
                "mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\n",
                database.display()
            ),
        )
        .unwrap();
        let secret = root().join("password");
        fs::write(&secret, PASSWORD).unwrap();
        // The realm must be the host name that memcached sees.
        let host = rustix::system::uname().nodename().to_str().unwrap().to_owned();
        let sbin = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        must(
            Command::new("saslpasswd2")
                .env("PATH", sbin)
                .args(["-a", "memcached", "-c", "-p", "-u", &host, "-f"])
                .arg(&database)
                .arg(USERNAME)
                .stdin(fs::File::open(&secret).unwrap()),
        );
        launcher().give(&database);
        directory
    })
}

/// The file for `memcached -Y`.
pub(super) fn auth_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = root().join("auth");
        fs::write(&file, format!("{USERNAME}:{PASSWORD}\n")).unwrap();
        file
    })
}

fn must(command: &mut Command) {
    let output =
        command.output().unwrap_or_else(|error| panic!("cannot run {command:?} (run ./test once): {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
