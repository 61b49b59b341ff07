//! Catalogued resources and their batches. Records themselves never pass here: they go to the zone under a ticket.

use crate::extract::Path;
use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The catalogue: what is in the master catalogue, and the caller's own drafts.
#[utoipa::path(get, path = "/api/v1/resources", tag = "catalogue", responses((status = 200, body = Object)))]
pub async fn list_resources(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::resources(&s.app, &actor).await?))
}

/// One resource with its contract (dictionary).
#[utoipa::path(get, path = "/api/v1/resources/{resource}", tag = "catalogue", params(("resource" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_resource(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::resource(&s.app, &actor, &id).await?))
}

/// A batch to come.
#[derive(Deserialize, ToSchema)]
pub struct BatchForm {
    /// Name of the file, for the provider's own list; never logged.
    #[serde(default)]
    pub label: String,
}

/// Opens a batch of a resource for upload at the zone's endpoint (the provider's officer).
#[utoipa::path(post, path = "/api/v1/resources/{resource}/batches", tag = "catalogue", request_body = BatchForm,
    params(("resource" = String, Path)), responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn open_batch(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    body: Body<BatchForm>,
) -> WebResult<Json<Value>> {
    let batch = app::resources::open_batch(&s.app, &actor, &id, &body.value.label, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::to_value(batch).map_err(app::AppError::from)?))
}

/// Batches of a resource: rows stored, rows set aside by reason.
#[utoipa::path(get, path = "/api/v1/resources/{resource}/batches", tag = "catalogue", params(("resource" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn list_batches(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::batches(&s.app, &actor, &id).await?))
}
