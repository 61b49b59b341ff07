//! Authorisations, grants, jobs, products, orders, usage and evidence, as the caller may see them.

use crate::extract::Path;
use crate::problem::{Problem, WebResult};
use crate::session::Caller;
use crate::state::WebState;
use app::evidence::About;
use app::funnel::Actor;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::Value;

/// Matters that come again (evaluations, drills …): when each is due next, as far as it concerns the caller.
#[utoipa::path(get, path = "/api/v1/due", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_due(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::due::list(&s.app, &actor).await?))
}

/// Authorisations.
#[utoipa::path(get, path = "/api/v1/authorisations", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_authorisations(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::authorisations(&s.app, &actor).await?))
}

/// Implementation plans that were approved.
#[utoipa::path(get, path = "/api/v1/implementation-plans", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_implementation_plans(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::implementation_plans(&s.app, &actor).await?))
}

/// Announcements; `open` says whether applications are taken now.
#[utoipa::path(get, path = "/api/v1/announcements", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_announcements(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::announcements(&s.app, &actor).await?))
}

/// Scenarios of the caller's organisation; all for those that oversee.
#[utoipa::path(get, path = "/api/v1/scenarios", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_scenarios(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::scenarios(&s.app, &actor).await?))
}

/// Staff files of the caller's organisation; all for those that oversee.
#[utoipa::path(get, path = "/api/v1/staff", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_staff(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::staff(&s.app, &actor).await?))
}

/// Emergency plans of the caller's organisation; all for those that oversee.
#[utoipa::path(get, path = "/api/v1/plans", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_plans(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::plans(&s.app, &actor).await?))
}

/// Grants.
#[utoipa::path(get, path = "/api/v1/grants", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_grants(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::grants(&s.app, &actor).await?))
}

/// Jobs.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "operation", responses((status = 200, body = Object)))]
pub async fn list_jobs(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::jobs(&s.app, &actor).await?))
}

/// One job: state, verdict of the gate, digests, lineage.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "operation", params(("job" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_job(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::job(&s.app, &actor, &id).await?))
}

/// Products.
#[utoipa::path(get, path = "/api/v1/products", tag = "market", responses((status = 200, body = Object)))]
pub async fn list_products(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::products(&s.app, &actor).await?))
}

/// One product.
#[utoipa::path(get, path = "/api/v1/products/{product}", tag = "market", params(("product" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_product(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::product(&s.app, &actor, &id).await?))
}

/// Orders of the caller's organisation, as consumer or operator.
#[utoipa::path(get, path = "/api/v1/orders", tag = "market", responses((status = 200, body = Object)))]
pub async fn list_orders(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::orders(&s.app, &actor).await?))
}

/// One order.
#[utoipa::path(get, path = "/api/v1/orders/{order}", tag = "market", params(("order" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_order(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::order(&s.app, &actor, &id).await?))
}

/// What an order has used: calls, rows, bytes, and what that costs.
#[utoipa::path(get, path = "/api/v1/orders/{order}/usage", tag = "market", params(("order" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_usage(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::usage(&s.app, &actor, &id).await?))
}

/// The evidence file of a product, for an offline verifier.
#[utoipa::path(get, path = "/api/v1/products/{product}/evidence", tag = "market", params(("product" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_evidence(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<impl IntoResponse> {
    evidence(&s, &actor, About::Product, &id).await
}

/// The evidence file of a case: who decided what, on which documents. For its parties and those who oversee.
#[utoipa::path(get, path = "/api/v1/cases/{case}/evidence", tag = "cases", params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn get_case_evidence(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<impl IntoResponse> {
    evidence(&s, &actor, About::Decision, &id).await
}

/// The evidence file of what a person did and was refused. For the person and those who may read the log.
#[utoipa::path(get, path = "/api/v1/people/{person}/evidence", tag = "parties", params(("person" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn get_person_evidence(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<impl IntoResponse> {
    evidence(&s, &actor, About::QueryHistory, &id).await
}

/// The evidence file of a destruction. For the operator whose authorisation ended, its providers, and those who oversee.
#[utoipa::path(get, path = "/api/v1/authorisations/{authorisation}/evidence", tag = "operation",
    params(("authorisation" = String, Path)), responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_destruction_evidence(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<impl IntoResponse> {
    evidence(&s, &actor, About::Destruction, &id).await
}

/// The evidence file of a certificate that a resource was withdrawn, sealed or unsealed. For its provider and those who oversee.
#[utoipa::path(get, path = "/api/v1/resource-certificates/{certificate}/evidence", tag = "catalogue",
    params(("certificate" = String, Path)), responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_resource_certificate_evidence(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> WebResult<impl IntoResponse> {
    evidence(&s, &actor, About::ResourceCertificate, &id).await
}

async fn evidence(s: &WebState, actor: &Actor, about: About, id: &str) -> WebResult<impl IntoResponse + use<>> {
    let shown = app::views::check_evidence(&s.app, actor, about, id).await?;
    let source = app::evidence::Source {
        store: &s.app.store,
        log_dir: &s.app.log_dir,
        deployment: &s.app.deployment,
        pack: &s.app.pack,
        signer: &s.app.signer,
        now: s.app.now(),
        shown,
    };
    let bytes = app::evidence::export(&source, about, id).await?;
    Ok(([(axum::http::header::CONTENT_TYPE, "application/json")], bytes))
}
