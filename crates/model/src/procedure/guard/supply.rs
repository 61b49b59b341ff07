//! Guards about data supply: catalogue, scope, scenario, staff, plans, grants.

use super::{Fail, Input, fail, hold};
use crate::ids::{OrgId, ResourceId};
use crate::object::ObjectKind;
use crate::record::{Grade, GrantState, Resource, ResourceState, ScenarioState};
use crate::retention::check_resource;
use crate::time::Timestamp;
use crate::usable::away;
use serde_json::Value;
use std::collections::BTreeMap;

/// Resources with their providers that the object names, directly or through its grant.
pub(super) fn resources(i: &Input<'_>) -> BTreeMap<ResourceId, OrgId> {
    match i.case.object.get("resources").and_then(Value::as_object) {
        Some(map) => map
            .iter()
            .filter_map(|(id, org)| Some((ResourceId::from(id.as_str()), OrgId::from(org.as_str()?))))
            .collect(),
        None => i.grant().map(|g| g.spec.resources.clone()).unwrap_or_default(),
    }
}

pub(super) fn resources_catalogued(i: &Input<'_>) -> Result<(), Fail> {
    let named = resources(i);
    if named.is_empty() {
        return fail("没有列出任何数据资源", "no resource is named");
    }
    for (id, provider) in &named {
        let Some(found) = i.facts.resources.get(id).filter(|r| &r.id == id && r.state == ResourceState::Catalogued)
        else {
            return fail(format!("资源 {id} 不在公共数据资源目录中"), format!("resource {id} is not in the catalogue"));
        };
        if found.excluded || found.grade == Grade::Core {
            return fail(
                format!("资源 {id} 属于禁止授权运营的数据"),
                format!("resource {id} must not be authorised for operation"),
            );
        }
        if &found.provider != provider {
            return fail(format!("资源 {id} 的提供单位不符"), format!("resource {id} has another provider"));
        }
    }
    Ok(())
}

pub(super) fn sharing_consented(i: &Input<'_>) -> Result<(), Fail> {
    let bare = resources(i)
        .into_keys()
        .find(|id| i.facts.resources.get(id).is_none_or(|r| &r.id != id || r.sharing_consent == Some(false)));
    bare.map_or(Ok(()), |id| {
        fail(
            format!("资源 {id} 通过政务数据共享获得，尚无数据提供单位同意的记录"),
            format!(
                "resource {id} was obtained through data sharing and the sharing provider's consent is not on record"
            ),
        )
    })
}

/// The one resource of a case about its withdrawal or sealing, in one of these states, of the provider that is named.
pub(super) fn resource_is(i: &Input<'_>, states: &[ResourceState]) -> Result<(), Fail> {
    let id = i.case.text("resource").unwrap_or_default();
    let found = i.facts.resources.get(&ResourceId::from(id)).filter(|r| r.id.as_str() == id);
    let Some(found) = found.filter(|r| Some(r.provider.as_str()) == i.case.text("provider")) else {
        return fail("没有这一资源，或提供单位不符", "there is no such resource of this provider");
    };
    if states.contains(&found.state) {
        return Ok(());
    }
    let (zh, en) = match found.state {
        ResourceState::Submitted => ("资源尚未入目录", "the resource is not in the catalogue yet"),
        ResourceState::Catalogued => ("资源没有封存", "the resource is not sealed"),
        ResourceState::Sealed => ("资源已封存", "the resource is sealed"),
        ResourceState::Withdrawn => ("资源已撤回并销毁", "the resource was withdrawn and destroyed"),
    };
    fail(zh, en)
}

/// A resource in the catalogue can be sealed; and one whose unsealing nobody has carried out yet is sealed again, which takes
/// that decision back.
pub(super) fn resource_held(i: &Input<'_>) -> Result<(), Fail> {
    let states = [ResourceState::Catalogued, ResourceState::Sealed];
    resource_is(i, if i.facts.unsealing_ordered { &states } else { &states[..1] })
}

pub(super) fn carried_out(i: &Input<'_>) -> Result<(), Fail> {
    hold(i.facts.carried_out, "运营域尚未报告办理完成", "the zone has not reported that it is done yet")
}

pub(super) fn order_refused(i: &Input<'_>) -> Result<(), Fail> {
    hold(i.facts.order_refused, "运营域没有拒绝这一事项的指令", "the zone has not refused this case's order")
}

/// What the case itself carried out was not overtaken, whatever was done to the resource since.
pub(super) fn overtaken(i: &Input<'_>) -> Result<(), Fail> {
    let overtaken = i.facts.overtaken && !i.facts.carried_out;
    hold(overtaken, "没有另一事项取代这一事项", "no other case has overtaken this one")
}

