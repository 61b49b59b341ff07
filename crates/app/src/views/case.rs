//! Cases as people see them, with blind votes hidden until all are in; and the log.

use super::oversees;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command};
use crate::reports::RefusedOrder;
use model::case::Case;
use model::ids::CaseId;
use model::procedure::visible_history;
use serde_json::{Value, json};
use store::Filter;

/// Which cases to list.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Only of this procedure.
    pub procedure: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only those in which the caller's organisation or role can act now.
    pub inbox: bool,
}

/// Cases the caller may see.
pub async fn cases(app: &App, actor: &Actor, filter: &CaseFilter) -> AppResult<Value> {
    let wanted = Filter { parent: filter.procedure.clone(), state: filter.state.clone(), ..Filter::default() };
    let rows: Vec<Case> = app.store.list(&wanted).await?;
    let seen: Vec<Value> = rows
        .iter()
        .filter(|c| visible(actor, c))
        .map(|c| case_view(app, actor, c))
        .filter(|v| !filter.inbox || v["can_act"].as_array().is_some_and(|a| !a.is_empty()))
        .collect();
    Ok(json!({ "cases": seen }))
}

/// One case.
pub async fn case(app: &App, actor: &Actor, id: &CaseId) -> AppResult<Value> {
    let row: Case = app.store.get(id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    check_visible(app, actor, &row)?;
    let refused: Vec<RefusedOrder> = app.store.list(&Filter::of(id.as_str())).await?;
    let mut view = case_view(app, actor, &row);
    view["refused_orders"] = json!(refused);
    Ok(view)
}

/// Refuses with "not found" what the caller may not see.
pub fn check_visible(_app: &App, actor: &Actor, case: &Case) -> AppResult<()> {
    if visible(actor, case) { Ok(()) } else { Err(AppError::NotFound("case")) }
}

/// The applicant, those named in the object, those who already acted, and those who oversee.
fn visible(actor: &Actor, case: &Case) -> bool {
    let org = actor.org.as_str();
    let named = ["operator", "consumer", "provider", "author_org"].iter().any(|f| case.text(f) == Some(org));
    let provides = case
        .object
        .get("resources")
        .and_then(Value::as_object)
        .is_some_and(|map| map.values().any(|p| p.as_str() == Some(org)));
    let operates = case.data.get("operator").and_then(Value::as_str) == Some(org);
    case.applicant == actor.org
        || operates
        || named
        || provides
        || oversees(actor)
        || case.history.iter().any(|d| d.org == actor.org)
}

/// A case for one viewer.
pub fn case_view(app: &App, actor: &Actor, case: &Case) -> Value {
    let procedure = app.pack.procedure(&case.procedure);
    let state = procedure.and_then(|p| p.state(&case.state));
    let steps: Vec<Value> = procedure
        .into_iter()
        .flat_map(|p| p.steps_from(&case.state))
        .map(|s| {
            json!({
                "step": s.name, "zh": s.zh, "en": s.en, "by": s.by, "rule": s.rule,
                "article": app.pack.article(&s.rule), "documents": s.documents, "count": s.count, "blind": s.blind,
            })
        })
        .collect();
    let can_act: Vec<&str> = procedure
        .into_iter()
        .flat_map(|p| p.steps_from(&case.state))
        .filter(|s| s.by.iter().any(|by| may(actor, *by, case)))
        .map(|s| s.name.as_str())
        .collect();
    let history: Vec<Value> = visible_history(&app.pack, case, &actor.person)
        .into_iter()
        .map(|d| {
            json!({
                "step": d.step, "person": d.person, "org": d.org, "decision": d.decision, "at": d.at,
                "documents": d.documents,
            })
        })
        .collect();
    json!({
        "id": case.id, "procedure": case.procedure, "pack": case.pack, "object": case.object, "state": case.state,
        "state_zh": state.map(|s| &s.zh), "state_en": state.map(|s| &s.en), "end": state.is_some_and(|s| s.end),
        "applicant": case.applicant, "author": case.author, "opened_at": case.opened_at, "entered_at": case.entered_at,
        "deadlines": case.deadlines, "steps": steps, "can_act": can_act, "history": history,
    })
}

/// A rough answer for lists and inboxes; the decision itself is `decide`'s.
fn may(actor: &Actor, by: model::procedure::By, case: &Case) -> bool {
    use model::procedure::By;
    let org = Some(actor.org.as_str());
    match by {
        By::Role(role) => actor.org_roles.contains(&role),
        By::Applicant => case.applicant == actor.org,
        By::Operator => case.text("operator") == org,
        By::AuthorOrg => case.text("author_org") == org,
        By::Consumer => case.text("consumer") == org,
        By::Provider => case.text("provider") == org,
        By::EachProvider => case
            .object
            .get("resources")
            .and_then(Value::as_object)
            .is_some_and(|map| map.values().any(|p| p.as_str() == org)),
        By::Anyone => true,
        By::Clock => false,
    }
}

/// Leaves in log order, for the audit administrator and regulators.
pub async fn leaves(app: &App, actor: &Actor, from: u64, limit: u32) -> AppResult<Value> {
    app.policies.permit(actor, &Command::plain("read_log"))?;
    let rows = app.store.leaves_from(from, limit as usize).await?;
    let leaves: Vec<Value> = rows
        .iter()
        .map(|(index, bytes)| {
            json!({ "index": index, "leaf": serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null) })
        })
        .collect();
    Ok(json!({ "leaves": leaves }))
}
