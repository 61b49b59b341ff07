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
    let (token, person) = app::setup::login(&s.app, &form.account, &form.password).await?;
    Ok(Json(SessionView { token, person: person.id.to_string(), org: person.org.to_string() }))
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
