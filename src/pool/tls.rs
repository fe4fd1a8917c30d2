//! TLS by `rustls`: roots, client certificate, the name to check.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

/// What TLS is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Roots to trust instead of the system's, PEM.
    pub ca: Option<PathBuf>,
    /// The client's certificate chain, PEM.
    pub cert: Option<PathBuf>,
    /// The key of the client's certificate, PEM.
    pub key: Option<PathBuf>,
    /// The name to check instead of the host's.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

/// Why TLS cannot even be tried.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file could not be read as PEM.
    #[error("{what} {path} cannot be used: {reason}")]
    File {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
        /// In the library's words.
        reason: String,
    },
    /// A certificate without its key, or the reverse.
    #[error("a client certificate needs both its certificate and its key")]
    HalfACertificate,
    /// No root at all.
    #[error("the system has no trusted root certificates; name a file of them for the server's authority")]
    NoRoots,
    /// The library would not take the certificate and key.
    #[error("the client certificate cannot be used: {0}")]
    Certificate(String),
}

/// A ready TLS configuration, shared by all connections.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
}

impl Tls {
    /// Reads the files and prepares the configuration.
    ///
    /// # Errors
    /// A file that cannot be read or holds no certificate.
    pub fn new(settings: &TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Certificate(error.to_string()))?;
        let builder = if settings.insecure {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            builder.with_root_certificates(roots(settings.ca.as_deref())?)
        };
        let mut config = match (&settings.cert, &settings.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => builder
                .with_client_auth_cert(certificates("the client certificate", cert)?, private_key(key)?)
                .map_err(|error| TlsError::Certificate(error.to_string()))?,
            _ => return Err(TlsError::HalfACertificate),
        };
        // A memcached that demands client certificates refuses every resumed session, since it sets no session id context
        // (1.6.18 with OpenSSL 3); and the probe shall time full handshakes.
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), server_name: settings.server_name.clone() })
    }

    /// Starts a session with a host.
    pub(super) fn session(&self, host: &str) -> Result<ClientConnection, String> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            format!("\"{name}\" is neither a host name nor an address to check a certificate against")
        })?;
        ClientConnection::new(Arc::clone(&self.config), name).map_err(|error| words(&error))
    }
}

/// What went wrong, in words that say what to look at.
pub(super) fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is signed by an authority that is not trusted".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server wants a client certificate".to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the server's certificate has expired".to_owned(),
        rustls::Error::InvalidCertificate(certificate)
            if certificate.to_string().contains("CaUsedAsEndEntity") =>
        {
            "the server shows the certificate of an authority as its own (self-signed)".to_owned()
        }
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS here".to_owned(),
        other => other.to_string(),
    }
}

/// What to do about it.
pub(super) fn hint(error: &rustls::Error) -> Option<&'static str> {
    Some(match error {
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "name one with --tls-cert and --tls-key"
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "name the file of its authority with --tls-ca"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "name the server as its certificate does, with --servers or --tls-server-name",
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "renew it on the server; if it is new, check this machine's clock",
        rustls::Error::InvalidCertificate(certificate)
            if certificate.to_string().contains("CaUsedAsEndEntity") =>
        {
            "give the server a certificate signed by that authority (CA:FALSE), or accept any with --tls-insecure"
        }
        _ => return None,
    })
}

/// The roots to trust: those of the file, else the system's.
fn roots(file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = file {
        let (added, _) = store.add_parsable_certificates(certificates("the CA file", path)?);
        if added == 0 {
            return Err(file_error("the CA file", path, "no certificate in it can be a root"));
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(TlsError::NoRoots);
        }
    }
    Ok(store)
}

/// The certificates of a PEM file, at least one.
fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = fs::read(path).map_err(|error| file_error(what, path, error))?;
    let found = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| file_error(what, path, format!("{error:?}")))?;
    if found.is_empty() {
        return Err(file_error(what, path, "it holds no PEM certificate"));
    }
    Ok(found)
}

/// The private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    const WHAT: &str = "the client key";
    let pem = fs::read(path).map_err(|error| file_error(WHAT, path, error))?;
    // The library's own words could quote the file.
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| file_error(WHAT, path, "it holds no PEM private key"))
}

fn file_error(what: &'static str, path: &Path, reason: impl std::fmt::Display) -> TlsError {
    TlsError::File { what, path: path.display().to_string(), reason: reason.to_string() }
}

/// Accepts every certificate: what `--tls-insecure` asks for. Signatures are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
