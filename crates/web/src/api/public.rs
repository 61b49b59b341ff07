//! What anyone may see without signing in: published products, certificates, and plain pages for both.

use crate::extract::Path;
use crate::problem::{Problem, WebResult};
use crate::state::WebState;
use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde_json::Value;

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

/// The list of products as a page.
pub async fn products_page(State(s): State<WebState>) -> WebResult<Html<String>> {
    let products = app::views::public_products(&s.app).await?;
    Ok(Html(crate::pages::products(&s.app.deployment, &products)))
}

/// One product as a page.
pub async fn product_page(State(s): State<WebState>, Path(id): Path<String>) -> WebResult<Html<String>> {
    let product = app::views::public_product(&s.app, &id).await?;
    Ok(Html(crate::pages::product(&s.app.deployment, &product)))
}

/// A certificate check as a page.
pub async fn certificate_page(State(s): State<WebState>, Path(number): Path<String>) -> WebResult<Html<String>> {
    let certificate = app::views::certificate(&s.app, &number).await?;
    Ok(Html(crate::pages::certificate(&s.app.deployment, &certificate)))
}
