//! What anyone may see and do without signing in: products, certificates, notices with objections, the catalogue.

use crate::problem::{Problem, WebResult};
use crate::session::Body;
use crate::state::WebState;
use axum::Json;
use axum::extract::{Path, State};
use model::ids::CaseId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Published products with price and certificate number.
#[utoipa::path(get, path = "/api/v1/public/products", tag = "public", responses((status = 200, body = Object)))]
pub async fn list_public_products(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::public_products(&s.app).await?))
}

/// Checks a certificate by number.
#[utoipa::path(get, path = "/api/v1/public/certificates/{number}", tag = "public", params(("number" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_certificate(State(s): State<WebState>, Path(number): Path<String>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::certificate(&s.app, &number).await?))
}

/// Notices that run now.
#[utoipa::path(get, path = "/api/v1/public/notices", tag = "public", responses((status = 200, body = Object)))]
pub async fn list_notices(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::notices::list(&s.app).await?))
}

/// An objection of somebody without an account.
#[derive(Deserialize, ToSchema)]
pub struct ObjectionForm {
    /// Grounds, at most 5,000 characters.
    pub text: String,
    /// Where to answer; kept encrypted.
    #[serde(default)]
    pub contact: Option<String>,
}

/// Objects to a notice; no account is needed.
#[utoipa::path(post, path = "/api/v1/public/notices/{case}/objections", tag = "public", request_body = ObjectionForm,
    params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn object(
    State(s): State<WebState>,
    Path(case): Path<String>,
    body: Body<ObjectionForm>,
) -> WebResult<Json<Value>> {
    let form = body.value;
    let id = app::notices::object(&s.app, &CaseId(case), &form.text, form.contact.as_deref()).await?;
    Ok(Json(json!({ "objection": id })))
}

/// The master catalogue, without what may never be authorised.
#[utoipa::path(get, path = "/api/v1/public/catalogue", tag = "public", responses((status = 200, body = Object)))]
pub async fn list_catalogue(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::public_catalogue(&s.app).await?))
}

/// A catalogued resource with its dictionary.
#[utoipa::path(get, path = "/api/v1/public/catalogue/{resource}", tag = "public",
    params(("resource" = String, Path)), responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_catalogued(State(s): State<WebState>, Path(id): Path<String>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::public_resource(&s.app, &id).await?))
}
