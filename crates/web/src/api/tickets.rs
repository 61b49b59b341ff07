//! Tickets for the zone's endpoint.

use crate::problem::{Problem, WebError, WebResult};
use crate::session::bearer;
use crate::state::WebState;
use app::AppError;
use axum::Json;
use axum::extract::{Request, State};
use model::Signed;
use model::ticket::{Ticket, TicketPurpose};
use serde_json::{Value, json};

/// Asks for a ticket. A person sends a session token and the purpose; an application sends its access key
/// (`Authorization: Bearer yk_…`) and no body.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = Object,
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn create_ticket(State(s): State<WebState>, request: Request) -> WebResult<Json<Value>> {
    let (parts, body) = request.into_parts();
    let token = bearer(&parts).ok_or(WebError(AppError::NotSignedIn))?;
    let ticket: Signed<Ticket> = if token.starts_with(app::tickets::ACCESS_KEY_PREFIX) {
        app::tickets::for_access_key(&s.app, token).await?
    } else {
        let actor = app::setup::actor(&s.app, token).await?;
        let bytes = axum::body::to_bytes(body, 64 << 10).await.map_err(|_| bad_purpose())?;
        let purpose: TicketPurpose = serde_json::from_slice(&bytes).map_err(|_| bad_purpose())?;
        app::tickets::for_person(&s.app, &actor, purpose).await?
    };
    Ok(Json(json!({ "ticket": ticket, "endpoint": s.app.zone_endpoint })))
}

fn bad_purpose() -> AppError {
    AppError::usage(
        "bad-purpose",
        "purpose",
        "请写明用途：upload、set_aside、classify、gate_report、job、preview 或 product，以及相应编号。",
        "State the purpose: upload, set_aside, classify, gate_report, job, preview or product, with the ids it needs.",
    )
}
