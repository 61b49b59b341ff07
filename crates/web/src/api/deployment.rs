//! What this deployment is, its first set-up, its clock and its rules.

use crate::extract::Query;
use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Facts anyone may know.
#[derive(Serialize, ToSchema)]
pub struct DeploymentView {
    /// Name of the deployment, part of every signed document.
    pub deployment: String,
    /// City pack.
    pub city: String,
    /// Pack version.
    pub pack: String,
    /// `gm` or `intl`.
    pub suite: String,
    /// `real` or `simulated`.
    pub clock: String,
    /// Now, on the deployment's clock, in milliseconds since 1970 (UTC).
    pub now: i64,
    /// Base URL of the zone's endpoint, where data pass.
    pub zone_endpoint: String,
    /// `enforced`, `partial` or `none`: whether the kernel keeps this process out of the zone's folder.
    pub confinement: String,
    /// What came of this process reaching for the zone's folder when it started: `refused`, `open` or `absent`.
    pub zone_folder: String,
    /// Program version.
    pub version: String,
    /// Whether the first set-up is done.
    pub set_up: bool,
    /// Short name of the city in Chinese, as the pack has it.
    pub city_zh: String,
    /// Short name of the city in English.
    pub city_en: String,
    /// Name of the regulation in Chinese.
    pub pack_zh: String,
    /// Name of the regulation in English.
    pub pack_en: String,
    /// The authority root, to compare with what was noted down when the folder was made.
    pub root_key: RootKey,
}

/// The authority root's public key.
#[derive(Serialize, ToSchema)]
pub struct RootKey {
    /// Its id.
    pub id: String,
    /// `sm2:` or `ed25519:` and base64.
    pub public: String,
}

/// Facts of this deployment.
#[utoipa::path(get, path = "/api/v1/deployment", tag = "deployment",
    responses((status = 200, body = DeploymentView)))]
pub async fn get_deployment(State(s): State<WebState>) -> WebResult<Json<DeploymentView>> {
    let d = &s.app.deployment;
    let about = app::views::about(&s.app).await?;
    Ok(Json(DeploymentView {
        deployment: d.deployment.clone(),
        city: d.city.clone(),
        pack: d.pack.clone(),
        suite: format!("{:?}", d.suite).to_lowercase(),
        clock: d.clock_word().to_owned(),
        now: s.app.now().0,
        zone_endpoint: s.app.zone_endpoint.clone(),
        confinement: s.app.confinement.clone(),
        zone_folder: s.app.zone_folder.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        set_up: about.set_up,
        city_zh: about.city.zh,
        city_en: about.city.en,
        pack_zh: about.pack.zh,
        pack_en: about.pack.en,
        root_key: RootKey { id: about.root_id, public: d.root.clone() },
    }))
}

/// One of the three first administrators.
#[derive(Deserialize, ToSchema)]
pub struct FirstAdmin {
    /// Login name.
    pub account: String,
    /// Password (12 characters or more, four classes).
    pub password: String,
    /// Real name; sealed under the people key.
    pub name: String,
}

/// First set-up: three different administrators, and the data authority they work for.
#[derive(Deserialize, ToSchema)]
pub struct SetupForm {
    /// One-time token that `admin init` printed.
    pub token: String,
    /// The authority's name in Chinese.
    pub authority_zh: String,
    /// The authority's name in English.
    pub authority_en: String,
    /// 系统管理员.
    pub system_admin: FirstAdmin,
    /// 安全管理员.
    pub security_admin: FirstAdmin,
    /// 审计管理员.
    pub audit_admin: FirstAdmin,
}

/// Sets the deployment up, once.
#[utoipa::path(post, path = "/api/v1/setup", tag = "deployment", request_body = SetupForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn setup(State(s): State<WebState>, body: Body<SetupForm>) -> WebResult<Json<Value>> {
    let form = body.value;
    let admin = |a: FirstAdmin| app::setup::FirstAdmin { account: a.account, password: a.password, name: a.name };
    let done = app::setup::setup(
        &s.app,
        app::setup::Setup {
            token: form.token,
            authority_zh: form.authority_zh,
            authority_en: form.authority_en,
            admins: [admin(form.system_admin), admin(form.security_admin), admin(form.audit_admin)],
        },
    )
    .await?;
    Ok(Json(serde_json::json!({ "organisation": done })))
}

/// How far to move a simulated clock.
#[derive(Deserialize, ToSchema)]
pub struct ClockForm {
    /// Milliseconds forward, more than 0.
    pub advance_ms: i64,
}

/// Moves a simulated clock forward (system administrator; simulated folders only).
#[utoipa::path(post, path = "/api/v1/clock", tag = "deployment", request_body = ClockForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn move_clock(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<ClockForm>,
) -> WebResult<Json<Value>> {
    let now = app::setup::move_clock(&s.app, &actor, body.value.advance_ms, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::json!({ "now": now })))
}

/// The procedures of the city's rule pack, as graphs.
#[utoipa::path(get, path = "/api/v1/procedures", tag = "rules", responses((status = 200, body = Object)))]
pub async fn list_procedures(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::procedures(&s.app)?))
}

/// The rule pack: parameters with value, layer, article and status.
#[utoipa::path(get, path = "/api/v1/pack", tag = "rules", responses((status = 200, body = Object)))]
pub async fn get_pack(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::pack(&s.app)?))
}

/// Packs that the deployment's own can be compared with.
#[utoipa::path(get, path = "/api/v1/packs", tag = "rules", responses((status = 200, body = Object)))]
pub async fn list_packs(State(s): State<WebState>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::packs(&s.app)))
}

/// With which pack to compare.
#[derive(Deserialize, IntoParams)]
pub struct Compare {
    /// Id of a pack that the program carries.
    pub with: String,
}

/// What differs between the deployment's pack and another, by article.
#[utoipa::path(get, path = "/api/v1/pack/diff", tag = "rules", params(Compare),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn compare_packs(State(s): State<WebState>, Query(ask): Query<Compare>) -> WebResult<Json<Value>> {
    Ok(Json(app::views::compared(&s.app, &ask.with)?))
}
