//! Guards about release, registration, price, venue and orders of products.

use super::{Fail, Input, fail, hold};
use crate::object::{ProductSpec, read};
use crate::order::ReleaseSpec;
use crate::record::ProductState;

pub(super) fn release_matches_job(i: &Input<'_>) -> Result<(), Fail> {
    let Ok(release) = read::<ReleaseSpec>(&i.case.object) else {
        return fail("出域对象不完整", "the release is not complete");
    };
    let (Some(job), Some(grant)) = (i.job(), i.grant()) else {
        return fail("没有对应的作业或许可", "there is no such job, or no grant for it");
    };
    let same = job.spec.author == release.author
        && job.spec.author_org == release.author_org
        && job.spec.product == release.product;
    if !same {
        return fail("作者或产品与作业不一致", "author or product differ from the job");
    }
    hold(
        grant.spec.scenario == release.scenario,
        "应用场景与许可不一致",
        "the scenario is not the one that was granted",
    )
}

pub(super) fn gate_passed(i: &Input<'_>) -> Result<(), Fail> {
    let Some(gate) = i.job().and_then(|j| j.gate.as_ref()) else {
        return fail("出域检测尚未完成", "the gate has not measured this artefact");
    };
    let named = Some(gate.artefact.0.as_str()) == i.case.text("artefact")
        && Some(gate.report.0.as_str()) == i.case.text("gate_report");
    if !named {
        return fail("检测报告与申请出域的结果不一致", "the gate measured another artefact, or made another report");
    }
    hold(matches!(gate.verdict.as_str(), "pass" | "review"), "出域检测不通过", "the gate blocks this artefact")
}

fn spec(i: &Input<'_>) -> Result<ProductSpec, Fail> {
    read(&i.case.object).map_err(|why| Fail {
        zh: format!("产品登记对象不完整：{why}"),
        en: format!("the product is not complete: {why}"),
    })
}

pub(super) fn released(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    let released = i.product().is_some_and(|p| {
        p.artefact.as_ref() == Some(&spec.artefact)
            && p.operator == spec.operator
            && p.authorisation == spec.authorisation
            && !matches!(p.state, ProductState::Draft | ProductState::Withdrawn)
    });
    hold(released, "产品未经审核出域", "the product was not released with this artefact")
}

pub(super) fn measurable(i: &Input<'_>) -> Result<(), Fail> {
    hold(!spec(i)?.unit.trim().is_empty(), "产品必须可计量", "a product must have a measuring unit")
}

pub(super) fn form_listed(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    let listed = i.pack.list("product.forms").is_some_and(|l| l.contains(&spec.form));
    let reasoned = spec.form_reason.is_some_and(|r| !r.trim().is_empty());
    hold(listed || reasoned, "产品形态不在列举之内，应说明理由", "the form is not one of those named; give a reason")
}

pub(super) fn price_within_ceiling(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    if spec.price.0 < 0 {
        return fail("价格不能为负", "the price is negative");
    }
    match spec.ceiling {
        Some(ceiling) if spec.price > ceiling => fail(
            format!("价格 {} 元高于上限 {ceiling} 元", spec.price),
            format!("the price {} yuan is above the ceiling {ceiling} yuan", spec.price),
        ),
        _ => Ok(()),
    }
}

pub(super) fn certified(i: &Input<'_>) -> Result<(), Fail> {
    hold(i.product().is_some_and(|p| p.certificate.is_some()), "产品尚未取得证书", "the product has no certificate yet")
}

pub(super) fn venue_listed(i: &Input<'_>) -> Result<(), Fail> {
    let in_case = i.case.document("venue_listing").is_some();
    hold(
        in_case || i.product().is_some_and(|p| p.venue.is_some()),
        "没有合法数据交易平台的挂牌记录",
        "no listing at a lawful trading venue is on record",
    )
}

pub(super) fn published(i: &Input<'_>) -> Result<(), Fail> {
    let own = |p: &crate::record::Product| Some(p.operator.as_str()) == i.case.text("operator");
    hold(
        i.product().is_some_and(|p| p.state == ProductState::Published && own(p)),
        "产品未发布",
        "the product is not published by this operator",
    )
}

pub(super) fn scenario_reviewed(i: &Input<'_>) -> Result<(), Fail> {
    let scenario = i.case.text("scenario").unwrap_or_default();
    let reviewed = i.product().is_some_and(|p| p.reviewed_scenarios.iter().any(|s| s.as_str() == scenario));
    hold(reviewed, "产品不得用于未经审核的应用场景", "the product was not reviewed for this scenario")
}

pub(super) fn consumer_form_allowed(i: &Input<'_>) -> Result<(), Fail> {
    let form = i.facts.consumer_form.and_then(|f| serde_json::to_value(f).ok());
    let allowed = i.pack.list("consumer.legal_forms").unwrap_or_default();
    let fits = form.as_ref().and_then(serde_json::Value::as_str).is_some_and(|f| allowed.iter().any(|a| a == f));
    hold(fits, "数据使用方的组织形式不符合要求", "the consumer's legal form is not admitted")
}

/// The operator takes no part, directly or through its group, in re-developing what it delivers (CC-10.2).
pub(super) fn not_redeveloper(i: &Input<'_>) -> Result<(), Fail> {
    let (operator, consumer) = (i.case.text("operator"), i.case.text("consumer"));
    let group = |org: Option<&str>| org.and_then(|o| i.facts.groups.get(&crate::ids::OrgId::from(o)));
    let same = operator == consumer || group(operator).is_some() && group(operator) == group(consumer);
    hold(
        !same,
        "运营机构及其关联单位不得参与已交付产品的再开发",
        "the operator and its affiliates may not re-develop what was delivered",
    )
}
