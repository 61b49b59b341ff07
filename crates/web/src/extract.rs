//! Path and query of a request, with errors in the one shape. axum's own rejections are plain text and quote the input.

use crate::problem::WebError;
use app::AppError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// Parts of the path.
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(bad("bad-path", "path", "路径", "path")),
        }
    }
}

/// The query.
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match <axum::extract::Query<T> as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => Err(bad("bad-query", "query", "查询参数", "query")),
        }
    }
}

fn bad(code: &'static str, at: &str, zh: &str, en: &str) -> WebError {
    let zh = format!("{zh}不合规：请对照接口文档检查名称、类型与百分号编码。");
    let en = format!("The {en} is malformed: check names, types and percent-encoding against the API document.");
    AppError::usage(code, at, zh, en).into()
}
