//! Certificates: the right authority is taken, another, none, or an expired certificate is not.

use crate::start;
use listen::{TlsFiles, may_be_called};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use std::path::Path;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Issues a certificate for loopback that is good until a year.
    fn issue(&self, dir: &Path, until: i32) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let cert = params.signed_by(&key, &self.0).unwrap();
        let files = TlsFiles::in_folder(dir);
        std::fs::write(&files.certificate, cert.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    fn client(&self) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let known = reqwest::Certificate::from_pem_bundle(self.0.pem().as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only(known).build().unwrap()
    }
}

#[tokio::test]
async fn the_right_authority_is_taken_and_another_is_not() {
    let (dir, right, wrong) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let address = start(Some(right.issue(dir.path(), 2100)));
    let url = format!("https://{address}/");
    assert_eq!(right.client().get(&url).send().await.unwrap().text().await.unwrap(), "here");
    assert!(wrong.client().get(&url).send().await.unwrap_err().is_connect());
    let plain = format!("http://{address}/");
    assert!(right.client().get(plain).send().await.is_err(), "no plain HTTP on a TLS port");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let address = start(Some(authority.issue(dir.path(), 2021)));
    assert!(authority.client().get(format!("https://{address}/")).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn files_that_do_not_belong_together_are_an_error() {
    let (one, two, authority) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Authority::new());
    let (first, second) = (authority.issue(one.path(), 2100), authority.issue(two.path(), 2100));
    let mixed = TlsFiles { certificate: first.certificate, key: second.key };
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let never = std::future::pending();
    let served = listen::serve(listener, axum::Router::new(), Some(&mixed), crate::PATIENCE, never).await;
    assert_eq!(served.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn plain_http_stays_on_this_machine() {
    for good in ["http://127.0.0.1:8600", "http://[::1]:1/a", "http://localhost:8600", "https://gov.example:8600"] {
        assert!(may_be_called(good), "{good}");
    }
    for bad in ["http://10.0.0.1", "http://localhost.example", "http://gov.example", "ftp://127.0.0.1", "127.0.0.1:1"] {
        assert!(!may_be_called(bad), "{bad}");
    }
}
