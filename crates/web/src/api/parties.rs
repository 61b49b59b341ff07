//! Organisations and people.

use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use axum::Json;
use axum::extract::{Path, State};
use model::ids::PersonId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A new organisation.
#[derive(Deserialize, ToSchema)]
pub struct OrganisationForm {
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// 统一社会信用代码, if it has one.
    #[serde(default)]
    pub uscc: Option<String>,
    /// `legal_person`, `unincorporated` or `natural_person`.
    #[schema(value_type = String)]
    pub legal_form: model::party::LegalForm,
    /// Roles under the regulation.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<model::party::OrgRole>,
    /// Affiliated group.
    #[serde(default)]
    pub group: Option<String>,
}

/// Records an organisation (system administrator).
#[utoipa::path(post, path = "/api/v1/organisations", tag = "parties", request_body = OrganisationForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn create_organisation(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<OrganisationForm>,
) -> WebResult<Json<Value>> {
    let f = body.value;
    let new = app::parties::NewOrganisation {
        zh: f.zh,
        en: f.en,
        uscc: f.uscc,
        legal_form: f.legal_form,
        roles: f.roles,
        group: f.group,
    };
    let org = app::setup::create_organisation(&s.app, &actor, new, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::to_value(org).map_err(app::AppError::from)?))
}

/// Organisations.
#[utoipa::path(get, path = "/api/v1/organisations", tag = "parties", responses((status = 200, body = Object)))]
pub async fn list_organisations(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::organisations(&s.app, &actor).await?))
}

/// A new person with an account.
#[derive(Deserialize, ToSchema)]
pub struct PersonForm {
    /// Organisation the person works for.
    pub org: String,
    /// Login name.
    pub account: String,
    /// First password.
    pub password: String,
    /// Real name; sealed under the people key.
    pub name: String,
    /// Number of an identity document; only a keyed digest of it is kept.
    #[serde(default)]
    pub document: Option<String>,
    /// Whether the person must set another password at the first sign-in.
    #[serde(default)]
    pub must_change: bool,
    /// Software roles.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<model::party::PersonRole>,
}

/// Records a person with an account (system administrator).
#[utoipa::path(post, path = "/api/v1/people", tag = "parties", request_body = PersonForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn create_person(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<PersonForm>,
) -> WebResult<Json<Value>> {
    let f = body.value;
    let new = app::parties::NewPerson {
        org: f.org.as_str().into(),
        account: f.account,
        password: f.password,
        name: f.name,
        roles: f.roles,
        document: f.document,
        must_change: f.must_change,
    };
    let person = app::setup::create_person(&s.app, &actor, new, body.idempotency.as_ref()).await?;
    Ok(Json(serde_json::to_value(person).map_err(app::AppError::from)?))
}

/// People of the caller's organisation; all for the three administrators.
#[utoipa::path(get, path = "/api/v1/people", tag = "parties", responses((status = 200, body = Object)))]
pub async fn list_people(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::people(&s.app, &actor).await?))
}

/// Other roles for a person.
#[derive(Deserialize, ToSchema)]
pub struct RolesForm {
    /// Software roles; they replace the present ones.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<model::party::PersonRole>,
}

/// Gives a person other roles (system administrator); the person's sessions end.
#[utoipa::path(post, path = "/api/v1/people/{person}/roles", tag = "parties", request_body = RolesForm,
    params(("person" = String, Path)), responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn set_roles(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(person): Path<String>,
    body: Body<RolesForm>,
) -> WebResult<Json<Value>> {
    let change = app::people::Change::Roles(body.value.roles);
    Ok(Json(app::people::change(&s.app, &actor, &PersonId(person), change, body.idempotency.as_ref()).await?))
}

/// Nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Closes a person's account for good (system administrator).
#[utoipa::path(post, path = "/api/v1/people/{person}/close", tag = "parties", request_body = Nothing,
    params(("person" = String, Path)), responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn close_account(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(person): Path<String>,
    body: Body<Nothing>,
) -> WebResult<Json<Value>> {
    let change = app::people::Change::Close;
    Ok(Json(app::people::change(&s.app, &actor, &PersonId(person), change, body.idempotency.as_ref()).await?))
}

/// Unlocks an account after failed tries (system administrator).
#[utoipa::path(post, path = "/api/v1/people/{person}/unlock", tag = "parties", request_body = Nothing,
    params(("person" = String, Path)), responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn unlock_account(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(person): Path<String>,
    body: Body<Nothing>,
) -> WebResult<Json<Value>> {
    let change = app::people::Change::Unlock;
    Ok(Json(app::people::change(&s.app, &actor, &PersonId(person), change, body.idempotency.as_ref()).await?))
}

/// A new password for somebody else; it must be changed at the next sign-in.
#[derive(Deserialize, ToSchema)]
pub struct ResetForm {
    /// The new password.
    pub password: String,
}

/// Sets another person's password (system administrator); it must be changed before the next sign-in.
#[utoipa::path(post, path = "/api/v1/people/{person}/password", tag = "parties", request_body = ResetForm,
    params(("person" = String, Path)), responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn reset_password(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(person): Path<String>,
    body: Body<ResetForm>,
) -> WebResult<Json<Value>> {
    let change = app::people::Change::Password(body.value.password);
    Ok(Json(app::people::change(&s.app, &actor, &PersonId(person), change, body.idempotency.as_ref()).await?))
}
