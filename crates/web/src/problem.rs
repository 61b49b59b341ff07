//! Errors as RFC 9457 problem+json: a refusal, a usage error, or a bug under an id. HTTP status lives only here.

use app::AppError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Position;
use serde::Serialize;
use utoipa::ToSchema;

/// Body of an error. `code`, `zh` and `en` are always there; `rule` and `article` stand behind a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank#code`, after RFC 9457.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title in English.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// The inner error, the same shape as the command line's.
    pub error: ErrorBody,
}

/// The error itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable code in kebab case.
    pub code: String,
    /// Rule, where one stands behind it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Article, where one stands behind it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub article: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Field or position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub at: Option<serde_json::Value>,
}

/// An error on its way out.
#[derive(Debug)]
pub struct WebError(pub AppError);

/// Result of a handler.
pub type WebResult<T> = Result<T, WebError>;

impl From<AppError> for WebError {
    fn from(e: AppError) -> Self {
        Self(e)
    }
}

impl From<model::Refusal> for WebError {
    fn from(e: model::Refusal) -> Self {
        Self(AppError::Refused(e))
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (status, body) = body(&self.0);
        respond(status, body)
    }
}

/// A problem response.
pub fn respond(status: StatusCode, error: ErrorBody) -> Response {
    metrics::counter!("yunyu_http_problems_total", "code" => error.code.clone()).increment(1);
    let problem = Problem {
        kind: format!("about:blank#{}", error.code),
        title: error.code.replace('-', " "),
        status: status.as_u16(),
        error,
    };
    let mut response = (status, axum::Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

pub(crate) fn body(error: &AppError) -> (StatusCode, ErrorBody) {
    match error {
        AppError::Refused(r) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            ErrorBody {
                code: r.code.clone(),
                rule: r.rule.clone(),
                article: r.article.clone(),
                zh: r.zh.clone(),
                en: r.en.clone(),
                at: r.at.map(|Position { line, column }| serde_json::json!({"line": line, "column": column})),
            },
        ),
        AppError::Usage { code, at, zh, en } => (usage_status(code), plain(code, zh, en, Some(at.clone()))),
        AppError::NotFound(what) => (StatusCode::NOT_FOUND, {
            let [zh, en] = AppError::looked_for(what);
            let zh = format!("没有找到所指的{zh}，或您无权查看。");
            plain("not-found", &zh, &format!("No such {en}, or not for you to see."), Some((*what).to_owned()))
        }),
        AppError::NotSignedIn => (
            StatusCode::UNAUTHORIZED,
            plain(
                "not-signed-in",
                "未登录，或会话、签名已失效。",
                "Not signed in, or the session or signature no longer holds.",
                None,
            ),
        ),
        AppError::Moved(what) => (
            StatusCode::CONFLICT,
            plain(
                "moved-on",
                "对象已变化，请重新读取后再试。",
                "The object moved on; read it again and retry.",
                Some((*what).to_owned()),
            ),
        ),
        AppError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            plain(
                "busy",
                "系统繁忙，请稍后以同一幂等键重试。",
                "Busy; try again later with the same idempotency key.",
                None,
            ),
        ),
        AppError::Bug(source) => {
            let id = incident();
            tracing::error!(incident = %id, error = %source, "a request failed inside");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                plain("internal", &format!("内部错误，编号 {id}。"), &format!("Internal error, id {id}."), None),
            )
        }
    }
}

fn usage_status(code: &str) -> StatusCode {
    match code {
        "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "body-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn plain(code: &str, zh: &str, en: &str, at: Option<String>) -> ErrorBody {
    ErrorBody {
        code: code.to_owned(),
        rule: String::new(),
        article: String::new(),
        zh: zh.to_owned(),
        en: en.to_owned(),
        at: at.map(serde_json::Value::String),
    }
}

/// A number under which the operational log tells more; says nothing by itself.
fn incident() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
