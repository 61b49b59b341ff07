//! The zone dials in here: it fetches orders and hands in reports. Not part of the public API document.

use crate::extract::Query;
use crate::problem::{WebError, WebResult};
use crate::session::whole;
use crate::state::WebState;
use app::AppError;
use app::link::{Poll, SignedRequest};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use model::link::{
    AT_HEADER, KEY_HEADER, LinkReply, NONCE_HEADER, ReportBatch, ReportReceipt, SIGNATURE_HEADER, ZoneRequest,
};
use model::{Digest, Timestamp};
use serde::Deserialize;
use std::time::Duration;

/// Longest wait of a poll.
const MAX_WAIT_MS: u64 = 1_000;

/// What the zone has already.
#[derive(Deserialize)]
pub struct PollQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    key_list: u64,
    /// Leaves of the platform's log that the zone has anchored.
    #[serde(default)]
    anchor: u64,
    #[serde(default)]
    wait: u64,
}

/// Answers as soon as there is news, at the latest after `wait` milliseconds.
pub async fn get_orders(
    State(s): State<WebState>,
    Query(q): Query<PollQuery>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> WebResult<Json<LinkReply>> {
    check(&s, &method, &uri, &headers, b"").await?;
    let ask = Poll { after: q.after, key_list: q.key_list, anchor: q.anchor };
    let deadline = tokio::time::Instant::now() + Duration::from_millis(q.wait.min(MAX_WAIT_MS));
    let mut commits = s.app.store.notify();
    loop {
        let reply = app::link::poll(&s.app, &s.log, ask).await?;
        if app::link::has_news(&reply) || tokio::time::Instant::now() >= deadline {
            return Ok(Json(reply));
        }
        let _ = tokio::time::timeout_at(deadline, commits.notified()).await;
    }
}

/// Takes reports; answers once they are durable.
pub async fn post_reports(
    State(s): State<WebState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> WebResult<Json<ReportReceipt>> {
    let body = whole(request.into_body()).await?;
    check(&s, &method, &uri, &headers, &body).await?;
    let batch: ReportBatch = serde_json::from_slice(&body).map_err(|_| {
        AppError::usage("bad-json", "body", "请求体不是报告批次。", "The body is not a batch of reports.")
    })?;
    Ok(Json(app::link::take_reports(&s.app, &s.log, batch).await?))
}

async fn check(s: &WebState, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), WebError> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let asked = SignedRequest {
        request: ZoneRequest {
            v: 1,
            method: method.as_str().to_owned(),
            path_and_query: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            at: Timestamp(text(AT_HEADER).parse().unwrap_or(0)),
            nonce: text(NONCE_HEADER),
            body: Digest(s.app.suite().hash(body).to_string()),
        },
        key: text(KEY_HEADER),
        signature: text(SIGNATURE_HEADER),
    };
    Ok(app::link::check_request(&s.app, &asked, body, Timestamp((s.wall)())).await?)
}
