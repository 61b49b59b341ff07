//! Signing keys and the root's key lists.

use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use app::AppError;
use axum::Json;
use axum::extract::State;
use model::Signed;
use model::keylist::KeyList;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A public key, made at the person's desk.
#[derive(Deserialize, ToSchema)]
pub struct KeyForm {
    /// `sm2:` or `ed25519:` and base64.
    pub public: String,
}

/// Asks for the caller's key to be listed.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = KeyForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn request_key(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<KeyForm>,
) -> WebResult<Json<Value>> {
    let done = app::keys::request_key(&s.app, &actor, &body.value.public, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::to_value(done).map_err(AppError::from)?))
}

/// The next key list, for the offline root to sign (security administrator).
#[utoipa::path(get, path = "/api/v1/key-lists/draft", tag = "keys", responses((status = 200, body = Object)))]
pub async fn draft_key_list(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    let draft = app::keys::draft_next(&s.app, &actor).await?;
    Ok(Json(serde_json::to_value(draft).map_err(AppError::from)?))
}

/// Takes over a key list that the root signed (security administrator).
#[utoipa::path(post, path = "/api/v1/key-lists", tag = "keys", request_body = Object,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn install_key_list(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<Signed<KeyList>>,
) -> WebResult<Json<Value>> {
    let number = app::keys::install(&s.app, &actor, body.value, body.idempotency.as_ref()).await?;
    Ok(Json(json!({ "number": number })))
}

/// Every key list, oldest first. Public: offline verifiers need them.
#[utoipa::path(get, path = "/api/v1/key-lists", tag = "keys", responses((status = 200, body = Object)))]
pub async fn list_key_lists(State(s): State<WebState>) -> WebResult<Json<Value>> {
    let lists = app::keys::lists_after(&s.app.store, 0).await?;
    Ok(Json(json!({ "key_lists": lists })))
}