/// The first source of a job or its result that nobody may use any more: what its grant names.
pub(super) fn unusable<'a>(i: &Input<'a>) -> Option<&'a Resource> {
    let named = resources(i);
    let mut found = named.keys().filter_map(|id| i.facts.resources.get(id));
    found.find(|r| away(r).is_some())
}

/// A result leaves the domain, and a job is handed in, only while everything that it is made of may be used.
pub(super) fn sources_usable(i: &Input<'_>) -> Result<(), Fail> {
    let (job, named) = (i.procedure.object == ObjectKind::Job, resources(i));
    if named.is_empty() || named.keys().any(|id| i.facts.resources.get(id).is_none_or(|r| &r.id != id)) {
        return match job {
            true => fail("无法确定该作业所用的资源", "it is not known which resources the job reads"),
            false => fail("无法确定该结果所用的资源", "it is not known which resources the result was made of"),
        };
    }
    match unusable(i).and_then(away) {
        None => Ok(()),
        Some((_, _, zh, en)) if job => {
            fail(format!("该作业所用的{zh}，不得运行"), format!("the job may not run: {en}"))
        }
        Some((_, _, zh, en)) => fail(format!("该结果所用的{zh}，不得出域"), format!("this result may not leave: {en}")),
    }
}

/// Records may be destroyed once the pack's months have passed since they were last supplied; until then they are sealed.
pub(super) fn retention_over(i: &Input<'_>) -> Result<(), Fail> {
    let id = ResourceId::from(i.case.text("resource").unwrap_or_default());
    let Some(resource) = i.facts.resources.get(&id) else {
        return fail("没有这一资源", "there is no such resource");
    };
    let from = i.facts.last_supply.unwrap_or(resource.at);
    match check_resource(i.pack, from, i.now) {
        Ok(()) => Ok(()),
        Err(refusal) => fail(refusal.zh, refusal.en),
    }
}

pub(super) fn within_scope(i: &Input<'_>) -> Result<(), Fail> {
    let Some(authorisation) = i.authorisation() else {
        return fail("没有有效授权", "there is no authorisation");
    };
    if i.case.text("operator") != Some(authorisation.operator.as_str()) {
        return fail("申请单位不是被授权单位", "the applicant is not the authorised operator");
    }
    let outside = resources(i).into_keys().find(|id| !authorisation.resources.contains_key(id));
    outside.map_or(Ok(()), |id| {
        fail(format!("资源 {id} 不在授权运营范围内"), format!("resource {id} is outside the authorisation's scope"))
    })
}

pub(super) fn within_term(i: &Input<'_>) -> Result<(), Fail> {
    let until = i.case.object.get("until").and_then(Value::as_i64).map(Timestamp);
    let fits = match (until, i.authorisation()) {
        (Some(until), Some(a)) => i.now < until && until <= a.until,
        _ => false,
    };
    hold(fits, "期限已过或超出授权期限", "the period is over or runs beyond the authorisation")
}

pub(super) fn scenario_approved(i: &Input<'_>) -> Result<(), Fail> {
    let scenario = i.facts.scenario.as_ref().filter(|s| Some(s.id.as_str()) == i.case.text("scenario"));
    let approved = scenario
        .is_some_and(|s| s.state == ScenarioState::Approved && Some(s.operator.as_str()) == i.case.text("operator"));
    let authorised = scenario.is_some_and(|s| Some(s.spec.authorisation.as_str()) == i.case.text("authorisation"));
    hold(approved && authorised, "应用场景未经审核", "the scenario is not approved for this operator and authorisation")
}

pub(super) fn staff_admitted(i: &Input<'_>) -> Result<(), Fail> {
    let author = i.case.text("author").unwrap_or(i.case.author.as_str());
    let admitted = i.facts.staff.as_ref().is_some_and(|s| s.person.as_str() == author && s.admitted(i.now));
    hold(
        admitted,
        "编写人员未完成实名认证、备案与审查，或保密协议已到期",
        "the author is not admitted: real name, filing, vetting and a running confidentiality agreement are needed",
    )
}

pub(super) fn period_open(i: &Input<'_>) -> Result<(), Fail> {
    let field = i.case.object.get("nda_until").or_else(|| i.case.object.get("until"));
    let open = field.and_then(Value::as_i64).is_some_and(|until| i.now < Timestamp(until));
    hold(open, "期限已过", "the period is over")
}

pub(super) fn grant_in_force(i: &Input<'_>) -> Result<(), Fail> {
    let open = i.grant().is_some_and(|g| g.state == GrantState::Open && i.now < g.spec.until);
    let own = i.grant().is_some_and(|g| i.case.text("author_org").is_none_or(|org| org == g.operator.as_str()));
    hold(open && own, "没有有效的数据使用许可", "there is no grant in force for this operator")
}
