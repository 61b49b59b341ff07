//! Cases: runs of the pack's procedures. Every step is a signed act.

use crate::extract::{Path, Query};
use crate::problem::{Problem, WebResult};
use crate::session::{Body, Caller};
use crate::state::WebState;
use app::AppError;
use axum::Json;
use axum::extract::State;
use model::ids::CaseId;
use model::{Act, Decision, Signed};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Opens a case of a procedure over an object.
#[derive(Deserialize, ToSchema)]
pub struct OpenForm {
    /// Procedure name in the pack.
    pub procedure: String,
    /// What the case is about; the platform adds the ids and digests that are its own to give.
    #[schema(value_type = Object)]
    pub object: Value,
}

/// Opens a case; nothing is decided yet.
#[utoipa::path(post, path = "/api/v1/cases", tag = "cases", request_body = OpenForm,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn open_case(
    State(s): State<WebState>,
    Caller(actor): Caller,
    body: Body<OpenForm>,
) -> WebResult<Json<Value>> {
    let f = body.value;
    let view = app::cases::open(&s.app, &actor, &f.procedure, f.object, body.idempotency.as_ref()).await?;
    Ok(Json(view))
}

/// Filter of the case list.
#[derive(Deserialize, IntoParams)]
pub struct CaseQuery {
    /// Only of this procedure.
    pub procedure: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only those that are not over (`true`), or only those that are.
    pub open: Option<bool>,
    /// Only about this authorisation.
    pub authorisation: Option<String>,
    /// Only those that the caller's organisation has opened.
    #[serde(default)]
    pub own: bool,
    /// Only cases in which the caller can act now.
    #[serde(default)]
    pub inbox: bool,
    /// Only cases in which a step is overdue.
    #[serde(default)]
    pub overdue: bool,
    /// Only those under blind review in which the caller can vote or has voted.
    #[serde(default)]
    pub blind: bool,
    /// Only those whose title, procedure, state, applicant or id holds every word of this text, in either language.
    pub text: Option<String>,
    /// `opened` (the last one opened first), `newest` or `oldest` (by the last change), or `due` (the nearest deadline first).
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub order: app::views::CaseOrder,
    /// So many are left out from the beginning of the list.
    #[serde(default)]
    pub skip: usize,
    /// At most so many.
    pub limit: Option<usize>,
    /// Those after this case in the list (`next` of the page before).
    pub after: Option<String>,
    /// Without long texts and documents.
    #[serde(default)]
    pub summary: bool,
}

/// Cases the caller may see.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(CaseQuery), responses((status = 200, body = Object)))]
pub async fn list_cases(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Query(q): Query<CaseQuery>,
) -> WebResult<Json<Value>> {
    let filter = app::views::CaseFilter {
        procedure: q.procedure,
        state: q.state,
        open: q.open,
        authorisation: q.authorisation,
        own: q.own,
        inbox: q.inbox,
        overdue: q.overdue,
        blind: q.blind,
        text: q.text,
        order: q.order,
        skip: q.skip,
        limit: q.limit,
        after: q.after,
        summary: q.summary,
    };
    Ok(Json(app::views::cases(&s.app, &actor, &filter).await?))
}

/// One case: where it is, who must act, what was done. Blind votes stay hidden until all are in.
#[utoipa::path(get, path = "/api/v1/cases/{case}", tag = "cases", params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn get_case(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(case): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::case(&s.app, &actor, &CaseId(case)).await?))
}

/// The signed acts of a case with their documents. Blind votes stay hidden until all are in.
#[utoipa::path(get, path = "/api/v1/cases/{case}/acts", tag = "cases", params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub async fn list_acts(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(case): Path<String>,
) -> WebResult<Json<Value>> {
    Ok(Json(app::views::acts(&s.app, &actor, &CaseId(case)).await?))
}

/// What is asked of an act before it is signed.
#[derive(Deserialize, ToSchema)]
pub struct DraftForm {
    /// Step.
    pub step: String,
    /// Decision.
    #[schema(value_type = String)]
    pub decision: Decision,
    /// Documents and findings that go with the act, by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub documents: BTreeMap<String, Value>,
}

/// The exact statement that the caller would sign.
#[utoipa::path(post, path = "/api/v1/cases/{case}/act-draft", tag = "cases", request_body = DraftForm, params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub async fn draft_act(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(case): Path<String>,
    body: Body<DraftForm>,
) -> WebResult<Json<Act>> {
    let f = body.value;
    Ok(Json(app::cases::draft_act(&s.app, &actor, &CaseId(case), &f.step, f.decision, &f.documents).await?))
}

/// A signed act with its documents.
#[derive(Deserialize, ToSchema)]
pub struct ActForm {
    /// The statement with the person's signature.
    #[schema(value_type = Object)]
    pub act: Signed<Act>,
    /// The documents whose digest the statement holds.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub documents: BTreeMap<String, Value>,
}

/// Takes a step in a case.
#[utoipa::path(post, path = "/api/v1/cases/{case}/acts", tag = "cases", request_body = ActForm, params(("case" = String, Path)),
    responses((status = 200, body = Object), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn act(
    State(s): State<WebState>,
    Caller(actor): Caller,
    Path(case): Path<String>,
    body: Body<ActForm>,
) -> WebResult<Json<Value>> {
    let f = body.value;
    if f.act.body.case.as_str() != case {
        return Err(AppError::NotFound("case").into());
    }
    Ok(Json(app::cases::act(&s.app, &actor, f.act, f.documents, body.idempotency.as_ref()).await?))
}
