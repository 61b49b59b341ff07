//! How both processes listen: TLS from certificate files, an end to callers who keep a connection and send nothing, a
//! graceful end. Knows no route and no caller; what is served is the caller's business.

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// TLS certificate chain and key, both PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// The files of a process: `cert.pem` and `key.pem` in a folder.
    #[must_use]
    pub fn in_folder(dir: &Path) -> Self {
        Self { certificate: dir.join("cert.pem"), key: dir.join("key.pem") }
    }

    /// Whether both are there.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.certificate.is_file() && self.key.is_file()
    }
}

/// How long a caller is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the connection, or from the end of the answer before, until a request's headers are there. However they
    /// trickle in, they do not get longer.
    pub head: Duration,
    /// Between two pieces of a body: an upload that makes progress is never cut off.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(20), body: Duration::from_secs(30) }
    }
}

/// Binds an address; port 0 lets the system choose.
///
/// # Errors
/// The address cannot be had.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `stop` resolves; lets running requests end, for at most ten seconds.
///
/// # Errors
/// The certificate or key cannot be used, or the socket broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<&TlsFiles>,
    patience: Patience,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let handle = axum_server::Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stop.await;
        ending.graceful_shutdown(Some(Duration::from_secs(10)));
    });
    let service = router.layer(RequestBodyTimeoutLayer::new(patience.body)).into_make_service();
    // HTTP/1.1 alone: before a protocol is chosen no clock would run for a caller who sends nothing.
    macro_rules! run {
        ($server:expr) => {{
            let mut server = $server.handle(handle).http1_only();
            let timer = hyper_util::rt::TokioTimer::new();
            server.http_builder().http1().timer(timer).header_read_timeout(patience.head);
            server.serve(service).await
        }};
    }
    match tls {
        None => run!(axum_server::from_tcp(listener)?),
        Some(files) => run!(axum_server::from_tcp_rustls(listener, rustls_config(files)?)?),
    }
}

/// Reads certificate and key.
///
/// # Errors
/// They cannot be read, are not PEM, or do not belong together.
fn rustls_config(files: &TlsFiles) -> io::Result<RustlsConfig> {
    let bad =
        |what: &str, e: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {e}"));
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| bad("the TLS certificate", &e))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| bad("the TLS key", &e))?;
    // The process may have chosen its provider already; a second choice changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| bad("the TLS certificate and key", &e))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// Whether a URL may be called: TLS, or a plain connection that never leaves this machine.
#[must_use]
pub fn may_be_called(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => uri.host().is_some_and(is_loopback),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
