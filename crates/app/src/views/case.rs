//! One case as people see it, with blind votes hidden until all are in; and the log.

use super::cases::Around;
use super::oversees;
use super::refs::refs;
use crate::cases::StoredAct;
use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command};
use crate::matters::{Audience, audience};
use crate::orders::IssuedOrder;
use crate::reports::{RefusedOrder, WaitingOrder};
use crate::timers::Overdue;
use crate::{App, notices, resources};
use model::case::{Case, Done};
use model::ids::CaseId;
use model::procedure::{By, Facts, Procedure, overdue_steps, steps_for, visible_history};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::Filter;

/// One case.
pub async fn case(app: &App, actor: &Actor, id: &CaseId) -> AppResult<Value> {
    let row: Case = app.store.get(id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    check_visible(app, actor, &row)?;
    let refused: Vec<RefusedOrder> = app.store.list(&Filter::of(id.as_str())).await?;
    let around = Around::load(app, actor).await?;
    let mut view = case_view(app, actor, &row, &around.facts(&row));
    view["title"] = json!(around.title(&row));
    view["refs"] = refs(app, actor, &row.object, &row.applicant).await?;
    view["before"] = before(app, &row).await?;
    // Every refusal there was, and the one that is still the last word.
    view["refused"] = json!(super::cases::refused(app, &row, &refused));
    view["refused_orders"] = json!(refused);
    // What the zone waits for is over with the case.
    let over = view["end"] == true;
    let waiting: Vec<WaitingOrder> = app.store.list(&Filter::of(id.as_str())).await?;
    view["waiting_orders"] = if over { json!([]) } else { json!(waiting) };
    let mut issued: Vec<IssuedOrder> = app.store.list(&Filter::of(id.as_str())).await?;
    issued.sort_by_key(|o| o.issued_at);
    view["orders"] = json!(issued);
    view["objections"] = json!(notices::objections(app, actor, id).await?);
    Ok(view)
}

/// What a change of a catalogue entry changes: the entry as it was, with the documents it was reviewed on.
async fn before(app: &App, case: &Case) -> AppResult<Value> {
    let Some(row) = resources::before(case) else { return Ok(Value::Null) };
    let reviewed: Option<Case> = app.store.get(row.case.as_str()).await?;
    let documents: BTreeMap<&String, &Value> =
        reviewed.iter().flat_map(|c| &c.history).flat_map(|d| &d.documents).collect();
    Ok(json!({ "case": row.case, "object": row.spec, "documents": documents, "at": row.at }))
}

/// Refuses with "not found" what the caller may not see.
pub fn check_visible(app: &App, actor: &Actor, case: &Case) -> AppResult<()> {
    if visible(app, actor, case) { Ok(()) } else { Err(AppError::NotFound("case")) }
}

/// The applicant, those named in the object, those who acted, those with a step to take now, those who were told that one
/// is overdue, and those who oversee.
pub(super) fn visible(app: &App, actor: &Actor, case: &Case) -> bool {
    if party_to(app, actor, case) {
        return true;
    }
    match audience(app, case) {
        Audience::Author => false,
        // Nobody comes by an office to a confidential matter about themselves, nor by its being overdue.
        Audience::Handlers if named(actor, case) => has_step(app, actor, case, Falls::AsNamed),
        Audience::Handlers | Audience::Parties => {
            has_step(app, actor, case, Falls::AsAnybody) || told_overdue(actor, case)
        }
    }
}

/// As whom a step falls to an organisation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Falls {
    /// As one of those with a role, or as named.
    AsAnybody,
    /// As the one that the case names.
    AsNamed,
}

/// Was the caller's organisation told that something is overdue in the present state?
fn told_overdue(actor: &Actor, case: &Case) -> bool {
    let own: Vec<String> =
        actor.org_roles.iter().filter_map(|r| Some(serde_json::to_value(r).ok()?.as_str()?.to_owned())).collect();
    Overdue::of(case).iter().flat_map(|o| &o.escalated_to).any(|role| own.contains(role))
}

/// The applicant, those who acted and those who oversee, and those named in the object; of matters as their procedure says.
pub(super) fn party_to(app: &App, actor: &Actor, case: &Case) -> bool {
    match audience(app, case) {
        Audience::Author => case.applicant == actor.org,
        // Who oversees is no judge in a matter about itself.
        Audience::Handlers => acted(actor, case) || oversees(actor) && !named(actor, case),
        Audience::Parties => named(actor, case) || handles(actor, case),
    }
}

/// Those named in the object, or kept with the case because it concerns them.
fn named(actor: &Actor, case: &Case) -> bool {
    let org = actor.org.as_str();
    let named = ["operator", "consumer", "provider", "author_org", "holder", "agency", "organisation"]
        .iter()
        .any(|f| case.text(f) == Some(org));
    let provides = case
        .object
        .get("resources")
        .and_then(Value::as_object)
        .is_some_and(|map| map.values().any(|p| p.as_str() == Some(org)));
    let concerned = case.data.values().any(|v| match v {
        Value::String(one) => one == org,
        Value::Array(many) => many.iter().any(|o| o == org),
        _ => false,
    });
    concerned || named || provides
}

/// The applicant, those who acted, and those who oversee.
fn handles(actor: &Actor, case: &Case) -> bool {
    acted(actor, case) || oversees(actor)
}

/// The applicant and those who acted.
fn acted(actor: &Actor, case: &Case) -> bool {
    case.applicant == actor.org || case.history.iter().any(|d| d.org == actor.org)
}

