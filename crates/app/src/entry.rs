//! What a completed catalogue case does to the catalogue: a new entry, or a change of one as it was when the case was opened.

use crate::App;
use crate::effects::object;
use crate::error::{AppError, AppResult};
use crate::resources::before;
use model::case::Case;
use model::ids::OrgId;
use model::order::ResourceSpec;
use model::party::{OrgRole, Organisation};
use model::record::{Grade, Resource, ResourceState};
use model::{Refusal, Timestamp, check_usable};
use serde_json::Value;
use store::{Filter, Tx};

/// Puts the entry of a case into the catalogue.
///
/// # Errors
/// Refusals where the entry that it changes is another by now, or its present contract is not answered by the zone.
pub(crate) async fn catalogue(app: &App, tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let spec: ResourceSpec = object(case)?;
    if spec.replaces.is_some() {
        let held = tx.get_for_update::<Resource>(spec.resource.as_str()).await?;
        if let Some(row) = held.as_ref().filter(|r| r.state == ResourceState::Sealed) {
            check_usable(&app.pack, row)?;
        }
        // By case, not by digest alone: an entry that was changed and changed back is another version.
        let seen = before(case).map(|row| row.case);
        let fits = |r: &Resource| {
            r.state == ResourceState::Catalogued
                && spec.replaces.as_ref() == Some(&r.spec.contract_digest)
                && seen.as_ref() == Some(&r.case)
        };
        let Some(held) = held.filter(fits) else { return Err(moved_on(app).into()) };
        if !crate::reports::carried_out(tx, &held.case).await? {
            return Err(unanswered(app).into());
        }
    }
    let classification = case.document("classification").cloned().unwrap_or_default();
    let grade = classification.get("grade").cloned().unwrap_or_default();
    // What is not stated counts as the stricter: important, and excluded.
    let grade = serde_json::from_value(grade).unwrap_or(Grade::Important);
    let flag = |name: &str| classification.get(name).and_then(Value::as_bool).unwrap_or(true);
    // Whoever nobody was assigned to is supervised by the data authority (JL-5.2).
    let supervisor = match case.document("supervision").and_then(|d| d.get("supervisor")).and_then(Value::as_str) {
        Some(id) => Some(supervisor(tx, id).await?),
        None => None,
    };
    let origin = case.document("origin").filter(|d| d.get("acquired_by").and_then(Value::as_str) == Some("sharing"));
    let row = Resource {
        id: spec.resource.clone(),
        provider: spec.provider.clone(),
        supervisor,
        sharing_consent: origin.map(|d| d.get("sharing_consent").is_some_and(Value::is_string)),
        grade,
        excluded: flag("state_secret") || flag("forbidden_to_open"),
        state: ResourceState::Catalogued,
        case: case.id.clone(),
        at: now,
        spec,
    };
    tx.put(&row).await?;
    Ok(())
}

fn unanswered(app: &App) -> Refusal {
    let zh = "运营域尚未确认该条目的现行合约（运营域可能暂时离线），其确认或拒绝之前不能在其上再作变更。请稍后再审。";
    let en = "The operation domain has not answered the entry's present contract yet (it may be away); nothing is changed on top of it before that. Review again later.";
    app.pack.refusal("entry-unanswered", "PRODUCT-CATALOGUE", zh, en)
}

fn moved_on(app: &App) -> Refusal {
    let zh = "提交本次变更之后，该目录条目已另行变更或撤回。请退回本次变更，由数据提供单位在现行条目上重新提交。";
    let en = "The entry was changed or withdrawn after this change was handed in. Return it; the provider hands in a new change of the entry as it is now.";
    app.pack.refusal("entry-changed", "PRODUCT-CATALOGUE", zh, en)
}

/// The organisation of a unified social credit code, if it is recorded as a supervising department.
async fn supervisor(tx: &mut Tx, uscc: &str) -> AppResult<OrgId> {
    let all: Vec<Organisation> = tx.list(&Filter::default()).await?;
    let fits = |o: &Organisation| o.uscc.as_deref() == Some(uscc) && o.roles.contains(&OrgRole::SupervisingDepartment);
    all.into_iter().find(fits).map(|o| o.id).ok_or_else(|| {
        AppError::usage(
            "unknown-supervisor",
            "documents.supervision.supervisor",
            "没有以此统一社会信用代码登记的监管部门。",
            "No supervising department is recorded under this unified social credit code.",
        )
    })
}
