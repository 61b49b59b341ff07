//! The zone's own endpoint: the only HTTP in this crate. Data pass here and nowhere else; every answer is receipted,
//! every refusal counted. It renders what the rest of the node decides and decides nothing but whose ticket holds.

mod auth;
pub(crate) mod batch;
mod body;
mod preview;
mod problem;
mod product;
mod report;
mod stats;

pub use auth::{PROOF_HEADER, TICKET_HEADER};

use super::core::{Core, lock};
use super::error::NodeError;
use super::receipts::{Call, Receipts};
use super::refuse;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use model::ids::{BatchId, OrderId, ProductId};
use model::{Digest, Refusal, Timestamp};
use problem::{Fault, Refused};
use stats::Stats;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What handlers share.
pub(crate) struct App {
    pub(crate) core: Arc<Core>,
    pub(crate) receipts: Receipts,
    pub(crate) nonces: auth::Nonces,
    /// Deployment time when this process began to listen.
    pub(crate) started: Timestamp,
    /// Uploads under way.
    pub(crate) uploads: Mutex<BTreeMap<BatchId, Arc<batch::Progress>>>,
    pub(crate) stats: Stats,
    pub(crate) products: product::Cache,
}

impl App {
    pub(crate) fn new(core: Arc<Core>, receipts: Receipts) -> Self {
        let started = core.time.now();
        Self {
            core,
            receipts,
            nonces: auth::Nonces::default(),
            started,
            uploads: Mutex::default(),
            stats: Stats::default(),
            products: product::Cache::default(),
        }
    }

    /// Refused calls since the last time, by code.
    pub(crate) fn refused(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *lock(&self.stats.refused))
    }
}

/// The routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/data/v1/batches/{batch}", put(batch::upload))
        .route("/data/v1/batches/{batch}/progress", get(batch::progress))
        .route("/data/v1/batches/{batch}/set-aside", get(batch::set_aside))
        .route("/data/v1/jobs/{job}/report", get(report::gate_report))
        .route("/data/v1/grants/{grant}/preview/{table}", get(preview::preview))
        .route("/data/v1/products/{product}/file", get(product::file))
        .route("/data/v1/products/{product}/rows", get(product::rows))
        .route("/healthz", get(stats::healthz))
        .route("/metrics", get(stats::metrics))
        .fallback(|| async { Fault::from(refuse::not_found()) })
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .with_state(app)
}

/// Counts every call, and refused ones by their code.
async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    app.stats.answered(answer.status());
    if let Some(Refused(code)) = answer.extensions_mut().remove::<Refused>() {
        *lock(&app.stats.refused).entry(code).or_default() += 1;
    }
    answer
}

/// An answer that is about to leave.
struct Answer {
    kind: &'static str,
    media: &'static str,
    body: Bytes,
    rows: u64,
    order: Option<OrderId>,
    product: Option<ProductId>,
    /// Canonical digest of the artefact that the answer comes from.
    artefact: Option<Digest>,
}

/// Keeps the receipt, then lets the answer leave (invariant 3).
async fn answer(app: &App, caller: &auth::Caller, answer: Answer) -> Result<Response, Fault> {
    let digest = Digest(app.core.cfg.trust.suite.hash(&answer.body).to_string());
    let call = Call {
        kind: answer.kind.to_owned(),
        ticket: caller.ticket.id.clone(),
        org: caller.ticket.org.clone(),
        order: answer.order,
        product: answer.product,
        answer: digest.clone(),
        rows: answer.rows,
        bytes: answer.body.len() as u64,
    };
    app.receipts.keep(call).await.map_err(|_| refuse::log_unwritable())?;
    let mut out = (StatusCode::OK, answer.body).into_response();
    let headers = out.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let marks = [("yunyu-digest", Some(digest)), ("yunyu-artefact", answer.artefact)];
    for (name, value) in marks {
        if let Some(value) = value.and_then(|d| HeaderValue::from_str(&d.0).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(out)
}

/// Something broke: the cause goes to the operational log, the caller learns only that it did.
fn broken(e: &NodeError) -> Refusal {
    tracing::error!(error = %e, "a call failed");
    refuse::broken()
}