/// Does a step that may be taken now fall to a role of the caller's organisation? Whoever is named sees the case anyway,
/// and what anyone may do makes nobody a party.
fn has_step(app: &App, actor: &Actor, case: &Case, falls: Falls) -> bool {
    let steps = app.pack.procedure(&case.procedure).into_iter().flat_map(|p| p.steps_from(&case.state));
    steps.filter(|s| s.exists_for(&case.object)).flat_map(|s| &s.by).any(|by| match by {
        By::Role(role) => falls == Falls::AsAnybody && actor.org_roles.contains(role),
        // Named in a matter that is confidential until a step falls to them.
        By::Concerned => case.text("organisation") == Some(actor.org.as_str()),
        By::Operator => case.text("operator") == Some(actor.org.as_str()),
        By::Provider => case.text("provider") == Some(actor.org.as_str()),
        _ => false,
    })
}

/// A case for one viewer.
pub fn case_view(app: &App, actor: &Actor, case: &Case, facts: &Facts) -> Value {
    let procedure = app.pack.procedure(&case.procedure);
    let state = procedure.and_then(|p| p.state(&case.state));
    let steps: Vec<Value> = procedure
        .into_iter()
        .flat_map(|p| p.steps_from(&case.state))
        .filter(|s| s.exists_for(&case.object))
        .map(|s| {
            json!({
                "step": s.name, "zh": s.zh, "en": s.en, "by": s.by, "rule": s.rule,
                "article": app.pack.article(&s.rule), "documents": s.documents, "count": s.count, "blind": s.blind,
                "reject_to": s.reject_to, "reject_documents": s.reject_documents,
            })
        })
        .collect();
    // As the days off are known now: a year may have been announced since.
    let deadlines = procedure.map(|p| model::procedure::deadlines(&app.pack, p, case)).unwrap_or_default();
    let can_act: Vec<&str> =
        steps_for(&app.pack, case, &actor.as_model(), facts).into_iter().map(|s| s.name.as_str()).collect();
    let history: Vec<Value> =
        visible_history(&app.pack, case, &actor.person).into_iter().map(|d| done_view(app, procedure, d)).collect();
    json!({
        "id": case.id, "procedure": case.procedure, "pack": case.pack, "object": case.object, "state": case.state,
        "procedure_zh": procedure.map(|p| &p.zh), "procedure_en": procedure.map(|p| &p.en),
        "state_zh": state.map(|s| &s.zh), "state_en": state.map(|s| &s.en), "end": state.is_some_and(|s| s.end),
        "applicant": case.applicant, "author": case.author, "opened_at": case.opened_at, "entered_at": case.entered_at,
        "authoriser": case.data.get("authoriser"), "supervisors": case.data.get("supervisors"),
        "deadlines": deadlines, "overdue": overdue(app, case), "steps": steps, "can_act": can_act, "history": history,
    })
}

/// What is overdue in the present state, since when, and who was told of it.
fn overdue(app: &App, case: &Case) -> Vec<Value> {
    let told = Overdue::of(case);
    let late = overdue_steps(&app.pack, case, app.now()).into_iter();
    late.map(|(step, since)| {
        let told = told.iter().find(|o| o.step == step.name);
        json!({ "step": step.name, "zh": step.zh, "en": step.en, "since": since, "told_at": told.map(|o| o.told_at),
            "escalated_to": told.map(|o| &o.escalated_to) })
    })
    .collect()
}

fn done_view(app: &App, procedure: Option<&Procedure>, d: &Done) -> Value {
    let step = procedure.and_then(|p| p.step(&d.step));
    let rule = step.map_or("", |s| s.rule.as_str());
    json!({
        "step": d.step, "zh": step.map(|s| &s.zh), "en": step.map(|s| &s.en), "state": d.state, "person": d.person,
        "org": d.org, "decision": d.decision, "at": d.at, "documents": d.documents, "rule": rule,
        "article": app.pack.article(rule),
    })
}

/// The signed acts of a case, as far as the caller sees its history: a vote that is still blind is not there.
pub async fn acts(app: &App, actor: &Actor, id: &CaseId) -> AppResult<Value> {
    let row: Case = app.store.get(id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    check_visible(app, actor, &row)?;
    let stored: Vec<StoredAct> = app.store.list(&Filter::of(id.as_str())).await?;
    let mut seen: Vec<(&StoredAct, &Done)> = Vec::new();
    for done in visible_history(&app.pack, &row, &actor.person) {
        let of_it = |s: &&StoredAct| {
            let act = &s.act.body;
            let taken = seen.iter().any(|(other, _)| other.id == s.id);
            act.step == done.step && act.person == done.person && act.decision == done.decision && !taken
        };
        if let Some(act) = stored.iter().filter(of_it).min_by_key(|s| (s.act.body.at.0 - done.at.0).abs()) {
            seen.push((act, done));
        }
    }
    let acts: Vec<Value> =
        seen.iter().map(|(s, d)| json!({ "id": s.id, "act": s.act, "documents": d.documents })).collect();
    Ok(json!({ "acts": acts }))
}

/// Leaves in log order, for the audit administrator and regulators. Who is asked for a blind vote sees the log up to the
/// beginning of that vote, until it is given: the log says who votes, and when.
pub async fn leaves(app: &App, actor: &Actor, from: u64, limit: u32) -> AppResult<Value> {
    app.policies.permit(actor, &Command::plain("read_log"))?;
    let until = super::cases::asked_blind_since(app, actor).await?;
    let rows = app.store.leaves_from(from, limit as usize).await?;
    let read = rows.iter().map(|(index, bytes)| {
        json!({ "index": index, "leaf": serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null) })
    });
    let before = |row: &Value| until.is_none_or(|t| row["leaf"]["at"].as_i64().is_some_and(|at| at <= t.0));
    let leaves: Vec<Value> = read.take_while(before).collect();
    Ok(json!({ "leaves": leaves, "held_back_since": until }))
}
