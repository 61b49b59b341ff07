//! Signing in and out.

use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller, bearer};
use crate::state::WebState;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Account and password.
#[derive(Deserialize, ToSchema)]
pub struct LoginForm {
    /// Login name.
    pub account: String,
    /// Password.
    pub password: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Opaque token for `Authorization: Bearer`; the platform keeps only its hash.
    pub token: String,
    /// Pseudonymous id of the person.
    pub person: String,
    /// The person's organisation.
    pub org: String,
    /// First instant at which the session ends however much it is used, in milliseconds since 1970 (UTC).
    pub expires_at: i64,
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
pub struct PasswordForm {
    /// Login name.
    pub account: String,
    /// Present password.
    pub old: String,
    /// New password (12 characters or more, four classes, none of the last five).
    pub new: String,
}

/// The raw bearer token.
pub struct Token(pub String);

impl FromRequestParts<WebState> for Token {
    type Rejection = crate::problem::WebError;
    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Self::Rejection> {
        Ok(Self(bearer(parts).ok_or(app::AppError::NotSignedIn)?.to_owned()))
    }
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", request_body = LoginForm,
    responses((status = 200, body = SessionView), (status = 422, body = Problem)))]
pub async fn create_session(State(s): State<WebState>, body: Body<LoginForm>) -> WebResult<Json<SessionView>> {
    let form = body.value;
    let done = app::setup::login(&s.app, &form.account, &form.password).await?;
    Ok(Json(SessionView {
        token: done.token,
        person: done.person.id.to_string(),
        org: done.person.org.to_string(),
        expires_at: done.expires.0,
    }))
}

/// Changes a password; no session is needed, all sessions of the person end.
#[utoipa::path(post, path = "/api/v1/password", tag = "sessions", request_body = PasswordForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn change_password(State(s): State<WebState>, body: Body<PasswordForm>) -> WebResult<Json<Value>> {
    let form = body.value;
    app::setup::change_password(&s.app, &form.account, &form.old, &form.new).await?;
    Ok(Json(serde_json::json!({})))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "sessions", responses((status = 200, body = Object)))]
pub async fn delete_session(State(s): State<WebState>, Token(token): Token) -> WebResult<Json<Value>> {
    app::setup::logout(&s.app, &token).await?;
    Ok(Json(serde_json::json!({})))
}

/// Who the caller is.
#[utoipa::path(get, path = "/api/v1/me", tag = "sessions", responses((status = 200, body = Object)))]
pub async fn get_me(State(s): State<WebState>, Caller(actor): Caller) -> WebResult<Json<Value>> {
    Ok(Json(app::views::me(&s.app, &actor).await?))
}
