//! The zone's own endpoint: the only HTTP in this crate. Data pass here and nowhere else; every answer is receipted,
//! every refusal counted. It renders what the rest of the node decides and decides nothing but whose ticket holds.

mod auth;
pub(crate) mod batch;
mod body;
mod job;
mod look;
mod preview;
mod problem;
mod product;
mod report;
mod stats;
mod watched;
mod workspace;

pub use auth::{PROOF_HEADER, TICKET_HEADER};

use super::core::{Core, lock};
use super::error::NodeError;
use super::receipts::{Call, Receipts};
use super::refuse;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use model::ids::{BatchId, OrderId, ProductId};
use model::{Digest, Refusal, Timestamp};
use problem::{Fault, Refused};
use stats::Stats;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tower_http::cors::CorsLayer;

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
        .route("/data/v1/classify", post(look::look))
        .route("/data/v1/jobs/{job}", delete(job::cancel))
        .route("/data/v1/jobs/{job}/progress", get(job::progress))
        .route("/data/v1/jobs/{job}/report", get(report::gate_report))
        .route("/data/v1/grants/{grant}/preview/{table}", get(preview::preview))
        .route("/data/v1/grants/{grant}/contracts", get(workspace::contracts))
        .route("/data/v1/grants/{grant}/check", post(workspace::check))
        .route("/data/v1/grants/{grant}/try", post(workspace::rehearse))
        .route("/data/v1/products/{product}/file", get(product::file))
        .route("/data/v1/products/{product}/rows", get(product::rows))
        .route("/healthz", get(stats::healthz))
        .route("/metrics", get(stats::metrics))
        .fallback(|| async { Fault::from(refuse::not_found()) })
        .method_not_allowed_fallback(|| async { Fault::from(refuse::wrong_method()) })
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(origins(&app.core.cfg.console))
        .with_state(app)
}

/// The console's pages come from the platform and talk to this endpoint; pages from elsewhere may not. Nothing rests on
/// cookies here: a ticket and a proof stand behind every call.
fn origins(console: &[String]) -> CorsLayer {
    let origins = console.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect::<Vec<HeaderValue>>();
    let name = |name: &'static str| HeaderName::from_bytes(name.as_bytes()).ok();
    let sent = [auth::TICKET_HEADER, auth::PROOF_HEADER].into_iter().filter_map(name);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::PUT, Method::POST, Method::DELETE])
        .allow_headers(sent.chain([header::CONTENT_TYPE, header::AUTHORIZATION]).collect::<Vec<HeaderName>>())
        .expose_headers(["yunyu-digest", "yunyu-artefact"].into_iter().filter_map(name).collect::<Vec<HeaderName>>())
        .max_age(std::time::Duration::from_secs(600))
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
    let body = Body::from(answer.body.clone());
    answer_with(app, caller, answer, body).await
}

/// The same with a body of its own making for the answer's bytes.
async fn answer_with(app: &App, caller: &auth::Caller, answer: Answer, body: Body) -> Result<Response, Fault> {
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
    let mut out = (StatusCode::OK, body).into_response();
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
