//! Refusals over HTTP: problem+json (RFC 9457) in the platform's shape: `error` with the stable code, rule, article and
//! both texts. Paths that cannot be read and methods that a path does not take have it too.

use crate::node::refuse;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use model::Refusal;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A refused call.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) Box<Refusal>);

/// Left in the response so that the call is counted under its code.
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) String);

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(refusal))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let refusal = *self.0;
        let status = status(&refusal.code);
        let body = json!({
            "type": format!("about:blank#{}", refusal.code),
            "title": refusal.code.replace('-', " "),
            "status": status.as_u16(),
            "error": {
                "code": refusal.code,
                "rule": refusal.rule,
                "article": refusal.article,
                "zh": refusal.zh,
                "en": refusal.en,
            },
        });
        let mut out = (status, body.to_string()).into_response();
        out.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            out.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        out.extensions_mut().insert(Refused(refusal.code));
        out
    }
}

/// Parts of the path; one that cannot be read leads nowhere.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let found = <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(value)| Self(value)).map_err(|_| refuse::not_found().into())
    }
}

/// HTTP status of a code. What is not listed is a rule that says no to somebody known: 403.
fn status(code: &str) -> StatusCode {
    match code {
        "ticket-missing" | "ticket-invalid" | "ticket-expired" | "proof-invalid" | "proof-replayed" => {
            StatusCode::UNAUTHORIZED
        }
        "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "not-found" | "object-unknown" => StatusCode::NOT_FOUND,
        "batch-exists" | "batch-busy" | "contract-changed" | "job-over" => StatusCode::CONFLICT,
        "query-unusable" => StatusCode::BAD_REQUEST,
        // An upload at fault: codes of the intake.
        "upload-cut" | "file-unreadable" | "digest-mismatch" | "empty-file" | "no-rows" | "no-header"
        | "missing-columns" | "unknown-columns" | "duplicate-columns" | "line-too-long" | "bad-path" => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        "lease-lost" | "zone-behind" | "log-unwritable" => StatusCode::SERVICE_UNAVAILABLE,
        "storage-full" => StatusCode::INSUFFICIENT_STORAGE,
        "zone-failure" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    }
}
