//! Guards about implementation plans and emergency plans.

use super::supply::resources;
use super::{Fail, Input, fail, hold};
use crate::ids::{ImplementationPlanId, OrgId, ResourceId, ScenarioId};
use crate::object::{AuthorisationMode, ObjectKind};
use crate::record::{ImplementationPlan, ImplementationPlanState};
use serde_json::Value;
use std::collections::BTreeSet;

/// The plan that the announcement carries out covers what is announced or applied for.
pub(super) fn in_force(i: &Input<'_>) -> Result<(), Fail> {
    let named = i.case.text("implementation_plan").map(ImplementationPlanId::from).or_else(|| {
        let announced = i.facts.announcement.as_ref().filter(|a| Some(a.id.as_str()) == i.case.text("announcement"))?;
        announced.spec.implementation_plan.clone()
    });
    let adopted =
        |p: &&ImplementationPlan| Some(&p.id) == named.as_ref() && p.state == ImplementationPlanState::Adopted;
    let Some(plan) = i.facts.implementation_plan.as_ref().filter(adopted) else {
        return fail("没有经批准并有效的实施方案", "no implementation plan that was approved and holds is named");
    };
    let words = |field: &str| match i.case.object.get(field) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let mut modes = words("modes").into_iter().chain(words("mode")).map(AuthorisationMode::parse);
    if !modes.all(|m| m.is_some_and(|m| plan.spec.modes.contains(&m))) {
        return fail("实施方案不含这一授权方式", "the implementation plan does not provide for this mode");
    }
    let named = i.case.object.get("resources").and_then(Value::as_object);
    let outside =
        named.into_iter().flatten().find(|(id, _)| !plan.spec.resources.contains_key(&ResourceId::from(id.as_str())));
    if let Some((id, _)) = outside {
        return fail(
            format!("资源 {id} 不在实施方案的数据范围内"),
            format!("resource {id} is outside the implementation plan"),
        );
    }
    let months = i.case.object.get("term_months").and_then(Value::as_i64).unwrap_or(0);
    hold(
        months <= i64::from(plan.spec.term_months),
        "期限超过实施方案规定的期限",
        "the term is longer than the implementation plan provides for",
    )
}

/// Whoever the pack obliges (`emergency_plan.required_of`) holds a plan in force that covers the scenario.
pub(super) fn emergency(i: &Input<'_>) -> Result<(), Fail> {
    let named = i.case.text("scenario").map(ScenarioId::from);
    let scenario = named.or_else(|| i.grant().map(|g| g.spec.scenario.clone()));
    let delivering = i.procedure.object == ObjectKind::Recipient;
    // A consumer has a part only where something is delivered to it.
    let concerned = |duty: &&String| delivering || duty.as_str() != "data_consumer";
    for duty in i.pack.list("emergency_plan.required_of").unwrap_or_default().iter().filter(concerned) {
        let holders = obliged(i, duty);
        if holders.is_empty() {
            return fail(
                format!("无法确定应制定应急预案的单位：{duty}"),
                format!("it is not known who must hold an emergency plan as {duty}"),
            );
        }
        let bare = holders.iter().find(|h| !i.facts.plans.iter().any(|p| p.covers(h, scenario.as_ref(), i.now)));
        if let Some(holder) = bare {
            let term = [duty.clone()];
            return fail(
                format!("{} {holder} 未制定适用的应急预案", i.pack.terms_zh(&term)),
                format!("{} {holder} has no emergency plan in force for this scenario", i.pack.terms_en(&term)),
            );
        }
    }
    Ok(())
}

/// The organisations of a case that a duty of `emergency_plan.required_of` means; none where the case names none.
fn obliged(i: &Input<'_>, duty: &str) -> BTreeSet<OrgId> {
    let one = |org: Option<&str>| org.map(OrgId::from).into_iter().collect();
    match duty {
        "data_provider" => resources(i).into_values().collect(),
        "operator" => one(i.authorisation().map(|a| a.operator.as_str()).or_else(|| i.case.text("operator"))),
        // The agency that granted is the one that organises the operation.
        "implementing_agency" | "data_authority" => one(i.authorisation().map(|a| a.authoriser.as_str())),
        "data_consumer" => one(i.case.text("consumer")),
        _ => BTreeSet::new(),
    }
}
