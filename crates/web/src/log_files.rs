//! The public files of both logs under `/log/`, for witnesses on other machines. Read only; no session is needed.

use crate::extract::Path;
use crate::problem::WebResult;
use crate::state::WebState;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

/// A file by its name.
pub async fn get(State(s): State<WebState>, Path(name): Path<String>) -> WebResult<impl IntoResponse> {
    let bytes = app::log_files::public(&s.app, &name).await?;
    let kind = match name.rsplit('/').next() {
        Some("checkpoint") => "text/plain; charset=utf-8",
        Some(file) if file.ends_with(".json") => "application/json",
        _ => "application/octet-stream",
    };
    Ok(([(header::CONTENT_TYPE, kind)], bytes))
}
