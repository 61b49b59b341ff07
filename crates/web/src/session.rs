//! Who asks: the session behind `Authorization: Bearer`, and the idempotency of the request.

use crate::problem::WebError;
use crate::state::WebState;
use app::{Actor, AppError, Idempotency};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Header that makes a command repeatable.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Largest JSON body a command takes.
const BODY_LIMIT: usize = 4 << 20;
/// Bytes and time for which a body that is too large is still taken in.
const DRAINED: usize = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A signed-in caller.
pub struct Caller(pub Actor);

impl FromRequestParts<WebState> for Caller {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, WebError> {
        let token = bearer(parts).ok_or(WebError(AppError::NotSignedIn))?;
        Ok(Self(app::setup::actor(&state.app, token).await?))
    }
}

/// The bearer token of a request.
pub fn bearer(parts: &Parts) -> Option<&str> {
    parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A JSON command body with the caller's idempotency key, if any.
pub struct Body<T> {
    /// The parsed body.
    pub value: T,
    /// Idempotency.
    pub idempotency: Option<Idempotency>,
}

impl<T: DeserializeOwned> FromRequest<WebState> for Body<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, WebError> {
        let key = request.headers().get(IDEMPOTENCY_KEY).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let line = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = whole(request.into_body()).await?;
        let idempotency = match key {
            Some(key) => Some(idempotency(state, key, &line, &bytes)?),
            None => None,
        };
        let value = serde_json::from_slice(&bytes).map_err(|e| {
            let [zh, en] = category(&e);
            AppError::usage(
                "bad-json",
                format!("line {} column {}", e.line(), e.column()),
                format!("请求体不是所要求的 JSON（{zh}）：请对照接口文档检查字段名与类型。"),
                format!("The body is not the JSON expected here ({en}): check field names and types against the API document."),
            )
        })?;
        Ok(Self { value, idempotency })
    }
}

/// The whole body.
///
/// # Errors
/// It is larger than a command may be, or it broke off.
pub async fn whole(body: axum::body::Body) -> Result<Vec<u8>, WebError> {
    let mut stream = body.into_data_stream();
    let mut out = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| broken_off())?;
        if out.len() + piece.len() > BODY_LIMIT {
            drain(stream).await;
            return Err(too_large().into());
        }
        out.extend_from_slice(&piece);
    }
    Ok(out)
}

/// Takes in the rest for a while: a caller still sending would otherwise see a broken connection instead of the answer.
async fn drain(mut stream: axum::body::BodyDataStream) {
    let read = async {
        let mut left = DRAINED;
        while let Some(Ok(piece)) = stream.next().await {
            let Some(rest) = left.checked_sub(piece.len()) else { break };
            left = rest;
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}

fn too_large() -> AppError {
    let (zh, en) = ("请求体过大（上限 4 MiB）。", "The body is too large (limit 4 MiB).");
    AppError::usage("body-too-large", "body", zh, en)
}

fn broken_off() -> AppError {
    AppError::usage("body-broken-off", "body", "请求体没有传完。", "The body broke off before its end.")
}

/// serde's message may quote a value; its category never does.
fn category(e: &serde_json::Error) -> [&'static str; 2] {
    match e.classify() {
        serde_json::error::Category::Io => ["无法读取", "unreadable"],
        serde_json::error::Category::Syntax => ["语法", "syntax"],
        serde_json::error::Category::Data => ["结构", "shape"],
        serde_json::error::Category::Eof => ["提前结束", "ends too early"],
    }
}

fn idempotency(state: &WebState, key: String, line: &str, body: &[u8]) -> Result<Idempotency, WebError> {
    if key.is_empty() || key.len() > 200 {
        return Err(AppError::usage(
            "bad-idempotency-key",
            IDEMPOTENCY_KEY,
            "幂等键应为 1 至 200 个字符。",
            "An idempotency key has 1 to 200 characters.",
        )
        .into());
    }
    let mut asked = line.as_bytes().to_vec();
    asked.extend_from_slice(body);
    Ok(Idempotency { key, fingerprint: state.app.suite().hash(&asked).to_string() })
}
