//! Blacklist checks of applicants (WX-7.1).

use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One check.
#[derive(Deserialize, ToSchema)]
pub struct CheckForm {
    /// 统一社会信用代码 that was checked.
    pub uscc: String,
    /// List, as the pack's `operator.blacklists` names it.
    pub list: String,
    /// Whether the organisation stands on it.
    pub hit: bool,
}

/// Records a check of an organisation against a blacklist (data authority).
#[utoipa::path(post, path = "/api/v1/blacklist-checks", tag = "parties", request_body = CheckForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn record_check(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<CheckForm>,
) -> WebResult<Json<Value>> {
    let f = body.value;
    let done = app::resources::record_check(&s.app, &actor, &f.uscc, &f.list, f.hit, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::to_value(done).map_err(app::AppError::from)?))
}
