//! The platform's log, for the audit administrator and regulators.

use crate::extract::Query;
use crate::problem::{Problem, WebResult};
use crate::session::Caller;
use crate::state::WebState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

/// Page of the log.
#[derive(Deserialize, IntoParams)]
pub struct LeafQuery {
    /// First index.
    #[serde(default)]
    pub from: u64,
    /// At most this many, up to 1000.
    #[serde(default = "page")]
    pub limit: u32,
}

fn page() -> u32 {
    100
}

/// Leaves in log order.
#[utoipa::path(get, path = "/api/v1/audit/leaves", tag = "audit", params(LeafQuery),
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn list_leaves(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Query(q): Query<LeafQuery>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::leaves(&s.app, &actor, q.from, q.limit.min(1000)).await?))
}

/// Newest checkpoint of the platform's log, a C2SP signed note. Public.
#[utoipa::path(get, path = "/api/v1/audit/checkpoint", tag = "audit", responses((status = 200, body = Object)))]
pub async fn get_checkpoint(State(s): State<WebState>) -> Json<Value> {
    let text = s.log.checkpoint.borrow().clone();
    Json(json!({ "checkpoint": text }))
}
