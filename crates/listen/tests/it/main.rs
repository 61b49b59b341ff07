//! Slow callers and certificates, over real sockets.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod slow;
mod tls;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, put};
use listen::{Patience, TlsFiles};
use std::net::SocketAddr;
use std::time::Duration;

pub const PATIENCE: Patience = Patience { head: Duration::from_millis(600), body: Duration::from_millis(600) };

/// Serves `GET /` and `PUT /` (answers the body's length) until the test ends.
pub fn start(tls: Option<TlsFiles>) -> SocketAddr {
    let long = || async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        "late"
    };
    let router = Router::new()
        .route("/", get(|| async { "here" }).put(|body: Bytes| async move { body.len().to_string() }))
        .route("/long", put(move |_: Bytes| long()));
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { listen::serve(listener, router, tls.as_ref(), PATIENCE, std::future::pending()).await });
    address
}
